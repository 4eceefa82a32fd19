"""The order of timestamps: the committed writers alone (§3.2).

Transactions at their timestamps and singletons at theirs, carried out on the model one after the
other, give the partitions' data and the writers' own answers.  This sees what no client can: a
transaction that was let in behind a later one, with the same result by luck.
"""

from collections.abc import Iterator, Mapping

from items.to_json import item_to_json
from items.values import Item
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.instants import Instants, wrong_answer
from sim.checkers.items_told import both_told
from sim.checkers.model import Model, Place, shown_place
from sim.history import Operation

BY_TIMESTAMP = ("serializable in timestamp order",)


def check_timestamps(
    evidence: Evidence, instants: Instants, data: Mapping[Place, Item]
) -> Iterator[Finding]:
    """Judge the data and the writers' answers by the model in timestamp order."""
    model = instants.model
    if instants.findings or not instants.is_by_timestamps:
        # Where each item's writers have the same order in both, what they find and leave is the
        # same as well, and need not be worked out again.
        model = Model(evidence.tables)
        yield from _carry_out(evidence, model)
    for place in sorted({*model.items, *data}, key=repr):
        if model.items.get(place) != data.get(place):
            items = data.get(place), model.items.get(place)
            one, other = [None if item is None else item_to_json(item) for item in items]
            there, due = both_told(one, other, model.key_names(place), "a missing item")
            text = (
                f"{shown_place(place)} is {there}; the committed writers in timestamp order leave"
                f" {due}"
            )
            yield Finding("timestamps", "data differ", text, (), "", BY_TIMESTAMP)


def _carry_out(evidence: Evidence, model: Model) -> Iterator[Finding]:
    writers: list[tuple[int, str, Operation]] = [
        (decision.us, decision.node, operation)
        for decision in evidence.decisions
        if decision.commits and (operation := evidence.of(decision)) is not None
    ]
    writers += [
        (one.us, one.node, evidence.by_attempt[one.request])
        for one in evidence.applied
        if one.request in evidence.by_attempt
    ]
    writers.sort(key=lambda writer: writer[:2])
    for us, node, operation in writers:
        for wrong in _wrongs(evidence, model, operation):
            text = f"{named(operation)} at timestamp {us}.{node}: {wrong}"
            yield Finding("timestamps", "order refuted", text, (operation.call,), "", BY_TIMESTAMP)


def _wrongs(evidence: Evidence, model: Model, operation: Operation) -> list[str]:
    """Carry out a committed writer, and say what is wrong with that."""
    steps = evidence.steps(operation)
    judged = [(step.place, *model.judged(step)) for step in steps]
    wrongs = [f"of {shown_place(place)}: {wrong}" for place, wrong, _ in judged if wrong]
    if wrongs:
        return wrongs
    before = model.items.get(steps[0].place)
    for place, _, after in judged:
        model.keep(place, after)
    return wrong_answer(model, operation, steps[0], before, judged[0][2])
