"""`twophase sweep`: run a scenario from many seeds, and say what that has shown."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click

from items.data import data
from sim.keys import ScenarioError, whole_within
from sim.recorded import SEEDS
from sim.scenario import DEFAULT, Scenario, load
from sim.search.csv_file import ResultFile, ResultFileError
from sim.search.executors import JOBS_MAX, ExecutorError, cores, open_pool
from sim.search.grid import GridError, combinations_of
from sim.search.plan import RUNS_MAX, Plan
from sim.search.results import Results
from sim.search.sweep import Sweep
from twophase.cli import options
from twophase.cli.errors import BAD_INPUT, FINDING, INTERRUPTED, BadInputError
from twophase.cli.files import refuse_run_itself
from twophase.cli.interrupting import interrupting
from twophase.cli.simulate import loaded, run_of
from twophase.cli.sweep_told import Told, as_json
from twophase.os_errors import why

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
SECONDS_MAX = 30 * 24 * 3600


@data
class Asked:
    """What the command line asks for."""

    scenario: str
    first: int
    end: int
    settings: tuple[Mapping[str, str], ...]  # One for each combination.
    csv: str | None
    jobs: int
    executor: str
    seconds: float | None
    as_json: bool
    mutant: str | None


@click.command("sweep")
@click.argument("scenario", default=DEFAULT, metavar="[SCENARIO|FILE.toml]")
@click.option(
    "--seeds",
    default="0:1000",
    metavar="FROM:TO",
    help="Which seeds: 0:1000 are the thousand from 0 to 999.  [default: 0:1000]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=A,B,C",
    help="Set a key of the scenario; several values make a grid, several such keys multiply.",
)
@click.option("--csv", metavar="FILE", help="Keep a line a run; with the same file, go on later.")
@click.option("--jobs", metavar="N", help="How many processes.  [default: one a processor]")
@click.option(
    "--executor",
    default="processes",
    metavar="WHERE",
    help="Where runs are made: processes, dask://HOST:PORT or ray://HOST:PORT.",
)
@click.option("--time", "seconds", metavar="60s", help="Begin no run after so long: 60s, 5m, 2h.")
@options.mutant
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    *,
    scenario: str,
    seeds: str,
    settings: tuple[str, ...],
    csv: str | None,
    jobs: str | None,
    executor: str,
    seconds: str | None,
    mutant: str | None,
    is_json: bool,
) -> int:
    """Run a scenario from many seeds, and say what that has shown.

    A value that contains a comma is to be in quotes or brackets.  Ctrl-C ends a sweep with what is
    known by then.

    The exit code is 0 if no run had a finding, 1 if one had, 2 for bad input.
    """
    if jobs is not None and executor != "processes":
        raise BadInputError("--jobs is for processes: a cluster knows how many workers it has")
    try:
        combinations = combinations_of(settings)
    except GridError as error:
        raise BadInputError(str(error)) from error
    first, end = seeds_of(seeds)
    if (end - first) * len(combinations) > RUNS_MAX:
        raise BadInputError(
            f"{len(combinations):,} combinations of {end - first:,} seeds are more than"
            f" {RUNS_MAX:,} runs: ask for fewer at once"
        )
    refuse_run_itself(scenario, {"--csv": csv})
    _, rule = run_of(scenario, combinations[0], None, mutant)
    return swept(
        Asked(
            scenario,
            first,
            end,
            combinations,
            csv,
            jobs_of(jobs),
            executor,
            seconds_of(seconds),
            is_json,
            rule,
        )
    )


def swept(asked: Asked) -> int:
    """Carry out a sweep as asked, show it, and return the exit code."""
    plan = plan_of(asked)
    results = Results(len(plan.scenarios))
    with ExitStack() as stack:
        file = stack.enter_context(result_file(asked.csv, plan))
        known = recall(file, plan, results)
        try:
            pool = stack.enter_context(closing(open_pool(asked.executor, asked.jobs)))
            sweep = Sweep(
                plan,
                results,
                pool,
                seconds=asked.seconds,
                keep=file.keep if file is not None else None,
                watch=stack.enter_context(shown_progress(asked, plan, results)),
            )
            with interrupting(sweep.interrupt, is_late=lambda: sweep.stopped is not None):
                broken_off = gone_through(sweep)
        except ExecutorError as error:
            raise BadInputError(str(error)) from error
        except ResultFileError as error:
            raise BadInputError(f"--csv: {error}") from error
    told = Told(asked.scenario, plan, results, sweep, known, pool.jobs, asked.executor)
    if asked.as_json:
        click.echo(as_json(told))
    else:
        from twophase.cli import sweep_summary  # noqa: PLC0415  # Imports rich, for drawing only.

        sweep_summary.show(told)
    if broken_off is not None:
        raise broken_off
    return exit_code(results, sweep)


def gone_through(sweep: Sweep) -> BadInputError | None:
    """Go through a sweep; return what broke it off: what is known by then is to be told.

    Raises:
        ExecutorError: No worker comes up.
    """
    try:
        sweep.go()
    except ResultFileError as error:
        return BadInputError(f"--csv: {error}")
    except ExecutorError as error:
        if not sweep.runs:
            raise
        return BadInputError(str(error))
    return None


def refuse_same_runs(scenarios: Sequence[Scenario], asked: Asked) -> None:
    """Refuse settings that say the same in other words: their runs are no evidence of their own.

    Raises:
        BadInputError: Naming both.
    """
    seen: dict[str, Mapping[str, str]] = {}
    for scenario, settings in zip(scenarios, asked.settings, strict=True):
        before = seen.setdefault(repr(scenario), settings)
        if before is not settings:
            both = (
                f"{key}={before[key]} and {key}={value}"
                for key, value in settings.items()
                if before[key] != value
            )
            raise BadInputError(f"--set gives the same runs twice: {', '.join(both)}; say it once")


def plan_of(asked: Asked) -> Plan:
    """Load the scenario in every combination, and look for the mutant."""
    scenarios = tuple(loaded(asked.scenario, settings) for settings in asked.settings)
    refuse_same_runs(scenarios, asked)
    try:
        base = load(asked.scenario)
    except ScenarioError:  # It makes sense with its settings only.
        base = scenarios[0]
    if asked.mutant is not None:
        from sim.mutants.catalogue import UnknownMutantError, find  # noqa: PLC0415  # As a worker.

        try:
            find(asked.mutant)
        except UnknownMutantError as error:
            raise BadInputError(str(error)) from error
    first, end = asked.first, asked.end
    return Plan(scenarios, asked.settings, first=first, end=end, base=base, mutant=asked.mutant)


def exit_code(results: Results, sweep: Sweep) -> int:
    if sweep.stopped == "interrupted":
        return INTERRUPTED
    if results.failed:
        return FINDING
    return BAD_INPUT if results.not_set_up.runs else 0


def recall(file: ResultFile | None, plan: Plan, results: Results) -> int:
    """Count the runs that a result file has already; return how many there are."""
    known = 0
    try:
        for row in file.rows() if file is not None else ():
            if plan.skip(row.combination, row.seed):
                results.add(row)
                known += 1
    except ResultFileError as error:
        raise BadInputError(f"--csv: {error}") from error
    except OSError as error:
        raise BadInputError(f"the result file cannot be read: {why(error)}") from error
    return known


@contextmanager
def shown_progress(
    asked: Asked, plan: Plan, results: Results
) -> Iterator[Callable[[], None] | None]:
    """Draw a progress bar while a sweep goes on, if somebody is there to see it."""
    if asked.as_json or not sys.stderr.isatty():
        yield None
        return
    from twophase.cli.sweep_progress import SweepBar  # noqa: PLC0415  # As above.

    with SweepBar(plan.runs, results) as bar:
        yield bar.show


@contextmanager
def result_file(name: str | None, plan: Plan) -> Iterator[ResultFile | None]:
    if name is None:
        yield None
        return
    try:
        file = ResultFile(Path(name), plan)
    except ResultFileError as error:
        raise BadInputError(f"--csv: {error}") from error
    except OSError as error:
        raise BadInputError(f"--csv {name} cannot be opened: {why(error)}") from error
    with closing(file):
        yield file


# What was asked for, checked ---------------------------------------------------------------------


def seeds_of(text: str) -> tuple[int, int]:
    """Read FROM:TO; TO is the first seed that is not run.  One number is one seed."""
    match = re.fullmatch(r"([0-9]{1,19})(?::([0-9]{1,19}))?", text, re.ASCII)
    first = int(match[1]) if match else 0
    end = int(match[2]) if match and match[2] else first + 1
    if match is None or not first < end <= SEEDS:
        raise BadInputError(
            "--seeds must be FROM:TO, as in 0:1000, the first before the second, and none above"
            f" {SEEDS}, not {text!r}"
        )
    return first, end


def jobs_of(text: str | None) -> int:
    if text is None:
        return min(cores(), JOBS_MAX)
    jobs = whole_within(text, 1, JOBS_MAX)
    if jobs is None:
        raise BadInputError(f"--jobs must be a whole number from 1 to {JOBS_MAX}, not {text!r}")
    return jobs


def seconds_of(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smh]?)", text, re.ASCII)
    seconds = float(match[1]) * UNITS[match[2]] if match else 0
    if not 0 < seconds <= SECONDS_MAX:
        raise BadInputError(f"--time must be a time like 60s, 5m or 2h, not {text!r}")
    return seconds
