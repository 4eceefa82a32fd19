"""What the partitions' disks say about the rules, append by append, as each becomes durable.

A record's timestamp and LSN never fall, also where its item went and came back; what was promised
is ended by its own transaction's commit or cancel and by nobody else; a promise and a cancel leave
the item as it was, and a commit leaves what was promised (§3.3).  Each append is judged beside the
record that it replaces, because later the record is another one.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from items.actions import writes
from items.values import Item
from network.ids import NEVER
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
            if applies:
                lsn += 1
                applied.append(self._applied(cause, key, before, now, lsn))
            else:
                self._kept(cause, key, before, now)
                if now.ongoing is not None:
                    promised.append(key)
        return tuple(promised), tuple(applied)

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

    def _applied(self, cause: str, key: RecordKey, before: Record, now: Record, lsn: int) -> Change:
        """Judge a commit's or a singleton's effect on one record."""
        ongoing = before.ongoing
        is_read = ongoing is not None and not writes(ongoing.action)
        if ongoing is None:
            if not cause.startswith("k"):
                text = f"was applied to {_at(key)}; nothing was promised there (any more)"
                self._wrong("applied unpromised", cause, text)
        elif ongoing.transaction != cause:
            text = f"changed {_at(key)}, which was promised to {ongoing.transaction}"
            self._wrong("promise broken", cause, text)
        elif now.item is not (before.item if is_read else ongoing.after):
            promised = before.item if is_read else ongoing.after
            if now.item != promised:
                text = f"left {now.item} at {_at(key)}; promised was {promised}"
                self._wrong("applied otherwise", cause, text)
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
        if now.item is before.item and (now.item is None or now.lsn == before.lsn):
            return
        if now.item != before.item or now.lsn != before.lsn:
            text = f"changed {_at(key)}, and neither a commit nor a write did that"
            self._wrong("changed unasked", cause, text)

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
