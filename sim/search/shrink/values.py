"""The values in a story: as small as still fails, and as round as people write them."""

from collections.abc import Iterator
from dataclasses import replace

from sim.search.shrink.parts import WEATHER, changed, kind_of
from sim.search.shrink.story import Choice, Request, Story
from sim.search.shrink.tale import Tale, first
from sim.search.shrink.trials import Trials

ROUND_S = (1, 2, 3, 5, 8, 10, 20, 30, 60, 120, 300)
ROUND_MS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, *(1_000 * one for one in ROUND_S))
MOMENTS_MS = 31  # From the beginning on, tried one by one.
CALM = (
    {"network.delay_us": "1000", "disk.sync_us": "1000"},
    {"network.delay_us": "1000", "disk.sync_us": "500"},
    {"network.delay_us": "500", "disk.sync_us": "500"},
    {"network.delay_us": "1000"},
    {"disk.sync_us": "1000"},
    {"disk.sync_us": "500"},
)


def rounder(tale: Tale, trials: Trials) -> Iterator[Tale]:
    """Make values smaller and rounder; yield each tale that still fails.

    Raises:
        BudgetSpentError: There are no runs left.
    """
    for make in (weather, durations, instead, moments, clients):
        before = tale
        tale = make(tale, trials)
        if tale != before:
            yield tale


def weather(tale: Tale, trials: Trials) -> Tale:
    """Let every message and every sync take the same round time."""
    is_calm = [tale.story.key(name) for name in CALM[0]] == ["1000", "1000"]
    if is_calm:
        return tale
    return first((tale.story.setting(one) for one in CALM), tale, trials) or tale


def durations(tale: Tale, trials: Trials) -> Tale:
    """Let each choice last as short, and take as long, as it must."""
    for place, choice in enumerate(tale.story.choices):
        stories = (
            tale.story.choosing(
                (*tale.story.choices[:place], one, *tale.story.choices[place + 1 :])
            )
            for one in shorter(choice)
        )
        tale = first(stories, tale, trials) or tale
    return tale


def shorter(choice: Choice) -> Iterator[Choice]:
    us = choice.step.us
    if us is None:
        return
    sign = 1 if us > 0 else -1
    if choice.step.act in ("crash", "pause", "throttle", "slow", "fill"):
        yield replace(choice, step=replace(choice.step, us=None))  # A second.
    for ms in ROUND_MS:
        yield replace(choice, step=replace(choice.step, us=sign * ms * 1_000))
        if ms * 1_000 >= abs(us):
            return


def moments(tale: Tale, trials: Trials) -> Tale:
    """Let requests begin at once, or at round moments."""
    for request in tale.story.requests:
        stories = (changed(tale.story, one) for one in sooner(request))
        tale = first(stories, tale, trials) or tale
    return tale


def sooner(request: Request) -> Iterator[Request]:
    us = request.at_us
    if not us:
        return
    yield replace(request, at_us=0)
    for ms in ROUND_MS:
        if ms * 1_000 >= us:
            break
        yield replace(request, at_us=ms * 1_000)
    for unit in (1_000_000, 100_000, 10_000, 1_000):
        for at_us in (us // unit * unit, -(-us // unit) * unit):
            if at_us:
                yield replace(request, at_us=at_us)


def instead(tale: Tale, trials: Trials) -> Tale:
    """Have a request come at another moment, instead of messages that take a little longer."""
    patient = tuple(one for one in tale.story.choices if kind_of(one) != WEATHER)
    if len(patient) == len(tale.story.choices):
        return tale
    story = tale.story.choosing(patient)
    stories = (
        changed(story, replace(request, at_us=ms * 1_000))
        for request in story.requests
        for ms in range(MOMENTS_MS)
    )
    return first(stories, tale, trials) or tale


def clients(tale: Tale, trials: Trials) -> Tale:
    """Have fewer clients: one asks for what another did."""
    for request in tale.story.requests:
        others = dict.fromkeys(one.client for one in tale.story.requests)
        stories = (_asked_by(tale.story, request, other) for other in others)
        tale = first(stories, tale, trials) or tale
    return tale


def _asked_by(story: Story, request: Request, client: str) -> Story:
    if len({one.client for one in story.requests if one.number != request.number}) == len(
        {one.client for one in story.requests}
    ):
        return story  # Its own client asks for other things: nobody is spared.
    current = next(one for one in story.requests if one.number == request.number)
    return changed(story, replace(current, client=client))
