"""What can be taken out of a story: choices, requests, actions, conditions, its first items."""

from collections.abc import Iterator
from dataclasses import replace

from sim.faults.steps import MESSAGE_ACTS
from sim.search.shrink.ddmin import least
from sim.search.shrink.hosts import clocks, fewer_hosts
from sim.search.shrink.story import Action, Choice, Request, Story, asked_for, scenario_of
from sim.search.shrink.tale import Tale, fails, first
from sim.search.shrink.trials import Trials

WEATHER = "weather"
SMALL_US = 5_000  # A delay below this is weather, not trouble.


def smaller(tale: Tale, trials: Trials) -> Iterator[Tale]:
    """Take out what can go, the largest parts first; yield each tale that still fails.

    Raises:
        BudgetSpentError: There are no runs left.
    """
    for take_out in PASSES:
        before = tale
        tale = take_out(tale, trials)
        if tale != before:
            yield tale


def came(tale: Tale, trials: Trials) -> Tale:
    """Leave out the choices that never came: the run is the same without them."""
    result = trials.result(scenario_of(tale.story), tale.seed)
    if result is None:
        return tale
    told = zip(tale.story.choices, result.steps, strict=True)
    story = tale.story.choosing(tuple(choice for choice, step in told if step.happened))
    return Tale(story, tale.seed) if fails(story, tale.seed, trials) else tale


def groups(tale: Tale, trials: Trials) -> Tale:
    """Leave out whole kinds of choices: all of them, or the small delays, the losses, and so on."""
    if not tale.story.choices:
        return tale
    bare = first([tale.story.choosing(())], tale, trials)
    if bare is not None:
        return bare
    kinds = dict.fromkeys(map(kind_of, tale.story.choices))
    for kind in kinds:
        left = tuple(one for one in tale.story.choices if kind_of(one) != kind)
        tale = first([tale.story.choosing(left)], tale, trials) or tale
    return tale


def kind_of(choice: Choice) -> str:
    """Name the kind of a choice; weather is a kind of its own."""
    step = choice.step
    if step.act == "delay":
        return WEATHER if (step.us or 0) < SMALL_US else "delay"
    return step.act if step.act in MESSAGE_ACTS else f"{step.act} {step.subject}"


def requests(tale: Tale, trials: Trials) -> Tale:
    """Leave out requests, each with the choices about its messages."""
    story, every = tale.story, frozenset(one.number for one in tale.story.requests)
    left = least(
        [one.number for one in reversed(story.requests)],
        lambda some: fails(story.without(every - frozenset(some)), tale.seed, trials),
    )
    return Tale(story.without(every - frozenset(left)), tale.seed)


def choices(tale: Tale, trials: Trials) -> Tale:
    """Leave out choices, one by one in the end."""
    left = least(
        tale.story.choices, lambda some: fails(tale.story.choosing(some), tale.seed, trials)
    )
    return Tale(tale.story.choosing(left), tale.seed)


def actions(tale: Tale, trials: Trials) -> Tale:
    """Leave out actions of requests."""
    for number in [one.number for one in tale.story.requests]:
        tale = Tale(_with_least(tale.story, number, tale.seed, trials), tale.seed)
    return tale


def _with_least(story: Story, number: int, seed: int, trials: Trials) -> Story:
    """Return a story in which one request has as few actions as it can."""
    request = next(one for one in story.requests if one.number == number)
    if len(request.actions) == 1:
        return story

    def with_some(some: tuple[Action, ...]) -> Story:
        return changed(story, replace(request, actions=some))

    return with_some(
        least(request.actions, lambda some: bool(some) and fails(with_some(some), seed, trials))
    )


def firsts(tale: Tale, trials: Trials) -> Tale:
    """Leave out items that are there at first."""
    story = replace(tale.story, there=asked_for(tale.story))
    left = least(story.there, lambda some: fails(replace(story, there=some), tale.seed, trials))
    return Tale(replace(story, there=left), tale.seed)


def conditions(tale: Tale, trials: Trials) -> Tale:
    """Leave out conditions, and what is shown where they fail."""
    for one in tale.story.requests:
        for place in range(len(one.actions)):
            for plainer in (without_sum, without_condition, without_item_shown):
                # As it is by now: what was left out stays so.
                current = next(it for it in tale.story.requests if it.number == one.number)
                action = current.actions[place]
                simpler = plainer(action)
                told = put_at(current.actions, place, simpler)
                verb = simpler.verb if current.verb == action.verb else current.verb
                story = changed(tale.story, replace(current, verb=verb, actions=told))
                tale = first([story], tale, trials) or tale
    return tale


def without_sum(action: Action) -> Action:
    return replace(action, verb="update") if action.verb == "add" else action


def without_condition(action: Action) -> Action:
    is_all = action.verb == "check"  # It is nothing but its condition.
    return action if is_all else replace(action, condition="", shows=False)


def without_item_shown(action: Action) -> Action:
    return replace(action, shows=False)


def changed(story: Story, request: Request) -> Story:
    """Return a story in which a request is another one."""
    new = (request if one.number == request.number else one for one in story.requests)
    return replace(story, requests=tuple(new))


def put_at(actions: tuple[Action, ...], place: int, action: Action) -> tuple[Action, ...]:
    return (*actions[:place], action, *actions[place + 1 :])


PASSES = (
    *(came, groups, requests, choices, actions, requests, firsts, conditions),
    *(fewer_hosts, clocks, choices),
)
