"""`twophase steps`: a fault on every step of a small world, one by one and in pairs."""

import re
import shlex
from collections.abc import Mapping
from contextlib import closing

import click

from items.data import data
from sim.scenario import STEPS, Scenario
from sim.search.broken import broken
from sim.search.executors import open_pool
from sim.search.steps.cells import Cell, run_cells, seconds
from sim.search.steps.occasions import TooLargeError
from sim.search.steps.table import Table, Undisturbed, sweep, undisturbed
from sim.tables import SetupError
from twophase.cli import options
from twophase.cli.bars import plain_bar
from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.simulate import Asked as Simulation
from twophase.cli.simulate import (
    breaking,
    loaded,
    mutant_of,
    one_cluster,
    run_of,
    settings_of,
    simulated,
)
from twophase.cli.sweep import jobs_of
from twophase.cli.workers import dead_workers_told

DEFAULT = "one-transaction"
ADDRESS = re.compile(r"([1-9][0-9]{0,5}[a-z])(?:\+([1-9][0-9]{0,5}[a-z]))?")
CELL = "--cell must be an address in the table, as in 3a, or two as in 3a+12d"


@data
class Asked:
    """What the command line asks for."""

    name: str
    scenario: Scenario
    seed: int
    settings: Mapping[str, str]
    jobs: int
    with_pairs: bool
    as_json: bool
    mutant: str | None

    def command(self, *words: str) -> str:
        """Return the command that asks for this table, or with more words for a part of it."""
        return shlex.join(["twophase", "steps", self.name, *self._words(self.settings), *words])

    def simulate(self, cells: tuple[Cell, ...]) -> str:
        """Return the command that runs the simulation with these faults."""
        words = self._words(self.settings_with(cells))
        return shlex.join(["twophase", "simulate", self.name, *words])

    def settings_with(self, cells: tuple[Cell, ...]) -> dict[str, str]:
        """Return the settings, and the scenario's own steps with those of these faults."""
        steps = (*map(str, self.scenario.steps), *(cell.step for cell in cells))
        listed = ", ".join(f'"{step}"' for step in steps)
        others = {key: value for key, value in self.settings.items() if key != STEPS}
        return {**others, STEPS: f"[{listed}]"}

    def _words(self, settings: Mapping[str, str]) -> list[str]:
        is_default = self.scenario.failure is None and self.seed == 1
        words = [] if is_default else ["--seed", str(self.seed)]
        for key, value in settings.items():
            words += ["--set", f"{key}={value}"]
        return [*words, *breaking(self.mutant, is_said=self.scenario.breaks_a_rule)]


@click.command("steps")
@click.argument("scenario", default=DEFAULT, metavar="[SCENARIO|FILE.toml]")
@options.seed
@options.settings("cluster.coordinators=3")
@click.option("--no-pairs", is_flag=True, help="Only one fault at a time.")
@click.option("--cell", metavar="3a", help="Tell the story of one cell of the table, or of a pair.")
@options.mutant
@click.option("--jobs", metavar="N", help="How many processes.  [default: one a processor]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    *,
    scenario: str,
    seed: str | None,
    settings: tuple[str, ...],
    no_pairs: bool,
    cell: str | None,
    mutant: str | None,
    jobs: str | None,
    as_json: bool,
) -> int:
    """Put a fault on every step of a small world, and print what came of each.

    Every message is lost, repeated, late, and its sender and receiver crash before it and after;
    every durable write is lost, torn, late, and its host crashes after it: one fault a run, and
    then every two of them.  one-transaction and two-that-conflict are such worlds.

    The exit code is 0 if every check of every run holds, 1 if one found something, 2 for bad input.
    """
    keys = settings_of(settings)
    number, rule = run_of(scenario, keys, seed, mutant)
    mutant_of(rule)  # Known, or refused.
    asked = Asked(
        name=scenario,
        scenario=one_cluster(loaded(scenario, keys)),
        seed=number,
        settings=keys,
        jobs=jobs_of(jobs),
        with_pairs=not no_pairs,
        as_json=as_json,
        mutant=rule,
    )
    try:
        return told(asked, cell) if cell is not None else swept(asked)
    except TooLargeError as error:
        raise BadInputError(f"scenario {scenario} has {error}") from error
    except SetupError as error:
        raise BadInputError(f"scenario {scenario} cannot be carried out: {error}") from error


