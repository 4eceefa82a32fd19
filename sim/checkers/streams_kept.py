"""The streams as the disks have them in the end, and how a finding about them is made."""

from collections.abc import Iterator, Mapping, Sequence

from items.data import data
from network.placement import NOTHING
from network.streams import Shard, StreamRecord
from sim.checkers.finding import Finding
from sim.cluster import Cluster

BY_STREAM = ("streams in the transactions' order",)


@data
class Kept:
    """All streams as the disks have them: shards, parents before children, and their records."""

    shards: tuple[Shard, ...]
    records: Mapping[str, Sequence[StreamRecord]]  # By shard.
    waiting: tuple[tuple[str, StreamRecord], ...]  # With the partition.


def kept_by(cluster: Cluster) -> Kept:
    """Read the streams from the disks of all partitions that have a range."""
    placement = cluster.placement_now()
    found: dict[str, Shard] = {}
    records: dict[str, list[StreamRecord]] = {}
    waiting: list[tuple[str, StreamRecord]] = []
    for name in cluster.partitions:
        if placement.range_of(name) == NOTHING:
            continue  # It was to be somebody's child, and never was.
        contents = cluster.disks[name].contents
        found.update(contents.shards)
        records.update({shard: [] for shard in contents.shards})
        for record in sorted(contents.stream.values(), key=_sequence):
            if record.sequence:
                records[record.shard].append(record)
            else:
                waiting.append((name, record))
    return Kept(tuple(_parents_first(found)), records, tuple(waiting))


def shows_both_images(kept: Kept) -> bool:
    """Say whether records can be held against each other: what was, and what is."""
    return all(shard.stream.view == "NEW_AND_OLD_IMAGES" for shard in kept.shards)


def _parents_first(shards: Mapping[str, Shard]) -> Iterator[Shard]:
    given: set[str] = set()
    left = [shards[name] for name in sorted(shards)]
    while left:
        ready = [one for one in left if one.parent not in shards or one.parent in given]
        if not ready:  # Shards that are each other's parents: told as a broken lineage.
            yield from left
            return
        yield from ready
        given.update([one.id for one in ready])
        left = [one for one in left if one.id not in given]


def finding(kind: str, text: str, *about: str) -> Finding:
    return Finding("streams", kind, text, tuple(one for one in about if one), "", BY_STREAM)


def _sequence(record: StreamRecord) -> int:
    return record.sequence
