"""What comes of taking a mechanism away: what breaks, how soon, and the shortest story of it.

The hunt's portfolio looks for it, which knows nothing of what is missing; a few of its findings are
shrunk, each of another strategy where there are so many, and the shortest story stands.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

from items.data import data
from sim.search.ablate.mechanisms import Mechanism
from sim.search.executors import Pool
from sim.search.hunt.hunted import Hunted
from sim.search.hunt.hunting import LOOK_SECONDS, Hunt
from sim.search.hunt.shots import Shot, drawn_for
from sim.search.shrink.failure import Failure, found
from sim.search.shrink.shrink import Shrunk, shrink
from sim.search.verdict import bound

STORIES = 3  # Findings of each mechanism that are shrunk, until one is short enough.
LOOKED_AT = 8  # … of so many.
SHORT_ENOUGH = 3  # Transactions and choices together.
RUNS_MAX = 1_000  # Of one shrinking.
INSIDE = ("structure", "disks")  # Checks of what nodes keep, and not of what clients are told.
SMALL = ("small", "placed")  # The strategies whose worlds are small.

Progress = Callable[[str, int, int], None]  # What is being done, how much is done, of how much.


@data
class Ablated:
    """The protocol without one mechanism."""

    mechanism: Mechanism
    hunted: Hunted
    shrunk: Shrunk | None  # None: nothing was found, or nobody asked for stories or waited.
    is_finished: bool = True  # Else it was interrupted before all runs were made.

    @property
    def bound(self) -> str | None:
        """What a finding's probability is below, with 95 %, where there was none."""
        return None if self.hunted.found or not self.hunted.shots else bound(self.hunted.shots)


@data
class Tell:
    """What a worker is asked: the shortest story of what some seeds have found."""

    mutant: str
    seeds: tuple[int, ...]


def tell(asked: Tell) -> Shrunk | None:
    """Shrink one finding after another until a story is short enough; for a worker.

    What only shows inside the nodes comes last: it says less of why the rule is there.
    """
    worlds = [(drawn_for(seed).scenario, seed) for seed in asked.seeds]
    failures = [one for world in worlds if (one := found(*world, asked.mutant)) is not None]
    failures.sort(key=is_inside)
    shortest: Shrunk | None = None
    for failure in failures[:STORIES]:
        shrunk = shrink(failure, budget_runs=RUNS_MAX)
        if shortest is None or length(shrunk) < length(shortest):
            shortest = shrunk
        if shortest.is_told and shortest.transactions + shortest.choices <= SHORT_ENOUGH:
            break
    return shortest


def is_inside(failure: Failure) -> bool:
    """Say whether only the nodes' own records show that something is wrong."""
    return failure.leading[0] in INSIDE


class Ablation:
    """Each mechanism taken away in turn, while that goes on."""

    def __init__(
        self,
        mechanisms: Sequence[Mechanism],
        pool: Pool,
        *,
        seeds: range | None = None,
        with_stories: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self._mechanisms, self._pool = mechanisms, pool
        self._with_stories, self._progress = with_stories, progress
        names = [mechanism.mutant for mechanism in mechanisms]
        self._hunt = Hunt(names, pool, seeds=seeds, progress=self._show("runs"))

    @property
    def is_interrupted(self) -> bool:
        return self._hunt.is_interrupted

    def interrupt(self) -> None:
        """End soon; the runs that were made until then count, and the stories that are told."""
        self._hunt.interrupt()

    def go(self) -> tuple[Ablated, ...]:
        """Take them away, and say what comes of it for each, in their order."""
        hunted = self._hunt.go()
        asked = [
            Tell(one.name, tuple(shot.seed for shot in chosen(self._hunt.shots[one.name])))
            for one in hunted
            if one.found and self._with_stories and not self.is_interrupted
        ]
        stories: dict[str, Shrunk] = {}
        try:
            self._tell(asked, stories)
        except BrokenExecutor:
            if not self.is_interrupted:  # As in a hunt: the workers may have been ended with it.
                raise
        return tuple(
            Ablated(mechanism, one, stories.get(one.name), self._hunt.is_finished(one.name))
            for mechanism, one in zip(self._mechanisms, hunted, strict=True)
        )

    def _tell(self, asked: Sequence[Tell], stories: dict[str, Shrunk]) -> None:
        """Have the shortest story of each mutant told; `stories` takes them as they come."""
        show = self._show("stories")
        out = {self._pool.submit(tell, one): one for one in asked}
        while out:
            done, _ = wait(out, LOOK_SECONDS, FIRST_COMPLETED)
            for future in [one for one in out if one in done]:
                mutant, shrunk = out.pop(future).mutant, future.result()
                if shrunk is not None:
                    stories[mutant] = shrunk
                show(len(asked) - len(out), len(asked))
            if self.is_interrupted:
                break

    def _show(self, what: str) -> Callable[[int, int], None]:
        progress = self._progress
        return lambda done, total: progress(what, done, total) if progress is not None else None


def chosen(shots: Mapping[int, Shot]) -> list[Shot]:
    """Choose findings to be shrunk: the first of each strategy, then simply the first.

    Those of small worlds come first: they are nearly a story already.
    """
    hits = [shots[seed] for seed in sorted(shots) if shots[seed].kinds]
    firsts = list({shot.strategy: shot for shot in reversed(hits)}.values())
    firsts.sort(key=lambda shot: (shot.strategy not in SMALL, shot.seed))
    return [*firsts, *(shot for shot in hits if shot not in firsts)][:LOOKED_AT]


def length(shrunk: Shrunk) -> tuple[bool, bool, int, int, int]:
    """Say how long a story is.

    One that is not told request by request is longer than any that is; and so is one that only
    shows inside the nodes.
    """
    told, inside = shrunk.is_told, is_inside(shrunk.failure)
    size = shrunk.transactions + shrunk.choices
    return not told, inside, size, shrunk.choices, shrunk.events
