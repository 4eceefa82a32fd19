"""`twophase ablate`: the protocol without each of its mechanisms in turn, and what breaks."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import click

from items.data import data
from sim.keys import whole_within
from sim.search.ablate.ablation import Ablated, Ablation, Progress
from sim.search.ablate.clients import clients_told
from sim.search.ablate.mechanisms import (
    MECHANISMS,
    Mechanism,
    UnknownMechanismError,
    find_mechanism,
)
from sim.search.executors import open_pool
from sim.search.shrink.failure import text_of
from sim.search.shrink.shrink import Shrunk
from twophase.cli.errors import INTERRUPTED, BadInputError
from twophase.cli.interrupting import interrupting
from twophase.cli.sweep import jobs_of
from twophase.cli.workers import dead_workers_told

SEEDS_MAX = 1_000_000


@data
class Asked:
    """What the command line asks for."""

    mechanisms: tuple[Mechanism, ...]
    seeds: range | None  # None: as many as a hunt takes.
    jobs: int
    with_stories: bool
    as_json: bool
    as_markdown: bool


@data
class Told:
    """What it has come to."""

    asked: Asked
    found: tuple[Ablated, ...]
    is_interrupted: bool


@click.command("ablate")
@click.argument("mechanism", required=False, metavar="[MECHANISM]")
@click.option(
    "--seeds", metavar="N", help="How many runs of each.  [default: 35, and 175 or 700 if need be]"
)
@click.option("--no-stories", is_flag=True, help="Shrink nothing: the figures come sooner.")
@click.option("--jobs", metavar="N", help="How many processes.  [default: one a processor]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--markdown", "as_markdown", is_flag=True, help="Print the page docs/why-each-rule.md."
)
def command(
    *,
    mechanism: str | None,
    seeds: str | None,
    no_stories: bool,
    jobs: str | None,
    as_json: bool,
    as_markdown: bool,
) -> int:
    """Take mechanisms of the protocol away, one at a time, and say what breaks without each.

    A portfolio of small and crowded worlds in trouble looks for it, which knows nothing of what is
    missing.  What it finds is shrunk to the shortest story; where it finds nothing, it says how
    much that shows.  Without MECHANISM all of them are taken away in turn.

    Ctrl-C ends it with what is known by then.  The exit code is 0, or 2 for bad input, or 130 if it
    was interrupted.
    """
    if as_json and as_markdown:
        raise BadInputError("--json and --markdown print different things: choose one of them")
    try:
        mechanisms = MECHANISMS if mechanism is None else (find_mechanism(mechanism),)
    except UnknownMechanismError as error:
        raise BadInputError(str(error)) from error
    asked = Asked(mechanisms, seeds_of(seeds), jobs_of(jobs), not no_stories, as_json, as_markdown)
    told = carried_out(asked)
    show(told)
    return INTERRUPTED if told.is_interrupted else 0


def seeds_of(text: str | None) -> range | None:
    if text is None:
        return None
    count = whole_within(text, 1, SEEDS_MAX)
    if count is None:
        raise BadInputError(f"--seeds must be a whole number from 1 to {SEEDS_MAX}, not {text!r}")
    return range(count)


def carried_out(asked: Asked) -> Told:
    with (
        dead_workers_told("ablation"),
        closing(open_pool("processes", asked.jobs)) as pool,
        shown_progress(asked) as progress,
    ):
        going = Ablation(
            asked.mechanisms,
            pool,
            seeds=asked.seeds,
            with_stories=asked.with_stories,
            progress=progress,
        )
        with interrupting(going.interrupt, is_late=lambda: going.is_interrupted):
            found = going.go()
        return Told(asked, found, going.is_interrupted)


def show(told: Told) -> None:
    if told.asked.as_json:
        click.echo(json.dumps(as_json(told), indent=2))
        return
    if told.asked.as_markdown:
        from twophase.cli.ablate_page import page  # noqa: PLC0415  # Only who asks for it waits.

        click.echo(page(told.found, is_interrupted=told.is_interrupted), nl=False)
        return
    from twophase.cli import ablate_table  # noqa: PLC0415  # Imports rich, for drawing only.

    if len(told.found) == 1:
        ablate_table.show_one(told.found[0], is_interrupted=told.is_interrupted)
    else:
        ablate_table.show(told.found, is_interrupted=told.is_interrupted)


@contextmanager
def shown_progress(asked: Asked) -> Iterator[Progress | None]:
    """Draw a progress bar while the runs go on, if somebody is there to see it."""
    if asked.as_json or not sys.stderr.isatty():
        yield None
        return
    from twophase.cli.ablate_table import StagesBar  # noqa: PLC0415  # As above.

    with StagesBar() as bar:
        yield bar.show


# As JSON -----------------------------------------------------------------------------------------


def as_json(told: Told) -> dict[str, Any]:
    return {
        "mechanisms": [document_of(one) for one in told.found],
        "interrupted": told.is_interrupted,
    }


def document_of(ablated: Ablated) -> dict[str, Any]:
    """Write one mechanism and what came of its absence."""
    mechanism, hunted, mean = ablated.mechanism, ablated.hunted, ablated.hunted.mean
    return {
        "name": mechanism.name,
        "section": mechanism.section,
        "rule": mechanism.rule,
        "purpose": mechanism.purpose,
        "mutant": mechanism.mutant,
        "equivalent": mechanism.taken_away().is_equivalent,
        "finished": ablated.is_finished,
        "found": hunted.found,
        "verdict": hunted.verdict,
        "runs": hunted.shots,
        "findings": hunted.hits,
        "seeds": hunted.seeds,
        "seconds": round(hunted.seconds, 3),
        "mean": None if mean is None else [mean.seeds, mean.least, mean.most],
        "below": ablated.bound,
        "checker": hunted.checker,
        "kind": None if hunted.kind is None else hunted.kind[1],
        "story": None if ablated.shrunk is None else story(ablated.shrunk),
    }


def story(shrunk: Shrunk) -> dict[str, Any]:
    return {
        "transactions": shrunk.transactions,
        "choices": shrunk.choices,
        "events": shrunk.events,
        "finding": ": ".join(shrunk.failure.leading),
        "sentences": list(shrunk.sentences),
        "clients": clients_told(shrunk.failure),
        "scenario": text_of(shrunk.failure),
    }
