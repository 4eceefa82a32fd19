"""What each append has changed, and whether its stream says just that: no more, no less.

A change and its record are one append.  Whatever a crash leaves, it leaves both or none.  A stream
may be switched off, and another one on: each partition hears of that in an append of its own, and
what it changes before and after goes by what its disk says then.
"""

from collections.abc import Iterator
from typing import NamedTuple

from items.values import Item
from network.messages import RecordKey
from network.placement import is_internal
from network.streams import INSERT, MODIFY, REMOVE, Shard, StreamRecord
from partition.record import TableState
from partition.storage import Changes
from router.definitions import Table

WRONGS_MAX = 1_000  # The first ones say most.
Image = Item | None
StreamId = tuple[str, str]  # A table's name and a stream's label.


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
        self._whole: set[StreamId] = set()  # Streams that are as old as their tables.
        self._labels: dict[tuple[str, str], str] = {}  # Of streams that are on, by node and table.
        self._views: dict[tuple[str, str], str] = {}  # By table and label: which images are shown.
        self._open: dict[tuple[str, str, str], str] = {}  # Shards, by node, table and label.
        self._items: dict[RecordKey, Item] = {}
        self._seen: set[tuple[str, int]] = set()  # Records by partition and LSN.

    def made(self, table: Table) -> None:
        """Note the stream that a table has from its first item on."""
        if table.traits.stream is not None:
            self._whole.add((table.name, table.traits.stream.label))

    def is_whole(self, table: str, label: str) -> bool:
        """Say whether a stream tells of everything that a table ever had."""
        return (table, label) in self._whole

    def take(self, node: str, changes: Changes) -> Iterator[str]:
        """Judge an append; give the events that are to be noted."""
        if changes.streams is not None:
            self._follow(node, changes.streams.shards)
        for state in changes.tables:
            if self._switched(node, state):
                yield "stream.ended_waiting"
        if self._records(node, changes):
            yield "stream.waited"

    def _follow(self, node: str, shards: tuple[Shard, ...]) -> None:
        for shard in shards:
            place = node, shard.table, shard.stream.label
            if shard.is_open:
                self._open[place] = shard.id
            elif self._open.get(place) == shard.id:
                del self._open[place]

    def _switched(self, node: str, state: TableState) -> bool:
        """Take a table's state; say whether a stream is off now that cannot end yet."""
        stream = None if state.dropped else state.settings.stream
        before = self._labels.get((node, state.id), "")
        if stream is not None:
            self._labels[node, state.id] = stream.label
            self._views[state.id, stream.label] = stream.view
        elif before:
            del self._labels[node, state.id]
        is_off = bool(before) and (stream is None or stream.label != before)
        return is_off and (node, state.id, before) in self._open

    def _records(self, node: str, changes: Changes) -> int:
        """Judge an append's records; return how many of them have to wait."""
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
        for (table, key), (before, after) in changed.items():
            if (node, table) in self._labels:
                text = f"changed {shown(key)} from {before} to {after} without a record of it"
                self._wrong("change unrecorded", node, text, changes.cause)
        waiting = sum(not one.sequence for one in new)
        self.waited += waiting
        return waiting

    def _changed(self, changes: Changes) -> list[tuple[RecordKey, tuple[Image, Image]]]:
        """List the items that are others now than they were."""
        found = []
        for key, record in changes.records:
            if is_internal(key[0]):
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
        label = self._labels.get((node, record.table), "")
        if record.label != label:
            now = f"its stream is {label}" if label else "it has no stream"
            text = f"recorded a change of {where} in the stream {record.label}, and {now}"
            self._wrong("record of another stream", node, text, cause)
        if change is None:
            text = f"recorded a change of {where}, which it has not changed"
            self._wrong("record unfounded", node, text, cause)
            return
        if record.transaction != transaction:
            text = f"recorded {cause}'s change of {where} as {record.transaction or 'nobody'}'s"
            self._wrong("record misnamed", node, text, cause)
        before, after = change
        view = self._views.get((record.table, record.label), "")
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
