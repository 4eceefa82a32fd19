"""`twophase report`: a run as a page to look at, from a trace, a failure or a scenario."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from sim.cluster_run import Run
from sim.report.reading import NONSENSE, Progress, TraceError, read_trace
from sim.report.recording import Origin, Recorder, Recording, recording_of
from sim.report.traced import operations_in
from twophase.cli import options
from twophase.cli.bars import plain_bar
from twophase.cli.errors import BadInputError
from twophase.cli.exporting import export, format_of
from twophase.cli.files import refuse_run_itself, text_file
from twophase.cli.kinds import instead
from twophase.cli.reporting import origin_of, recorded, tell, write_page
from twophase.cli.simulate import (
    NONE,
    Asked,
    loaded,
    mutant_of,
    one_cluster,
    run_of,
    settings_of,
    timed,
)

PAGE = "run.html"


@click.command("report")
@click.argument("run", metavar="TRACE|FAILURE|SCENARIO")
@options.seed
@options.settings()
@options.mutant
@click.option("-o", "--output", metavar="FILE", help=f"Where to write it.  [default: {PAGE}]")
@click.option(
    "--transaction", metavar="ID", help="Open on this one: t1, its client's call, or its id."
)
@click.option("--mermaid", is_flag=True, help="Draw that transaction as a Mermaid diagram instead.")
@click.option("--shiviz", is_flag=True, help="Write a log for ShiViz instead: vector clocks.")
@click.option("--perfetto", is_flag=True, help="Write a Chrome trace for Perfetto instead.")
@click.option("--elle", is_flag=True, help="Write the history for Elle and `twophase check`.")
def command(
    *,
    run: str,
    seed: str | None,
    settings: tuple[str, ...],
    mutant: str | None,
    output: str | None,
    transaction: str | None,
    **formats: bool,
) -> int:
    """Write a run as a page: one HTML file that opens from a disk and needs no network.

    The run is a trace of `twophase simulate … --trace FILE`; or a failure's file of `twophase
    shrink` or `twophase simulate … --failure FILE`, which is run again; or a scenario, which is run
    from a seed.

    The other formats go to standard output, or to the file of -o; docs/exports.md has them.

    The exit code is 0, or 2 for bad input.
    """
    name = format_of(formats, transaction)
    path = PAGE if output is None else output
    refuse_run_itself(run, {"-o": path})
    if transaction == "":
        raise BadInputError("--transaction names none: it is empty")
    with making_sense_of(run):
        if name:
            export(recording_at(run, seed, settings, mutant), name, transaction, output)
            return 0
        with ExitStack() as stack:
            file = stack.enter_context(text_file("report", path))
            assert file is not None, "a path was given"
            recording = recording_at(run, seed, settings, mutant)
            write_page(file, recording, transaction or "")
    tell(path)
    return 0


@contextmanager
def making_sense_of(run: str) -> Iterator[None]:
    """Refuse a trace whose lines are events, each by itself, but of no run.

    Raises:
        BadInputError: Somebody has changed it.
    """
    try:
        yield
    except NONSENSE as error:
        if not is_trace(run):
            raise
        raise BadInputError(
            f"the trace {run!r} is of no run: its lines do not go together"
            f" ({type(error).__name__}: {error}); `twophase simulate --trace` writes one anew"
        ) from error


def recording_at(
    run: str, seed: str | None, settings: tuple[str, ...], mutant: str | None
) -> Recording:
    """Record the run that is asked for, or read it back.

    Raises:
        BadInputError: There is none.
    """
    if is_trace(run):
        given = {"--seed": seed, "--set": settings, "--mutant": mutant}
        for option, value in given.items():
            if value:
                raise BadInputError(f"{run!r} is a trace, a run that is over: it takes no {option}")
        return recording_in(run)
    if not run.endswith(".toml") and ("/" in run or "." in run):
        raise BadInputError(f"there is no trace {run!r}, and a scenario's file ends in .toml")
    keys = settings_of(settings)
    number, rule = run_of(run, keys, seed, mutant)
    return recording_from(Asked(run, number, keys, mutant=rule, is_unbroken=mutant == NONE))


def is_trace(run: str) -> bool:
    return not run.endswith(".toml") and os.path.isfile(run)


def recording_in(path: str) -> Recording:
    """Read a run back from its trace.

    Raises:
        BadInputError: It is none.
    """
    recorder = Recorder()
    try:
        with reading() as progress:
            for event in read_trace(path, progress):
                recorder(event)
    except TraceError as error:
        raise BadInputError(f"{error}{instead(path, 'report')}") from error
    origin = Origin(Path(path).stem, None, None, "")
    return recording_of(recorder, origin, operations_in(recorder.moments))


@contextmanager
def reading() -> Iterator[Progress | None]:
    """Draw a progress bar while a trace is read, if somebody is there to see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from twophase.cli.check_progress import CheckBar  # noqa: PLC0415  # Imports rich, for drawing.

    with CheckBar() as bar:
        yield lambda done, total: bar.show("reading the trace", done, total)


def recording_from(asked: Asked) -> Recording:
    """Run a scenario, and record it."""
    scenario = one_cluster(loaded(asked.scenario, asked.settings))
    _, breaking = mutant_of(asked.mutant)
    run, recorder = Run(scenario, asked.seed), Recorder()
    run.listen(recorder)
    with plain_bar("transactions", as_json=asked.as_json) as progress, breaking:
        result, _ = timed(run, progress)
    origin = origin_of(asked.scenario, asked.seed, asked.mutant, asked.replay)
    return recorded(recorder, run, result, origin)
