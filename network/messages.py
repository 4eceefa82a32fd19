"""Everything that nodes say to each other, on one screen a conversation.

Each message says who sends it to whom, what it asks (and the paper's section), what replies, and
what a repeat does ('Twice').  The roles meet only here.

    client → router → coordinator → ledger, partitions        a transaction
    client → router → partition                               a singleton, a query
    partition → recovery manager → coordinator                a stalled transaction

That is the paper's protocol, and comes first; from 'Tables' on it is what a service has besides:

    recovery manager → partition → its child                  a partition that splits
    partition → its followers, router → follower              reads that may be late
    replicator → another region's → partition                 what other regions have written

At the end is how a message travels:

    Said         what is said: sender, its number there, the number that it replies to, message
    Envelope     the same four by name, as whoever hears it sees them
    Frame        what a network carries: bytes, or, inside one process, the envelope itself
    written      Said → bytes
    as_it_is     Said → Envelope
    from_frame   Frame → Envelope
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from items.actions import Action
from items.data import data
from items.errors import ErrorKind, Reason
from items.keys import Key, KeySchema
from items.values import AttributeValue, Item
from network.codec import CodecError, codec_of, pack, seldom, unpack
from network.ids import EntryKey, TableId, Timestamp, TransactionId, Version
from network.placement import PlacementRecord, Range
from network.settings import PLAIN, TableSettings
from network.streams import Shard, StreamRecord

RecordKey: TypeAlias = tuple[str, Key]  # (table id, key): an item's address in the whole cluster.

# Client and router ------------------------------------------------------------------------------


@data
class Request:
    """Client → router: an operation of the API, as its JSON says it.

    Reply: `Response`, `Restarted` or `Forgotten`.
    Twice: reads are answered anew; what changes anything is recognised by its number and answered
    from memory, a write transaction too.
    """

    operation: str
    body: Mapping[str, Any]
    call: str | None  # amz-sdk-invocation-id: the same in all attempts of one call.
    incarnation: int  # Of the router that is meant; 0 means nobody yet, and is surely refused.


@data
class Response:
    """The HTTP status and the JSON body that the client sees."""

    status: int
    body: Mapping[str, Any]


@data
class Restarted:
    """Reply of a node that a request does not mean: it names another incarnation of this node.

    Says nothing about an earlier copy of the request, which the crashed incarnation may have
    carried out.  Only where the request named incarnation 0 is it sure that nothing happened.
    """

    incarnation: int


# Router and coordinator --------------------------------------------------------------------------


@data
class WriteTransaction:
    """Router → coordinator: carry out TransactWriteItems (§3.3).  Reply: `Finished` or `Failed`.

    Twice: while the first is under way the copy waits with it; later it is found by its token.
    """

    token: EntryKey  # The client's, or one that the router minted where the client gave none.
    call: str
    fingerprint: bytes  # Of all parameters; another one under the same token is a mismatch (§2.3).
    actions: tuple[Action, ...]


@data
class ReadTransaction:
    """Router → coordinator: carry out TransactGetItems (§3.4).

    Reply: `ReadItems`, `Finished` (with reasons) or `Failed`.
    Twice: while the first is under way the copy waits with it; later the items are read again.
    """

    keys: tuple[RecordKey, ...]
    request: str  # The client's attempt that this is done for.


@data
class ReadItems:
    """The items of a read transaction, in the request's order; None where there is none."""

    items: tuple[Item | None, ...]


@data
class Finished:
    """A transaction's end: committed if there is no reason at all, else cancelled for these."""

    reasons: tuple[Reason, ...]  # One an action, in the request's order; empty: committed.
    replayed: bool  # Answered from the ledger: an earlier attempt had already finished.


@data
class Failed:
    """The request was not carried out, or nobody knows: an error of the catalogue, by name."""

    error: str
    message: str

    @classmethod
    def of(cls, kind: ErrorKind) -> "Failed":
        """Say what the catalogue says."""
        return cls(kind.name, kind.message)


