"""What each append has changed, and whether its stream says just that: no more, no less.

A change and its record are one append.  Whatever a crash leaves, it leaves both or none.  What an
append lets go is judged by `stream_limits`, and expected of nobody from then on.
"""

from typing import NamedTuple

from items.values import Item
from network.messages import RecordKey
from network.streams import INSERT, MODIFY, REMOVE, StreamRecord
from partition.options import PartitionOptions
from partition.storage import Changes
from partition.stream import StreamChanges
from sim.checkers.stream_limits import Held

WRONGS_MAX = 1_000  # The first ones say most.
Image = Item | None


class Wrong(NamedTuple):
    """A record that is not as its change, or is not there."""

    kind: str
    text: str
    cause: str


class StreamAppends:
    """All appends to tables with a stream, as they become durable."""

    def __init__(self, options: PartitionOptions) -> None:
        self.wrongs: list[Wrong] = []
        self.told = 0  # Records, each as often as an append had it: when made, and when released.
        self.waited = 0  # Records that were not released in the append of their change.
        self.expected: dict[RecordKey, list[tuple[str, int]]] = {}  # Transaction ("") and LSN.
        self.let_go: dict[RecordKey, None] = {}  # Whose records are not all there any more.
        self._options = options
        self._held: dict[str, Held] = {}  # By partition.
        self._views: dict[str, str] = {}  # Of tables that have a stream: which images it shows.
        self._items: dict[RecordKey, Item] = {}
        self._seen: set[tuple[str, int]] = set()  # Records by partition and LSN.

    def take(self, node: str, changes: Changes, elapsed_us: int) -> int:
        """Judge an append; return how many of its records have to wait."""
        for state in changes.tables:
            if state.settings.stream is not None:
                self._views[state.id] = state.settings.stream.view
        if changes.streams is not None:
            self._hold(node, changes.streams, changes.cause, elapsed_us)
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

    def _hold(self, node: str, streams: StreamChanges, cause: str, elapsed_us: int) -> None:
        """Take what is kept of the streams after an append, and what is not."""
        held = self._held.setdefault(node, Held(self._options))
        gone = held.take(streams, elapsed_us)
        for kind, text in gone.wrongs:
            self._wrong(kind, node, text, cause)
        for record in gone.records:
            place, told = (record.table, record.key), (record.transaction, record.lsn)
            self.let_go[place] = None
            if told in self.expected.get(place, ()):
                self.expected[place].remove(told)

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
            self.wrongs.append(Wrong(kind, f"{node}: {f'{cause} ' if cause else ''}{text}", cause))


def shown(key: tuple[tuple[str, object], ...]) -> str:
    return "/".join(str(content) for _, content in key)
