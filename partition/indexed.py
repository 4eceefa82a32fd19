"""A table's secondary indexes in one partition: local orders kept here, and entries that must go.

A *local* index is an order of the items that are here, kept in memory beside them and made anew at
a start: so it changes in the very step in which its item does.

A *global* index's entries live where their own keys say.  So a change is put into the partition's
*outbox* in the append of the change itself, and goes on from there (`partition.propagator`).  The
outbox is an internal table like any other, and an entry's key there begins with its item's key: a
split carries it along, and a drop takes it, with the item.  It holds one word for each place of an
entry, the latest: who is away for long finds no more in it than there are places.

An entry's version is its item's timestamp (§3.2), which rises with each write.  Whoever keeps
entries takes only what is newer than what it has, so their order on the way does not matter.  What
was removed leaves a tombstone: without it a late copy of an older entry would bring it back.
"""

from collections.abc import Iterable, Iterator, Mapping

from items import indexes
from items.actions import Action, Update
from items.data import data
from items.errors import (
    COLLECTION_TOO_LARGE,
    INDEX_PROVISIONED_THROUGHPUT_EXCEEDED_REASON,
    ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED,
    PROVISIONED_THROUGHPUT_EXCEEDED,
    DynamoDBError,
)
from items.indexes import GONE, INDEX_MARK, Index
from items.keys import Key, KeySchema
from items.values import AttributeValue, Item
from network.ids import Timestamp
from network.messages import IndexEntry, RecordKey
from partition.key_order import KeyOrder
from partition.record import Record, TableState

OUTBOX_MARK = f"{INDEX_MARK}outbox"  # Behind a table's id; an index has a number besides.


@data
class IndexLimits:
    """What a table with indexes may grow to in one partition."""

    collection_bytes_max: int
    outbox_max: int


def outbox_of(table: str) -> str:
    return table + OUTBOX_MARK


def is_outbox(table: str) -> bool:
    return table.endswith(OUTBOX_MARK)


def is_index(table: str) -> bool:
    """Say whether this is the table of a global index's entries."""
    return INDEX_MARK in table and not is_outbox(table)


def outbox_key(table: str, key: Key, index: Index, entry: Key) -> RecordKey:
    """Return where the outbox has what waits for this place of an entry."""
    return outbox_of(table), (*key, ("S", index.id), *entry)


