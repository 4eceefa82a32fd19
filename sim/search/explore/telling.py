"""A schedule in words, a line a step, in the words of golden scripts and stories."""

import re
from collections.abc import Iterator

from items.data import data
from network.messages import Restarted
from sim.checkers.finding import Finding
from sim.search.explore.draft import Draft
from sim.search.explore.state import State, Step
from sim.search.explore.states import States
from sim.search.explore.walk import Schedule
from sim.words import Words

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@data
class Line:
    """One step: who does what, and what comes of it."""

    step: int
    said: tuple[str, ...]


class Teller:
    """The words for one schedule."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._words = Words()

    def lines(self, schedule: Schedule) -> list[Line]:
        """Tell every step."""
        before, lines = schedule.first, []
        for n, (step, after) in enumerate(schedule.steps, 1):
            lines.append(Line(n, tuple(self._told(before, step))))
            before = after
        return lines

    def explained(self, finding: Finding) -> str:
        """Give a finding's explanation with the schedule's names of transactions."""
        return ID.sub(lambda found: self._words.transaction(found[0]), finding.explanation)

    def _told(self, state: State, step: Step) -> Iterator[str]:
        draft = Draft(self._states.known, state)
        draft.carry_out(step)
        yield from self._opening(state, step)
        for source, target, message, reply in draft.told:
            if isinstance(reply, Restarted):
                continue  # So one asks for the incarnation that there is.
            answer = "" if reply is None else f": {self._words.message(reply)}"
            yield f"{source} > {target}  {self._words.message(message)}{answer}"
        if step.how == "keep":
            yield "and a copy of it stays on its way"
        elif step.how == "lose":
            yield "and the answer is lost"

    def _opening(self, state: State, step: Step) -> Iterator[str]:
        """Say what begins, where it is no message that comes to its node."""
        states, what = self._states, step.what
        match step.kind:
            case "ask" | "ask again":
                asked = states.world.asked[what]
                again = " again" if step.kind == "ask again" else ""
                yield f"{asked.client} asks{again} for {asked.name}"
            case "take over":
                one = states.known.storages.all[state.storages[-1]].unfinished[what]
                name = self._words.transaction(one.transaction)
                yield f"recovery takes {name} over, which is {one.state}"
            case "tell stalled":
                yield "recovery is told of what has stalled"
            case "give up":
                yield f"{states.known.coordinators.all[what].name} waits no longer"
            case "crash coordinator":
                yield f"{states.known.coordinators.all[what].name} crashes"
            case "crash storage":
                yield f"{states.world.storages[what]} crashes, and comes back"
            case _:
                assert step.kind == "arrive", step.kind
