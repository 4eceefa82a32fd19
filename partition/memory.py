"""What a partition remembers, and the ways to change it that all its steps share.

`partition.machine` has the one step.  What a step changes is gathered here until its end, when it
becomes one append.
"""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import Any, TypeAlias

from items.data import data
from items.keys import Key, partition_hash
from items.values import Item
from network.ids import NEVER, Timestamp
from network.messages import Message, NotMine, RecordKey
from network.once import Once
from network.placement import PLACEMENT_TABLE, Range
from partition.entries import Entries
from partition.indexed import Indexed
from partition.key_order import KeyOrder
from partition.meters import Meters, is_metered
from partition.options import PartitionOptions
from partition.record import Record, TableState
from partition.split import Holding
from partition.storage import Changes, Stored
from partition.streams import Streams


@data
class Census:
    """How much a partition keeps."""

    records: int  # Placeholders are among them.
    ongoing: int  # Records that are promised to a transaction.
    lsn: int


ENDED_MAX = 1_000  # Of what was ongoing, before they are looked through.


class Table:
    """One table here: its state, its records, and their order."""

    def __init__(self, state: TableState) -> None:
        self.state = state
        self.stream = None if state.dropped else state.settings.stream
        self.records: dict[Key, Record] = {}
        self.order = KeyOrder()
        self.indexed: Indexed | None = None
        self.index_anew()

    def know(self, state: TableState) -> None:
        """Take a table's state, which may have other indexes than the one before."""
        before, self.state = self.state.settings.indexes, state
        if state.settings.indexes != before:
            self.index_anew()

    def index_anew(self) -> None:
        """Make the indexes anew of all that is here."""
        self.indexed = Indexed(self.state, self.records) if self.state.settings.indexes else None


Steps: TypeAlias = dict[type, Callable[..., Message | None]]
"""What is done with each kind of message."""