# Coordinator and partition: two-phase commit ------------------------------------------------------


@data
class Prepare:
    """Coordinator → partition: promise these actions at this timestamp (§3.3).

    Reply: `Votes`, or `NotMine`.  Twice: what is still ongoing for this transaction is accepted
    unjudged, the rest is judged as if for the first time.
    """

    transaction: TransactionId
    entry: EntryKey  # Where the ledger has the transaction, for whoever finds it stalled (§3.5).
    timestamp: Timestamp
    actions: tuple[Action, ...]  # All that this partition owns, in the request's order.


@data
class Accept:
    """A vote: this action will be possible at commit, whatever happens in between."""


@data
class Reject:
    """A vote: no, and why."""

    reason: Reason
    in_the_way: Timestamp | None  # The timestamp that was not earlier, where that was the reason.


Vote: TypeAlias = Accept | Reject


@data
class Votes:
    """A partition's votes, one an action.  Beside a rejection, an accept is no new promise."""

    votes: tuple[Vote, ...]


@data
class Commit:
    """Coordinator → partition: apply what was promised (§3.3, Listing 4).

    Reply: `Done`, or `NotMine`.
    Twice: nothing is ongoing for this transaction any more, nothing happens.
    """

    transaction: TransactionId
    keys: tuple[RecordKey, ...]


@data
class Cancel:
    """Coordinator → partition: forget what was promised (§3.3, Listing 4).

    Reply: `Done`, or `NotMine`.
    Twice, or before its prepare: nothing is ongoing for this transaction, nothing happens.
    """

    transaction: TransactionId
    keys: tuple[RecordKey, ...]


@data
class Done:
    """It is so now.  `changed` says for each key whether this very message made it so."""

    changed: tuple[bool, ...]


@data
class NotMine:
    """Reply of a partition that does not own a key, or does not know its table: it did nothing.

    So the owner may be asked, whoever it is.  A copy of a `Write` is refused for good.  One of any
    other message may be carried out if the range comes back; that is safe as a late copy always is:
    the timestamp test, the owner checks and recovery see to a `Prepare`'s.
    """

    table: str  # The first table id that is unknown here; empty if a key is out of range.
    placement: PlacementRecord | None = None  # The newest that is known here, after a split.


@data
class Throttled:
    """Reply to a `Read`, `Scan` or `Replicate`: the partition takes no new work, did nothing."""


# Reads -------------------------------------------------------------------------------------------


@data
class Read:
    """Router or coordinator → partition: read these items (§2.2, §3.4).

    Reply: `Readings`, `NotMine` or `Throttled`.  Twice: read again.
    """

    keys: tuple[RecordKey, ...]
    round: int  # 1 or 2 of a read transaction, 0 outside.  Round 2 is not throttled, nor charged.
    request: str  # The client's attempt that this is done for; empty if nobody asked for it.
    costs_half: bool = seldom(default=False)  # As what may be old does; said where units count.


class Reading(NamedTuple):
    """What one item looked like."""

    item: Item | None  # The last committed one, whatever is ongoing.
    lsn: int  # Of its last write; of the last delete in its table and partition if it is missing.
    ongoing: TransactionId | None


@data
class Readings:
    readings: tuple[Reading, ...]


@data
class Scan:
    """Router or recovery manager → partition: the next items in key order (§2.2).

    Reply: `Page`, `NotMine` or `Throttled`.  Twice: read again.
    A page is read committed: each item at its moment.
    """

    table: TableId
    partition_value: AttributeValue | None  # Query: this partition key only.
    sort_condition: tuple[str, tuple[AttributeValue, ...]] | None  # Query: operator and operands.
    after: Key | None  # Exclusive start.
    forward: bool
    limit: int  # Items looked at, before the filter.
    filter: str | None  # A condition; its names and values:
    names: Mapping[str, str]
    values: Mapping[str, AttributeValue]
    request: str
    costs_half: bool = seldom(default=False)  # As in `Read`.


