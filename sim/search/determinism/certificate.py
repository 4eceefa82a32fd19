"""The certificate: a run has one digest under every interpreter and hash seed, or it has not."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from items.data import data
from sim.search.determinism.asked import AskedRun, total_of
from sim.search.determinism.difference import Difference, first_difference
from sim.search.determinism.environments import (
    HASH_SEEDS,
    Environment,
    EnvironmentDigests,
    Processes,
)
from sim.search.determinism.pythons import LeftOut, Python

Progress = Callable[[int, int], None]  # Runs that are done, of how many.


@data
class Certificate:
    """What came of all runs in all environments."""

    runs: tuple[AskedRun, ...]
    tolds: tuple[EnvironmentDigests, ...]  # By interpreter, then by hash seed.
    left_out: tuple[LeftOut, ...]
    difference: Difference | None

    @property
    def digest(self) -> str | None:
        """The one digest that all have; None if they have not."""
        return None if self.problems or self.difference else total_of(self.tolds[0].digests)

    @property
    def problems(self) -> tuple[EnvironmentDigests, ...]:
        """The environments that did not make all runs."""
        return tuple(told for told in self.tolds if told.problem)


def certify(
    runs: Sequence[AskedRun],
    found: tuple[tuple[Python, ...], tuple[LeftOut, ...]],
    *,
    jobs: int,
    progress: Progress | None = None,
) -> Certificate:
    """Make all runs in all environments, in as many processes at once as are asked for."""
    pythons, left_out = found
    environments = [Environment(*pair) for pair in product(pythons, HASH_SEEDS)]
    done = [0]
    total = len(environments) * len(runs)

    def step() -> None:
        done[0] += 1  # A step is lost if two come at once, and the bar is none the worse for it.
        if progress is not None:
            progress(done[0], total)

    with Processes() as processes, ThreadPoolExecutor(jobs) as threads:
        try:
            tolds = tuple(threads.map(lambda one: processes.make(one, runs, step), environments))
            whole = [told for told in tolds if not told.problem]
            difference = first_difference(runs, whole, processes) if whole else None
        except BaseException:
            processes.end()  # Before anybody waits for the threads.
            raise
    return Certificate(tuple(runs), tolds, left_out, difference)
