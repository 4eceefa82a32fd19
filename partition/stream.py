"""A partition's part in a table's stream: what is a change, and when it may be read (§2.1).

When a commit or a singleton changes an item of a table with a stream, the record of the change is
in the same append.  At first it *waits*.  It is *released* into a shard, given its place there for
good, when nothing with an earlier timestamp is ongoing in this partition, several in the order of
their timestamps.  Otherwise the stream could contradict the order of the transactions:

    T1@5 promises a and c, T2@10 finds c as T1 left it, and T2's change of b lands here
    before T1's commit reaches a: b's record would come first, and T2 is after T1.

Whoever must come before a transaction has all its promises before that one is decided, so it is
ongoing here, or its records are, when the later one is applied.

While a range leaves to a child (`partition.split`) nothing is released at all.  When it has left,
the shard of before ends and two begin, one here and one at the child; what waits goes where its
item went.  So a shard holds records of one range only, and parents before children is the order.

Left out: enhanced records of the service, such as who deleted an item that had expired.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from items.data import data
from items.keys import Key, KeySchema, key_attributes
from items.values import Item, size_bytes
from network.codec import decode, encode
from network.ids import TableId, Timestamp
from network.placement import NOTHING
from network.settings import StreamSettings
from network.streams import INSERT, MODIFY, REMOVE, Shard, StreamRecord, shard_id
from partition.parts import parts_of
from partition.split import Holding


@data
class StreamChanges:
    """What one step changed of a partition's streams; a part of its append."""

    sequence: int  # The partition's last sequence number after this step.
    records: tuple[StreamRecord, ...] = ()  # By LSN: new, or with the place they have now.
    removed: tuple[int, ...] = ()  # LSNs of records that are here no more.
    shards: tuple[Shard, ...] = ()  # As they are now.
    ended: tuple[str, ...] = ()  # Ids of shards that are here no more.


@data
class StoredStreams:
    """What a partition finds of its streams when it starts."""

    sequence: int
    records: tuple[StreamRecord, ...]
    shards: tuple[Shard, ...]


@data
class Change:
    """One write, as a step applied it."""

    table: TableId
    schema: KeySchema
    key: Key
    lsn: int
    timestamp: Timestamp
    transaction: str  # Empty: none.
    created_us: int


# What becomes of a change -------------------------------------------------------------------------


def record_of(
    change: Change, before: Item | None, after: Item | None, stream: StreamSettings
) -> StreamRecord | None:
    """Make the record of a write, as the stream's view shows it; none if it changed nothing.

    A put of the very same item, a condition check, a delete of what is not there: no change.
    """
    if before == after:
        return None
    event = MODIFY
    if before is None or after is None:
        event = INSERT if before is None else REMOVE
    old = before if stream.view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES") else None
    new = after if stream.view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES") else None
    # The keys with their names, as the records that the service's guides show.
    parts = (key_attributes(change.schema, change.key), old, new)
    return StreamRecord(
        change.lsn,
        change.table,
        stream.label,
        change.key,
        event,
        old,
        new,
        change.timestamp,
        change.transaction,
        change.created_us,
        sum(size_bytes(part) for part in parts if part is not None),
    )


def place(record: StreamRecord) -> tuple[Timestamp, int]:
    """Order what waits: by timestamp, and one transaction's writes as they were carried out."""
    return record.timestamp, record.lsn


def due(waiting: Sequence[StreamRecord], oldest: Timestamp | None) -> int:
    """Count the records at the front that wait for nobody; `oldest` is of what is ongoing here.

    A transaction does not wait for itself: the rest of it may be on its way.
    """
    if oldest is None:
        return len(waiting)
    return next((n for n, one in enumerate(waiting) if one.timestamp > oldest), len(waiting))


def stands_still(holding: Holding) -> bool:
    """Say whether nothing may be released now, because a range moves.

    A parent's shard ends when the range has left, and all that its child releases comes after it.
    So what the child has yet to release must not be what the parent's later records come after.
    """
    return holding.leaving is not None or holding.range == NOTHING


def released(record: StreamRecord, shard: Shard, sequence: int) -> StreamRecord:
    """Give a record its place, for good."""
    assert record.sequence == 0, "a record has one place"
    return replace(record, shard=shard.id, sequence=sequence)


# Shards -------------------------------------------------------------------------------------------


def opened(
    node: str,
    table: TableId,
    schema: KeySchema,
    stream: StreamSettings,
    *,
    first: int,
    parent: str,
    now_us: int,
) -> Shard:
    """Begin a shard; it takes a sequence number, so that each has a first one of its own."""
    return Shard(shard_id(first, node), table, stream, schema, parent, now_us, first)


def closed(shard: Shard, *, last: int, now_us: int) -> Shard:
    """End a shard, whose last sequence number is one that no record has."""
    assert shard.is_open, "a shard ends once"
    return replace(shard, last=last, closed_us=now_us)


def trimmed(shard: Shard, sequence: int) -> Shard:
    """Note that a shard's records up to this one are gone."""
    return replace(shard, trimmed=sequence)


# What is carried to a child -----------------------------------------------------------------------


@data
class Carried:
    """A part of what goes along with a range that leaves."""

    sequence: int  # The parent's last one: the child's are above it.
    shards: tuple[Shard, ...]  # That are open at the parent, and end when the range has left.
    waiting: tuple[StreamRecord, ...]  # Of items that leave.


def carries(
    sequence: int, shards: Iterable[Shard], waiting: Iterable[StreamRecord]
) -> Iterator[bytes]:
    """Make what the messages to the child have of streams; the shards come with the first."""
    left = tuple(shards)
    for part in parts_of(waiting, _size_bytes):
        if left or part:
            yield encode(Carried(sequence, left, part), Carried)
        left = ()


def _size_bytes(record: StreamRecord) -> int:
    return record.size_bytes


def carried(streams: bytes) -> Carried:
    """Read what a message carries."""
    return decode(streams, Carried)