@data
class Page:
    items: tuple[Item, ...]
    lsns: tuple[int, ...]  # The items' own.
    scanned_count: int
    last: Key | None  # Where to go on; None if this partition has no more.
    lsn: int  # The partition's last one: what is written later has a higher one.


# Singletons and the ledger's own writes -----------------------------------------------------------


@data
class Write:
    """Router → partition, coordinator → ledger: one write outside any transaction (§3.3).

    A recovery manager purges an entry by it, and a partition that splits sets the placement.

    Reply: `Written`, `WriteRefused`, `Restarted`, `Forgotten` or `NotMine`.
    Twice: recognised by its number and answered from memory, never carried out again.
    """

    action: Action
    return_values: str  # NONE, ALL_OLD, ALL_NEW, UPDATED_OLD, UPDATED_NEW.
    incarnation: int  # Of the partition that is meant; 0 means nobody yet, and is surely refused.
    request: str  # The client's attempt that this is done for.


@data
class Written:
    attributes: Item | None


@data
class WriteRefused:
    """Nothing was written: the name of an error of the catalogue, its text, the item in the way."""

    error: str
    message: str
    item: Item | None

    @classmethod
    def of(cls, kind: ErrorKind, item: Item | None = None) -> "WriteRefused":
        """Say what the catalogue says."""
        return cls(kind.name, kind.message, item)


@data
class Forgotten:
    """The write may be a copy of one whose answer is forgotten: not carried out (again)."""


# Recovery -----------------------------------------------------------------------------------------


@data
class Stalled:
    """Partition → recovery manager: this transaction has been ongoing here for too long (§3.5).

    No reply: the partition says it again until the items are free.
    """

    transaction: TransactionId
    entry: EntryKey
    keys: tuple[RecordKey, ...]


@data
class Recover:
    """Recovery manager → coordinator: take this transaction to its end (§3.5).

    No reply: the manager says it again as long as it finds the transaction unfinished.
    """

    transaction: TransactionId
    entry: EntryKey
    partition: str  # Which reported these keys; empty if a scan or a retry found the transaction.
    keys: tuple[RecordKey, ...]


# Tables -------------------------------------------------------------------------------------------


@data
class OpenTable:
    """Router → partition: keep items for this table from now on.

    Reply: `Done`, or `NotMine`.  Twice: it is open already.  After its drop: it stays dropped.
    """

    table: TableId
    schema: KeySchema
    settings: TableSettings = seldom(PLAIN)


@data
class SetTable:
    """Router → partition: this is what the table does on the side from now on (§2.1).

    Reply: `Done`, or `NotMine`.  Twice, or after a later revision: it is so already.
    """

    table: TableId
    settings: TableSettings


@data
class DropTable:
    """Router → partition: forget this table and all its items.

    Reply: `Done`, or `NotMine`.  Twice: nothing.
    """

    table: TableId


# Secondary indexes --------------------------------------------------------------------------------


@data
class IndexEntry:
    """What a global index is to have under one key."""

    key: Key  # The index key, and the item's own behind it.
    item: Item  # As the index shows it; empty: it is there no more.
    timestamp: Timestamp  # Of the item's write: the entry's version.


@data
class Propagate:
    """Partition → partition: items have changed, and so have your entries of this index (§2.1).

    Reply: `Done`, or `NotMine`.  Twice, or behind a later one: what is not newer changes nothing.
    """

    table: TableId  # The index's own.
    entries: tuple[IndexEntry, ...]


@data
class Backfill:
    """Router → partition: bring the next items into an index that is younger than they are.

    Reply: `Filled`, or `NotMine`.  Twice: they are brought again, which changes nothing.
    """

    table: TableId
    index: str  # Its id.
    after: Key | None  # Exclusive start.
    limit: int  # Items looked at; 0: just say how far it is.


@data
class Weigh:
    """Router → partition: weigh what there is with these partition keys (§2.1).

    Reply: `Weights`, or `NotMine`.  Twice: weighed again.
    """

    keys: tuple[RecordKey, ...]


