"""Which writer must come after which, and in which lines a reader meets the shards of a stream.

Only what writers found and left counts: what they must come before and after is what every order
of the transactions has in common.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from network.messages import RecordKey
from network.streams import Shard
from sim.checkers.disks import lsn_of
from sim.checkers.evidence import Evidence


def followers_of(evidence: Evidence) -> dict[str, list[str]]:
    """Say for each writer which ones must come after it: they found what it left, or replaced it.

    Writers are named as the versions of items name them; a check is a writer that leaves none.
    """
    after: dict[str, list[str]] = defaultdict(list)
    checks: dict[tuple[RecordKey, int], list[str]] = defaultdict(list)
    for writer, changes in evidence.changes():
        for key, before, after_lsn in changes:
            if after_lsn is None:
                checks[key, lsn_of(before)].append(writer)
    for key, versions in evidence.versions.items():
        found = [(version.lsn, version.writer) for version in versions]
        for n, (lsn, writer) in enumerate(found):
            following = found[n + 1][1] if n + 1 < len(found) else None
            readers = checks.get((key, lsn), [])
            after[writer] += readers
            if following is not None:
                after[writer].append(following)
                for reader in readers:
                    after[reader].append(following)
    return {writer: [one for one in others if one != writer] for writer, others in after.items()}


def topological(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Order the writers; those on a cycle are left out: that is another check's to tell."""
    missing = Counter(one for others in after.values() for one in others)
    ready = [writer for writer in after if not missing[writer]]
    order: list[str] = []
    while ready:
        writer = ready.pop()
        order.append(writer)
        for follower in after.get(writer, ()):
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)
    return order


def lines(shards: Sequence[Shard]) -> Iterator[list[Shard]]:
    """Give each line of shards from a first one to its youngest descendant."""
    known = {shard.id: shard for shard in shards}
    parents = {shard.parent for shard in shards}
    for shard in shards:
        if shard.id not in parents:
            line = [shard]
            while line[0].parent in known and len(line) <= len(shards):
                line.insert(0, known[line[0].parent])
            yield line
