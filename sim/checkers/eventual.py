"""Eventual reads that a follower answered: each item on them was current at some earlier moment.

They have no place in any serial order, so no other check looks at them.  What they promise is
little, and is judged in full: no answer shows what was never committed, what was not durable yet,
or what a client never wrote; and one incarnation of a follower shows its partition's past in order,
never an older version beside or after a newer one.  Of two followers, or of a follower and its
partition, no such order is promised: a client that asks twice may be shown the past the second
time.

That all followers come to what their partitions have, the calm's check says.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain

from items.keys import key_of_item
from items.typed_json import item_from_json
from network.messages import RecordKey
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.items_told import both_told
from sim.checkers.model import Json, Place, get_answer, shown_place
from sim.followed import Version
from sim.history import BATCH_READ, Operation

REFUTED = ("eventually consistent",)
Told = tuple[Place, Json, Json]  # An item that an answer shows, what was asked of it, the answer.


def check_eventual(evidence: Evidence) -> Iterator[Finding]:
    """Judge what followers showed, and what clients were told of it."""
    assert evidence.followed is not None, "there are followers"
    for wrong in evidence.followed.wrongs():
        reader = evidence.by_attempt.get(wrong.request)
        who = f"{named(reader)}: " if reader is not None else ""
        about = (reader.call,) if reader is not None else ()
        yield Finding("eventual", wrong.kind, f"{who}{wrong.text}", about, "", REFUTED)
    versions = by_place(evidence)
    for operation in evidence.calls:
        if operation.outcome == "committed" and evidence.is_late(operation):
            yield from _judged(evidence, operation, versions)


def by_place(evidence: Evidence) -> dict[Place, Sequence[Version]]:
    assert evidence.followed is not None, "there are followers"
    versions: dict[RecordKey, list[Version]] = evidence.followed.versions
    return {evidence.place(key): found for key, found in versions.items()}


def _judged(
    evidence: Evidence, operation: Operation, versions: dict[Place, Sequence[Version]]
) -> Iterator[Finding]:
    """Judge an answer as its client saw it: each item on it was there before it was told."""
    for place, asked, told in told_in(evidence, operation):
        known = versions.get(place, ())
        count = bisect_right(known, operation.returned_us, key=lambda one: one.us)
        # The latest first: a follower is a moment behind, and an item may have many versions.
        was = (known[n].item for n in range(count - 1, -1, -1))
        if not any(get_answer(item, asked) == told for item in chain(was, (None,))):
            latest = known[count - 1].item if count else None
            names = evidence.requests.key_names(place)
            right = get_answer(latest, asked)
            one, other = both_told(told.get("Item"), right.get("Item"), names)
            text = (
                f"{named(operation)} was told of {shown_place(place)}: {one}; that was never so by"
                f" then, and the latest was {other}"
            )
            yield Finding("eventual", "never current", text, (operation.call,), "", REFUTED)


def told_in(evidence: Evidence, operation: Operation) -> Iterator[Told]:
    """Give the items that an answer shows; of GetItem also that there is none."""
    request, answer = operation.request, operation.answer
    if operation.name == "GetItem":
        ((place, entry),) = evidence.gets(operation)
        yield place, entry, answer
    elif operation.name == BATCH_READ:
        for table, items in answer.get("Responses", {}).items():
            yield from _items(evidence, table, request["RequestItems"][table], items)
    elif operation.name in ("Query", "Scan"):
        yield from _items(evidence, request["TableName"], request, answer.get("Items", ()))


def _items(evidence: Evidence, table: str, asked: Json, items: Sequence[Json]) -> Iterator[Told]:
    if "ProjectionExpression" in asked:
        return  # Which item it is, a part of one may not say.
    schema = evidence.requests.schemas[table]
    for item in items:
        yield (table, key_of_item(schema, item_from_json(item))), asked, {"Item": item}
