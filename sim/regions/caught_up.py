"""Whether every region has heard of everything, by what the disks and the replicators say.

A change is heard of when the other region has said that it is durable there.  What a replicator
knows of that it keeps in memory as well; one that has crashed reads it again.
"""

from collections.abc import Iterator, Sequence

from replication.replicator import Replicator
from replication.sender import Way
from sim.checkers.finding import Finding
from sim.cluster_run import Run

TOLD_MAX = 5


def is_caught_up(runs: Sequence[Run]) -> bool:
    return not any(_behind(runs))


def check_caught_up(runs: Sequence[Run]) -> Iterator[Finding]:
    """Tell what some region has not heard of, and how far it has come."""
    for count, text in enumerate(_behind(runs)):
        if count == TOLD_MAX:
            return
        yield Finding("replication", "unfinished", text, ())


def _behind(runs: Sequence[Run]) -> Iterator[str]:
    for run in runs:
        cluster, region = run.cluster, run.cluster.region
        assert region is not None, "each run is one region's"
        server = cluster.servers.get("x1")
        if not isinstance(server, Replicator):
            yield f"{region.name}.x1 is down"
            continue
        # A child that was given up has copies of what its parent serves.
        for name in cluster.placement_now().partitions:
            contents = cluster.disks[name].contents
            last: dict[str, int] = {}
            for record in contents.stream.values():
                if not record.sequence:
                    yield f"{region.name}.{name}: a change waits to be released into its stream"
                last[record.shard] = max(last.get(record.shard, 0), record.sequence)
            for shard in contents.shards:
                for other in region.others:
                    there = server.sender.positions.get(Way(shard, other), -1)
                    if there < last.get(shard, 0):
                        yield (
                            f"{other} has heard of {region.name}'s {shard} up to {there}, and"
                            f" {name} has {last.get(shard, 0)} in it"
                        )
