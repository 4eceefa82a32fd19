"""A cell of the table: one run with one fault; and its pairs: that fault, and any that follows it.

The second fault of a pair is placed on an occasion of the run with the first: what is asked again,
and what recovery says, is hit as well.
"""

from dataclasses import replace

from items.data import data
from sim.cluster_run import Run
from sim.faults.steps import parse
from sim.scenario import Scenario
from sim.search.broken import broken
from sim.search.steps.columns import Column, columns_of
from sim.search.steps.occasions import Occasion, Occasions
from sim.search.steps.verdicts import Endings, Verdict


@data
class Cell:
    """One fault on one occasion; `row` counts the occasions of the run that it is placed in."""

    row: int
    occasion: Occasion
    column: Column

    @property
    def address(self) -> str:
        """Where it is in the table, as in 12c."""
        return f"{self.row}{self.column.letter}"

    @property
    def step(self) -> str:
        return self.column.step_on(self.occasion)


@data
class CellRun:
    """A run with none, one or two faults, and what came of it."""

    cells: tuple[Cell, ...]
    verdict: Verdict

    @property
    def address(self) -> str:
        return "+".join(cell.address for cell in self.cells)


@data
class Job:
    """What a worker is asked: a cell, and its pairs."""

    scenario: Scenario
    seed: int
    cell: Cell
    with_pairs: bool
    mutant: str | None = None  # The rule that is broken on purpose, if one is.


@data
class Done:
    """What a worker tells."""

    single: CellRun
    pairs: tuple[CellRun, ...]


def placed(scenario: Scenario, steps: tuple[str, ...]) -> Scenario:
    """Return the scenario with these steps added to its own."""
    return replace(scenario, steps=(*scenario.steps, *map(parse, steps)))


def run_cells(
    scenario: Scenario, seed: int, cells: tuple[Cell, ...]
) -> tuple[Verdict, list[Occasion]]:
    """Run a scenario with these faults; return what came of it, and what there was to hit.

    Raises:
        TooLargeError: It is no small world.
        SetupError: As of a run.
    """
    run = Run(placed(scenario, tuple(cell.step for cell in cells)), seed)
    occasions, endings = Occasions(run), Endings(run)
    verdict = endings.verdict(run.go())
    came = verdict.came[len(scenario.steps) :]  # Its own steps are not what is asked about.
    return replace(verdict, came=came), occasions.all()


def do(job: Job) -> Done:
    """Run a cell and, if they are asked for, all its pairs; for a worker."""
    with broken(job.mutant):
        return _do(job)


def _do(job: Job) -> Done:
    verdict, occasions = run_cells(job.scenario, job.seed, (job.cell,))
    pairs = []
    for second in seconds(job.cell, occasions) if job.with_pairs else ():
        both, _ = run_cells(job.scenario, job.seed, (job.cell, second))
        if all(both.came):
            pairs.append(CellRun((job.cell, second), both))
    return Done(CellRun((job.cell,), verdict), tuple(pairs))


def cells_of(occasions: list[Occasion]) -> list[Cell]:
    """Return all cells of a run without any fault."""
    return [
        Cell(row, occasion, column)
        for row, occasion in enumerate(occasions, 1)
        for column in columns_of(occasion)
    ]


def seconds(first: Cell, occasions: list[Occasion]) -> list[Cell]:
    """Return the faults that can follow the first one, in the run that it has led to.

    Until the first fault comes its run is as it was, so the later occasions are those further down;
    on the same one each pair is taken once.
    """
    return [
        cell
        for cell in cells_of(occasions)
        if cell.row > first.row
        or (cell.row == first.row and cell.column.letter > first.column.letter)
    ]
