"""Partitions split in runs, in the middle of all other trouble: nothing is wrong, most do split."""

from collections import Counter
from functools import cache

import pytest

from network.ids import NEVER
from partition.split import Holding, leave
from partition.storage import Changes
from sim import torn
from sim.faults import moves
from sim.faults.world import Begun, Fault, World
from sim.run import run
from sim.scenario import load, shipped
from tests.builders import EVERYTHING, SECOND_US, Stage, born
from tests.sim.trouble import TROUBLE

SEEDS, SEEDS_SOAK = 2, 400
SPLITS = {**TROUBLE, "faults.partition_splits": "3"}
MANY = {
    **SPLITS,
    "cluster.ledgers": "2",
    "cluster.managers": "2",
    "faults.partition_splits": "8",
    "network.late": "0.05",
    "protocol.stalled_after_us": "500000",
}


@cache
def swept(name: str, count: int, *, many: bool) -> tuple[Counter[str], tuple[str, ...]]:
    scenario = load(name, MANY if many else SPLITS)
    marks: Counter[str] = Counter()
    found: list[str] = []
    for seed in range(count):
        result = run(scenario, seed)
        marks.update(result.marks)
        marks["ordered"] += result.faults["partition_splits"]
        found += [f"seed {seed}: {finding.explanation}" for finding in result.findings]
    return marks, tuple(found)


def seeds(soak: bool, *, many: bool) -> int:
    return SEEDS_SOAK if soak else SEEDS - many


@pytest.mark.slow
@pytest.mark.parametrize("many", [False, True], ids=["some", "many"])
@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_scenario_whose_partitions_split_has_no_finding(
    name: str, many: bool, soak: bool
) -> None:
    _, found = swept(name, seeds(soak, many=many), many=many)

    assert found == ()


@pytest.mark.slow
def test_most_splits_are_committed_and_some_are_undone(soak: bool) -> None:
    seen: Counter[str] = Counter()
    for name in shipped():
        for many in (False, True):
            seen.update(swept(name, seeds(soak, many=many), many=many)[0])

    assert seen["partition.split_committed"] > seen["ordered"] // 2
    assert seen["partition.split_undone"] > 0


def test_a_run_whose_partitions_split_is_the_same_each_time() -> None:
    scenario = load("bank", SPLITS)

    assert run(scenario, 5).digest == run(scenario, 5).digest
    assert run(scenario, 5).marks["partition.split_committed"] > 0


def ordered(stage: Stage, strength: int, victim: str = "p1", world: World | None = None) -> bool:
    fault = Fault(0, 0, (victim,), SECOND_US, strength)
    return moves.split(world or World(stage.cluster), fault) is Begun.ANEW


@pytest.mark.parametrize("victim", ["p1", "l1"])
def test_the_fault_splits_partitions_and_ledger_nodes(victim: str) -> None:
    stage = Stage()

    assert ordered(stage, 1 << 15, victim)
    stage.run_for(SECOND_US)

    assert stage.marks["partition.split_committed"] == 1
    assert stage.cluster.placement_now().record.number == 1


def test_now_and_then_the_child_of_a_split_comes_late() -> None:
    stage = Stage()

    ordered(stage, 1 << 15 | 3)

    assert not stage.cluster.is_up("p3")
    stage.run_for(2 * SECOND_US)
    assert stage.cluster.is_up("p3")
    assert stage.marks["partition.split_committed"] == 1


@pytest.mark.parametrize(("who", "victim"), [(2, "p1"), (3, "p3")])
def test_now_and_then_somebody_crashes_in_the_middle_of_a_split(who: int, victim: str) -> None:
    stage = Stage()

    ordered(stage, 1 << 15 | who << 2 | 5 << 4)
    stage.run_until(lambda: not stage.cluster.is_up(victim))

    begun = stage.marks["partition.split_begun"]
    stage.run_for(10 * SECOND_US)

    assert begun == 1
    assert stage.marks["partition.split_committed"] == 1
    assert stage.cluster.disks[victim].contents.incarnation == 2


def test_a_child_hears_its_parent_while_the_network_is_split() -> None:
    stage = Stage()
    world = World(stage.cluster)
    world.links.split({host: int(host == "p2") for host in stage.cluster.all_names()})

    ordered(stage, 1 << 15, world=world)
    stage.run_for(SECOND_US)

    assert stage.marks["partition.split_committed"] == 1


def test_what_was_born_of_a_split_splits_as_well() -> None:
    stage = Stage()
    for strength in (1 << 15, 1 << 15 | 1 << 9, 1 << 15, 1 << 15 | 1 << 10):
        ordered(stage, strength)
        stage.run_for(SECOND_US)

    holdings = [stage.cluster.disks[f"p{n}"].contents.holding for n in range(3, 7)]
    assert len(stage.cluster.placement_now().partitions) == 6
    assert any(holding is not None and holding.attempts for holding in holdings)


def test_without_a_recovery_manager_there_is_nobody_to_order_a_split() -> None:
    stage = Stage()
    stage.cluster.crash("m1")

    assert not ordered(stage, 1 << 15)


def test_a_change_of_a_range_is_in_the_bytes_of_a_disk() -> None:
    held = leave(Holding(EVERYTHING), 1_000, "p2")
    changes = Changes("", NEVER, (), (), 7, held)

    assert held is not None
    assert torn.read(torn.written(changes)) == changes
    contents = born()
    contents.take(changes)
    assert contents.copy().holding == contents.load().holding == held
