"""What the partitions' disks say about the rules, append by append, as each becomes durable.

A record's timestamp and LSN never fall, also where its item went and came back; what was promised
is ended by its own transaction's commit or cancel and by nobody else; a promise and a cancel leave
the record as it was, and a commit leaves what was promised, at the timestamp of its transaction
(§3.3).  A table's marks move for what went, a check moves no LSN, and a rejection leaves nothing.
What is stamped too late or promised in vain does no harm to any data: it is in the way of others.
Each append is judged beside the record that it replaces, because later the record is another one.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from items.actions import writes
from items.values import Item
from network.ids import NEVER, Timestamp
from network.messages import RecordKey
from partition.record import Record, TableState
from partition.storage import Changes

WRONGS_MAX = 1_000  # The first ones say most.

# What an append did to one item: its key, and the LSNs before and after, as `shown_lsn` has them.
# None after: a check, or a delete of nothing; a reader sees no difference.
Change: TypeAlias = tuple[RecordKey, int, int | None]


class Wrong(NamedTuple):
    """Something that no partition may do."""

    kind: str
    text: str
    transaction: str


class Disks:
    """All partitions' records as they are durable, and what was wrong on their way there."""

    def __init__(self) -> None:
        self.wrongs: list[Wrong] = []
        self._node = ""  # Whose append is being judged.
        self._records: dict[RecordKey, Record] = {}
        self._states: dict[tuple[str, str], TableState] = {}  # By node and table.

    def take(self, node: str, changes: Changes) -> tuple[tuple[RecordKey, ...], tuple[Change, ...]]:
        """Judge an append of a transaction or a singleton; return what it promised and applied."""
        self._node = node
        replaced = self._open(node, changes.tables) if changes.tables else {}
        records, cause = self._records, changes.cause
        applies = changes.timestamp != NEVER
        # Each record that an order applies takes the partition's next LSN.
        lsn = changes.lsn - len(changes.records)
        promised: list[RecordKey] = []
        applied: list[Change] = []
        for key, record in changes.records:
            before = records.get(key) or self._missing(node, key, replaced)
            if record is None:
                records.pop(key, None)
                now = self._missing(node, key, {})
            else:
                now = records[key] = record
            if now.timestamp < before.timestamp:
                text = f"left {_at(key)} at timestamp {now.timestamp}, after one at"
                self._wrong("timestamp fell", cause, f"{text} {before.timestamp}")
            elif applies:
                due = changes.timestamp
                if record is None:  # Its table remembers the latest one that went.
                    due = max(due, self._missing(node, key, replaced).timestamp)
                self._stamped(cause, key, now, due)
            if applies:
                lsn += 1
                applied.append(self._applied(changes, key, before, now, lsn))
            else:
                self._kept(cause, key, before, now)
                if now.ongoing is not None:
                    promised.append(key)
        self._marks(changes, replaced, applied)
        return tuple(promised), tuple(applied)

    def rejected(self, node: str, transaction: str, changes: Changes) -> None:
        """Judge what a prepare that is rejected has changed all the same: all or none is kept."""
        self._node = node
        for key, _ in changes.records:
            text = f"was rejected, and left its mark on {_at(key)}"
            self._wrong("rejected and kept", transaction, text)

    def adopt(self, node: str, changes: Changes) -> None:
        """Take an append that is nobody's request: tables come and go, records move.

        A record that a split carries over is what it was, wherever it is; a late copy of it, to a
        child that was given up, is what it is no more.
        """
        self._open(node, changes.tables)

    def _open(self, node: str, states: Iterable[TableState]) -> dict[str, TableState | None]:
        """Note the tables' new states; return those that they replace."""
        old: dict[str, TableState | None] = {}
        for state in states:
            old[state.id] = self._states.get((node, state.id))
            self._states[node, state.id] = state
            if state.dropped:
                for key in [key for key in self._records if key[0] == state.id]:
                    del self._records[key]
        return old

    def _missing(self, node: str, key: RecordKey, old: dict[str, TableState | None]) -> Record:
        state = old[key[0]] if key[0] in old else self._states.get((node, key[0]))
        return Record(None, NEVER, 0) if state is None else state.missing()

    # The rules -------------------------------------------------------------------------------

    def _applied(
        self, changes: Changes, key: RecordKey, before: Record, now: Record, lsn: int
    ) -> Change:
        """Judge a commit's or a singleton's effect on one record."""
        cause, timestamp = changes.cause, changes.timestamp
        ongoing = before.ongoing
        is_read = ongoing is not None and not writes(ongoing.action)
        if ongoing is None:
            if not cause.startswith("k"):
                text = f"was applied to {_at(key)}; nothing was promised there (any more)"
                self._wrong("applied unpromised", cause, text)
        elif ongoing.transaction != cause:
            text = f"changed {_at(key)}, which was promised to {ongoing.transaction}"
            self._wrong("promise broken", cause, text)
        else:
            promised = before.item if is_read else ongoing.after
            if now.item is not promised and now.item != promised:
                text = f"left {now.item} at {_at(key)}; promised was {promised}"
                self._wrong("applied otherwise", cause, text)
            if timestamp != ongoing.timestamp:
                text = f"applied {_at(key)} at timestamp {timestamp}; promised was"
                self._wrong("stamped otherwise", cause, f"{text} {ongoing.timestamp}")
            if is_read and now.item is not None and now.lsn != before.lsn:
                text = f"only checked {_at(key)}, and moved its LSN from {before.lsn} to {now.lsn}"
                self._wrong("changed unasked", cause, text)
        shown = shown_lsn(before.item, before.lsn)
        if now.item is before.item or (is_read and now.item == before.item):
            return key, shown, None
        if now.lsn <= before.lsn:
            text = f"left {_at(key)} with LSN {now.lsn}, which had {before.lsn} already"
            self._wrong("LSN repeated", cause, text)
        return key, shown, -1 - lsn if now.item is None else now.lsn

    def _kept(self, cause: str, key: RecordKey, before: Record, now: Record) -> None:
        """Judge a promise or a cancel: nothing that a reader sees may differ."""
        for ongoing in (before.ongoing, now.ongoing):
            if ongoing is not None and ongoing.transaction != cause:
                text = f"changed what is promised of {_at(key)}, to {ongoing.transaction}"
                self._wrong("promise broken", cause, text)
        if before.item is None and now.item is None:
            return  # A placeholder bears the marks of when it was made; meanwhile they may rise.
        if now.item != before.item or now.lsn != before.lsn:
            text = f"changed {_at(key)}, and neither a commit nor a write did that"
            self._wrong("changed unasked", cause, text)
        elif now.timestamp > before.timestamp:
            text = f"moved the timestamp of {_at(key)} from {before.timestamp} to {now.timestamp}"
            self._wrong("changed unasked", cause, f"{text}, and nothing was applied")

    def _stamped(self, cause: str, key: RecordKey, now: Record, due: Timestamp) -> None:
        """Judge the timestamp that a write or a check leaves: its own, and no later one."""
        if now.timestamp != due:
            text = f"left {_at(key)} at timestamp {now.timestamp}; it was to be {due}"
            self._wrong("stamped otherwise", cause, text)

    def _marks(
        self,
        changes: Changes,
        replaced: Mapping[str, TableState | None],
        applied: Iterable[Change],
    ) -> None:
        """Judge that a table's marks for what is missing move only where something went."""
        if not changes.tables:  # As of most appends.
            return
        missing = {key[0] for key, record in changes.records if record is None}
        went = {key[0] for key, before, after in applied if after is not None and after < 0}
        for state in changes.tables:
            old = replaced[state.id]
            if old is None:
                continue
            if state.id not in missing and state.max_delete_timestamp != old.max_delete_timestamp:
                text = f"moved the max delete timestamp of {state.id}, and deleted nothing there"
                self._wrong("mark moved", changes.cause, text)
            if state.id not in went and state.delete_lsn != old.delete_lsn:
                text = f"moved the delete LSN of {state.id}, and no item went there"
                self._wrong("mark moved", changes.cause, text)

    def _wrong(self, kind: str, cause: str, text: str) -> None:
        if len(self.wrongs) < WRONGS_MAX:
            self.wrongs.append(Wrong(kind, f"{self._node}: {cause} {text}", cause))


def shown_lsn(item: Item | None, lsn: int) -> int:
    """Write an LSN so that a missing item's, of its table's last delete, differs: as -1, -2 …."""
    return lsn if item is not None else -1 - lsn


def lsn_of(shown: int) -> int:
    """Read an LSN as it was before `shown_lsn` wrote it."""
    return shown if shown >= 0 else -1 - shown


def _at(key: RecordKey) -> str:
    return "/".join(str(content) for _, content in key[1])
