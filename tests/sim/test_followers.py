"""Runs whose partitions have followers: stale reads, and nothing wrong, whatever happens."""

from functools import cache

import pytest

from sim.keys import ScenarioError
from sim.result import Result
from sim.run import run
from sim.scenario import load
from tests.sim.trouble import TROUBLE

SEEDS, SEEDS_SOAK = 2, 700
QUIET = {"faults.steps": "[]"}
CUT = "cut p1>f1 for 700ms after p1's write #80"


@cache
def ran(seed: int = 1, **more: str) -> Result:
    settings = {key.replace("__", "."): value for key, value in more.items()}
    return run(load("stale-reads", {**QUIET, **settings}), seed)


def oldest_us(result: Result) -> int:
    assert result.staleness is not None
    return result.staleness.age_us(100) or 0


def test_some_eventual_reads_are_stale_and_none_for_longer_than_followers_are_late() -> None:
    found = ran().staleness

    assert found is not None
    assert 0 < len(found.ages_us) < found.by_followers < len(found.points)
    assert oldest_us(ran()) < 70_000  # 50 ms, and the way there.


def test_a_cut_follower_is_behind_until_the_link_heals() -> None:
    result = ran(faults__steps=f'["{CUT}"]')

    assert result.ok
    assert all(told.happened for told in result.steps)
    assert oldest_us(result) > 200_000


def test_a_longer_delay_makes_reads_older() -> None:
    slow = ran(cluster__follower_delay_us="200000..400000")

    assert slow.ok
    assert oldest_us(slow) > oldest_us(ran()) * 2


def test_the_delay_may_have_a_long_tail() -> None:
    assert ran(cluster__follower_delay_us="log-normal 20000").ok


def test_the_same_seed_is_the_same_run() -> None:
    settings = {**TROUBLE, "faults.partition_splits": "2"}
    scenario = load("stale-reads", settings)

    first, second = run(scenario, 7), run(scenario, 7)

    assert first.digest == second.digest
    assert first.staleness == second.staleness


def test_without_followers_there_is_no_such_figure_and_no_such_check() -> None:
    result = ran(cluster__followers="0")

    assert result.ok
    assert result.staleness is None
    assert "eventual" not in result.checks
    assert "eventual" in ran().checks


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"faults.partition_splits": "3"},
        {"faults.all": "2"},
        {"cluster.follower_delay_us": "0", "disk.sync_us": "2000..20000"},
    ],
    ids=["trouble", "splits", "everything", "at once"],
)
def test_followers_in_trouble_show_nothing_wrong(more: dict[str, str], soak: bool) -> None:
    scenario = load("stale-reads", {**TROUBLE, **more})
    stale = 0

    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = run(scenario, seed)
        assert result.findings == (), f"seed {seed}: {result.findings[0].explanation}"
        assert result.staleness is not None
        stale += len(result.staleness.ages_us)
    assert stale > 0


@pytest.mark.parametrize("name", ["bank", "game-shop"])
def test_any_scenario_may_have_followers(name: str) -> None:
    settings = {"cluster.followers": "1", "workload.transactions": "40"}

    result = run(load(name, settings), 1)

    assert result.ok
    assert result.staleness is not None
    assert result.staleness.by_followers > 0


def test_a_step_names_a_follower_that_is_there() -> None:
    with pytest.raises(ScenarioError, match=r"names f5; there are f1 to f4"):
        load("stale-reads", {"faults.steps": '["crash f5 after p1\'s write #3"]'})
    with pytest.raises(ScenarioError, match="names f1"):
        load("bank", {"faults.steps": '["crash f1 after p1\'s write #3"]'})


@pytest.mark.parametrize("delay", ["", "x", "5..1", "-3", "log-normal 0"])
def test_a_delay_that_is_none_is_refused(delay: str) -> None:
    with pytest.raises(ScenarioError, match=r"cluster\.follower_delay_us is to be µs"):
        load("stale-reads", {"cluster.follower_delay_us": delay})
