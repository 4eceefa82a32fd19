"""A partition that splits: what it and its child must not forget (§3.3).

The parent gives the upper part of its range to a new node, its child:

1. durably it serves that part no more: whatever asks for it is told `NotMine`;
2. it carries the records over, with what is ongoing on them, and the marks of all tables, until the
child has all of it durably;
3. the placement record is compared-and-set: the commit point;
4. the child serves, because the placement says so, and the parent drops the records.

Whoever restarts in between asks the placement, and goes on.  A child that does not answer is given
up: then the placement is set to what it was, under the next number, so that a commit that is still
on its way comes too late, and the parent serves its whole range again.

The marks go along because both must go on where the parent was: a put that is older than a delete
must not be taken (max delete timestamp), and a read transaction must not meet an LSN twice.

Left out: replication (§3.1), and merging two ranges into one.
"""

from collections.abc import Iterable, Iterator

from items.data import data
from items.keys import partition_hash
from items.units import weight_bytes
from network.codec import decode, encode
from network.messages import Carry, RecordKey
from network.placement import NOTHING, PLACEMENT_TABLE, PlacementRecord, Range
from network.settings import TableSettings
from partition.parts import parts_of
from partition.record import Record, TableState


@data
class Leaving:
    """A range that is on its way to a child: served by nobody, kept here until it has arrived."""

    range: Range
    child: str


@data
class Arriving:
    """A range that a parent is carrying over: served once the placement says so."""

    range: Range
    parent: str
    attempt: int  # Of the parent's: a copy of an earlier one's message must not be mixed in.


@data
class Holding:
    """What a partition durably knows of its range, once it has split or was born of a split."""

    range: Range  # What it serves.
    attempts: int = 0  # Splits that it has begun.
    leaving: Leaving | None = None
    arriving: Arriving | None = None
    placement: PlacementRecord | None = None  # The newest that it knows.

    def keeps_record(self, key: RecordKey) -> bool:
        """Say whether a record is kept: one of the placement is whatever the range."""
        return key[0] == PLACEMENT_TABLE or self.keeps(partition_hash(key[1][0]))

    def keeps(self, place: int) -> bool:
        """Say whether records at this hash are kept: what is served, leaving or arriving."""
        ranges = [self.range]
        ranges += [moving.range for moving in (self.leaving, self.arriving) if moving is not None]
        return any(one.first <= place < one.end for one in ranges)


def leave(holding: Holding, at: int, child: str) -> Holding | None:
    """Stop serving the range from `at` on; None if there is nothing to give, or no time for it."""
    served = holding.range
    if holding.leaving is not None or not served.first < at < served.end:
        return None
    leaving = Leaving(Range(at, served.end), child)
    return Holding(
        Range(served.first, at), holding.attempts + 1, leaving, placement=holding.placement
    )


def settle(holding: Holding, placement: PlacementRecord) -> Holding:
    """Take the placement's word on a range that was leaving: it has left, or it is ours again."""
    leaving = holding.leaving
    assert leaving is not None, "settled already"
    served = holding.range
    if not placement.has(leaving.child):
        served = Range(served.first, leaving.range.end)
    return Holding(served, holding.attempts, placement=placement)


def arrive(holding: Holding, message: Carry, parent: str) -> Holding | None:
    """Take a parent's records in; None if this node has a range: it takes one in its life."""
    arriving = Arriving(message.range, parent, message.attempt)
    if holding == Holding(NOTHING):
        return Holding(NOTHING, arriving=arriving)
    return holding if holding.arriving == arriving else None


def serve(holding: Holding, placement: PlacementRecord, name: str) -> Holding | None:
    """Begin to serve what has arrived; None unless the placement says so (§3.1)."""
    arriving = holding.arriving
    if arriving is None or not placement.has(name):
        return None
    return Holding(arriving.range, placement=placement)


def merged(mine: TableState | None, carried: TableState) -> TableState:
    """Take a table's marks over: the later ones of both, also if this is a repeat."""
    if mine is None:
        return carried
    return TableState(
        mine.id,
        mine.schema,
        max(mine.max_delete_timestamp, carried.max_delete_timestamp),
        max(mine.delete_lsn, carried.delete_lsn),
        mine.dropped or carried.dropped,
        max(mine.settings, carried.settings, key=_revision),
    )


def _revision(settings: TableSettings) -> int:
    return settings.revision


# What is carried ----------------------------------------------------------------------------------


@data
class KeyedRecord:
    """A record under its key."""

    key: RecordKey
    record: Record


Records = tuple[KeyedRecord, ...]
Tables = tuple[TableState, ...]


def carries(
    holding: Holding, tables: Tables, records: Records, lsn: int, streams: Iterable[bytes] = ()
) -> Iterator[Carry]:
    """Make the messages that carry the leaving range over; the marks go with the first."""
    assert holding.leaving is not None, "nothing leaves"
    # One part at least: the marks have to go.
    for part in parts_of(records, lambda one: weight_bytes(one.record.item)):
        yield Carry(
            holding.attempts,
            holding.leaving.range,
            encode(tables, Tables),
            encode(part, Records),
            lsn,
        )
        tables = ()
    nothing = encode((), Tables)
    for part_of_streams in streams:
        yield Carry(holding.attempts, holding.leaving.range, nothing, nothing, lsn, part_of_streams)


def carried(message: Carry) -> tuple[Tables, Records]:
    """Read what a message carries."""
    return decode(message.tables, Tables), decode(message.records, Records)