class LocalIndex:
    """One local index: its items in order."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.order = KeyOrder()
        self.records: dict[Key, Record] = {}  # By the key of the entry.

    def replace(self, key: Key, before: Item | None, after: Record | None) -> None:
        """Have an item where its index key says now, and not where it said before."""
        item = None if after is None else after.item
        old = indexes.entry_key(self.index, key, before)
        new = indexes.entry_key(self.index, key, item)
        if old is not None and old != new:
            self.records.pop(old, None)
        if new is not None and after is not None:
            if new not in self.records:
                self.order.add(new, self.records)
            self.records[new] = after


class Indexed:
    """The indexes of one table in one partition."""

    def __init__(self, state: TableState, records: Mapping[Key, Record]) -> None:
        self.table, self.schema = state.id, state.schema
        self.indexes = state.settings.indexes
        self.remote = tuple(one for one in self.indexes if not one.is_local)
        self.local = {one.id: LocalIndex(one) for one in self.indexes if one.is_local}
        # How much there is under each partition key, of a table with local indexes.
        self._collections: dict[AttributeValue, int] = {}
        for key, record in records.items():
            self.replace(key, None, record)

    def replace(self, key: Key, before: Record | None, after: Record | None) -> None:
        """Follow a change of what is kept under a key."""
        old = None if before is None else before.item
        new = None if after is None else after.item
        if old is new or not self.local:  # A promise changes nothing that can be seen.
            return
        for one in self.local.values():
            one.replace(key, old, after)
        growth = self._weight(key, new) - self._weight(key, old)
        self._collections[key[0]] = self._collections.get(key[0], 0) + growth
        if not self._collections[key[0]]:
            del self._collections[key[0]]

    def outgoing(
        self, key: Key, before: Item | None, after: Item | None
    ) -> Iterator[tuple[RecordKey, Item]]:
        """Give what a change of an item puts into the outbox."""
        for index in self.remote:
            for entry, item in indexes.changed_entries(index, self.schema, key, before, after):
                yield outbox_key(self.table, key, index, entry), item

    def refusal(
        self,
        action: Action,
        before: Item | None,
        after: Item | None,
        limits: IndexLimits,
        waiting: int,
    ) -> DynamoDBError | None:
        """Say why an item may not become this; None if nothing is wrong with it."""
        if after is before:  # As of a check: no index hears of it.
            return None
        if self.remote and waiting >= limits.outbox_max:
            # Indexes that do not keep up hold up their table, as the service's do.
            return DynamoDBError(
                PROVISIONED_THROUGHPUT_EXCEEDED,
                INDEX_PROVISIONED_THROUGHPUT_EXCEEDED_REASON.message,
            )
        if after is None:
            return None
        is_update, weight = isinstance(action, Update), self._weight(action.key, after)
        try:
            indexes.refuse_unindexable(self.indexes, after, is_update=is_update, before=before)
            indexes.refuse_overweight(weight, is_update=is_update)
        except DynamoDBError as error:
            return error
        growth = weight - self._weight(action.key, before)
        if growth > 0 and self.collection(action.key) + growth > limits.collection_bytes_max:
            return DynamoDBError(ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED, COLLECTION_TOO_LARGE)
        return None

    def collection(self, key: Key) -> int:
        """Weigh all items that share this partition key, with their entries in local indexes."""
        return self._collections.get(key[0], 0)

    def _weight(self, key: Key, item: Item | None) -> int:
        if item is None or not self.local:
            return 0
        return indexes.collection_bytes(self.indexes, self.schema, key, item)


# The rules of those who keep a global index's entries ---------------------------------------------


def is_newer(entry: IndexEntry, kept: Record | None) -> bool:
    """Say whether an entry is to be taken: a late copy is not newer than what came after it."""
    return kept is None or kept.timestamp < entry.timestamp


def is_tombstone(record: Record) -> bool:
    """Say whether an entry was removed, and is kept so that no late copy brings it back."""
    return record.item == GONE


def outlived(since_us: int, elapsed_us: int, kept_us: int) -> bool:
    """Say whether a tombstone is older than any copy of what it removed."""
    return elapsed_us - since_us >= kept_us


def waits_since(waiting: Record | None, lsn: int) -> int:
    """Say since when a place of an entry waits for a word: a newer one comes to wait as long.

    Whoever fills an index asks what of before still waits.  If each word began to wait anew,

        r1 has p1 queue the entry of a, and p1 queues it again, because r2 fills the index too:
        what waits is newer than r1's question, so r1 takes it for arrived, and a is not there.
    """
    return lsn if waiting is None else min(waiting.lsn, lsn)


def entry_place(schema: KeySchema, waiting: RecordKey) -> tuple[str, Key]:
    """Read an outbox's key: the id of the index, and the key of the entry."""
    count = 1 if schema.sort is None else 2
    _, key = waiting
    return key[count][1], key[count + 1 :]


def backfill(
    indexed: Indexed, index: Index, keys: Iterable[Key], records: Mapping[Key, Record]
) -> Iterator[tuple[RecordKey, Item, Timestamp]]:
    """Give what these items put into the outbox of an index that is being made."""
    for key in keys:
        record = records[key]
        place = indexes.entry_key(index, key, record.item)
        if place is not None and record.item is not None:
            item = indexes.shown_in(index, indexed.schema, record.item)
            yield outbox_key(indexed.table, key, index, place), item, record.timestamp
