"""What a Query or a Scan was asked for, and where its page begins and ends.

A page has its items in the order of their keys, or against it, behind the place where it was to
begin and up to the one where it says to go on.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from items.keys import Key, key_order
from items.typed_json import from_json
from items.values import AttributeValue
from sim.checkers.model import Json
from sim.history import Operation

PAGED = ("Query", "Scan")
# What shows less than there is, by a filter that is read here, or in a way that is not.
FILTERED = ("FilterExpression", "Select")
BEYOND = (
    *("ProjectionExpression", "TotalSegments"),
    *("KeyConditions", "QueryFilter", "ScanFilter", "AttributesToGet"),
)
OF_ONE_VALUE = re.compile(r"\s*[#\w]+\s*=\s*(:\w+)\s*")

Order: TypeAlias = tuple[Any, ...]  # Of a key, as `key_order` has it.


class Page(NamedTuple):
    """The two ends of a page."""

    partition: AttributeValue | None  # None: a Scan.
    after: Key | None
    upto: Key | None  # None: to the end.
    forward: bool

    def cut(self, orders: Sequence[Order]) -> slice:
        """Find what lies between them, among what is in the order of keys."""
        low, high = 0, len(orders)
        if self.partition is not None:
            place, content = key_order((self.partition,))
            low = bisect_left(orders, (place, content))
            high = bisect_left(orders, (place, content + b"\0"))
        # What is at `after` was on the page before, and what is at `upto` is on this one.
        begin, end = (self.after, self.upto) if self.forward else (self.upto, self.after)
        behind = bisect_right if self.forward else bisect_left
        if begin is not None:
            low = max(low, behind(orders, key_order(begin)))
        if end is not None:
            high = min(high, behind(orders, key_order(end)))
        return slice(low, max(low, high))

    def misplaced(self, told: Sequence[Key]) -> str:
        """Say what is wrong with the places of these items; nothing if it is all right."""
        orders = [key_order(key) for key in told]
        inside = sorted(orders)
        if orders != (inside if self.forward else inside[::-1]) or len({*told}) < len(told):
            return "shows items out of the order of their keys, or one of them twice"
        if len(inside[self.cut(inside)]) < len(inside):
            return "shows items that lie beyond its ends"
        return ""


def is_paged(operation: Operation) -> bool:
    """Say whether this is a request for a page of whole items, filtered or not."""
    return operation.name in PAGED and not any(word in operation.request for word in BEYOND)


def asks_for_all(asked: Json) -> bool:
    """Say whether the answer shows all items that are there, and each as a whole."""
    return not any(word in asked for word in (*FILTERED, *BEYOND))


def page_of(operation: Operation, key_of: Callable[[Json], Key]) -> Page | None:
    """Read what a page was asked for; None if it is more than one partition key's value."""
    request, partition = operation.request, None
    if operation.name == "Query":
        asked = OF_ONE_VALUE.fullmatch(request["KeyConditionExpression"])
        if asked is None:
            return None
        partition = from_json(request["ExpressionAttributeValues"][asked[1]])
    after, upto = request.get("ExclusiveStartKey"), operation.answer.get("LastEvaluatedKey")
    return Page(
        partition,
        None if after is None else key_of(after),
        None if upto is None else key_of(upto),
        request.get("ScanIndexForward", True),
    )
