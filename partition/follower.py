"""A follower's state: what its partition had made durable up to one place of its log (§3.1).

A partition's log are its appends, as they became durable.  Of each append a follower is told what a
reader outside transactions may see - items as last committed, their LSNs, tables, the range that is
served - and nothing of what is ongoing.  It takes them in order; so at any moment it is what its
partition was at some earlier one, and that is what it shows.

It answers reads that may be late, and nothing else.  Whatever is not (any more) its partition's is
refused (`NotMine`), and the router asks the owner.

A range that grows - a split that is undone, a child that begins to serve - cannot be had from the
log: then a follower begins anew, with a copy of the whole.

Left out: followers that vote, or become leaders (§3.1): no promise hangs on these.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from items.data import data
from items.keys import Key, partition_hash
from items.units import weight_bytes
from items.values import Item
from network.codec import decode, encode
from network.ids import NEVER
from network.messages import Copy, Log, Message, NotMine, OfRange, Read, Readings, RecordKey, Scan
from network.placement import NOTHING, Range, is_internal
from partition import reads, scan
from partition.key_order import KeyOrder
from partition.parts import parts_of
from partition.record import Record, TableState
from partition.storage import Changes

MARK = "#"


@data
class Shown:
    """What is to be seen at one key from now on."""

    key: RecordKey
    item: Item | None
    lsn: int


@data
class LogEntry:
    """One append, as far as a follower is told of it."""

    position: int  # Appends are counted by each incarnation of the partition.
    records: tuple[Shown, ...]
    tables: tuple[TableState, ...]
    range: Range | None  # What is served now, if that has changed.

    @property
    def says_something(self) -> bool:
        return bool(self.records or self.tables or self.range is not None)


@data
class State:
    """A part of all that is served."""

    range: Range
    lsn: int
    tables: tuple[TableState, ...]  # With the first part.
    records: tuple[Shown, ...]


Entries: TypeAlias = tuple[LogEntry, ...]


# What a follower is told --------------------------------------------------------------------------


def entry_of(position: int, changes: Changes) -> LogEntry:
    """Return what a follower is told of an append: nothing of promises and their ends."""
    return LogEntry(
        position,
        shown_of(changes),
        tuple([state for state in changes.tables if is_told(state.id)]),
        None if changes.holding is None else changes.holding.range,
    )


def shown_of(changes: Changes) -> tuple[Shown, ...]:
    """Return the items that an append has changed; a promise or a cancel changes none."""
    if changes.timestamp == NEVER:
        return ()
    return tuple([shown(key, record) for key, record in changes.records if is_told(key[0])])


def is_told(table: str) -> bool:
    """Say whether a follower is told of a table: of clients' tables, and not of what is internal.

    What a partition keeps of a table besides has a mark in its id.
    """
    return not is_internal(table) and MARK not in table


def shown(key: RecordKey, record: Record | None) -> Shown:
    """Leave out of a record what no reader outside transactions sees."""
    return Shown(key, None, 0) if record is None else Shown(key, record.item, record.lsn)


def entry_bytes(entry: LogEntry) -> int:
    return sum(weight_bytes(one.item) for one in entry.records)


def states_of(
    served: Range, lsn: int, tables: tuple[TableState, ...], records: Iterable[Shown]
) -> Iterator[State]:
    """Cut all that is served into parts; the tables go with the first."""
    for part in parts_of(records, lambda one: weight_bytes(one.item)):
        yield State(served, lsn, tables, part)
        tables = ()


# The follower -------------------------------------------------------------------------------------


class _Table:
    """One table here: its state, its items, and their order."""

    def __init__(self, state: TableState) -> None:
        self.state = state
        self.records: dict[Key, Record] = {}
        self.order = KeyOrder()


class Follower:
    """The state of one follower, in memory; the only place that changes it."""

    def __init__(self, page_bytes_max: int) -> None:
        self.incarnation = 0  # Of the partition, whose log this is; 0: there is nothing yet.
        self.heard = 0  # The place up to which the log is known here …
        self.position = 0  # … and the one up to which it is applied.
        self.range = NOTHING
        self._lsn = 0
        self._page_bytes_max = page_bytes_max
        self._tables: dict[str, _Table] = {}
        self._parts: list[State] = []  # Of the copy that is being fetched, so far …
        self._copied = 0, 0  # … and which one that is: incarnation and position.
        self._shown_of = 0  # The incarnation that what is shown is of.

    # What is told, and what is missing ---------------------------------------------------------

    def hear(self, log: Log) -> Entries | None:
        """Return what is new in a piece of log; None if something before it is missing here."""
        if log.incarnation < self.incarnation:
            return ()  # A late message of an incarnation that is no more.
        if is_gap(self, log):
            return None
        entries = decode(log.entries, Entries)
        new = tuple([entry for entry in entries if entry.position > self.heard])
        self.heard = max(self.heard, log.upto)
        return new

    def begins_anew(self) -> None:
        """Ask for a copy of the whole next."""
        self.incarnation = self.heard = 0

    @property
    def next_part(self) -> tuple[int, int, int]:
        """What to ask for: the log from here on, or the next part of a copy, as in `Follow`."""
        if self._parts:
            return (*self._copied, len(self._parts))
        return self.incarnation, self.heard, 0

    def fetch(self, copy: Copy) -> bool:
        """Take a part of a copy; with the last one all is as there. Say whether that was it."""
        if copy.incarnation == self._shown_of and copy.position < self.position:
            self._parts = []  # Time does not go back here.
            return False
        if copy.part == 0:
            self._parts, self._copied = [], (copy.incarnation, copy.position)
        if (copy.incarnation, copy.position) != self._copied or copy.part != len(self._parts):
            self._parts = []  # Of another copy: from the start.
            return False
        self._parts.append(decode(copy.state, State))
        if copy.is_last:
            parts, self._parts = self._parts, []
            self.incarnation, self.heard = self._copied
            self._replace(parts)
            return True
        return False

    def _replace(self, parts: list[State]) -> None:
        self.position, self._shown_of = self.heard, self.incarnation
        self.range, self._lsn = parts[0].range, parts[0].lsn
        self._tables = {state.id: _Table(state) for state in parts[0].tables}
        for part in parts:
            for one in part.records:
                self._show(one)

    # The log -----------------------------------------------------------------------------------

    def apply(self, entry: LogEntry) -> bool:
        """Take the next entry of the log; False if a copy is needed instead."""
        assert entry.position > self.position, "the log is applied in order, each entry once"
        for state in entry.tables:
            table = self._tables.get(state.id)
            if table is None or state.dropped:
                self._tables[state.id] = _Table(state)
            else:
                table.state = state
        for one in entry.records:
            self._show(one)
        self.position = entry.position
        return entry.range is None or narrowed(self, entry.range)

    def reach(self, position: int) -> None:
        """Note that nothing is left to be applied up to a place."""
        self.position = max(self.position, position)

    def _show(self, one: Shown) -> None:
        table, key = self._tables[one.key[0]], one.key[1]
        if one.item is None:
            table.records.pop(key, None)
            return
        is_new = key not in table.records
        table.records[key] = Record(one.item, NEVER, one.lsn)
        self._lsn = max(self._lsn, one.lsn)
        if is_new:
            table.order.add(key, table.records)

    def keep_only(self, served: Range) -> None:
        """Drop what is not of this range."""
        self.range = served
        for table in self._tables.values():
            table.records = {
                key: record
                for key, record in table.records.items()
                if served.first <= partition_hash(key[0]) < served.end
            }

    # Reads -------------------------------------------------------------------------------------

    def answer(self, question: Read | OfRange) -> Message:
        """Answer a read outside transactions as of this moment; refuse all else as a whole."""
        if isinstance(question, Read):
            return self._read(question)
        scanned = question.question
        if not isinstance(scanned, Scan) or question.range != self.range:
            return REFUSED
        table = self._table(scanned.table)
        if table is None:
            return REFUSED
        return scan.page(scanned, table.order, table.records, self._page_bytes_max, self._lsn)

    def _read(self, question: Read) -> Message:
        if question.round != 0:
            return REFUSED
        readings = []
        for name, key in question.keys:
            table = self._table(name)
            if table is None or not self.range.first <= partition_hash(key[0]) < self.range.end:
                return REFUSED
            readings.append(reads.read(table.records.get(key), table.state))
        return Readings(tuple(readings))

    def _table(self, name: str) -> _Table | None:
        table = self._tables.get(name)
        return None if table is None or table.state.dropped else table

    # For people who look -----------------------------------------------------------------------

    def state_of(self, table: str) -> TableState:
        return self._tables[table].state

    def items(self) -> dict[RecordKey, tuple[Item, int]]:
        """Return all items here, with their LSNs."""
        return {
            (name, key): (record.item, record.lsn)
            for name, table in self._tables.items()
            for key, record in table.records.items()
            if record.item is not None
        }

    def count(self) -> int:
        return sum(len(table.records) for table in self._tables.values())


REFUSED = NotMine("")


def is_gap(follower: Follower, log: Log) -> bool:
    """Say whether something between what is known here and this piece of log is missing.

    Stands apart so that a mutant can take it away.
    """
    return log.incarnation > follower.incarnation or log.after > follower.heard


def narrowed(follower: Follower, served: Range) -> bool:
    """Drop what the partition serves no more; False if it serves what was never told here.

    Stands apart so that a mutant can take it away.
    """
    was = follower.range
    if served != NOTHING and not (was.first <= served.first and served.end <= was.end):
        return False
    follower.keep_only(served)
    return True


def written(entries: Entries) -> bytes:
    return encode(entries, Entries)


def written_state(state: State) -> bytes:
    return encode(state, State)
