"""What came of a run's streams, in numbers."""

from collections.abc import Sequence

from items.data import data
from sim.checkers.stream_appends import StreamAppends
from sim.checkers.streams_kept import kept_by
from sim.cluster import Cluster
from sim.stream_reader import StreamReader


@data
class StreamsSeen:
    """All streams of a run, and who read them."""

    records: int
    waited: int  # Of these, for an older transaction.
    shards: int  # Children of splits are among them.
    children: int
    got: tuple[int, ...]  # By reader: the records that it got.
    expired: int  # Iterators that readers came back too late with.


def streams_seen(
    cluster: Cluster, appends: StreamAppends, readers: Sequence[StreamReader]
) -> StreamsSeen:
    """Count what the disks have in the end, and what readers got of it."""
    kept = kept_by(cluster)
    return StreamsSeen(
        sum(map(len, kept.records.values())),
        appends.waited,
        len(kept.shards),
        sum(bool(shard.parent) for shard in kept.shards),
        tuple(len(reader.got) for reader in readers),
        cluster.trace.marks.get("iterator.expired", 0),
    )