@data
class Weights:
    """Bytes of items and of their entries in local indexes, for each key asked about."""

    bytes: tuple[int, ...]


@data
class Filled:
    last: Key | None  # Where to go on; None if this partition has no more.
    lsn: int  # The partition's last one: what was brought by now has none that is higher.
    oldest: int  # The lowest LSN of what waits for its place in the index; 0: nothing does.


@data
class OfRange:
    """Router, recovery manager → partition: this question, of just this range of yours (§3.1).

    What names no keys is asked like this once a partition has split: one that has another range
    by now would answer for too little.  Reply: the question's, or `NotMine`.  Twice: as the
    question.
    """

    range: Range
    question: Scan | OpenTable | SetTable | DropTable | Backfill


# Streams ------------------------------------------------------------------------------------------


@data
class FindShards:
    """Router → partition: tell which shards of these streams you keep.

    Reply: `Shards`, or `NotMine` of a child that has no range.  Twice: looked again.
    A partition answers for all that it ever kept, whatever its range is now.
    """

    table_name: str  # Empty: of all tables.
    label: str  # Empty: all streams of the table.


@data
class Shards:
    shards: tuple[Shard, ...]
    latest: int  # The partition's last sequence number: what comes has higher ones.
    placement: PlacementRecord | None  # The newest that is known here: a child is to be asked too.


@data
class ReadStream:
    """Router → partition: the next records of a shard of yours.

    Reply: `StreamPage`, `ShardGone` or `NotMine`.
    Twice: read again; a record's place never changes.
    """

    shard: str
    after: int  # A sequence number.
    limit: int  # Records …
    bytes_max: int  # … and their size.
    since_us: int = seldom(default=0)  # Begin at the first one that was made then, or later.


@data
class StreamPage:
    shard: Shard
    records: tuple[StreamRecord, ...]
    after: int  # Where to go on.
    ends: bool  # The shard is closed, and there is nothing after that.


@data
class ShardGone:
    """There is no such shard here (any more), or what follows was kept for long enough."""

    is_trimmed: bool


# Regions ------------------------------------------------------------------------------------------


@data
class Replica:
    """An item of a global table, as a write in its region left it."""

    key: Key
    item: Item | None  # None: it was deleted.
    version: Version


@data
class Changed:
    """Replicator → replicator of another region: these items have changed here.

    Reply: `Done`, when all of it is durable there.  Twice: as `Replicate` is heard twice.
    """

    region: str  # The sender's, which has names of its own for its nodes.
    table_name: str  # Each region has an id of its own for the table.
    replicas: tuple[Replica, ...]


@data
class Replicate:
    """Replicator → partition: another region has written an item of yours; the later write wins.

    Reply: `Done`, `WriteRefused` while a transaction is ongoing on the item, `Throttled`, or
    `NotMine`.  Twice: what is not later than what is there changes nothing.
    """

    table: TableId
    replica: Replica

    @property
    def request(self) -> str:
        """Whose doing it is, as far as this region can tell."""
        return str(self.replica.version)


# A partition that splits --------------------------------------------------------------------------


@data
class Split:
    """Recovery manager → partition: give the upper part of your range to a new node (§3.3).

    Reply: `Done`, or `NotMine` if that cannot be.  Twice: it is being split already, or `NotMine`.
    """

    at: int  # The first hash that moves.
    child: str


@data
class Carry:
    """Partition → its child: keep these records of what is to be your range (§3.3).

    Reply: `Done`, or `NotMine` if the child has (had) another's.  Twice: they are kept already;
    once the child serves its range, nothing.
    """

    attempt: int  # The parent's splits are counted.
    range: Range
    tables: bytes  # All tables with their marks, with the first message; by `partition.split`.
    records: bytes  # Some of the records, with what is ongoing on them; likewise.
    lsn: int  # The parent's last one: the child's begin above it.
    # What waits to be released into streams, and the shards that end; likewise.
    streams: bytes = seldom(default=b"")


