"""Writing a run's report: for `twophase simulate … --report` and for `twophase report`."""

import os
from pathlib import Path

import click

from sim.cluster_run import Run
from sim.report.inside import Inside
from sim.report.page import page_of
from sim.report.recording import Origin, Recorder, Recording, recording_of
from sim.result import Result
from sim.scenario import load
from sim.search.shrink.failure import Failure, read
from twophase.cli.bars import plain_bar
from twophase.cli.errors import BadInputError
from twophase.cli.files import TextFile

CALLS_NAMED = 5  # In the answer to a name that is none.


def recorded(recorder: Recorder, run: Run, result: Result, origin: Origin) -> Recording:
    """Put together a run that was listened to."""
    return recording_of(recorder, origin, list(result.history), result=result, witness=run.witness)


def origin_of(scenario: str, seed: int, mutant: str | None, command: str) -> Origin:
    """Say which run it is; a failure's file brings along what is known of it."""
    failure: Failure | None = None
    comments: tuple[str, ...] = ()
    if scenario.endswith(".toml"):
        comments = comments_in(Path(scenario).read_text(encoding="utf-8-sig"))
        known = read(scenario) if load(scenario).failure is not None else None
        if known is not None and (known.seed, known.mutant) == (seed, mutant):
            failure = known
    title = Path(scenario).stem if scenario.endswith(".toml") else scenario
    return Origin(title, seed, mutant, command, failure, comments if failure is not None else ())


def comments_in(text: str) -> tuple[str, ...]:
    """Return the comment at the top of a file: a shrunk failure has its story there."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" "))
    return tuple(lines)


def write_page(
    file: TextFile, recording: Recording, transaction: str = "", *, as_json: bool = False
) -> None:
    """Write the page; it opens on a transaction, if one is named."""
    chosen = call_of(recording, transaction) if transaction else ""
    with plain_bar("writing the report", as_json=as_json) as progress:
        file.text = page_of(recording, chosen=chosen, progress=progress)


def tell(path: str) -> None:
    """Say where the page is; not on standard output, which may be for programs."""
    click.echo(f"twophase: the report is {os.path.abspath(path)}: open it in a browser", err=True)


def call_of(recording: Recording, name: str) -> str:
    """Find a client's call by t1, t2 and so on, by its own name, or by a transaction's id.

    Raises:
        BadInputError: Nothing is called so.
    """
    transactions = recording.calls.transactions
    if name in transactions:
        return name
    inside = Inside(recording)
    for transaction, label in inside.names.items():
        if name in (transaction, label):
            return inside.call_of(transaction)
    known = ", ".join(list(transactions)[-CALLS_NAMED:])
    raise BadInputError(
        f"there is no transaction {name!r} in this run; a transaction is named as in t1, by its id,"
        f" or by its client's call: the last ones are {known or 'none at all'}"
    )
