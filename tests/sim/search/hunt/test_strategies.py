"""The portfolio: worlds that depend on the seed alone, and know nothing of any mutant."""

import subprocess
import sys

import pytest

from sim.run import run
from sim.scenario import Scenario, load
from sim.search.hunt.draws import Draws, World
from sim.search.hunt.requests import BASE, small_world
from sim.search.hunt.strategies import Strategy, portfolio, strategy_of
from sim.workloads.listed import REQUESTS_MAX
from tests.tidy import ROOT

SEEDS, SEEDS_SOAK = 2, 200

each_strategy = pytest.mark.parametrize("strategy", portfolio(), ids=lambda strategy: strategy.name)


@each_strategy
def test_the_same_seed_has_the_same_world(strategy: Strategy) -> None:
    assert strategy.world_of(7) == strategy.world_of(7)
    assert strategy.scenario_of(7) == strategy.scenario_of(7)


@each_strategy
def test_other_seeds_have_other_worlds(strategy: Strategy) -> None:
    worlds = [strategy.world_of(seed) for seed in range(8)]

    assert all(worlds.count(world) == 1 for world in worlds)


@pytest.mark.slow
@each_strategy
def test_the_unbroken_protocol_survives_a_strategy(strategy: Strategy, soak: bool) -> None:
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = run(strategy.scenario_of(seed), seed)

        assert result.findings == (), strategy.world_of(seed).words()


def test_strategies_take_turns() -> None:
    names = [one.name for one in portfolio()]

    assert [strategy_of(seed).name for seed in range(len(names))] == names
    assert strategy_of(len(names)).name == names[0]
    assert len(set(names)) == len(names)


def test_whoever_draws_a_world_imports_no_mutant() -> None:
    script = (
        "import sys\nfrom sim.search.hunt.strategies import portfolio\n"
        "for one in portfolio(): one.scenario_of(1)\n"
        "sys.exit(any(name.startswith('sim.mutants') for name in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


def test_each_key_is_drawn_for_itself() -> None:
    options = {"a": ("1", "2", "3"), "b": ("4", "5", "6"), "c": ("7", "8", "9")}
    fewer = {key: options[key] for key in ("a", "c")}

    for seed in range(20):
        drawn = Draws("any", seed).all_of(options)
        assert Draws("any", seed).all_of(fewer) == {key: drawn[key] for key in fewer}


def test_a_world_can_be_asked_for_on_a_command_line() -> None:
    world = World("bank", {"workload.clients": "3", "network.loss": "0.5"})

    assert world.words() == [
        *("bank", "--set", "workload.clients=3"),
        *("--set", "network.loss=0.5"),
    ]
    assert world.scenario() == load("bank", world.settings)


@pytest.mark.parametrize("seed", range(40))
def test_random_requests_are_requests(seed: int) -> None:
    settings = small_world(Draws("any", seed), 3, 10)
    scenario: Scenario = load(BASE, settings)  # Refuses a value that is given twice.

    lines = str(scenario.workload_keys["requests"]).splitlines()
    assert 2 <= len(lines) <= REQUESTS_MAX
    assert scenario.number("workload.clients") == len({line.partition(":")[0] for line in lines})


def test_random_requests_are_of_all_kinds() -> None:
    text = " ".join(
        small_world(Draws("any", seed), 3, 10)["workload.requests"] for seed in range(20)
    )

    for word in ("write", "read", "get", "put(", "update(", "delete(", "check(", "if =", "showing"):
        assert word in text


def test_faults_are_placed_on_what_the_undisturbed_run_has() -> None:
    (placed,) = (one for one in portfolio() if one.name == "placed")

    came = [run(placed.scenario_of(seed), seed).steps for seed in range(12)]

    assert all(came)
    assert sum(told.happened for steps in came for told in steps) > 12
