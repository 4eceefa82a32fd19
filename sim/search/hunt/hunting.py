"""The hunt: orders out to the workers, shots back, until every mutant has had its seeds.

The seeds are the same for all mutants, and known beforehand: every strategy has a few turns, then
more and many for a mutant that was found too seldom among them to say how often it is.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, as_completed, wait
from itertools import islice

from sim.mutants.catalogue import find
from sim.search.executors import Pool
from sim.search.hunt.hunted import Hunted, hunted
from sim.search.hunt.shots import NONE, Order, Shot, carry_out
from sim.search.hunt.strategies import portfolio
from sim.search.hunt.tales import Finding, Tale, tell

STAGES = (5, 25, 100)  # Turns of each strategy, all in all.
STAGES_OF_SURVIVORS = 2  # Of what is not to be found, so that it does not take most of the time.
SELDOM = 5  # Fewer findings than this say little of how often there are some: on to the next stage.
COMPARED_MAX = 70  # Runs of a mutant that was not found, beside the same runs unbroken.
SEEDS_IN_ORDER = 7
AHEAD = 2  # Orders that are out for each worker.
LOOK_SECONDS = 0.1

Progress = Callable[[int, int], None]  # Shots that are made, of how many as is known so far.


def seeds_of_turns(turns: int) -> range:
    """Return the seeds with which every strategy has so many turns."""
    return range(turns * len(portfolio()))


class Hunt:
    """A hunt while it goes on."""

    def __init__(
        self,
        names: Sequence[str],
        pool: Pool,
        *,
        seeds: range | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Hunt with these seeds and no others, or with the usual ones."""
        self.shots: dict[str, dict[int, Shot]] = {name: {} for name in names}
        self.is_interrupted = False
        self._pool, self._progress = pool, progress
        self._seeds = seeds
        self._made = self._known = 0
        self._owed = Counter[str]()  # Orders that are not carried out, by the name.

    def interrupt(self) -> None:
        """End soon; what has come back until then counts."""
        self.is_interrupted = True

    def is_finished(self, name: str) -> bool:
        """Say whether all was done that was to be done for this name."""
        return not self._owed[name]

    def go(self) -> tuple[Hunted, ...]:
        """Hunt, and say what came of it for each name, in their order."""
        names = list(self.shots)
        for number, seeds in enumerate(self._stages()):
            seldom = [
                name
                for name in names
                if self._hits(name) < SELDOM
                and (number < STAGES_OF_SURVIVORS or not may_survive(name))
            ]
            self._carry_out(seldom, seeds)
        unfound = [name for name in names if not self._hits(name) and not may_survive(name)]
        first = next(self._stages())
        self._carry_out(unfound, first[:COMPARED_MAX], compares=True)
        return tuple(
            hunted(name, self._in_order(name), may_survive=may_survive(name)) for name in names
        )

    def _stages(self) -> Iterator[range]:
        """Return the seeds that each stage adds."""
        if self._seeds is not None:
            yield self._seeds
            return
        done = 0
        for turns in STAGES:
            seeds = seeds_of_turns(turns)
            yield seeds[done:]
            done = len(seeds)

    def _hits(self, name: str) -> int:
        return sum(bool(shot.kinds) for shot in self.shots[name].values())

    def _in_order(self, name: str) -> list[Shot]:
        shots = self.shots[name]
        return [shots[seed] for seed in sorted(shots)]

    def _carry_out(self, names: Sequence[str], seeds: range, *, compares: bool = False) -> None:
        """Keep all workers busy until all is carried out, these seeds for each name."""
        self._known += len(names) * len(seeds)
        self._owed.update(dict.fromkeys(names, len(range(0, len(seeds), SEEDS_IN_ORDER))))
        try:
            self._keep_busy(orders_for(names, seeds, compares=compares))
        except BrokenExecutor:
            if not self.is_interrupted:  # Else what interrupts a hunt may end its workers as well.
                raise

    def _keep_busy(self, orders: Iterator[Order]) -> None:
        out: dict[Future[tuple[Shot, ...]], Order] = {}
        while not self.is_interrupted:
            for order in islice(orders, AHEAD * self._pool.jobs - len(out)):
                out[self._pool.submit(carry_out, order)] = order
            if not out:
                break
            done, _ = wait(out, LOOK_SECONDS, FIRST_COMPLETED)
            for future in [one for one in out if one in done]:
                self._take(out.pop(future), future.result())
        for future in out:
            future.cancel()

    def _take(self, order: Order, shots: Iterable[Shot]) -> None:
        name = order.mutant or NONE
        for shot in shots:
            self.shots[name][shot.seed] = shot
        self._owed[name] -= 1
        self._made += len(order.seeds)
        if self._progress is not None:
            self._progress(self._made, self._known)


def may_survive(name: str) -> bool:
    """Say whether nothing is to be found: an equivalent mutant, or none."""
    return name == NONE or find(name).is_equivalent


def tell_all(
    found: Iterable[Hunted],
    pool: Pool,
    told: dict[str, Tale],
    progress: Progress | None = None,
) -> None:
    """Shrink the first finding of each mutant; `told` takes the tales by its name, as they come."""
    asked = [Finding(one.name, one.first.seed) for one in found if one.first is not None]
    out = {pool.submit(tell, finding) for finding in asked}
    for count, future in enumerate(as_completed(out), 1):
        tale = future.result()
        if tale is not None:
            told[tale.mutant] = tale
        if progress is not None:
            progress(count, len(asked))


def orders_for(names: Sequence[str], seeds: range, *, compares: bool = False) -> Iterator[Order]:
    """Share seeds out, the same ones for each name; who ends early has looked at all alike."""
    for first in range(0, len(seeds), SEEDS_IN_ORDER):
        for name in names:
            some = tuple(seeds[first : first + SEEDS_IN_ORDER])
            yield Order(None if name == NONE else name, some, compares)
