"""A scenario's steps with the names that people write: by link, kind and number, of whosever."""

from collections import Counter
from dataclasses import replace

from network.messages import from_frame
from sim.cluster_run import Run
from sim.faults.step_words import KIND_OF
from sim.faults.steps import MessageAt
from sim.faults.whose import Whose
from sim.scenario import Scenario
from sim.trace import Event

MessageName = tuple[str, str, str, str, int]  # Source, target, kind, request, number.


def numbered(scenario: Scenario, seed: int) -> Scenario:
    """Return the scenario with messages named by their numbers of a kind on a link.

    Counted in a run of it, in which every choice comes: the numbers are those of that very run.
    """
    run = Run(scenario, seed)
    whose, counts, numbers = Whose(), Counter[tuple[str, ...]](), dict[MessageName, int]()
    is_set_up = False

    def phase_ended(_: str) -> None:
        nonlocal is_set_up
        is_set_up = True

    def hear(event: Event) -> None:
        if event.name != "message.sent" or not is_set_up or run.trouble_ended:
            return
        link, envelope = event.fields["link"], from_frame(event.fields["frame"])
        kind = KIND_OF.get(type(envelope.message), "")
        of = whose.of(envelope, link.target)
        counts[link.source, link.target, kind] += 1
        counts[link.source, link.target, kind, of] += 1
        place = (link.source, link.target, kind, of, counts[link.source, link.target, kind, of])
        numbers[place] = counts[link.source, link.target, kind]

    run.listen_to_phases(phase_ended)
    run.listen(hear)
    run.go()
    steps = []
    for step in scenario.steps:
        what = step.what
        if isinstance(what, MessageAt) and what.of:
            place = (what.source, what.target, what.kind, what.of, what.number)
            if place in numbers:
                step = replace(step, what=replace(what, of="", number=numbers[place]))  # noqa: PLW2901
        steps.append(step)
    return replace(scenario, steps=tuple(steps))
