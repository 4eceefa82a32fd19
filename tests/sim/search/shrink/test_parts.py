"""What is taken out of a story stays out, whatever is taken out after it."""

from dataclasses import replace

from sim.scenario import Scenario
from sim.search.shrink import parts
from sim.search.shrink.story import Action, Request, Story
from sim.search.shrink.tale import Tale


class Failing:
    """Trials in which every run fails, but for those of a word."""

    def __init__(self, passes_with: str = "nothing of the kind") -> None:
        self.size = (0, 0)
        self._passes_with = passes_with

    def fails(self, scenario: Scenario, _: int) -> bool:
        return self._passes_with not in str(scenario.workload_keys["requests"])


ACTION = Action("add", 1, 5, "exists", shows=True)
TALE = Tale(Story((Request(1, "k1", 0, "write", (ACTION,)),), {1: 1}, (1,), ()), 0)


def left(tale: Tale, passes_with: str = "nothing of the kind") -> Action:
    trials = Failing(passes_with)
    shorter = parts.conditions(tale, trials)  # type: ignore[arg-type]  # Trials, but for the runs.
    ((action,),) = (one.actions for one in shorter.story.requests)
    return action


def test_all_that_can_be_left_out_of_an_action_is() -> None:
    assert left(TALE) == Action("update", 1, 5)


def test_what_has_to_stay_stays_without_the_rest() -> None:
    assert left(TALE, passes_with="update") == Action("add", 1, 5)


def test_a_check_keeps_its_condition() -> None:
    check = replace(ACTION, verb="check")
    story = replace(TALE.story, requests=(Request(1, "k1", 0, "write", (check,)),))

    assert left(Tale(story, 0)) == replace(check, shows=False)
