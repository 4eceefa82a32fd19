"""`twophase mutants --hunt`: how many seeds it takes to find each mutant, without knowing it."""

from collections.abc import Mapping
from contextlib import closing

import click

from items.data import data
from sim.mutants.catalogue import MUTANTS, UnknownMutantError, find
from sim.search.executors import ExecutorError, Pool, open_pool
from sim.search.hunt.hunted import Hunted
from sim.search.hunt.hunting import Hunt, tell_all
from sim.search.hunt.shots import NONE
from sim.search.hunt.tales import Tale
from sim.search.plan import RUNS_MAX
from twophase.cli.bars import plain_bar
from twophase.cli.errors import FINDING, INTERRUPTED, BadInputError
from twophase.cli.interrupting import interrupting
from twophase.cli.sweep import jobs_of, seeds_of
from twophase.cli.workers import dead_workers_told

ALL = "all"


@data
class Asked:
    """What the command line asks for."""

    name: str
    seeds: range | None  # None: as many as it takes.
    jobs: int
    shrinks: bool
    as_json: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(MUTANTS) if self.name == ALL else (self.name,)


@data
class Told:
    """What a hunt has come to."""

    asked: Asked
    hunted: tuple[Hunted, ...]
    tales: Mapping[str, Tale]
    is_interrupted: bool


def asked(name: str, seeds: str | None, jobs: str | None, *, shrinks: bool, as_json: bool) -> Asked:
    """Check what the command line asks for."""
    if name not in (ALL, NONE):
        try:
            find(name)
        except UnknownMutantError as error:
            raise BadInputError(f"{error}; 'none' breaks nothing") from error
    some = None if seeds is None else range(*seeds_of(seeds))
    if some is not None and len(some) > RUNS_MAX:
        raise BadInputError(f"--seeds may be {RUNS_MAX:,} seeds at most, not {len(some):,}")
    return Asked(name, some, jobs_of(jobs), shrinks, as_json)


def hunt(asked: Asked, *, as_page: bool) -> int:
    """Hunt, show what has come of it, and return the exit code."""
    told = hunted(asked)
    if asked.as_json:
        from twophase.cli.mutants_json import as_json  # noqa: PLC0415  # Only who asks for it.

        click.echo(as_json(told))
    elif as_page:
        from twophase.cli.mutants_page import page  # noqa: PLC0415  # As above.

        click.echo(page(told), nl=False)
    else:
        from twophase.cli import mutants_table  # noqa: PLC0415  # Imports rich, for drawing only.

        mutants_table.show(told)
    if told.is_interrupted:
        return INTERRUPTED
    return 0 if all(one.ok for one in told.hunted) else FINDING


def hunted(asked: Asked) -> Told:
    """Hunt as asked, and shrink what is found first."""
    tales: dict[str, Tale] = {}
    try:
        with (
            dead_workers_told("hunt"),
            closing(open_pool("processes", asked.jobs)) as pool,
        ):
            with plain_bar("seeds", as_json=asked.as_json) as progress:
                going = Hunt(asked.names, pool, seeds=asked.seeds, progress=progress)
                with interrupting(going.interrupt, is_late=lambda: going.is_interrupted):
                    came = going.go()
            is_interrupted = going.is_interrupted
            if asked.shrinks and not is_interrupted:
                is_interrupted = not told_all(asked, came, pool, tales)
    except ExecutorError as error:
        raise BadInputError(str(error)) from error
    return Told(asked, came, tales, is_interrupted)


def told_all(asked: Asked, came: tuple[Hunted, ...], pool: Pool, tales: dict[str, Tale]) -> bool:
    """Shrink all first findings; False if somebody could not wait."""
    try:
        with plain_bar("stories", as_json=asked.as_json) as progress:
            tell_all(came, pool, tales, progress)
    except KeyboardInterrupt:  # Those that are told stay told.
        return False
    return True
