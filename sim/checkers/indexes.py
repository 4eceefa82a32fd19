"""Secondary indexes: what they show has been so, and in calm they show what there is.

A *local* index changes with its items: each answer from one is what the items there come to at that
very moment.  A *global* one is late, and shows parts of transactions; but an entry shows what its
item once was, all of it at one time, and when everything has arrived, each item has the one entry
that it should have.  What a page leaves out, and its order, is judged in `index_pages`.
"""

from collections.abc import Iterator

from items.indexes import INDEX_MARK
from items.keys import Key
from items.typed_json import item_from_json
from items.values import Item
from network.codec import pack
from network.messages import RecordKey
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.index_pages import EVENTUAL, check_index_pages
from sim.checkers.model import shown_place
from sim.checkers.page_ends import PAGED
from sim.cluster import Cluster
from sim.history import Operation
from sim.indexes_seen import IndexAsked, IndexesSeen

# What shows less, or more, of an item than its entry.
OTHERWISE = ("ProjectionExpression", "AttributesToGet", "Select")
# By table, index and the item's own key: all entries that the item has ever come to, packed.
Entries = dict[tuple[str, str, Key], set[bytes]]


def check_indexes(seen: IndexesSeen, evidence: Evidence, cluster: Cluster) -> Iterator[Finding]:
    for kind, text in seen.lies:
        yield Finding("indexes", kind, text, (), refutes=EVENTUAL)
    entries: Entries = {}
    for operation in evidence.operations:
        yield from told_wrongly(seen, operation, entries)
    yield from check_index_pages(seen, evidence)
    yield from _in_calm(seen, cluster)


def told_wrongly(seen: IndexesSeen, operation: Operation, entries: Entries) -> Iterator[Finding]:
    """Judge what a client was told of an index: each item was like that once."""
    if operation.outcome != "committed" or not is_judged(operation):
        return
    asked = seen.asked[operation.request["TableName"], operation.request["IndexName"]]
    for json in operation.answer.get("Items", ()):
        item = item_from_json(json)
        own = tuple(item[name] for name in asked.table_keys)
        place = asked.table, asked.name, own
        if place not in entries:
            entries[place] = {packed(one) for one in seen.entries_of(asked, own)}
        # Packed, maps inside of it may be in another order; so before it is told, look again.
        if packed(item) not in entries[place] and item not in seen.entries_of(asked, own):
            text = f"{named(operation)} was shown {json} in {asked.name}, which has never been so"
            yield Finding("indexes", "entry invented", text, (operation.call,), refutes=EVENTUAL)


def is_judged(operation: Operation) -> bool:
    """Say whether this asks an index for whole entries."""
    request = operation.request
    is_of_index = operation.name in PAGED and "IndexName" in request
    return is_of_index and not any(word in request for word in OTHERWISE)


def packed(item: Item) -> bytes:
    """Write an item so that it is found among many."""
    return pack(sorted(item.items()))


def _in_calm(seen: IndexesSeen, cluster: Cluster) -> Iterator[Finding]:
    """Compare each global index with what its table comes to."""
    records: dict[RecordKey, Item] = {
        key: record.item
        for name in cluster.partitions
        for key, record in cluster.records_of(name)
        if record.item
    }
    for index, asked in _ids(seen, cluster):
        table = index.partition(INDEX_MARK)[0]
        right = {
            asked.place(item): asked.shown(item)
            for (owner, _), item in records.items()
            if owner == table and asked.has(item)
        }
        there = {key: item for (owner, key), item in records.items() if owner == index}
        for key in sorted({*right, *there}, key=repr):
            if right.get(key) != there.get(key):
                yield _differs(asked, key, there.get(key), right.get(key))


def _ids(seen: IndexesSeen, cluster: Cluster) -> Iterator[tuple[str, IndexAsked]]:
    """Give the global indexes that partitions serve, by their ids.

    Who owns nothing is not asked: the child of a split that was undone knows what was, for ever.
    """
    placement = cluster.placement_now()
    known = dict.fromkeys(
        table
        for name in cluster.partitions
        if placement.record.has(name)
        for table, state in cluster.disks[name].contents.tables.items()
        if not state.dropped
    )
    for table in known:
        asked = seen.of(table)
        if asked is not None and not asked.is_local:
            yield table, asked


def _differs(asked: IndexAsked, key: Key, there: Item | None, right: Item | None) -> Finding:
    place = shown_place((asked.name, key))
    if there is None:
        text = f"in calm, {place} is missing; it is to show {right}"
    elif right is None:
        text = f"in calm, {place} is there; no item of {asked.table} is like that"
    else:
        text = f"in calm, {place} shows {there} instead of {right}"
    return Finding("indexes", "index differs", text, (), refutes=EVENTUAL)
