"""The portfolio: strategies that know nothing of any mutant, and take turns.

No one of them is best at everything: what faults bring to light in one run, they hide in another.
"""

from collections.abc import Callable, Mapping

from items.data import data
from sim.scenario import Scenario
from sim.search.hunt.draws import Draws, World
from sim.search.hunt.placing import with_steps
from sim.search.hunt.requests import BASE, small_world
from sim.search.hunt.troubles import clocks, crashes, slow, small, splits, swarm
from sim.search.hunt.worlds import crowded, roomy


@data
class Strategy:
    """A way of making a world from a seed."""

    name: str
    about: str
    draw: Callable[[Draws], World]

    def world_of(self, seed: int) -> World:
        return self.draw(Draws(self.name, seed))

    def scenario_of(self, seed: int) -> Scenario:
        return self.world_of(seed).scenario()


Worlds = Callable[[Draws], tuple[str, dict[str, str]]]
Troubles = Callable[[Draws], Mapping[str, str]]


def shipped_in(worlds: Worlds, troubles: Troubles) -> Callable[[Draws], World]:
    """Make a strategy of a shipped scenario and trouble for it."""

    def draw(draws: Draws) -> World:
        name, sizes = worlds(draws)
        return World(name, {**sizes, **troubles(draws)})

    return draw


def _small(draws: Draws) -> World:
    return World(BASE, {**small_world(draws, 6, 16), **small(draws)})


def _placed(draws: Draws) -> World:
    return with_steps(draws, World(BASE, small_world(draws, 2, 5)))


# In the order of their turns.
STRATEGIES = (
    Strategy("swarm", "a crowded scenario, and some kinds of trouble", shipped_in(crowded, swarm)),
    Strategy(
        "races", "a crowded scenario in which messages may be slow", shipped_in(crowded, slow)
    ),
    Strategy(
        "crashes",
        "a crowded scenario, many short crashes, and late copies",
        shipped_in(crowded, crashes),
    ),
    Strategy(
        "clocks",
        "a scenario with room, clocks that are wrong, and little other trouble",
        shipped_in(roomy, clocks),
    ),
    Strategy(
        "splits",
        "a crowded scenario, partitions that split, and some trouble",
        shipped_in(crowded, splits),
    ),
    Strategy("small", "a few random requests, and a little trouble", _small),
    Strategy("placed", "a few random requests, and faults on random steps", _placed),
)


def portfolio() -> tuple[Strategy, ...]:
    """Return all strategies, in the order of their turns."""
    return STRATEGIES


def strategy_of(seed: int) -> Strategy:
    """Say whose turn a seed is."""
    return STRATEGIES[seed % len(STRATEGIES)]
