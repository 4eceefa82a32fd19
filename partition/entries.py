"""What a partition does for global indexes: it queues entries that must go, and keeps its own.

The rules are in `partition.indexed`; here they meet the machine's state.  Nothing is said from
here: `partition.propagator` takes what is queued to whoever keeps it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Protocol

from items.actions import Action
from items.errors import (
    INDEX_PROVISIONED_THROUGHPUT_EXCEEDED_REASON,
    ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED,
    ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED_REASON,
    PROVISIONED_THROUGHPUT_EXCEEDED,
    DynamoDBError,
    Reason,
    validation_reason,
)
from items.indexes import GONE
from items.keys import Key
from items.values import Item
from network.ids import Timestamp
from network.messages import Backfill, Done, Filled, Message, NotMine, Propagate, RecordKey
from partition import indexed
from partition.indexed import Indexed, IndexLimits
from partition.key_order import KeyOrder
from partition.now import Time
from partition.options import PartitionOptions
from partition.record import Record, TableState
from partition.storage import Changes

FORGOTTEN_MAX = 100  # Tombstones, with one message: they come one by one, and go faster.

Queued = Callable[[RecordKey, Record], None]


class KeptTable(Protocol):
    """A table of the machine's, as it is seen from here."""

    state: TableState
    records: dict[Key, Record]
    order: KeyOrder
    indexed: Indexed | None


class Keeper(Protocol):
    """The machine, as it is seen from here."""

    def table(self, table_id: str) -> KeptTable | None: ...

    def tables(self) -> Iterable[KeptTable]: ...

    def owns(self, key: Key) -> bool: ...

    def not_mine(self) -> NotMine: ...

    def keep(self, key: RecordKey, record: Record | None) -> None: ...

    def next_lsn(self) -> int: ...

    def last_lsn(self) -> int: ...

    def taken(self) -> Changes | None: ...


