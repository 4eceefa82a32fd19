"""Query, Scan and BatchGetItem on tables: what is there all the while is not left out (§2.2).

Such an answer is of no moment: each item on it is as it was at its own.  But an item that was there
before it was asked for and until it was answered is to be on it, and one that was missing all that
while is not.  A page has its items in the order of their keys, each once, behind the place where it
was to begin and up to the one where it says to go on.

An item whose writer was asked meanwhile, or never answered, may be there or not.  What a follower
leaves out nobody judges: it shows an earlier moment (`eventual`).  Nor does anybody judge what the
answer of an index leaves out, or one with a filter or a projection.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from items.keys import Key, key_of_item, key_order
from items.typed_json import from_json, item_from_json
from items.values import AttributeValue
from sim.checkers.evidence import Evidence, Version, named
from sim.checkers.finding import Finding
from sim.checkers.model import Json, Place, shown_place
from sim.history import Operation

PAGED, BATCH = ("Query", "Scan"), "BatchGetItem"
REFUTED = ("read committed",)
# What shows less than there is, or is asked for in a way that is not read here.
BEYOND = (
    *("IndexName", "FilterExpression", "ProjectionExpression", "Select", "TotalSegments"),
    *("KeyConditions", "QueryFilter", "ScanFilter", "AttributesToGet"),
)
OF_ONE_VALUE = re.compile(r"\s*[#\w]+\s*=\s*(:\w+)\s*")

Versions = Mapping[Place, Sequence[Version]]


class Page(NamedTuple):
    """What one page was asked for, and where it ends."""

    partition: AttributeValue | None  # None: a Scan.
    after: Key | None
    upto: Key | None  # None: to the end.
    forward: bool

    def has(self, key: Key) -> bool:
        """Say whether a key lies between its two ends."""
        if self.partition is not None and key[0] != self.partition:
            return False
        place = key_order(key)
        if self.after is not None and not self._follows(place, key_order(self.after)):
            return False
        return self.upto is None or not self._follows(place, key_order(self.upto))

    def _follows(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        return one > other if self.forward else one < other


def is_judged(operation: Operation) -> bool:
    """Say whether this is a request for several items whose answer is judged here."""
    if operation.name == BATCH:
        return True
    return operation.name in PAGED and not any(word in operation.request for word in BEYOND)


def check_pages(evidence: Evidence) -> Iterator[Finding]:
    """Judge what clients were told of several items at once."""
    versions = {evidence.place(key): found for key, found in evidence.versions.items()}
    for operation in evidence.operations:
        if operation.outcome == "committed" and is_judged(operation):
            judged = _of_batch if operation.name == BATCH else _of_page
            yield from judged(evidence, operation, versions)


def _of_batch(evidence: Evidence, operation: Operation, versions: Versions) -> Iterator[Finding]:
    if evidence.is_late(operation):
        return
    for table, asked in operation.request["RequestItems"].items():
        if any(word in asked for word in BEYOND):
            continue
        given_back = operation.answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())
        wanted = [_place(evidence, table, one) for one in asked["Keys"] if one not in given_back]
        items = operation.answer.get("Responses", {}).get(table, ())
        told = [_place(evidence, table, item) for item in items]
        yield from _complete(evidence, operation, versions, wanted, told)


def _of_page(evidence: Evidence, operation: Operation, versions: Versions) -> Iterator[Finding]:
    table = operation.request["TableName"]
    page = _page(evidence, operation)
    if page is None:
        return
    told = [_place(evidence, table, item) for item in operation.answer["Items"]]
    order = [key_order(key) for _, key in told]
    if order != sorted(order, reverse=not page.forward) or len({*told}) < len(told):
        text = "shows items out of the order of their keys, or one of them twice"
        yield _finding("page out of order", operation, text)
    elif not all(page.has(key) for _, key in told):
        yield _finding("page out of order", operation, "shows items that lie beyond its ends")
    if not evidence.is_late(operation):
        wanted = [place for place in versions if place[0] == table and page.has(place[1])]
        yield from _complete(evidence, operation, versions, wanted, told)


def _page(evidence: Evidence, operation: Operation) -> Page | None:
    """Read what a page was asked for; None if it is more than one partition key's value."""
    request, table = operation.request, operation.request["TableName"]
    partition = None
    if operation.name == "Query":
        asked = OF_ONE_VALUE.fullmatch(request["KeyConditionExpression"])
        if asked is None:
            return None
        partition = from_json(request["ExpressionAttributeValues"][asked[1]])
    after, upto = request.get("ExclusiveStartKey"), operation.answer.get("LastEvaluatedKey")
    return Page(
        partition,
        None if after is None else _place(evidence, table, after)[1],
        None if upto is None else _place(evidence, table, upto)[1],
        request.get("ScanIndexForward", True),
    )


def _complete(
    evidence: Evidence,
    operation: Operation,
    versions: Versions,
    wanted: Sequence[Place],
    told: Sequence[Place],
) -> Iterator[Finding]:
    """Judge which of these items are told, and which are not."""
    shown = {*told}
    for place in wanted:
        is_there = was_there(evidence, versions.get(place, ()), operation)
        where = shown_place(place)
        if is_there is True and place not in shown:
            text = f"leaves out {where}, which was there before it was asked for and all the while"
            yield _finding("item left out", operation, text)
        elif is_there is False and place in shown:
            text = f"shows {where}, which was missing before it was asked for and all the while"
            yield _finding("item invented", operation, text)


def was_there(evidence: Evidence, versions: Sequence[Version], operation: Operation) -> bool | None:
    """Say whether an item was there while an operation lasted, or missing; None: perhaps.

    What was answered before had happened, and nothing later takes effect before it is asked for.
    """
    states = [False]  # At first there is nothing.
    for version in versions:
        writer = evidence.writers.get(version.writer)
        if writer is not None and writer.invoked_us > operation.returned_us:
            break
        if writer is not None and evidence.over_us(writer) < operation.invoked_us:
            states.clear()
        states.append(version.is_item)
    return states[0] if len({*states}) == 1 else None


def _place(evidence: Evidence, table: str, item: Json) -> Place:
    return table, key_of_item(evidence.requests.schemas[table], item_from_json(item))


def _finding(kind: str, operation: Operation, text: str) -> Finding:
    return Finding("pages", kind, f"{named(operation)} {text}", (operation.call,), "", REFUTED)
