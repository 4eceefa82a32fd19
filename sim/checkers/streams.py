"""The streams of a run: every change in them once, in an order that the transactions can have.

*From inside*, by what the disks have in the end: each change's record was in its append
(`stream_appends`) and has its place now, once; all records, shards after their parents, make of
nothing the tables as they are; and no record comes before one that must come before it.  Only the
writers have such an order here: a read transaction may see T1@10 and not yet T2@5, and be right,
and the stream has T2 first.  Of items whose records were rightly let go (`stream_limits`) less can
be said.

*From outside*, by what a reader got: each shard's records, each once and in their order, parents to
the end before children begin, each as it is kept; and each old image is the new image before it.
What else it was told, of shards and of iterators, is judged in `stream_requests`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from items.values import Item
from network.messages import RecordKey
from network.streams import Shard, StreamRecord, node_of_shard
from sim.checkers.calm import defined_tables
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.model import Place, shown_place
from sim.checkers.stream_appends import StreamAppends, shown
from sim.checkers.stream_order import followers_of, lines, topological
from sim.checkers.stream_readers import check_reader
from sim.checkers.stream_requests import check_requests
from sim.checkers.streams_kept import Kept, finding, kept_by, shows_both_images
from sim.cluster import Cluster
from sim.stream_reader import StreamReader

SIDES = 2  # Of a split: what stays, and what leaves.


def check_streams(
    evidence: Evidence,
    cluster: Cluster,
    appends: StreamAppends,
    tables: Mapping[Place, Item],
    readers: Sequence[StreamReader],
) -> Iterator[Finding]:
    """Judge streams by the appends, the tables and the writers' order; readers by the streams."""
    for kind, text, cause in appends.wrongs:
        yield finding(kind, text, cause)
    kept = kept_by(cluster)
    yield from _lineage(kept)
    yield from _ends(kept, cluster)
    yield from _once(kept, appends)
    if shows_both_images(kept):
        yield from _replayed(kept, evidence, tables, appends, on_now(cluster))
    yield from _ordered(kept, evidence)
    for reader in readers:
        yield from check_reader(kept, reader.got, appends.is_whole, is_all=not appends.let_go)
        for shard, wanted, first in reader.misplaced:
            text = f"an iterator at {wanted} of {shard} begins with {first}"
            yield finding("iterator misplaced", text)
    valid_us, apart_us = cluster.settings.router.iterator_valid_us, cluster.clocks_apart_us()
    asked = cluster.read_history
    yield from check_requests(kept, asked, valid_us=valid_us, apart_us=apart_us)


# From inside --------------------------------------------------------------------------------------


def _lineage(kept: Kept) -> Iterator[Finding]:
    """Judge that each shard but a stream's first ones has a parent, which has ended.

    When a range leaves, two shards follow its parent's: so one that has one child has lost another.
    """
    shards = {shard.id: shard for shard in kept.shards}
    children = Counter(shard.parent for shard in kept.shards if shard.parent)
    for parent_id, count in children.items():
        if count != SIDES:
            yield finding(
                "lineage broken", f"{parent_id} has {count} children, and a split makes 2"
            )
    for shard in kept.shards:
        node = node_of_shard(shard.id)
        parent = shards.get(shard.parent)
        if not shard.parent:
            before = [
                one.id
                for one in kept.shards
                if _stream(one) == _stream(shard) and node_of_shard(one.id) == node
                if one.first < shard.first
            ]
            if before:
                yield finding("lineage broken", f"{shard.id} of {node} names no parent")
        elif parent is None or _stream(parent) != _stream(shard):
            yield finding("lineage broken", f"{shard.id} names {shard.parent}, and nobody has it")
        elif parent.is_open or parent.last > shard.first:
            text = f"{shard.id} begins before {parent.id}, its parent, ends"
            yield finding("lineage broken", text)
        numbers = [record.sequence for record in kept.records[shard.id]]
        inside = all(shard.first < one and (shard.is_open or one < shard.last) for one in numbers)
        if not inside or numbers != sorted(set(numbers)):
            yield finding("lineage broken", f"{shard.id} has records out of its numbers")


def _ends(kept: Kept, cluster: Cluster) -> Iterator[Finding]:
    """Judge that each partition has one open shard of each stream that is on, and no other."""
    wanted = Counter(
        (node, stream) for node in cluster.serving() for stream in on_now(cluster).values()
    )
    found = Counter((node_of_shard(one.id), _stream(one)) for one in kept.shards if one.is_open)
    for place in sorted({*wanted, *found}):
        node, (_, label) = place
        if found[place] != wanted[place]:
            state = "on" if wanted[place] else "off"
            text = f"{node} has {found[place]} open shards of the stream {label}, which is {state}"
            yield finding("shards differ", text)


