"""`twophase explore`: every schedule of a tiny world, or the shortest that ends badly."""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import click

from items.data import data
from sim.keys import whole_within
from sim.run import run
from sim.scenario import SHIPPED, parse
from sim.search.broken import broken
from sim.search.explore.scripted import NotScriptedError, scenario_of
from sim.search.explore.telling import Line, Teller
from sim.search.explore.walk import STATES_MAX, Bounds, Progress, Schedule, Walk, Walked, explore
from sim.search.explore.world import (
    KINDS,
    REQUESTS_MAX,
    SINGLE,
    Limits,
    World,
    WorldError,
    world_of,
)
from sim.search.explore.worlds import WORLDS
from sim.search.shrink.failure import failure_of, text_of
from twophase.cli import options
from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.files import TextFile, refuse_run_itself, refuse_unreadable, text_file
from twophase.cli.simulate import breaking, failure_in, loaded, mutant_of, one_cluster, rule_of

SEED = 1  # Of the run of a schedule, which leaves next to nothing to chance.
LIMIT_MAX = 3
DEPTH_MAX = 60_000
ALL_STATES_MAX = 50_000_000
SECONDS_MAX = 7 * 24 * 3600
LISTED = ("one-transaction", "two-that-conflict")  # Scenarios that are small enough.
HELP = {
    "crashes": "Of coordinators, partitions and the ledger node.",
    "losses": "Of answers, after which the question is asked again.",
    "repeats": "Of messages, of which a copy comes at any later time.",
    "takeovers": "By recovery, of what its own coordinator is still at.",
    "timeouts": "Of coordinators that wait no longer for an answer.",
    "retries": "Of clients that ask again, of another coordinator.",
    "troubles": "Of all these together; alone, of every kind.",
}
F = TypeVar("F", bound=Callable[..., Any])


@data
class Asked:
    """What the command line asks for."""

    worlds: tuple[World, ...]
    is_one: bool  # One world by name: tell more of it.
    bounds: Bounds
    words: tuple[str, ...]  # Of the command, without the world.
    as_json: bool
    mutant: str | None
    scenario: str | None  # Where a schedule that ends badly is written.

    def command(self, world: World) -> str:
        """Return the command that walks one of the worlds."""
        return shlex.join(["twophase", "explore", world.name, *self.words])


@data
class Told:
    """What a walk has shown, with its schedule in words."""

    walked: Walked
    lines: tuple[Line, ...]
    explained: tuple[str, ...]  # The findings.
    unwritten: str = ""  # Why the schedule is no scenario, if one was asked for and is not written.


def limits_options(function: F) -> F:
    """Add an option for each thing that may go wrong."""
    for name in reversed(HELP):
        function = click.option(f"--{name}", metavar="N", help=HELP[name])(function)
    return function


@click.command("explore")
@click.argument("world", required=False, metavar="[WORLD|SCENARIO|FILE.toml]")
@click.option("--transactions", metavar="N", help="Only the first requests of the world.")
@limits_options
@click.option("--clocks", metavar="c1=10,c2=5", help="What hosts' clocks show for ever, in ms.")
@click.option("--depth", metavar="N", help="How many steps a schedule may have.  [default: any]")
@click.option("--states", metavar="N", help=f"When to stop.  [default: {STATES_MAX}]")
@click.option("--seconds", metavar="N", help="When to stop.  [default: never]")
@click.option("--at-ends", is_flag=True, help="Judge ends alone: what harm has come of it all.")
@click.option(
    "--scenario",
    metavar="FILE",
    help="Write a schedule that ends badly, to run with `twophase simulate`.",
)
@options.mutant
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    *,
    world: str | None,
    transactions: str | None,
    clocks: str | None,
    depth: str | None,
    states: str | None,
    seconds: str | None,
    at_ends: bool,
    scenario: str | None,
    mutant: str | None,
    as_json: bool,
    **limits: str | None,
) -> int:
    """Walk every schedule of a tiny world: every order in which its messages can come.

    Without a WORLD all that come with the product are walked, up to the first finding.  A scenario
    is one whose workload is `listed`, such as two-that-conflict; every single crash, loss, repeat,
    takeover, timeout and retry happens in it, one a schedule, if nothing else is asked for.

    The exit code is 0 if all holds, 1 if a schedule ends badly, 2 for bad input.
    """
    refuse_run_itself(world or "", {"--scenario": scenario})
    refuse_unreadable("--scenario", scenario)
    failure = failure_in(world or "", {})
    mutant = rule_of(failure, mutant)
    mutant_of(mutant)  # Known, or refused.
    given = {
        name: number(name, text, 0, LIMIT_MAX) for name, text in limits.items() if text is not None
    }
    count = None if transactions is None else number("transactions", transactions, 1, REQUESTS_MAX)
    worlds = tuple(
        changed(one, given, count, clocks_of(clocks)) for one in worlds_of(world, given, count)
    )
    bounds = Bounds(
        STATES_MAX if states is None else number("states", states, 1, ALL_STATES_MAX),
        None if depth is None else number("depth", depth, 1, DEPTH_MAX),
        None if seconds is None else number("seconds", seconds, 1, SECONDS_MAX),
        at_ends,
    )
    options = {"transactions": transactions, **limits, "clocks": clocks, "depth": depth}
    options |= {"states": states, "seconds": seconds}
    words = [word for name, text in options.items() if text for word in (f"--{name}", text)]
    words += breaking(mutant, is_said=rule_of(failure, None) is not None)
    words += ["--at-ends"] if at_ends else []
    asked = Asked(worlds, world is not None, bounds, tuple(words), as_json, mutant, scenario)
    with text_file("scenario", scenario) as file:
        return walked(asked, file)


