"""`twophase diff`: a failing run beside the nearest one that passes, and where they part."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from sim.checkers.finding import Finding
from sim.search.broken import kinds_of
from sim.search.diff.apart import apart
from sim.search.diff.nearest import Nearest, NothingPassesError, Progress, nearest
from sim.search.diff.rows import Row, first_events, rows_of
from sim.search.diff.seen import SeenEvent
from sim.search.diff.variants import requests_of
from sim.search.shrink.failure import Failure, ordered
from sim.search.shrink.shrink import shrink
from twophase.cli import options
from twophase.cli.errors import BadInputError
from twophase.cli.shrink import failure_at

SHORT = 20  # Requests: a listed world of no more than these is compared as it is.
NOTHING = "nothing more: the run is over"


@click.command("diff")
@click.argument("failure", metavar="FAILURE.toml|SCENARIO")
@options.seed
@options.settings()
@options.mutant
@click.option(
    "--unbroken", is_flag=True, help="Beside the same run with the mutant's rule in force."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    *,
    failure: str,
    seed: str | None,
    settings: tuple[str, ...],
    mutant: str | None,
    unbroken: bool,
    as_json: bool,
) -> int:
    """Show a failing run beside the nearest one that passes, and the first event where they part.

    FAILURE is a file of `twophase shrink` or `twophase simulate … --failure FILE`; or a scenario,
    with a seed from which it fails.  What is long is made short first.  Each choice, each request
    and each fault is left out in turn; the run that passes and has the longest beginning in common
    with the failing one is the nearest.

    The exit code is 0, or 2 for bad input: also for a run that does not fail.
    """
    failing = failure_at(failure, settings, seed, mutant)
    if unbroken and failing.mutant is None:
        raise BadInputError("--unbroken puts a mutant's rule in force, and there is no mutant")
    with shown_progress("shrinking", as_json=as_json) as progress:
        failing = short_of(failing, progress)
    try:
        with shown_progress("trying", as_json=as_json) as progress:
            found = nearest(failing, with_the_rule=unbroken, progress=progress)
    except NothingPassesError as error:
        raise BadInputError(str(error)) from error
    if as_json:
        click.echo(json.dumps(told(found), indent=2, ensure_ascii=False))
    else:
        from twophase.cli import diff_page  # noqa: PLC0415  # Imports rich, for drawing only.

        diff_page.show(found)
    return 0


def short_of(failure: Failure, progress: Progress | None) -> Failure:
    """Return a failure that people can look at: this one, or the shortest story of it."""
    if 1 <= len(requests_of(failure.scenario)) <= SHORT:
        return failure

    def show(runs: int, _transactions: int, _choices: int) -> None:
        if progress is not None:
            progress(runs)

    return shrink(failure, progress=show).failure


@contextmanager
def shown_progress(what: str, *, as_json: bool) -> Iterator[Progress | None]:
    """Show how many runs were made, if somebody is there to see it."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  # Only where something is drawn.

    with Console(stderr=True).status(what) as status:
        yield lambda runs: status.update(f"{what}: {runs:,} runs")


# In words ----------------------------------------------------------------------------------------


def sentence(found: Nearest) -> str:
    """Say where the two runs part, and what came of it."""
    failing, passing = first_events(found)
    leading = leading_of(found)
    when = at(failing or passing)
    what = f"{capital(found.passing.variant.what)} every check holds"
    ending = f"and in the end {leading.checker} finds: {leading.kind}"
    if failing is None and passing is None:
        return f"{what}, though no event differs; {ending}."
    same = f"the two runs are the same for {found.prefix:,} events, until {when}"
    return f"{what}: {same}; {parted(failing, passing)}; {ending}."


def parted(failing: SeenEvent | None, passing: SeenEvent | None) -> str:
    """Say what the two runs have where they part."""
    within = apart(failing, passing)
    if within:
        return f"then both have '{said(failing)}', but {within}"
    return f"then the failing one has '{said(failing)}' where the passing one has '{said(passing)}'"


def leading_of(found: Nearest) -> Finding:
    """Return the finding that says which anomaly it is."""
    variant, findings = found.failing.variant, found.failing.result.findings
    checker, kind = ordered(findings, kinds_of(variant.mutant))[0]
    return next(one for one in findings if (one.checker, one.kind) == (checker, kind))


def at(seen: SeenEvent | None) -> str:
    return "the end" if seen is None else f"{seen.us / 1_000:,.3f} ms"


def said(seen: SeenEvent | None) -> str:
    return NOTHING if seen is None else seen.said


def capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


# As JSON -----------------------------------------------------------------------------------------


def told(found: Nearest) -> dict[str, Any]:
    failing, passing = first_events(found)
    return {
        "flipped": found.passing.variant.what,
        "tried": found.tried,
        "sentence": sentence(found),
        "common": found.prefix,
        "parting": {"failing": event(failing), "passing": event(passing)},
        "rows": [row(one) for one in rows_of(found)],
        "findings": [
            {"checker": one.checker, "kind": one.kind, "explanation": one.explanation}
            for one in found.failing.result.findings
        ],
        "digests": {
            "failing": found.failing.result.digest,
            "passing": found.passing.result.digest,
        },
    }


def row(one: Row) -> dict[str, Any]:
    return {"failing": event(one.failing), "passing": event(one.passing)}


def event(seen: SeenEvent | None) -> dict[str, Any] | None:
    return None if seen is None else {"us": seen.us, "event": seen.said}
