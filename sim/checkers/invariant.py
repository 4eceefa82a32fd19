"""The workload's own invariant: what is true of its items at any one moment, as money in a bank.

It is judged where somebody saw all the items at one moment: in each read transaction that asked for
all of them, and in the data at the end.  It knows nothing of how transactions are carried out.
"""

from collections.abc import Iterator, Mapping

from items.to_json import item_to_json
from items.values import Item
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.model import Json, Place
from sim.history import READ_TRANSACTION, Operation
from sim.workload import HasInvariant


def check_invariant(
    evidence: Evidence, workload: HasInvariant, data: Mapping[Place, Item]
) -> Iterator[Finding]:
    """Judge every whole snapshot, and the data at the end."""
    entries = [{"Get": {"TableName": table, "Key": key}} for table, key in workload.watched()]
    places = [place for place, _ in evidence.requests.gets({"TransactItems": entries})]
    for operation in evidence.operations:
        if operation.name == READ_TRANSACTION and operation.outcome == "committed":
            seen = _seen(evidence, operation, len(places))
            if seen.keys() >= {*places}:
                wrong = workload.broken([seen[place] for place in places])
                if wrong:
                    text = f"{named(operation)} saw all items at one moment, and {wrong}"
                    yield Finding("invariant", "invariant broken", text, (operation.call,))
    last = [item_to_json(data[place]) if place in data else None for place in places]
    wrong = workload.broken(last)
    if wrong:
        yield Finding("invariant", "invariant broken", f"at the end {wrong}", ())


def _seen(evidence: Evidence, operation: Operation, count: int) -> dict[Place, Json | None]:
    """Return the items that a read transaction has seen whole, if they are enough."""
    if len(operation.request["TransactItems"]) < count:
        return {}
    both = zip(evidence.gets(operation), operation.answer["Responses"], strict=False)
    return {
        place: answer.get("Item")
        for (place, entry), answer in both
        if "ProjectionExpression" not in entry
    }