@data
class Serve:
    """Partition → its child: the placement gives you your range.  Reply: `Done`.

    Twice: it is served already.
    """

    placement: PlacementRecord


# Followers ----------------------------------------------------------------------------------------


@data
class Eventual:
    """Router → follower: answer this as of whatever moment you have come to (§2.2).

    Reply: the question's, or `NotMine`.  Twice: read again, perhaps as of a later moment.
    """

    question: Read | OfRange


@data
class Follow:
    """Follower → the partition it follows: tell what comes after this place of your log (§3.1).

    Reply: `Log`, or `Copy` where that place is too far back; none as long as a copy is not durable.
    Twice: the same or more.
    """

    incarnation: int  # The partition's, as last heard; 0: nothing is known.
    position: int
    part: int  # Of the copy at this position that is being fetched; 0: of none yet.


@data
class Log:
    """Partition → its followers: what became durable after one place of its log, up to another.

    No reply: whoever misses something asks for it.  Twice, or out of order: told by its places.
    """

    incarnation: int
    after: int
    upto: int
    entries: bytes  # By `partition.follower`.


@data
class Copy:
    """Reply to `Follow`: a part of all that is served, as of one place of the log."""

    incarnation: int
    position: int
    part: int
    is_last: bool
    state: bytes  # By `partition.follower`.


Message: TypeAlias = (
    Request
    | Response
    | Restarted
    | WriteTransaction
    | ReadTransaction
    | ReadItems
    | Finished
    | Failed
    | Prepare
    | Votes
    | Commit
    | Cancel
    | Done
    | NotMine
    | Read
    | Readings
    | Scan
    | Page
    | Write
    | Written
    | WriteRefused
    | Forgotten
    | OpenTable
    | DropTable
    | Stalled
    | Recover
    | OfRange
    | Split
    | Carry
    | Serve
    | Throttled
    | SetTable
    | Eventual
    | Follow
    | Log
    | Copy
    | Propagate
    | Backfill
    | Filled
    | Weigh
    | Weights
    | FindShards
    | Shards
    | ReadStream
    | StreamPage
    | ShardGone
    | Changed
    | Replicate
)
MESSAGES: tuple[type, ...] = Message.__args__
_TO_WIRE = {cls: (kind, codec_of(cls).to_wire) for kind, cls in enumerate(MESSAGES)}
_new = tuple.__new__  # What a named tuple's own `__new__` calls, without the detour.
_FROM_WIRE = {kind: codec_of(cls).from_wire for kind, cls in enumerate(MESSAGES)}


class Envelope(NamedTuple):
    """A message with its sender, its number there, and the number that it replies to (0: none)."""

    source: str
    number: int
    reply_to: int
    message: Message


Frame: TypeAlias = bytes | Envelope
"""What travels: bytes, or, where nothing leaves the process, the envelope itself."""


Said: TypeAlias = tuple[str, int, int, Message]
"""What an envelope holds, before it is a frame."""


def written(said: Said) -> bytes:
    """Write an envelope as the bytes that travel."""
    source, number, reply_to, message = said
    kind, to_wire = _TO_WIRE[type(message)]
    return pack((source, number, reply_to, kind, to_wire(message)))


def to_frame(source: str, number: int, reply_to: int, message: Message) -> bytes:
    """Write an envelope, of which these are the parts, as the bytes that travel."""
    return written((source, number, reply_to, message))


# Leaves an envelope as it is, for a network inside one process: nobody changes a message.
as_it_is: Callable[[Said], Envelope] = partial(_new, Envelope)


def from_frame(frame: Frame) -> Envelope:
    """Read what `to_frame` wrote; each receiver gets a message of its own.

    An envelope that was left as it is is the same for whoever reads it.

    Raises:
        CodecError: The bytes are not an envelope of ours.
    """
    if not isinstance(frame, bytes):
        return frame
    try:
        source, number, reply_to, kind, fields = unpack(frame)
        return _new(Envelope, (source, number, reply_to, _FROM_WIRE[kind](fields)))
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise CodecError(f"not an envelope: {error}") from error
