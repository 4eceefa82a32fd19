"""ReturnConsumedCapacity: what an operation would have cost, in DynamoDB's units.

Nobody is held to it here: the figures are told because programs watch them.  A unit is a strongly
consistent read of up to 4 KB or a write of up to 1 KB; an eventually consistent read costs half of
one, whatever is in a transaction the double.  What is not there costs as much as something small.

What a write costs hangs on the larger of the item before and after it, and only its partition sees
both: so a write that shall be weighed asks for both, `BOTH` in place of its ReturnValues.
"""

from collections.abc import Iterable
from typing import Any

from items.actions import Action, applied_to
from items.errors import DynamoDBError
from items.values import Item, size_bytes
from router.legacy import Body

READ_UNIT_BYTES = 4 * 1024
WRITE_UNIT_BYTES = 1024
TRANSACTION_FACTOR = 2.0


def is_wanted(body: Body) -> bool:
    """Say whether a request asks for it; the forms are TOTAL, INDEXES and NONE."""
    return body.get("ReturnConsumedCapacity") not in (None, "NONE")


def read_units(weight_bytes: int, *, strong: bool) -> float:
    units = units_of(weight_bytes, READ_UNIT_BYTES)
    return units if strong else units / 2


def write_units(before: Item | None, after: Item | None) -> float:
    return units_of(max(weight_bytes(before), weight_bytes(after)), WRITE_UNIT_BYTES)


def units_of(weight_bytes: int, unit_bytes: int) -> float:
    return float(max(1, -(-weight_bytes // unit_bytes)))


def weight_bytes(item: Item | None) -> int:
    return 0 if item is None else size_bytes(item)


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
    try:
        after = applied_to(action, before)
    except DynamoDBError:  # The item has changed since, or this action would have been refused.
        after = before
    return TRANSACTION_FACTOR * write_units(before, after)


def transaction_read_units(item: Item | None) -> float:
    return TRANSACTION_FACTOR * read_units(weight_bytes(item), strong=True)