class Memory:
    """The state of one partition, in memory."""

    def __init__(self, name: str, owned: Range, stored: Stored, options: PartitionOptions) -> None:
        self.name = name
        self.incarnation = stored.incarnation
        self._configured = self.holding = Holding(owned)
        self._range = owned  # What it serves; a split makes it smaller.
        self._options = options
        # Whether it takes no new work now; set from outside, and no part of what it remembers.
        self.throttled = False
        # Whether somebody is to be told of each step's changes: not if this memory is all there is.
        self.appends = True
        self.meters: Meters | None = None  # None: no table here is held to anything, or counted.
        self._lsn = stored.lsn
        self._tables = {state.id: Table(state) for state in stored.tables}
        self._once = Once(stored.incarnation)
        # Since when each ongoing record has been so, on this incarnation's timer.
        self._since: dict[RecordKey, int] = {}
        # The same by timestamp, a heap, and some that have ended; None: no stream has asked yet.
        self._ages: list[tuple[Timestamp, RecordKey]] | None = None
        # What the step under way changes.
        self._records: list[tuple[RecordKey, Record | None]] = []
        self._states: dict[str, TableState] = {}
        self._timestamp = NEVER
        self._held: Holding | None = None
        self._met: dict[RecordKey, Record] = {}  # Ongoing records that the step ran into.
        # None: no table here has, or had, a stream.
        self._streams: Streams | None = None
        if stored.streams is not None:
            self._streams = Streams(name, stored.streams, options)
            self._streams.go_on(self._is_on)
        self.entries = Entries(self, options)
        self._is_indexed = False  # Whether any table here has secondary indexes.
        self._is_full = False  # Too much waits for its place in a stream: no new work.
        # What is done with each kind of message: as it was made, for the range as it is, and now.
        self._steps_as_configured: Steps = {}
        self._steps_of_range: Steps = {}
        self._steps: Steps = {}

    def stored(self) -> Stored:
        """Return all that is remembered here, as a storage would give it back after a crash."""
        return Stored(
            self.incarnation,
            self._lsn,
            tuple([table.state for table in self._tables.values()]),
            tuple(
                [
                    ((name, key), record)
                    for name, table in self._tables.items()
                    for key, record in table.records.items()
                ]
            ),
            None if self.holding == self._configured else self.holding,
            None if self._streams is None else self._streams.stored(),
        )

    def census(self) -> Census:
        """Count what is kept here, for people who look."""
        records = sum(len(table.records) for table in self._tables.values())
        return Census(records, len(self._since), self._lsn)

    def items_of(self, table_id: str) -> list[Item]:
        """Return the items of one table, for people who look."""
        table = self._tables.get(table_id)
        records = table.records.values() if table is not None else ()
        return [record.item for record in records if record.item is not None]

    def shown(
        self,
    ) -> tuple[Range, int, tuple[TableState, ...], list[tuple[RecordKey, Record]]]:
        """Return what readers outside transactions may see: the range, the last LSN, the rest.

        That is ahead of what is durable.
        """
        served = self._range
        records = [
            ((name, key), record)
            for name, table in self._tables.items()
            for key, record in table.records.items()
            if record.item is not None and served.has(key)
        ]
        return served, self._lsn, tuple(one.state for one in self._tables.values()), records

    def record(self, table_id: str, key: Key) -> Record:
        """Return what is known of a key, whether or not there is an item."""
        table = self._tables[table_id]
        record = table.records.get(key)
        return table.state.missing() if record is None else record

    # As `partition.entries` sees it ----------------------------------------------------------

    def table(self, table_id: str) -> Table | None:
        return self._tables.get(table_id)

    def tables(self) -> Iterable[Table]:
        return self._tables.values()

    def owns(self, key: Key) -> bool:
        return self._range.has(key)

    def last_lsn(self) -> int:
        return self._lsn

    def next_lsn(self) -> int:
        self._lsn += 1
        return self._lsn

    def taken(self) -> Changes | None:
        """Return what was changed outside of any step; None if nothing was."""
        records, self._records = self._records, []
        return Changes("", NEVER, tuple(records), (), self._lsn) if records else None

    # For all steps ---------------------------------------------------------------------------

    def _stray(self, keys: Iterable[RecordKey]) -> NotMine | None:
        """Refuse as a whole what asks for any key that is not this partition's."""
        first, end = self._range.first, self._range.end
        for table_id, key in keys:
            table = self._tables.get(table_id)
            if table is None or table.state.dropped:
                return NotMine(table_id)
            if not first <= partition_hash(key[0]) < end and table_id != PLACEMENT_TABLE:
                return self.not_mine()
        return None

    def not_mine(self, *_: Any) -> NotMine:
        return NotMine("", self.holding.placement)

    def _ongoing(self, key: RecordKey) -> Record | None:
        """Return the record, if it is kept: of a dropped table nothing is, and nothing is wrong."""
        table = self._tables.get(key[0])
        return None if table is None else table.records.get(key[1])

    def keep(self, key: RecordKey, record: Record | None) -> None:
        table = self._tables[key[0]]
        if table.indexed is not None:
            table.indexed.replace(key[1], table.records.get(key[1]), record)
        if record is None:
            table.records.pop(key[1], None)
        else:
            records = table.records
            before = len(records)
            records[key[1]] = record
            if len(records) > before:
                table.order.add(key[1], records)
        if record is None or record.ongoing is None:
            self._since.pop(key, None)
        elif self._ages is not None:
            heappush(self._ages, (record.ongoing.timestamp, key))
            if len(self._ages) > 2 * len(self._since) + ENDED_MAX:
                self._ages = None
        self._records.append((key, record))

    def _meter(self, state: TableState, elapsed_us: int, *, is_new: bool = False) -> None:
        """Hold a table to its units from now on, or stop doing so."""
        if self.meters is None:
            if not is_metered(state, self._options):
                return
            self.meters = Meters(self._options.burst_us, elapsed_us)
        self.meters.at(self._range, elapsed_us).hold(state, self._options, is_new=is_new)

    def _index_anew(self) -> None:
        """Make all indexes anew of what is here: after a start, or when a range came or went."""
        self.entries.look_again()
        for table in self._tables.values():
            table.index_anew()
        self._is_indexed = any(table.indexed is not None for table in self._tables.values())

    def _is_on(self, table_id: str, label: str) -> bool:
        """Say whether this is (still) a table's stream."""
        table = self._tables.get(table_id)
        return table is not None and table.stream is not None and table.stream.label == label

    def _oldest_ongoing(self) -> Timestamp | None:
        """Return the earliest timestamp that is ongoing here, on any table."""
        ages = self._ages
        if ages is None:
            ages = self._ages = [
                (record.ongoing.timestamp, (table, key))
                for table, key in self._since
                if (record := self._tables[table].records[key]).ongoing is not None
            ]
            heapify(ages)
        while ages:
            timestamp, place = ages[0]
            if place in self._since:
                found = self._tables[place[0]].records[place[1]].ongoing
                if found is not None and found.timestamp == timestamp:
                    return timestamp
            heappop(ages)  # It has ended.
        return None
