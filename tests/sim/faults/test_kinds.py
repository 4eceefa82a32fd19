"""Each kind of fault: it is carried out, told in the trace, survived, and over in the calm."""

from collections import Counter

import pytest

from sim.chance import Overrides
from sim.cluster_run import Run
from sim.faults.kinds import KINDS
from sim.keys import KEYS, SURVIVED
from sim.result import Result
from sim.scenario import load
from sim.trace import Event
from tests.sim.faults.small import SMALL, names

SURVIVABLE = [kind.name for kind in KINDS if f"faults.{kind.name}" in SURVIVED]
BUSY = {**SMALL, "workload.transactions": "20", "workload.clients": "4"}
# What the trace tells of each kind, as it begins and as it ends.
TOLD = {
    "crashes": ("host.crashed", "host.started"),
    "pauses": ("host.paused", "host.resumed"),
    "clock_jumps": ("clock.jumped", "clock.jumped"),
    "cuts": ("link.cut", "link.healed"),
    "one_way_cuts": ("link.cut", "link.healed"),
    "flaps": ("link.cut", "link.healed"),
    "splits": ("network.split", "network.united"),
    "holds": ("link.held", "link.released"),
    "clogs": ("links.clogged", "links.unclogged"),
    "swizzles": ("links.clogged", "links.unclogged"),
    "slow_disks": ("disk.slowed", "disk.hastened"),
    "full_disks": ("append.failed", "disk.cleared"),
    "torn_writes": ("write.torn", "write.dropped"),
    "throttles": ("partition.throttled", "partition.relented"),
    "partition_splits": ("partition.split_begun", "partition.split_committed"),
    "lying_disks": ("disk.lied", "host.crashed"),
}
CLIENTS_TALK = ("message.held",)


def runs(
    kind: str, count: int = 4, seed: int = 1, overrides: Overrides | None = None
) -> tuple[Result, list[Event]]:
    events: list[Event] = []
    going = Run(load("bank", {**BUSY, f"faults.{kind}": str(count)}), seed, overrides)
    going.listen(events.append)
    return going.go(), events


def test_every_kind_says_what_the_trace_tells_of_it() -> None:
    assert sorted(TOLD) == sorted(kind.name for kind in KINDS)


@pytest.mark.parametrize("kind", TOLD)
def test_a_kind_of_fault_is_carried_out_and_told(kind: str) -> None:
    begins, ends = TOLD[kind]
    seen: Counter[str] = Counter()
    count = 0
    for seed in range(3):
        result, events = runs(kind, seed=seed)
        seen.update(names(events))
        count += result.faults[kind]

    assert count >= 3
    assert seen[begins] > 0
    assert seen[ends] > 0


@pytest.mark.parametrize("kind", SURVIVABLE)
def test_a_correct_system_survives_it(kind: str) -> None:
    for seed in range(3):
        result, _ = runs(kind, seed=seed)

        assert [finding.explanation for finding in result.findings] == []


@pytest.mark.parametrize("kind", TOLD)
def test_all_is_healed_in_the_calm(kind: str) -> None:
    going = Run(load("bank", {**BUSY, f"faults.{kind}": "4"}), 2)
    going.go()
    cluster, links = going.cluster, going.cluster.network.links.values()

    assert all(cluster.is_up(name) for name in cluster.all_names())
    assert not any(cluster.is_paused(name) for name in cluster.all_names())
    assert not any(link.cut or link.held is not None for link in links)
    assert all(link.weather == cluster.network.weather for link in links)
    assert all(disk.speed == cluster.settings.disk for disk in cluster.disks.values())
    assert not any(disk.full or disk.lies for disk in cluster.disks.values())
    machines = [cluster.machine(name) for name in cluster.partitions]
    assert not any(machine is not None and machine.throttled for machine in machines)


@pytest.mark.parametrize("kind", [kind.one for kind in KINDS])
def test_a_fault_that_is_overridden_does_not_come(kind: str) -> None:
    name = next(one.name for one in KINDS if one.one == kind)
    none, _ = runs(name, 2, overrides={(f"{kind} comes", 1): 0, (f"{kind} comes", 2): 0})

    assert none.faults[name] == 0


def test_a_kind_shifts_no_draw_of_another() -> None:
    def crashed(**keys: str) -> list[tuple[str, int]]:
        going = Run(load("bank", {**BUSY, "faults.crashes": "3", **keys}), 4)
        events: list[Event] = []
        going.listen(events.append)
        going.go()
        found = [event for event in events if event.name == "host.crashed"]
        return [(event.fields["host"], event.us) for event in found]

    # The first one at least is where it was, whatever else is drawn.
    assert crashed()[0] == crashed(**{"faults.throttles": "0", "faults.clock_jumps": "3"})[0]


def test_every_kind_has_its_keys() -> None:
    for kind in KINDS:
        assert KEYS[f"faults.{kind.name}"][0] == 0
        assert isinstance(KEYS[f"faults.{kind.span}"][0], str)
    assert len({kind.one for kind in KINDS}) == len(KINDS)


def test_a_client_may_be_paused_and_never_crashes() -> None:
    hit = {"host.paused": set(), "host.crashed": set()}  # type: dict[str, set[str]]
    for kind in ("pauses", "crashes"):
        for seed in range(4):
            for event in runs(kind, 30, seed)[1]:
                if event.name in hit:
                    hit[event.name].add(event.fields["host"][0])

    assert "k" in hit["host.paused"]
    assert "k" not in hit["host.crashed"]


# The disk that lies -------------------------------------------------------------------------------


def test_a_disk_that_lies_is_found_and_what_it_lost_is_named() -> None:
    found = [finding for seed in range(6) for finding in runs("lying_disks", 1, seed)[0].findings]

    lost = [one for one in found if one.checker == "disks"]
    assert lost
    assert all("is durable, and lost it in a crash" in one.explanation for one in lost)
    assert any(one.transactions for one in lost)


def test_a_disk_that_lies_is_found_by_what_it_does_as_well() -> None:
    """Some of what is lost does no harm; but within a few seeds the other checks see some."""
    found = [finding for seed in range(6) for finding in runs("lying_disks", 1, seed)[0].findings]

    assert {one.checker for one in found} - {"disks"}


# The safeguards -----------------------------------------------------------------------------------


def test_if_torn_writes_were_not_recognised_the_checks_would_find_half_an_append(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.torn.is_whole", lambda raw: True)
    keys = {**SMALL, "workload.transactions": "30", "workload.clients": "6"}
    del keys["workload.accounts"], keys["cluster.partitions"], keys["cluster.routers"]
    scenario = load("orders-and-payments", {**keys, "faults.torn_writes": "6"})

    found = [one for seed in range(6) for one in Run(scenario, seed).go().findings]

    assert found


def test_if_corrupt_frames_were_not_recognised_nodes_would_read_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("network.seal.is_whole", lambda frame, seal: True)

    result = Run(load("bank", {**BUSY, "network.corrupt": "0.05"}), 1).go()

    assert "CodecError" in result.findings[0].explanation


def test_corrupt_frames_are_survived() -> None:
    result = Run(load("bank", {**BUSY, "network.corrupt": "0.05"}), 1).go()

    assert result.faults["corrupt"] > 0
    assert result.ok
