"""A story and the seed at which it fails: what the passes of a shrinking hand on to each other."""

from collections.abc import Iterable

from items.data import data
from sim.search.shrink.story import Story, scenario_of
from sim.search.shrink.trials import Trials


@data
class Tale:
    """A story that fails at a seed.

    A listed world leaves little to the seed: which coordinator a router asks, and how long a host
    waits before it asks again.
    """

    story: Story
    seed: int


def fails(story: Story, seed: int, trials: Trials) -> bool:
    """Say whether a story fails; one in which nobody asks for anything does not."""
    if not story.requests or not any(one.actions for one in story.requests):
        return False
    is_seen = trials.fails(scenario_of(story), seed)
    if is_seen:
        trials.size = (len(story.requests), len(story.choices))
    return is_seen


def first(stories: Iterable[Story], tale: Tale, trials: Trials) -> Tale | None:
    """Return the first of these that still fails; None if none does."""
    for story in stories:
        if story != tale.story and fails(story, tale.seed, trials):
            return Tale(story, tale.seed)
    return None