def walked(asked: Asked, file: TextFile | None) -> int:
    """Walk all worlds that are asked for, show what that has shown, and return the exit code."""
    told: list[Told] = []
    for world in asked.worlds:
        with shown_progress(asked, world) as progress, broken(asked.mutant):
            told.append(one_told(world, asked, progress, file))
        if not told[-1].walked.ok:
            break
    if file is not None and not file.text:
        why = told[-1].unwritten or "no schedule ends badly"
        click.echo(f"twophase: no scenario is written: {why}", err=True)
    if asked.as_json:
        from twophase.cli.explore_json import as_json  # noqa: PLC0415  # Only who asks waits.

        click.echo(as_json(asked, told))
    else:
        from twophase.cli import explore_summary  # noqa: PLC0415  # Imports rich, for drawing only.

        explore_summary.show(asked, told)
    return 0 if all(one.walked.ok for one in told) else FINDING


def one_told(world: World, asked: Asked, progress: Progress | None, file: TextFile | None) -> Told:
    """Walk one world, and write the schedule that ends badly to the file, if it can be."""
    walk, found = explore(world, asked.bounds, progress)
    if found.schedule is None:
        return Told(found, (), ())
    teller = Teller(walk.states)
    lines = tuple(teller.lines(found.schedule))
    unwritten = "" if file is None else written(walk, found.schedule, asked.mutant, file)
    return Told(found, lines, tuple(teller.explained(one) for one in found.findings), unwritten)


def written(walk: Walk, schedule: Schedule, mutant: str | None, file: TextFile) -> str:
    """Write a schedule as the file of a run that ends badly as well; else say why there is none."""
    world = walk.states.world
    try:
        text = scenario_of(walk.states, schedule, f"a schedule of {world.name}: {world.sentence}")
    except NotScriptedError as error:
        return str(error)
    failure = failure_of(run(parse(text, world.name, {}), SEED), mutant)
    if failure is None:
        return "in a run it does not end badly"
    file.text = text_of(failure)
    return ""


# What is asked for --------------------------------------------------------------------------------


def worlds_of(
    name: str | None, given: Mapping[str, int], transactions: int | None
) -> tuple[World, ...]:
    """Find the worlds of a name: all of them without one.

    Raises:
        BadInputError: There is none, or it is too large to be walked.
    """
    if name is None:
        return tuple(WORLDS.values())
    if name in WORLDS:
        return (WORLDS[name],)
    shipped = {entry.name for entry in SHIPPED.iterdir()}
    if not name.endswith(".toml") and f"{name}.toml" not in shipped:
        raise BadInputError(
            f"{name!r} is no tiny world; there are {', '.join(WORLDS)}, the scenarios"
            f" {' and '.join(LISTED)}, or give the path of a .toml file whose workload is listed"
        )
    scenario = one_cluster(loaded(name, {}))
    if scenario.workload != "listed":
        raise BadInputError(
            f"scenario {name} is too large to be walked: its workload is {scenario.workload}, and a"
            " tiny world lists its requests (workload listed)"
        )
    try:
        world = world_of(
            scenario.name,
            scenario.description,
            str(scenario.workload_keys["requests"]),
            there=str(scenario.workload_keys["there"]),
            partitions=scenario.number("cluster.partitions"),
            limits=Limits() if given else SINGLE,
            transactions=transactions,
        )
    except WorldError as error:
        raise BadInputError(f"scenario {name}: {error}") from error
    return (replace(world, name=name),)


def changed(
    world: World, given: Mapping[str, int], transactions: int | None, clocks_us: Mapping[str, int]
) -> World:
    """Change what the command line says of a world."""
    troubles = given.get("troubles")
    if troubles is not None and not any(given.get(kind) for kind in KINDS):
        # Of no kind in particular: of each that is not excluded.
        given = {**dict.fromkeys(KINDS, troubles), **given}
    limits = replace(world.limits, **given) if given else world.limits
    asked = world.asked if transactions is None else world.asked[:transactions]
    known = [*world.partitions, *(f"c{n}" for n in range(1, len(asked) + 1))]
    for host in clocks_us:
        if host not in known:
            raise BadInputError(f"--clocks: there is no {host}; there are {', '.join(known)}")
    return replace(world, limits=limits, asked=asked, clocks_us={**world.clocks_us, **clocks_us})


def clocks_of(text: str | None) -> dict[str, int]:
    """Read `c1=10,c2=5` as µs by host."""
    clocks = {}
    for part in text.split(",") if text is not None else ():
        host, is_set, ms = part.strip().partition("=")
        if not is_set:
            raise BadInputError(f"--clocks is like c1=10,c2=5, not {text!r}")
        clocks[host] = number("clocks", ms, 1, 1_000_000) * 1_000
    return clocks


def number(name: str, text: str, least: int, most: int) -> int:
    """Read a whole number of an option.

    Raises:
        BadInputError: It is none, or out of bounds.
    """
    found = whole_within(text, least, most)
    if found is None:
        raise BadInputError(f"--{name} is a whole number from {least} to {most}, not {text!r}")
    return found


@contextmanager
def shown_progress(asked: Asked, world: World) -> Iterator[Progress | None]:
    """Show how far a walk has come, if somebody is there to see it."""
    if asked.as_json or not sys.stderr.isatty():
        yield None
        return
    from twophase.cli.explore_progress import WalkBar  # noqa: PLC0415  # Imports rich.

    with WalkBar(world.name) as bar:
        yield bar.show
