"""`twophase shrink`: make a failing run short, and tell its story."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from items.data import data
from sim.keys import ScenarioError, whole_within
from sim.search.shrink.failure import Failure, found, read, text_of
from sim.search.shrink.scripted import scripted
from sim.search.shrink.shrink import shrink
from sim.search.shrink.trials import RUNS_MAX, Progress
from sim.tables import SetupError
from twophase.cli import options
from twophase.cli.errors import BadInputError
from twophase.cli.files import refuse_run_itself, refuse_same_file, refuse_unreadable, text_file
from twophase.cli.kinds import instead
from twophase.cli.simulate import loaded, mutant_of, one_cluster, run_of, settings_of

RUNS_MOST = 1_000_000
SECONDS_MOST = 86_400


@data
class Asked:
    """What the command line asks for."""

    name: str
    failure: Failure
    runs: int
    seconds: float | None
    output: str | None
    script: str | None
    as_json: bool


@click.command("shrink")
@click.argument("failure", metavar="FAILURE.toml|SCENARIO")
@click.option("-o", "--output", metavar="FILE", help="Write the short scenario to a file.")
@click.option("--script", metavar="FILE", help="Write it as a golden script, to keep as a test.")
@options.seed
@options.settings()
@options.mutant
@click.option("--runs", metavar="N", help=f"Make so many runs at most.  [default: {RUNS_MAX:,}]")
@click.option("--seconds", metavar="N", help="Compute so long at most.  [default: no limit]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    *,
    failure: str,
    output: str | None,
    script: str | None,
    seed: str | None,
    settings: tuple[str, ...],
    mutant: str | None,
    runs: str | None,
    seconds: str | None,
    as_json: bool,
) -> int:
    """Make a failing run short: a scenario of a few lines, and its story in sentences.

    FAILURE is a file that `twophase simulate … --failure FILE` has written; or a scenario, with a
    seed from which it fails.  What is left fails in the same way, and `twophase simulate` runs it.

    A golden script says the same run message by message, with no rule broken; a story that cannot
    be told as one gets none, and it is said why.

    The exit code is 0 if it was made short, 2 for bad input: also for a run that does not fail.
    """
    files = {"--output": output, "--script": script}
    refuse_same_file(files)
    refuse_run_itself(failure, files)
    refuse_unreadable("--output", output)
    runs_most = whole_of("--runs", runs, RUNS_MOST) or RUNS_MAX
    seconds_most = whole_of("--seconds", seconds, SECONDS_MOST)
    asked = Asked(
        name=failure,
        failure=failure_at(failure, settings, seed, mutant),
        runs=runs_most,
        seconds=seconds_most,
        output=output,
        script=script,
        as_json=as_json,
    )
    with (
        text_file("output", asked.output) as file,
        text_file("script", asked.script) as script_file,
        shown_progress(asked) as progress,
    ):
        short = shrink(
            asked.failure,
            budget_runs=asked.runs,
            budget_seconds=asked.seconds,
            progress=progress,
        )
        text = text_of(short.failure, comments=short.sentences)
        if file is not None:
            file.text = text
        golden = None
        if script_file is not None:
            golden = scripted(short.failure, short.story)
            script_file.text = golden.text
    if asked.as_json:
        from twophase.cli.shrink_json import as_json as written  # noqa: PLC0415

        click.echo(written(asked.failure, short, text, golden, asked.script))
    else:
        from twophase.cli import shrink_page  # noqa: PLC0415  # Imports rich, for drawing only.

        shrink_page.show(asked.failure, short, text, asked.output, golden=golden, path=asked.script)
    return 0


def failure_at(
    name: str, settings: tuple[str, ...], seed: str | None, mutant: str | None
) -> Failure:
    """Return the failure that a file, or a scenario and a seed, is: by running it.

    Raises:
        BadInputError: There is no such thing, or it does not fail.
    """
    keys = settings_of(settings)
    number, rule = run_of(name, keys, seed, mutant)
    mutant_of(rule)  # Known, or refused.
    recorded = one_cluster(loaded(name, keys))
    scenario = replace(recorded, failure=None)
    try:
        failure = found(scenario, number, rule)
    except SetupError as error:
        raise BadInputError(f"scenario {name} cannot be carried out: {error}") from error
    if failure is None:
        if recorded.failure is not None and not (settings or seed or mutant):
            raise BadInputError(f"{name} is no failure any more: {without_finding(rule)}")
        broken = f" with the mutant {rule}" if rule else ""
        is_mended = recorded.failure is not None and recorded.failure.mutant not in (None, rule)
        next_try = f"leave out `--mutant {mutant}`" if is_mended else "try another seed"
        raise BadInputError(f"{name} does not fail from seed {number}{broken}: {next_try}")
    return failure


def without_finding(mutant: str | None) -> str:
    """Say that a failure's file is of a run that does not fail, and what may be missing in it."""
    said = "the run that the file describes has no finding, every check holds"
    if mutant is not None:
        return said
    return f'{said}; a rule that was broken would stand in [failure], as in mutant = "NAME"'


def file_of(name: str) -> Failure:
    """Read a failure's file.

    Raises:
        BadInputError: It is none, or breaks a rule that nobody knows.
    """
    try:
        failure = read(name)
    except ScenarioError as error:
        raise BadInputError(f"{error}{instead(name)}") from error
    mutant_of(failure.mutant)
    return failure


def whole_of(option: str, text: str | None, most: int) -> int | None:
    """Read a whole number, of at least one.

    Raises:
        BadInputError: It is none.
    """
    if text is None:
        return None
    number = whole_within(text, 1, most)
    if number is None:
        raise BadInputError(f"{option} must be a whole number from 1 to {most}, not {text!r}")
    return number


@contextmanager
def shown_progress(asked: Asked) -> Iterator[Progress | None]:
    """Draw how far it has come, if somebody is there to see it."""
    if asked.as_json or not sys.stderr.isatty():
        yield None
        return
    from twophase.cli.shrink_page import ShrinkBar  # noqa: PLC0415  # As above.

    with ShrinkBar(asked.runs) as bar:
        yield bar.show
