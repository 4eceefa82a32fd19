"""A table's stream as nodes speak of it: the records of its changes, and the shards they lie in.

A stream is known by its table's id and its label.  Each partition keeps the records of its own
changes, in shards: one follows another when the partition splits, so that a reader who reads
parents before children meets each item's changes in their order.
"""

from items.data import data
from items.keys import Key, KeySchema
from items.values import Item
from network.ids import TableId, Timestamp
from network.settings import StreamSettings

SEQUENCE_BASE = 10**20  # So that all numbers that clients see have as many digits: 21.

INSERT, MODIFY, REMOVE = "INSERT", "MODIFY", "REMOVE"


@data
class StreamRecord:
    """One change of one item, waiting for its place in a shard or released into it."""

    lsn: int  # Of the write, in its partition: what the record is known by until it is released.
    table: TableId
    label: str
    key: Key
    event: str  # INSERT, MODIFY or REMOVE.
    old: Item | None  # As far as the stream's view shows it …
    new: Item | None  # … likewise.
    timestamp: Timestamp
    transaction: str  # Empty: it was written outside any transaction.
    created_us: int  # By the partition's clock.
    size_bytes: int  # Of its key and images.
    shard: str = ""
    sequence: int = 0  # Its place: unique in the partition, and rising; 0 while it waits.


@data
class Shard:
    """A part of a stream: what one partition released between two moments."""

    id: str
    table: TableId
    stream: StreamSettings
    schema: KeySchema
    parent: str  # The shard that is to be read before this one; empty if there is none.
    opened_us: int
    first: int  # The sequence number at which it begins …
    last: int = 0  # … and ends; 0 while it is open.
    closed_us: int = 0
    trimmed: int = 0  # Records up to this sequence number are gone.

    @property
    def is_open(self) -> bool:
        return self.last == 0


def shard_id(first: int, node: str) -> str:
    """Name a shard by where it begins and who keeps it: as long as the service's, and unique."""
    return f"shardId-{first:020d}-{int(node[1:]):08x}"


def node_of_shard(shard: str) -> str:
    """Return the partition that keeps a shard; empty if the name is none of ours."""
    head, _, number = shard.rpartition("-")
    known = len(number) == 8 and set(number) <= set("0123456789abcdef") and int(number, 16)
    return f"p{int(number, 16)}" if known and head.startswith("shardId-") else ""


def sequence_number(sequence: int) -> str:
    """Write a sequence number as clients see it."""
    return str(SEQUENCE_BASE + sequence)


def sequence_of(number: str) -> int:
    """Read a sequence number; one that nobody was given is below all others."""
    known = number.isascii() and number.isdigit() and len(number) == len(str(SEQUENCE_BASE))
    return max(-1, int(number) - SEQUENCE_BASE) if known else -1