def swept(asked: Asked) -> int:
    """Make the whole table, show it, and return the exit code."""
    table = Table(calm_run(asked))
    with (
        dead_workers_told("step sweep"),
        closing(open_pool("processes", asked.jobs)) as pool,
        plain_bar("steps", as_json=asked.as_json) as progress,
    ):
        sweep(
            *(asked.scenario, asked.seed, table, pool),
            with_pairs=asked.with_pairs,
            mutant=asked.mutant,
            progress=progress,
        )
    if asked.as_json:
        from twophase.cli.steps_json import as_json  # noqa: PLC0415  # Only who asks for it waits.

        click.echo(as_json(asked, table))
    else:
        from twophase.cli import steps_table  # noqa: PLC0415  # Imports rich, for drawing only.

        steps_table.show(asked, table)
    return 0 if table.ok else FINDING


def calm_run(asked: Asked) -> Undisturbed:
    """Run the scenario without any fault.

    Raises:
        BadInputError: It has no step to put a fault on.
    """
    calm = undisturbed(asked.scenario, asked.seed, asked.mutant)
    if not calm.cells:
        raise BadInputError(
            f"scenario {asked.name} has no step to put a fault on: its transactions are over before"
            " the trouble begins; ask for more, as in --set workload.transactions=5"
        )
    return calm


def told(asked: Asked, address: str) -> int:
    """Tell the story of one cell, or of a pair."""
    cells = cells_at(asked, address)
    if not asked.as_json:
        for cell in cells:
            click.echo(f"{cell.address}  {cell.occasion.said}  {cell.column.title}: {cell.step}")
        click.echo(f"{asked.simulate(cells)}\n")
    simulation = Simulation(
        asked.name,
        asked.seed,
        asked.settings_with(cells),
        as_json=asked.as_json,
        story=not asked.as_json,
        mutant=asked.mutant,
        is_unbroken=asked.mutant is None and asked.scenario.breaks_a_rule,
    )
    return simulated(simulation)


def cells_at(asked: Asked, address: str) -> tuple[Cell, ...]:
    """Find the cells of an address.

    Raises:
        BadInputError: It is none, or the table has no such cell.
    """
    match = ADDRESS.fullmatch(address)
    if match is None:
        raise BadInputError(f"{CELL}, not {address!r}")
    calm = calm_run(asked)
    addresses = sorted((one for one in match.groups() if one), key=_place)
    first = _at(addresses[0], calm.cells)
    if len(addresses) == 1:
        return (first,)
    with broken(asked.mutant):
        _, occasions = run_cells(asked.scenario, asked.seed, (first,))
    return first, _at(addresses[1], tuple(seconds(first, occasions)), f" after {first.address}")


def _place(address: str) -> tuple[int, str]:
    """Return the row and the column: of a pair, the fault that is further up comes first."""
    return int(address[:-1]), address[-1]


def _at(address: str, cells: tuple[Cell, ...], after: str = "") -> Cell:
    for cell in cells:
        if cell.address == address:
            return cell
    row = [cell for cell in cells if cell.row == _place(address)[0]]
    if row:
        kind = "durable write" if row[0].occasion.is_write else "message"
        columns = ", ".join(cell.column.letter for cell in row)
        there = f"row {row[0].row} is a {kind}, with the columns {columns}"
    else:
        first, last = (cells[0].address, cells[-1].address) if cells else ("none", "none")
        there = f"they are from {first} to {last}"
    raise BadInputError(f"there is no cell {address}{after}: {there}")