def on_now(cluster: Cluster) -> dict[str, tuple[str, str]]:
    """Return the streams that are on, by their tables' names, as the definitions have it."""
    return {
        table.name: (table.id, table.traits.stream.label)
        for _, table in defined_tables(cluster)
        if table.traits.stream is not None
    }


def _once(kept: Kept, appends: StreamAppends) -> Iterator[Finding]:
    """Judge that each record of an append has its place, one place, and nothing else has one."""
    for node, record in kept.waiting:
        text = f"{node}: {_told(record)} still waits for its place, and nothing is ongoing"
        yield finding("record unreleased", text, record.transaction)
    found: dict[RecordKey, Counter[tuple[str, int]]] = defaultdict(Counter)
    for records in kept.records.values():
        for record in records:
            found[record.table, record.key][record.transaction, record.lsn] += 1
    for _, record in kept.waiting:
        found[record.table, record.key][record.transaction, record.lsn] += 1
    for key in sorted({*found, *appends.expected}, key=repr):
        wanted = Counter(appends.expected.get(key, ()))
        for (transaction, lsn), count in (wanted - found[key]).items():
            who = transaction or "a singleton"
            text = f"{who}'s change of {shown(key[1])} (LSN {lsn}) is missing {count} times"
            yield finding("record lost", text, transaction)
        for (transaction, lsn), count in (found[key] - wanted).items():
            who = transaction or "a singleton"
            text = f"{who}'s change of {shown(key[1])} (LSN {lsn}) is there {count} times too often"
            yield finding("record repeated", text, transaction)


def _replayed(
    kept: Kept,
    evidence: Evidence,
    tables: Mapping[Place, Item],
    appends: StreamAppends,
    on: Mapping[str, tuple[str, str]],
) -> Iterator[Finding]:
    """Judge that all records of a stream, in their order, make the tables of nothing.

    Of a stream that was switched on later, the first record of an item says what there was.
    """
    copies: dict[tuple[str, str], dict[Place, Item | None]] = defaultdict(dict)
    unknown = {evidence.place(key) for key in appends.let_go}
    for shard in kept.shards:
        copy = copies[_stream(shard)]
        is_whole = appends.is_whole(shard.stream.table_name, shard.stream.label)
        for record in kept.records[shard.id]:
            place = evidence.place((record.table, record.key))
            known = (place in copy or is_whole) and place not in unknown
            if known and copy.get(place) != record.old:
                text = (
                    f"{shard.id}: {_told(record)} says it was {record.old}, and the records before"
                    f" it leave {copy.get(place)}"
                )
                yield finding("record out of order", text, record.transaction)
            copy[place] = record.new
    for name, stream in on.items():
        copy = copies[stream]
        real = {place: item for place, item in tables.items() if place[0] == name}
        places = {*copy, *real} if appends.is_whole(name, stream[1]) else set(copy)
        for place in sorted(places, key=repr):
            if copy.get(place) != real.get(place) and place not in unknown:
                text = (
                    f"{shown_place(place)} is {real.get(place)}; all records of its stream leave"
                    f" {copy.get(place)}"
                )
                yield finding("copy differs", text)


def _ordered(kept: Kept, evidence: Evidence) -> Iterator[Finding]:
    """Judge that no record comes before one that must come before it, in any line of shards."""
    after = followers_of(evidence)
    order = topological(after)
    writers = {
        (key, version.lsn): version.writer
        for key, versions in evidence.versions.items()
        for version in versions
    }
    for line in lines(kept.shards):
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        records = [record for shard in line for record in kept.records[shard.id]]
        for n, record in enumerate(records):
            writer = writers.get(((record.table, record.key), record.lsn), "")
            first.setdefault(writer, n)
            last[writer] = n
        # Of all that must come before a writer, the last record's place.
        behind: dict[str, int] = {}
        for writer in order:
            before = max(behind.get(writer, -1), last.get(writer, -1))
            place = first.get(writer)
            if writer and place is not None and place < behind.get(writer, -1):
                earlier = records[behind[writer]]
                text = (
                    f"{records[place].shard}: {_told(records[place])} comes before"
                    f" {_told(earlier)}, which must come first"
                )
                yield finding("stream out of order", text, writer, earlier.transaction)
            for follower in after.get(writer, ()):
                behind[follower] = max(behind.get(follower, -1), before)


def _told(record: StreamRecord) -> str:
    who = record.transaction or "a singleton"
    return f"{who}'s {record.event} of {shown(record.key)} @{record.timestamp}"


def _stream(shard: Shard) -> tuple[str, str]:
    return shard.table, shard.stream.label