class Entries:
    """One machine's."""

    def __init__(self, machine: Keeper, options: PartitionOptions) -> None:
        self._machine, self._options = machine, options
        self._limits = IndexLimits(options.collection_bytes_max, options.outbox_max)
        self.queued: Queued | None = None  # Told of each entry that a step queues.
        # Tombstones and since when they are here, on this incarnation's timer; None: not known yet.
        self._tombstones: deque[tuple[int, RecordKey, Timestamp]] | None = None
        # What waits for an index that is being made, or no more, the lowest LSN last.
        self._lines: dict[str, list[tuple[int, Key]]] = {}

    # Of items that change ---------------------------------------------------------------------

    def refusal(self, action: Action, before: Item | None, after: Item | None) -> Reason | None:
        """Say why an action may not leave this item, as the reason of one in a transaction."""
        error = self.error(action, before, after)
        if error is None:
            return None
        if error.kind == ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED:
            return ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED_REASON
        if error.kind == PROVISIONED_THROUGHPUT_EXCEEDED:
            return INDEX_PROVISIONED_THROUGHPUT_EXCEEDED_REASON
        return validation_reason(error.message)

    def error(
        self, action: Action, before: Item | None, after: Item | None
    ) -> DynamoDBError | None:
        table = self._machine.table(action.table)
        if table is None or table.indexed is None:
            return None
        outbox = self._machine.table(indexed.outbox_of(action.table))
        waiting = 0 if outbox is None else len(outbox.records)
        return table.indexed.refusal(action, before, after, self._limits, waiting)

    def weights(self, keys: Iterable[RecordKey]) -> tuple[int, ...]:
        """Weigh the item collections of these keys."""
        found = [(self._machine.table(table), key) for table, key in keys]
        return tuple(
            0 if table is None or table.indexed is None else table.indexed.collection(key)
            for table, key in found
        )

    def queue(
        self,
        table: Indexed,
        key: Key,
        before: Item | None,
        after: Item | None,
        timestamp: Timestamp,
    ) -> None:
        """Queue what a change does to the entries of its item, in the step of the change."""
        for place, item in table.outgoing(key, before, after):
            self._queue(place, item, timestamp, self._machine.last_lsn())

    def _queue(self, place: RecordKey, item: Item, timestamp: Timestamp, lsn: int) -> None:
        table = self._machine.table(place[0])
        waiting = None if table is None else table.records.get(place[1])
        record = Record(item, timestamp, indexed.waits_since(waiting, lsn))
        self._machine.keep(place, record)
        if self.queued is not None:
            self.queued(place, record)

    def waiting(self) -> list[tuple[RecordKey, Record]]:
        """Return what waits for its place in an index, of items whose range is served here."""
        return [
            ((table.state.id, key), record)
            for table in self._machine.tables()
            if indexed.is_outbox(table.state.id)
            for key, record in table.records.items()
            if self._machine.owns(key)
        ]

    def place_of(self, waiting: RecordKey) -> tuple[str, Key] | None:
        """Return the index and the key that an entry waits for; None if it waits no more."""
        table = self._machine.table(waiting[0])
        if table is None or waiting[1] not in table.records or not self._machine.owns(waiting[1]):
            return None
        return indexed.entry_place(table.state.schema, waiting)

    def arrived(self, entries: Iterable[tuple[RecordKey, Timestamp]]) -> Changes | None:
        """Take out of the outbox what has been acknowledged, unless there is something newer."""
        for (table_id, key), timestamp in entries:
            table = self._machine.table(table_id)
            record = None if table is None else table.records.get(key)
            if table is None or record is None or not self._machine.owns(key):
                continue
            if record.timestamp == timestamp:
                self._machine.keep((table_id, key), None)
            else:  # Something newer waits, from now on; in memory, as a crash makes it older only.
                table.records[key] = replace(record, lsn=self._machine.last_lsn())
        return self._machine.taken()

    def backfill(self, message: Backfill, *_: object) -> Message:
        """Queue the entries of items that are older than their index, some at a time."""
        table = self._machine.table(message.table)
        found = None if table is None or table.indexed is None else table.indexed
        index = (
            next((one for one in found.remote if one.id == message.index), None) if found else None
        )
        if table is None or found is None or index is None:
            return NotMine(message.table)
        keys = table.order.after(message.after, table.records, message.limit)
        for place, item, timestamp in indexed.backfill(found, index, keys, table.records):
            self._queue(place, item, timestamp, self._machine.next_lsn())
        last = keys[-1] if keys and len(keys) == message.limit else None
        return Filled(last, self._machine.last_lsn(), self._oldest(found, index.id))

    def _oldest(self, table: Indexed, index: str) -> int:
        """Return the lowest LSN of what waits for its place in an index; 0: nothing does.

        All that waits is looked at once, and then again when none of that is left: whatever comes
        to wait meanwhile has a higher LSN.
        """
        outbox = self._machine.table(indexed.outbox_of(table.table))
        records = {} if outbox is None else outbox.records
        line = self._lines.pop(index, [])
        while line and not _waits(line[-1], records):
            line.pop()
        if not line:
            place = 1 if table.schema.sort is None else 2
            line = [(one.lsn, key) for key, one in records.items() if key[place][1] == index]
            line.sort(key=itemgetter(0), reverse=True)
        if not line:
            return 0
        self._lines[index] = line
        return line[-1][0]

    # Of indexes whose entries are here ---------------------------------------------------------

    def propagate(self, message: Propagate, _: object, now: Time) -> Message:
        """Keep what is newer than what is here, tombstones as well."""
        table = self._machine.table(message.table)
        if table is None:
            return NotMine(message.table)
        if table.state.dropped:
            return Done(())
        if not all(self._machine.owns(entry.key) for entry in message.entries):
            return self._machine.not_mine()
        changed = []
        for entry in message.entries:
            taken = indexed.is_newer(entry, table.records.get(entry.key))
            changed.append(taken)
            if taken:
                place = message.table, entry.key
                self._machine.keep(
                    place, Record(entry.item, entry.timestamp, self._machine.next_lsn())
                )
                if entry.item == GONE and self._tombstones is not None:
                    self._tombstones.append((now.elapsed_us, place, entry.timestamp))
        self._forget(now.elapsed_us)
        return Done(tuple(changed))

    def look_again(self) -> None:
        """Find everything anew, because entries have come or gone with a range."""
        self._tombstones, self._lines = None, {}

    def _forget(self, elapsed_us: int) -> None:
        """Forget tombstones that no copy of what they stand against can outlive."""
        if self._tombstones is None:
            self._tombstones = deque(
                (elapsed_us, (table.state.id, key), record.timestamp)
                for table in self._machine.tables()
                if indexed.is_index(table.state.id)
                for key, record in table.records.items()
                if indexed.is_tombstone(record)
            )
        kept_us = self._options.tombstones_kept_us
        for _ in range(min(FORGOTTEN_MAX, len(self._tombstones))):
            since_us, place, timestamp = self._tombstones[0]
            if not indexed.outlived(since_us, elapsed_us, kept_us):
                return
            self._tombstones.popleft()
            table = self._machine.table(place[0])
            record = None if table is None else table.records.get(place[1])
            if (
                record is not None
                and indexed.is_tombstone(record)
                and record.timestamp == timestamp
            ):
                self._machine.keep(place, None)


def _waits(queued: tuple[int, Key], records: Mapping[Key, Record]) -> bool:
    """Say whether an outbox still has what was queued with this LSN."""
    lsn, key = queued
    record = records.get(key)
    return record is not None and record.lsn == lsn
