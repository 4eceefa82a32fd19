"""`twophase check`: judge the history of any system, and say what no serial order explains."""

import gc
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click

from items.data import data
from sim.checkers.graph.judge import judge, observe
from sim.checkers.graph.observed import Observed
from sim.checkers.graph.txn import MODELS, SERIALIZABLE, HistoryError, Report
from sim.checkers.histories import HistoryReader, MalformedError
from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.kinds import instead
from twophase.os_errors import why

UNDECIDED = 3  # An exit code: neither 'valid' nor 'not' would be true.
STANDARD_INPUT = "-"

Shown = Callable[[str, int, int], None]  # What is being done, how much of it, of how much.


@data
class Checked:
    """What was judged, and how."""

    name: str
    report: Report
    failed: int
    unknown: int


@click.command("check")
@click.argument("history", metavar="HISTORY.jsonl")
@click.option(
    "--model",
    default=SERIALIZABLE,
    metavar="NAME",
    help=f"What is to hold: {', '.join(MODELS)}.  [default: {SERIALIZABLE}]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(*, history: str, model: str, as_json: bool) -> int:
    """Judge the history of any system: some serial order must explain what was read.

    HISTORY.jsonl has one JSON object a line, as Jepsen and Elle have it; - is standard input.
    Transactions append to lists, write registers and read both; docs/checking.md has the whole
    form.

    The exit code is 0 if the history is valid, 1 if it is not, 2 if it is malformed, 3 if that
    could not be decided.
    """
    if model not in MODELS:
        raise BadInputError(f"--model must be one of {', '.join(MODELS)}, not {model!r}")
    checked = checked_file(history, model, is_shown=not as_json and sys.stderr.isatty())
    if as_json:
        click.echo(json.dumps(told(checked), separators=(",", ":"), default=str))
    else:
        from twophase.cli import check_summary  # noqa: PLC0415  # Imports rich, to draw only.

        check_summary.show(checked)
    if checked.report.valid is None:
        return UNDECIDED
    return 0 if checked.report.valid else FINDING


def checked_file(name: str, model: str, *, is_shown: bool) -> Checked:
    """Read and judge a history.

    Raises:
        BadInputError: It cannot be read, or it is none that this model could judge.
    """
    with opened(name) as file, progress(is_shown) as show, without_collector():
        size = size_of(file)
        reader = HistoryReader(file, lambda done: show("reading", done, size))
        try:
            observed = observe(reader, model)
        except MalformedError as error:
            raise BadInputError(f"{called(name)}, {error}{instead(name, 'check')}") from error
        except HistoryError as error:
            line = (reader.ends if error.is_answer else reader.lines)[error.transaction]
            raise BadInputError(f"{called(name)}, line {line}: {error}") from error
        except OSError as error:
            raise BadInputError(f"{called(name)} cannot be read: {why(error)}") from error
        report = judge(observed, model, stage=lambda what: show(what, 0, 0))
    return Checked(called(name), report, *counted(observed))


def counted(observed: Observed) -> tuple[int, int]:
    """Count the transactions that failed, and those of which nobody knows."""
    return observed.status.count(2), observed.status.count(1)


def told(checked: Checked) -> dict[str, object]:
    """Return what came of it as JSON has it."""
    report = checked.report
    document: dict[str, object] = {
        "valid": report.valid,
        "model": report.model,
        "transactions": report.transactions,
        "anomalies": [
            {
                "type": one.type,
                "explanation": one.explanation,
                "transactions": list(one.transactions),
                "refutes": list(one.refutes),
                "possible": list(one.possible),
            }
            for one in report.anomalies
        ],
    }
    if report.left_out:
        document["left_out"] = report.left_out
    if report.undecided:
        document["undecided"] = report.undecided
    return document


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    if os.path.isdir(name):
        raise BadInputError(f"{name!r} is a directory; give the path of a history, or - to pipe it")
    try:
        file = open(name, "rb")  # noqa: SIM115  # Closed below, with its errors told.
    except (OSError, ValueError) as error:
        because = why(error) if isinstance(error, OSError) else str(error)
        raise BadInputError(f"the history {name!r} cannot be read: {because}") from error
    with file:
        yield file


def called(name: str) -> str:
    return "standard input" if name == STANDARD_INPUT else name


def size_of(file: BinaryIO) -> int:
    """Return a file's size, or 0 where that is not known."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


@contextmanager
def progress(is_shown: bool) -> Iterator[Shown]:
    """Draw a progress bar while a long history is judged, if somebody is there to see it."""
    if not is_shown:
        yield lambda *_: None
        return
    from twophase.cli.check_progress import CheckBar  # noqa: PLC0415  # As above.

    with CheckBar() as bar:
        yield bar.show


@contextmanager
def without_collector() -> Iterator[None]:
    """Let the garbage collector rest: a history makes many objects and no cycles of them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
