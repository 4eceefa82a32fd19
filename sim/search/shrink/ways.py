"""The ways in which a world's run can be told as a listed world; whether one fails is to be tried.

An update counts in all of them (`add`), so that nothing done twice goes unseen.
"""

from dataclasses import replace
from itertools import islice

from sim.chance import NamedChance
from sim.scenario import Scenario
from sim.search.shrink.failure import Failure
from sim.search.shrink.story import NOTHING, Story, scenario_of
from sim.search.shrink.translate import WEATHER, Translation
from sim.search.shrink.world import World

VARIANTS_MAX = 12
WORSE = 0.15  # Of messages are lost, repeated or late, where any are.
CROWDED_US = 20_000  # So long a world takes to ask for everything, where all ask at once.


def ways_to_tell(
    world: World, failure: Failure, *, with_all: bool
) -> tuple[list[Story], list[Story]]:
    """Return the ways to tell a world's run: plainly, and with other truths of conditions.

    Told is what the finding is about, or all that was asked for; also with what the first client
    does alone, because a world may fail before the trouble begins.
    """
    plain, varied = list[Story](), list[Story]()
    for with_opening in (False, True):
        translation = Translation(world.scenario, world.seed, with_opening=with_opening)
        told = translation.go(failure.anomaly)
        every = frozenset(one.number for one in told.story.requests)
        some = told.about if not with_all else every if told.about != every else frozenset[int]()
        if not some:
            continue
        story = counting(told.story.without(every - some))
        plain += [story, with_truths(story, None)]
        judged = (r.number for r in story.requests if any(a.condition for a in r.actions))
        varied += [with_truths(story, number) for number in islice(judged, VARIANTS_MAX)]
    return plain, varied


def crowded(story: Story, seed: int) -> Story:
    """Return a story in which everybody asks for one thing, at nearly the same time."""
    moment = NamedChance(seed).site("moment")
    requests = [
        replace(one, client=f"k{n}", at_us=moment.below(CROWDED_US))
        for n, one in enumerate(story.requests, 1)
    ]
    return replace(story, requests=tuple(sorted(requests, key=lambda one: one.at_us)))


def in_weather(story: Story, scenario: Scenario) -> Scenario:
    """Return the requests of a story in the weather, and with the faults, of a scenario.

    Where there are few messages, one in a hundred would hardly ever be hit: more are, then.
    """
    calm = scenario_of(story.choosing(()))
    keys = {
        key: calm.keys[key] if key.startswith("workload.") else value
        for key, value in scenario.keys.items()
    }
    worse = {key: max(float(keys[key]), WORSE) for key in WEATHER if keys[key]}
    return replace(calm, keys={**keys, **worse})


def counting(story: Story) -> Story:
    """Return a story in which every update counts, so that nothing done twice goes unseen."""
    requests = []
    for one in story.requests:
        verb = "add" if one.verb == "update" else one.verb
        told = [replace(a, verb="add" if a.verb == "update" else a.verb) for a in one.actions]
        requests.append(replace(one, verb=verb, actions=tuple(told)))
    return replace(story, requests=tuple(requests))


def with_truths(story: Story, failing: int | None) -> Story:
    """Return a story in which the conditions of one request fail, and no other's."""
    requests = []
    for one in story.requests:
        told = [
            replace(action, condition=f"= {NOTHING}" if one.number == failing else "exists")
            if action.condition and action.condition != "missing"
            else action
            for action in one.actions
        ]
        requests.append(replace(one, actions=tuple(told)))
    return replace(story, requests=tuple(requests))
