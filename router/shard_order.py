"""The order in which a stream's shards are told, a page at a time (API_DescribeStream).

A shard is told right behind the one that it comes from: whatever comes of a shard lies together.
Shards come into being between two pages, and by their names alone a new one may belong before the
place where a reader is, and its child behind it.  The reader would hear of the child only, take its
parent for one that is gone, and read it before changes that came earlier.  In this order a child
and its parent have nothing between them but what has come of that parent: if a reader has got as
far as that, it has heard of the parent.
"""

from collections.abc import Iterable, Mapping

from network.streams import Shard

Path = tuple[str, ...]  # From the oldest shard that is still there down to this one, by their ids.


def behind(start: str, shards: Iterable[Shard]) -> list[Shard]:
    """Return the shards that are told after the one called `start`, in order; '' is before all.

    A `start` that is gone was the oldest of its line.
    """
    known = {shard.id: shard for shard in shards}
    paths = [(path_of(shard, known), shard) for shard in known.values()]
    begin = path_of(known[start], known) if start in known else (start,)
    return [shard for path, shard in sorted(paths, key=_path) if path > begin]


def path_of(shard: Shard, known: Mapping[str, Shard]) -> Path:
    path = [shard.id]
    while shard.parent in known:
        shard = known[shard.parent]
        path.append(shard.id)
    return tuple(reversed(path))


def _path(told: tuple[Path, Shard]) -> Path:
    return told[0]
