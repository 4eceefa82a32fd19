"""The same failure in a smaller world of its own workload: fewer faults, hosts and transactions.

Each change is kept only if the same anomaly is still seen: at the seed where it was, or at one of
the next few.  A world with fewer transactions fails less often, and each of its runs takes less
time; so the smaller it gets, the more seeds are worth trying.
"""

from collections.abc import Iterator, Mapping

from items.data import data
from sim.keys import COUNTED, KEYS, MILD, ScenarioError, Value
from sim.scenario import Scenario
from sim.search.shrink.trials import Trials
from sim.sense import check_sense

Changed = Mapping[str, Value]

# How many seeds fewer transactions are worth, in the end: of few a run is soon over.
SEEDS_OF = {100: 24, 40: 40, 20: 60, 10: 100, 6: 12, 4: 12, 3: 12, 2: 12}
FEW = 10  # From a world with no more than these something is told, so there the next step may fail.
# Fewer hosts, and how many seeds that is worth: with one router and one coordinator nothing is left
# to chance in how a request finds its way, so that a run can be told choice by choice.
FEWER: tuple[tuple[Changed, int], ...] = (
    ({"cluster.routers": 1, "cluster.coordinators": 1}, 10),
    ({"cluster.routers": 1}, 6),
    ({"cluster.coordinators": 1}, 4),
    ({"cluster.ledgers": 1}, 2),
    ({"cluster.managers": 1}, 2),
    ({"cluster.partitions": 2}, 2),
)


@data
class World:
    """A scenario and a seed from which it fails."""

    scenario: Scenario
    seed: int

    def setting(self, changed: Mapping[str, Value]) -> "World | None":
        """Return it with keys set otherwise; None if that makes no sense, or is what it was."""
        scenario = self.scenario
        keys = {**scenario.keys, **changed}
        if keys == scenario.keys:
            return None
        try:
            check_sense(scenario.workload, scenario.workload_keys, keys)
        except ScenarioError:  # As said: it makes no sense.
            return None
        return World(
            Scenario(
                scenario.name,
                scenario.description,
                scenario.workload,
                keys,
                scenario.workload_keys,
                scenario.steps,
            ),
            self.seed,
        )


def smaller(world: World, trials: Trials) -> Iterator[World]:
    """Yield ever smaller worlds that still fail, the smallest last.

    Raises:
        BudgetSpentError: There are no runs left.
    """
    # Once roughly, because runs of a smaller world take less time; and again at the end.
    for found in fewer_transactions(world, trials, dict.fromkeys(SEEDS_OF, 3)):
        world = found
        yield world
    changes = [(one, 2) for one in faults_off(world.scenario)]
    for changed, seeds in (*changes, *FEWER):
        candidate = world.setting(changed)
        better = None if candidate is None else at_some_seed(candidate, trials, seeds)
        if better is not None:
            world = better
            yield world
    yield from fewer_transactions(world, trials, SEEDS_OF, insist=True)


def fewer_transactions(
    world: World, trials: Trials, seeds: Mapping[int, int], *, insist: bool = False
) -> Iterator[World]:
    """Yield worlds with ever fewer transactions, and no more clients than those.

    `insist`: where a step finds none, a world of many transactions is tried in a larger one.
    """
    for count in seeds:
        if count >= world.scenario.number("workload.transactions"):
            continue
        clients = min(count, world.scenario.number("workload.clients"))
        candidate = world.setting({"workload.transactions": count, "workload.clients": clients})
        found = None if candidate is None else at_some_seed(candidate, trials, seeds[count])
        if found is not None:
            world = found
            yield world
        elif not insist or count <= FEW:
            return


def faults_off(scenario: Scenario) -> Iterator[dict[str, Value]]:
    """Return each kind of fault of a scenario, switched off."""
    for key in (*COUNTED, *MILD):
        if scenario.keys[key]:
            yield {key: type(KEYS[key][0])(0)}


def at_some_seed(world: World, trials: Trials, count: int) -> World | None:
    """Return the world at its own seed or at another one, where it fails."""
    for seed in (world.seed, *range(count)):
        if trials.fails(world.scenario, seed):
            return World(world.scenario, seed)
    return None
