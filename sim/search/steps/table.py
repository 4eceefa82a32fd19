"""The whole table: every cell of a scenario's run, and every pair, over a pool of workers."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from items.data import data
from sim.scenario import Scenario
from sim.search.broken import broken
from sim.search.executors import Pool
from sim.search.steps.cells import Cell, CellRun, Done, Job, cells_of, do, run_cells
from sim.search.steps.occasions import Occasion
from sim.search.steps.verdicts import Outcome, Verdict

LISTED_MAX = 10_000  # Pairs kept one by one; all are counted.

Progress = Callable[[int, int], None]  # Cells that are done, of how many.


@data
class Undisturbed:
    """The run without any fault, and all that can be done to it."""

    verdict: Verdict
    occasions: tuple[Occasion, ...]
    cells: tuple[Cell, ...]


class Table:
    """What has come of all runs so far."""

    def __init__(self, undisturbed: Undisturbed) -> None:
        self.undisturbed = undisturbed
        self.singles: dict[str, CellRun] = {}  # By address.
        self.pairs = 0
        self.pair_outcomes: Counter[Outcome] = Counter()
        self.differing: list[CellRun] = []  # Pairs that end as neither of their faults does alone.
        self.differing_count = 0
        self.found: list[CellRun] = []  # Singles and pairs with findings.
        self.found_count = int(bool(undisturbed.verdict.findings))  # Of all runs.
        self._waiting: list[CellRun] = []

    @property
    def ok(self) -> bool:
        return self.found_count == 0

    def take(self, done: Done) -> None:
        """Take what a worker tells."""
        self.singles[done.single.address] = done.single
        self._judge(done.single)
        for pair in done.pairs:
            self.pairs += 1
            self.pair_outcomes[pair.verdict.outcome] += 1
            self._judge(pair)
            if pair.verdict.outcome != done.single.verdict.outcome:
                self._waiting.append(pair)

    def settle(self) -> None:
        """Find the pairs that differ from both of their faults, now that all is known.

        Until then everything is in the order in which workers were done with it.
        """
        order = {cell.address: place for place, cell in enumerate(self.undisturbed.cells)}
        self._waiting.sort(key=lambda pair: order[pair.cells[0].address])
        alone = {one.cells[0].step: one.verdict.outcome for one in self.singles.values()}
        for pair in self._waiting:
            # A second fault on a message that only the first one has called forth does not come
            # alone, so the run ends undisturbed.
            ends = alone.get(pair.cells[1].step, self.undisturbed.verdict.outcome)
            if pair.verdict.outcome != ends:
                self.differing_count += 1
                if len(self.differing) < LISTED_MAX:
                    self.differing.append(pair)
        self._waiting = []
        self.found.sort(key=lambda told: (len(told.cells), order[told.cells[0].address]))
        del self.found[LISTED_MAX:]

    def _judge(self, told: CellRun) -> None:
        if told.verdict.findings:
            self.found_count += 1
            self.found.append(told)


def undisturbed(scenario: Scenario, seed: int, mutant: str | None = None) -> Undisturbed:
    """Run a scenario without any fault, and find all that can be done to it.

    Raises:
        TooLargeError: It is no small world.
        SetupError: As of a run.
    """
    with broken(mutant):
        verdict, occasions = run_cells(scenario, seed, ())
    return Undisturbed(verdict, tuple(occasions), tuple(cells_of(occasions)))


def sweep(
    scenario: Scenario,
    seed: int,
    table: Table,
    pool: Pool,
    *,
    with_pairs: bool,
    mutant: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Run every cell, and its pairs, and let the table take what comes of them."""
    cells = table.undisturbed.cells
    jobs = iter([Job(scenario, seed, cell, with_pairs, mutant) for cell in cells])
    for count, done in enumerate(_done(jobs, pool), 1):
        table.take(done)
        if progress is not None:
            progress(count, len(cells))
    table.settle()


def _done(jobs: Iterator[Job], pool: Pool) -> Iterator[Done]:
    """Keep all workers busy, and yield what they tell as they tell it."""
    open_jobs: set[Future[Done]] = set()
    while True:
        for job in jobs:
            open_jobs.add(pool.submit(do, job))
            if len(open_jobs) > 2 * pool.jobs:
                break
        if not open_jobs:
            return
        done, open_jobs = wait(open_jobs, return_when=FIRST_COMPLETED)
        yield from (one.result() for one in done)
