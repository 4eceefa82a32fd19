"""ReturnConsumedCapacity: what an operation has cost, in DynamoDB's units (`items.units`).

Here it is only told.  Partitions weigh by themselves what they let through on a provisioned table
(`partition.meters`), and come to the same; docs/capacity.md lists what differs.

What a write costs hangs on the larger of the item before and after it, and only its partition sees
both: so a write that shall be weighed asks for both, `BOTH` in place of its ReturnValues.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from items.actions import Action, applied_to
from items.errors import DynamoDBError
from items.units import HALVES, TRANSACTION_FACTOR, read_halves, weight_bytes, write_halves
from items.values import Item, size_bytes
from router.definitions import kind_of
from router.shapes import Body
from router.sources import Source


def is_wanted(body: Body) -> bool:
    """Say whether a request asks for it; the forms are TOTAL, INDEXES and NONE."""
    return body.get("ReturnConsumedCapacity") not in (None, "NONE")


def read_units(weight_bytes: int, *, strong: bool) -> float:
    return read_halves(weight_bytes, eventual=not strong) / HALVES


def write_units(before: Item | None, after: Item | None) -> float:
    return write_halves(before, after) / HALVES


def total_bytes(items: Iterable[Item]) -> int:
    return sum(map(size_bytes, items))


def consumed(body: Body, named: str, units: float, what: str | None = None) -> dict[str, Any]:
    """Give a `ConsumedCapacity`; a transaction says `what` as well, ReadCapacityUnits or Write….

    `named` is the table as the request names it.  INDEXES tells the table's own share apart: all
    of it, where there are no indexes.
    """
    shares = {"CapacityUnits": units} if what is None else {what: units, "CapacityUnits": units}
    told: dict[str, Any] = {"TableName": named, **shares}
    if body["ReturnConsumedCapacity"] == "INDEXES":
        told["Table"] = dict(shares)
    return told


def page_consumed(
    body: Body, source: Source, items: Sequence[Item], *, strong: bool, fetches: bool
) -> dict[str, Any]:
    """Give what a page has consumed: of its index, and of the table where that was read besides."""
    shown = total_bytes(map(source.entry_of, items))
    units = read_units(shown, strong=strong)
    if source.index is None:
        return consumed(body, body["TableName"], units)
    fetched = sum(read_units(size_bytes(item), strong=strong) for item in items) if fetches else 0.0
    told = consumed(body, body["TableName"], units + fetched)
    if body["ReturnConsumedCapacity"] == "INDEXES":
        told["Table"] = {"CapacityUnits": fetched}
        told[kind_of(source.index)] = {source.index.name: {"CapacityUnits": units}}
    return told


def consumed_by_table(
    body: Body, costs: Iterable[tuple[str, float]], what: str | None = None
) -> list[dict[str, Any]]:
    """Give a `ConsumedCapacity` for each table, in the order in which the request names them."""
    totals: dict[str, float] = {}
    for named, units in costs:
        totals[named] = totals.get(named, 0.0) + units
    return [consumed(body, named, units, what) for named, units in totals.items()]


def transaction_write_units(action: Action, before: Item | None) -> float:
    """Weigh one action of a transaction, by the item as it was found just before it."""
    return TRANSACTION_FACTOR * write_units(before, after(action, before))


def after(action: Action, before: Item | None) -> Item | None:
    """Work out what an action leaves of the item as it was found."""
    try:
        return applied_to(action, before)
    except DynamoDBError:  # The item has changed since, or this action would have been refused.
        return before


def transaction_read_units(item: Item | None) -> float:
    return TRANSACTION_FACTOR * read_units(weight_bytes(item), strong=True)
