"""What writes cost and weigh because of indexes: ConsumedCapacity and ItemCollectionMetrics.

A write to an index is one of its own, whether or not it is in a transaction: nothing if what the
index shows stays as it was, one if an entry comes, goes or changes, two if it moves.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from items.indexes import Index, index_key, shown_in
from items.keys import Key
from items.to_json import to_json
from items.units import HALVES, write_halves
from items.values import Item
from network.messages import RecordKey
from router.definitions import Status, Table, kind_of
from router.nodes import Nodes
from router.shapes import Body

BYTES_PER_GB = 1 << 30

Arms = Mapping[tuple[str, str], float]  # By kind and name of the index.


def arms_of(table: Table, before: Item | None, after: Item | None) -> dict[tuple[str, str], float]:
    """Weigh what a write does to a table's indexes."""
    arms: dict[tuple[str, str], float] = {}
    for one in table.traits.indexes:
        if one.status != Status.DELETING:
            units = units_of(one.index, table, before, after)
            if units:
                arms[kind_of(one.index), one.index.name] = units
    return arms


def units_of(index: Index, table: Table, before: Item | None, after: Item | None) -> float:
    old_key, new_key = index_key(index, before), index_key(index, after)
    old = shown_in(index, table.schema, before) if old_key and before is not None else None
    new = shown_in(index, table.schema, after) if new_key and after is not None else None
    if old == new:
        return 0.0
    if old is not None and new is not None and old_key != new_key:
        return (write_halves(old, None) + write_halves(None, new)) / HALVES
    return write_halves(old, new) / HALVES


def together(all_arms: Iterable[Arms]) -> dict[tuple[str, str], float]:
    total: dict[tuple[str, str], float] = {}
    for arms in all_arms:
        for place, units in arms.items():
            total[place] = total.get(place, 0.0) + units
    return total


def with_arms(
    body: Body, told: dict[str, Any], arms: Arms, what: str | None = None
) -> dict[str, Any]:
    """Add what indexes have cost to a `ConsumedCapacity`."""
    names = ("CapacityUnits",) if what is None else (what, "CapacityUnits")
    for name in names:
        told[name] += sum(arms.values())
    if body["ReturnConsumedCapacity"] == "INDEXES":
        for (kind, index), units in arms.items():
            told.setdefault(kind, {})[index] = dict.fromkeys(names, units)
    return told


def with_all_arms(
    body: Body,
    told: list[dict[str, Any]],
    arms: Iterable[tuple[str, Arms]],
    what: str | None = None,
) -> list[dict[str, Any]]:
    """Add them for several tables, as the request names these."""
    by_table: dict[str, list[Arms]] = {}
    for named, one in arms:
        by_table.setdefault(named, []).append(one)
    return [
        with_arms(body, one, together(by_table.get(one["TableName"], ())), what) for one in told
    ]


# Item collections ---------------------------------------------------------------------------------


def are_metrics_wanted(body: Body) -> bool:
    return body.get("ReturnItemCollectionMetrics") == "SIZE"


def has_collections(table: Table) -> bool:
    """Say whether a table has local indexes: its items are in collections then."""
    return any(one.index.is_local for one in table.traits.indexes)


async def metrics_of(
    nodes: Nodes, written: Sequence[tuple[str, Table, Key]]
) -> dict[str, list[dict[str, Any]]]:
    """Give `ItemCollectionMetrics` by table, as named, for these items that were written."""
    wanted: dict[RecordKey, tuple[str, Table]] = {}
    for named, table, key in written:
        if has_collections(table):
            wanted.setdefault((table.id, key[:1]), (named, table))
    # Any key of a collection will do to find it; the table's own have two parts.
    weights = await nodes.weigh(tuple(wanted))
    metrics: dict[str, list[dict[str, Any]]] = {}
    for ((_, key), (named, table)), weight_bytes in zip(wanted.items(), weights, strict=True):
        metrics.setdefault(named, []).append(metric(table, key, weight_bytes))
    return metrics


def metric(table: Table, key: Key, weight_bytes: int) -> dict[str, Any]:
    least = weight_bytes // BYTES_PER_GB
    return {
        "ItemCollectionKey": {table.schema.partition.name: to_json(key[0])},
        "SizeEstimateRangeGB": [float(least), float(least + 1)],
    }
