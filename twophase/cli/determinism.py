"""`twophase determinism`: the same runs under every Python, and the first event that differs."""

import json
import os
from collections.abc import Mapping
from typing import Any

import click

from items.data import data
from sim.keys import whole_within
from sim.search.determinism.asked import GOLDEN_RUNS, AskedRun, golden_digests, golden_runs
from sim.search.determinism.certificate import Certificate, certify
from sim.search.determinism.difference import Difference
from sim.search.determinism.pythons import find_pythons
from twophase.cli import options
from twophase.cli.bars import plain_bar
from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.simulate import loaded, settings_of
from twophase.cli.sweep import jobs_of

SEEDS_DEFAULT, SEEDS_MAX = 20, 100_000


@data
class Asked:
    """What the command line asks for."""

    scenario: str | None  # None: the golden runs.
    settings: Mapping[str, str]
    first: int  # The first seed: a failure's file has its own.
    seeds: int
    jobs: int
    as_json: bool

    def runs(self) -> tuple[AskedRun, ...]:
        if self.scenario is None:
            return golden_runs(self.seeds)
        path = self.scenario
        if path.endswith(".toml"):
            path = os.path.abspath(path)
        seeds = range(self.first, self.first + self.seeds)
        return tuple(AskedRun(path, self.settings, seed) for seed in seeds)


@click.command("determinism")
@click.argument("scenario", required=False, metavar="[SCENARIO|FILE.toml]")
@click.option("--seeds", metavar="N", help=f"How many runs.  [default: {SEEDS_DEFAULT}]")
@options.settings("network.loss=0.1")
@click.option("--jobs", metavar="N", help="How many processes.  [default: one a processor]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    *,
    scenario: str | None,
    seeds: str | None,
    settings: tuple[str, ...],
    jobs: str | None,
    as_json: bool,
) -> int:
    """Make the same runs under every Python found, and compare them event by event.

    Each Python makes all runs under three hash seeds, in fresh processes with noise on their heaps,
    one of them in the opposite order.  A failure's file brings its seed along, and the rule that it
    breaks.  Without a scenario these are the golden runs: eight shipped scenarios in much trouble;
    their digests must also be those that come with twophase.

    More Pythons can be named in TWOPHASE_PYTHONS, separated as PATH is.

    The exit code is 0 if there is one digest, 1 if something differs, 2 for bad input.
    """
    keys = settings_of(settings)
    first = 0
    if scenario is not None:
        recorded = loaded(scenario, keys).failure
        first = 0 if recorded is None else recorded.seed
    elif keys:
        raise BadInputError(
            "--set is for a scenario, and the golden runs are as they are: name one"
        )
    asked = Asked(scenario, keys, first, count_of(seeds, scenario), jobs_of(jobs), as_json)
    with plain_bar("runs", as_json=asked.as_json) as progress:
        found = certify(asked.runs(), find_pythons(), jobs=asked.jobs, progress=progress)
    if len(found.problems) == len(found.tolds):
        raise BadInputError(f"no Python can make these runs: {found.problems[0].problem}")
    if asked.as_json:
        click.echo(json.dumps(told(asked, found), indent=2, ensure_ascii=False))
    else:
        from twophase.cli import determinism_table  # noqa: PLC0415  # Imports rich, for drawing.

        determinism_table.show(asked.scenario, found, not_golden(asked, found))
    return exit_code(asked, found)


def count_of(text: str | None, scenario: str | None) -> int:
    """Read how many runs are asked for."""
    if text is None:
        return SEEDS_DEFAULT
    most = SEEDS_MAX if scenario is not None else GOLDEN_RUNS
    count = whole_within(text, 1, most)
    if count is None:
        whose = "" if scenario is not None else ", the golden runs that there are,"
        raise BadInputError(f"--seeds must be a whole number from 1 to {most}{whose} not {text!r}")
    return count


def not_golden(asked: Asked, found: Certificate) -> tuple[str, ...] | None:
    """Name the runs whose digest is not the one that is committed; None if none is to be."""
    if asked.scenario is not None or found.digest is None:
        return None
    golden = golden_digests()
    digests = zip(found.runs, found.tolds[0].digests, strict=True)
    return tuple(run.name for run, digest in digests if golden.get(run.name) != digest)


def exit_code(asked: Asked, found: Certificate) -> int:
    return FINDING if found.digest is None or not_golden(asked, found) else 0


# As JSON -----------------------------------------------------------------------------------------


def told(asked: Asked, found: Certificate) -> dict[str, Any]:
    """Write the certificate as one object."""
    golden = not_golden(asked, found)
    return {
        "scenario": asked.scenario,
        "settings": dict(asked.settings),
        "seeds": asked.seeds,
        "ok": exit_code(asked, found) == 0,
        "digest": found.digest,
        "golden": None if golden is None else not golden,
        "environments": [
            {
                "python": one.environment.python.name,
                "path": one.environment.python.path,
                "hash_seed": one.environment.hash_seed,
                "borrows_packages": one.environment.python.borrows,
                "msgpack_compiled": one.environment.python.compiled,
                "runs": len(one.digests),
                "digests": list(one.digests),
                "problem": one.problem or None,
                "seconds": round(one.seconds, 3),
            }
            for one in found.tolds
        ],
        "left_out": [{"path": one.path, "why": one.why} for one in found.left_out],
        "difference": None if found.difference is None else difference(found.difference),
    }


def difference(found: Difference) -> dict[str, Any]:
    parting = found.parting
    return {
        "scenario": found.run.scenario,
        "seed": found.run.seed,
        "environments": [found.one.name, found.other.name],
        "digests": list(found.digests),
        "first_event": None
        if parting is None
        else {
            "number": parting.number,
            "before": list(parting.before),
            "events": list(parting.events),
            "frames": list(parting.frames),
        },
    }
