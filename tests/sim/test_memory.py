"""A partition remembers what its disk has: where no crash harms that, no disk is needed."""

import pytest

from partition.server import PartitionServer
from partition.storage import Contents
from sim.cluster_run import Run
from sim.regions.run import RegionsRun
from sim.scenario import load

SEEDS = range(4)


def memories(name: str, seed: int) -> list[tuple[Contents, Contents]]:
    """Run a scenario; return what each partition remembers at its end, and what its disk has."""
    scenario = load(name)
    whole = (RegionsRun if scenario.regions else Run)(scenario, seed)
    whole.go()
    both = []
    for run in whole.runs if isinstance(whole, RegionsRun) else [whole]:
        for node, disk in run.cluster.disks.items():
            server = run.cluster.servers[node]
            assert isinstance(server, PartitionServer)
            both.append((Contents.of(server.machine.stored()), disk.contents))
    return both


@pytest.mark.parametrize(
    "name", ["bank", "orders-and-payments", "change-feed", "indexes", "global-tables"]
)
def test_at_the_end_a_partition_remembers_just_what_its_disk_has(name: str) -> None:
    for seed in SEEDS:
        for remembered, kept in memories(name, seed):
            assert vars(remembered) == vars(kept)


def test_splits_and_streams_are_among_what_was_compared() -> None:
    kept = [disk for seed in SEEDS for _, disk in memories("change-feed", seed)]

    assert any(one.holding is not None for one in kept)
    assert any(one.stream for one in kept)
    assert any(not shard.is_open for one in kept for shard in one.shards.values())
