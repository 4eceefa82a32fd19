"""The nearest run that passes: it has the longest beginning in common with the one that fails.

One choice is flipped; where no such run passes, the rule that is broken is put in force, and at
last another seed is tried.  Among several, that one is nearest whose first difference comes latest;
then, which differs in the fewest events.
"""

from collections.abc import Callable, Iterator

from items.data import data
from sim.search.diff.seen import Watched, watch
from sim.search.diff.variants import Variant, flips, other_seeds, unbroken
from sim.search.shrink.failure import Failure

Progress = Callable[[int], None]  # Runs so far.


@data
class Nearest:
    """A run that fails, and the nearest one that passes."""

    failing: Watched
    passing: Watched
    prefix: int  # Events that they have in common, before they part.
    tried: int  # Runs that were made to find it.


class NothingPassesError(ValueError):
    """Whatever is flipped, it fails."""


def nearest(
    failure: Failure, *, with_the_rule: bool = False, progress: Progress | None = None
) -> Nearest:
    """Find the nearest run that passes; with the rule in force if that is asked for.

    Raises:
        NothingPassesError: There is none.
        ValueError: The failure cannot even be set up.
    """
    failing = watch(Variant("as it is", failure.scenario, failure.seed, failure.mutant))
    if failing is None:
        raise ValueError("the failing run cannot be set up")
    tried = 1
    ways = (unbroken,) if with_the_rule else (flips, unbroken, other_seeds)
    for way in ways:
        passing = []
        for variant in way(failure):
            tried += 1
            if progress is not None:
                progress(tried)
            found = watch(variant)
            if found is not None and found.result.ok:
                passing.append(found)
        if passing:
            best = max(passing, key=lambda one: likeness(failing, one))
            return Nearest(failing, best, common(failing, best), tried)
    raise NothingPassesError(f"whatever is left out, it fails: {tried} runs were tried")


def likeness(failing: Watched, passing: Watched) -> tuple[int, int]:
    """Say how near a run is: the longer the common beginning, and the fewer other events."""
    prefix = common(failing, passing)
    return prefix, 2 * prefix - len(failing.events) - len(passing.events)


def common(failing: Watched, passing: Watched) -> int:
    """Count the events before the first one that differs."""
    pairs: Iterator[tuple[object, object]] = zip(failing.events, passing.events, strict=False)
    fewer = min(len(failing.events), len(passing.events))
    return next((n for n, (one, other) in enumerate(pairs) if one != other), fewer)
