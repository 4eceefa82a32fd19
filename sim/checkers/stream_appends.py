"""What each append has changed, and whether its stream says just that: no more, no less.

A change and its record are one append.  Whatever a crash leaves, it leaves both or none.
"""

from typing import NamedTuple

from items.values import Item
from network.messages import RecordKey
from network.streams import INSERT, MODIFY, REMOVE, StreamRecord
from partition.storage import Changes

WRONGS_MAX = 1_000  # The first ones say most.
Image = Item | None


class Wrong(NamedTuple):
    """A record that is not as its change, or is not there."""

    kind: str
    text: str
    cause: str


class StreamAppends:
    """All appends to tables with a stream, as they become durable."""

    def __init__(self) -> None:
        self.wrongs: list[Wrong] = []
        self.told = 0  # Records, each as often as an append had it: when made, and when released.
        self.waited = 0  # Records that were not released in the append of their change.
        self.expected: dict[RecordKey, list[tuple[str, int]]] = {}  # Transaction ("") and LSN.
        self._views: dict[str, str] = {}  # Of tables that have a stream: which images it shows.
        self._items: dict[RecordKey, Item] = {}
        self._seen: set[tuple[str, int]] = set()  # Records by partition and LSN.

    def take(self, node: str, changes: Changes) -> int:
        """Judge an append; return how many of its records have to wait."""
        for state in changes.tables:
            if state.settings.stream is not None:
                self._views[state.id] = state.settings.stream.view
        told = () if changes.streams is None else changes.streams.records
        self.told += len(told)
        new = [one for one in told if (node, one.lsn) not in self._seen]
        self._seen.update([(node, one.lsn) for one in new])
        if not changes.cause:  # Records move with a range, and were judged where they came from.
            return 0
        changed = dict(self._changed(changes))
        transaction = "" if changes.cause.startswith("k") else changes.cause
        for record in new:
            self._judge(node, record, changed.pop((record.table, record.key), None), transaction)
            place = (record.table, record.key)
            self.expected.setdefault(place, []).append((record.transaction, record.lsn))
        for (_, key), (before, after) in changed.items():
            text = f"changed {shown(key)} from {before} to {after} without a record of it"
            self._wrong("change unrecorded", node, text, changes.cause)
        waiting = sum(not one.sequence for one in new)
        self.waited += waiting
        return waiting

    def _changed(self, changes: Changes) -> list[tuple[RecordKey, tuple[Image, Image]]]:
        """List the items that are others now than they were."""
        found = []
        for key, record in changes.records:
            if key[0] not in self._views:
                continue
            before, after = self._items.get(key), None if record is None else record.item
            if after is None:
                self._items.pop(key, None)
            else:
                self._items[key] = after
            if before != after:
                found.append((key, (before, after)))
        return found

    def _judge(
        self, node: str, record: StreamRecord, change: tuple[Image, Image] | None, transaction: str
    ) -> None:
        cause = transaction or "a singleton"
        where = shown(record.key)
        if change is None:
            text = f"recorded a change of {where}, which it has not changed"
            self._wrong("record unfounded", node, text, cause)
            return
        if record.transaction != transaction:
            text = f"recorded {cause}'s change of {where} as {record.transaction or 'nobody'}'s"
            self._wrong("record misnamed", node, text, cause)
        before, after = change
        view = self._views[record.table]
        old = before if "OLD" in view else None
        new = after if "NEW" in view else None
        if (record.old, record.new) != (old, new):
            text = f"recorded {where} as {record.old} → {record.new}; it was {before} → {after}"
            self._wrong("record untrue", node, f"{text}, and its stream shows {view}", cause)
        event = REMOVE if after is None else INSERT if before is None else MODIFY
        if record.event != event:
            text = f"recorded {where} as {record.event}; {before} → {after} is {event}"
            self._wrong("record untrue", node, text, cause)

    def _wrong(self, kind: str, node: str, text: str, cause: str) -> None:
        if len(self.wrongs) < WRONGS_MAX:
            self.wrongs.append(Wrong(kind, f"{node}: {cause} {text}", cause))


def shown(key: tuple[tuple[str, object], ...]) -> str:
    return "/".join(str(content) for _, content in key)
