"""A schedule as a scenario: the simulation comes to the same, message by message."""

import pytest

from sim.mutants.catalogue import MUTANTS, applied
from sim.run import run
from sim.scenario import parse
from sim.search.explore.scripted import NotScriptedError, scenario_of
from sim.search.explore.walk import Bounds, explore
from sim.search.explore.world import world_of
from sim.search.explore.worlds import WORLDS

SHOWN = (
    ("prepare-ignores-timestamps", "copied"),
    ("checks-leave-no-promise", "checked"),
    ("answers-precede-commits", "looked-at"),
    ("reads-have-one-round", "read"),
    ("second-rounds-ignore-the-ongoing", "read"),
    ("rounds-are-item-by-item", "read"),
    ("singletons-ignore-the-ongoing", "written-into"),
    ("deletes-leave-no-timestamp", "put-and-deleted"),
    ("orders-ask-for-no-owner", "two-writers"),
    ("placeholders-hold-nobody-up", "two-new"),
    ("promised-deletes-hide-the-item", "perhaps-deleted"),
)
UNWRITTEN = (
    ("nobody-recovers", "crashed", "it takes more: crash coordinator"),
    ("silence-is-consent", "impatient", "it takes more: give up"),
    ("recovery-presumes-commit", "refused-taken-over", "recovery takes over from the living"),
    ("checks-leave-no-timestamp", "checked-later", "its clocks say otherwise"),
    ("copies-are-carried-out", "copied-put", "a copy of a write outside transactions"),
)


@pytest.mark.parametrize(("mutant", "name"), SHOWN)
def test_a_run_of_the_schedule_ends_as_the_walk_says(mutant: str, name: str) -> None:
    with applied(MUTANTS[mutant]):
        walk, found = explore(WORLDS[name], Bounds(at_ends=True))
        assert found.schedule is not None
        scenario = parse(scenario_of(walk.states, found.schedule, "as walked"), name, {})
        result = run(scenario, 1)

    assert found.findings[0].kind in {one.kind for one in result.findings}
    assert all(told.happened for told in result.steps)
    assert run(scenario, 1).ok  # With the rule in its place again.


def test_moments_of_the_world_give_way_to_those_of_the_schedule() -> None:
    requests = 'k1: write update(a, "1") update(d, 1)\nk2: at 1ms read a d'
    world = world_of("timed", 'said to be "timed"', requests, there='a=" d=0')
    with applied(MUTANTS["second-rounds-ignore-the-ongoing"]):
        walk, found = explore(world, Bounds(at_ends=True))
        assert found.schedule is not None
        scenario = parse(scenario_of(walk.states, found.schedule, world.sentence), "timed", {})
        result = run(scenario, 1)

    assert scenario.description == world.sentence
    assert found.findings[0].kind in {one.kind for one in result.findings}


@pytest.mark.parametrize(("mutant", "name", "why"), UNWRITTEN)
def test_a_schedule_that_takes_more_is_refused(mutant: str, name: str, why: str) -> None:
    with applied(MUTANTS[mutant]):
        walk, found = explore(WORLDS[name])
        assert found.schedule is not None
        with pytest.raises(NotScriptedError, match=why):
            scenario_of(walk.states, found.schedule, "")
