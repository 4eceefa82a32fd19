"""What is counted of faults: what was carried out, as the trace tells it."""

from collections import Counter

import pytest

from sim.cluster_run import Run
from sim.faults.kinds import KINDS, Kind
from sim.faults.nemesis import Nemesis
from sim.faults.world import Begun, Fault
from sim.scenario import load
from sim.trace import Event
from tests.sim.faults.small import SMALL, names, settings

# Kinds that overlap on one victim, with whom they hit here.
VICTIMS = {
    "cuts": ("c1", "p1"),
    "one_way_cuts": ("c1", "p1"),
    "splits": ("c1 0", "p1 1"),
    "holds": ("c1", "p1"),
    "clogs": ("c1", "p1"),
    "slow_disks": ("p1",),
    "full_disks": ("p1",),
    "throttles": ("p1",),
}


def kind_of(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def nemesis() -> Nemesis:
    going = Run(load("bank", SMALL), 1)
    return Nemesis(going.cluster, going.budget, going.plan)


@pytest.mark.parametrize("name", VICTIMS)
def test_a_fault_on_what_is_in_such_trouble_already_only_prolongs_it(name: str) -> None:
    kind, world = kind_of(name), nemesis().world
    fault = Fault(0, 0, VICTIMS[name], 1_000, 5)

    assert [kind.begin(world, fault), kind.begin(world, fault)] == [Begun.ANEW, Begun.LONGER]
    kind.end(world, fault)
    kind.end(world, fault)
    assert kind.begin(world, fault) is Begun.ANEW


def test_a_second_throttle_of_one_partition_is_not_counted() -> None:
    events: list[Event] = []
    keys = {"cluster__partitions": "1", "workload__transactions": "20", "faults__throttles": "20"}
    going = Run(load("bank", settings(keys)), 1)
    going.listen(events.append)
    result = going.go()

    assert result.faults["throttles"] == names(events).count("partition.throttled") < 20


@pytest.mark.parametrize("name", ["flaps", "swizzles"])
def test_a_fault_of_many_parts_counts_once_if_any_part_did_something(name: str) -> None:
    world = nemesis().world
    world.cluster.network.link("c1", "p1")  # A link that is known: others are not clogged.
    victims = {"flaps": ("c1", "p1"), "swizzles": ("c1", "p1", "p1", "c1")}[name]
    fault = Fault(0, 0, victims, 1_000, 5)

    assert kind_of(name).begin(world, fault) is Begun.NOTHING
    assert world.counts == Counter()
    world.cluster.loop.run_for(10_000)

    assert world.counts == Counter({name: 1})


def test_a_flap_of_a_link_that_is_cut_all_the_while_is_not_counted() -> None:
    world = nemesis().world
    cut, flap = kind_of("cuts"), kind_of("flaps")
    fault = Fault(0, 0, ("c1", "p1"), 1_000, 5)
    cut.begin(world, fault)

    flap.begin(world, fault)
    world.cluster.loop.run_for(10_000)

    assert world.counts == Counter()
    assert world.links.is_cut(("c1", "p1"))
