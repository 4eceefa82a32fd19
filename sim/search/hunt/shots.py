"""A shot: one run of one seed, with a rule broken or with none, and what the checks saw.

What the unbroken protocol shows in that very run counts for nothing.  The runs of a seed are alike
for all mutants, so a worker draws its world once, and runs it unbroken once.
"""

from functools import lru_cache
from time import process_time

from items.data import data
from sim.result import Result
from sim.run import run
from sim.scenario import Scenario
from sim.search.broken import broken, needs_of
from sim.search.hunt.draws import World
from sim.search.hunt.strategies import strategy_of
from sim.search.memory import forgotten, many_runs
from sim.tables import SetupError

NONE = "none"  # As a mutant's name: the protocol as it is, hunted like a mutant.
REMEMBERED_MAX = 1_024  # Seeds whose world a worker keeps.

Needs = tuple[tuple[str, str], ...]  # Keys of a scenario, and what they are to be.
Kind = tuple[str, str]  # A finding's checker, and its kind.


@data
class Shot:
    """What came of one seed."""

    seed: int
    strategy: str
    cpu_s: float  # For drawing the world and running it once.
    kinds: tuple[Kind, ...]  # Of its findings, each once, as the checks saw them.
    is_set_up: bool
    is_changed: bool | None  # Whether the run is another one than unbroken; None: nobody asked.


@data
class Order:
    """What a worker is asked: some seeds of one mutant, or of the unbroken protocol."""

    mutant: str | None
    seeds: tuple[int, ...]
    compares: bool = False  # Whether to find out what a broken rule changes at all.


@data
class Drawn:
    """A seed's world, and what drawing it has cost."""

    world: World
    scenario: Scenario
    cpu_s: float


def carry_out(order: Order) -> tuple[Shot, ...]:
    """Shoot at all seeds of an order; for a worker."""
    with many_runs():
        shots = [
            forgotten(shoot(order.mutant, seed, compares=order.compares)) for seed in order.seeds
        ]
    return tuple(shots)


def shoot(mutant: str | None, seed: int, *, compares: bool = False) -> Shot:
    """Run a seed's world with a mutant's rule broken."""
    needs = tuple(needs_of(mutant).items())
    drawn = drawn_for(seed, needs)
    strategy = strategy_of(seed).name
    began = process_time()
    try:
        with broken(mutant):
            result = run(drawn.scenario, seed)
    except SetupError:  # Said of the shot: no run, and so no finding.
        cpu_s = drawn.cpu_s + process_time() - began
        return Shot(seed, strategy, cpu_s, (), is_set_up=False, is_changed=None)
    cpu_s = drawn.cpu_s + process_time() - began
    kinds = kinds_in(result)
    if mutant is not None and kinds:
        _, innocent = unbroken(seed, needs)
        kinds = tuple(kind for kind in kinds if kind not in innocent)
    is_changed = result.digest != unbroken(seed, needs)[0] if compares else None
    return Shot(seed, strategy, cpu_s, kinds, is_set_up=True, is_changed=is_changed)


def kinds_in(result: Result) -> tuple[Kind, ...]:
    return tuple(dict.fromkeys((one.checker, one.kind) for one in result.findings))


@lru_cache(REMEMBERED_MAX)
def drawn_for(seed: int, needs: Needs = ()) -> Drawn:
    """Draw a seed's world, with what a mutant needs to show at all.

    Nothing may be broken meanwhile: some strategies run it to draw.
    """
    began = process_time()
    world = strategy_of(seed).world_of(seed)
    world = world.having(dict(needs))
    scenario = world.scenario()
    return Drawn(world, scenario, process_time() - began)


@lru_cache(REMEMBERED_MAX)
def unbroken(seed: int, needs: Needs = ()) -> tuple[str, tuple[Kind, ...]]:
    """Run a seed's world as it is; return the run's digest and what was found in it."""
    result = run(drawn_for(seed, needs).scenario, seed)
    return result.digest, kinds_in(result)
