"""What a reader of streams got, by what there is: each record once, in order, parents first.

What a record says is what is kept of it, and no two records have the same id: by that consumers
know what they have seen.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from items.keys import key_attributes
from items.values import Item
from network.streams import Shard, StreamRecord, sequence_number
from sim.checkers.finding import Finding
from sim.checkers.streams_kept import Kept, finding, shows_both_images
from sim.stream_reader import Got

DIFFERENCES_MAX = 3  # Told of one shard.


def check_reader(
    kept: Kept, got: Sequence[Got], is_whole: Callable[[str, str], bool], *, is_all: bool
) -> Iterator[Finding]:
    """Judge what a reader got by what there is, and alone if that `is_all` that ever was.

    Of what was let go a reader has what it was in time for.  `is_whole` is of streams that are as
    old as their tables.
    """
    by_shard: dict[str, list[str]] = defaultdict(list)
    places: dict[str, list[int]] = defaultdict(list)
    for n, one in enumerate(got):
        by_shard[one.shard].append(one.sequence)
        places[one.shard].append(n)
    for shard in kept.shards:
        there = [sequence_number(record.sequence) for record in kept.records[shard.id]]
        here = [one for one in by_shard[shard.id] if one > sequence_number(shard.trimmed)]
        if here != there:
            text = f"of {shard.id} a reader got {_differences(here, there)}"
            yield finding("reader differs", text)
        before = places.get(shard.parent)
        if before and places[shard.id] and before[-1] > places[shard.id][0]:
            text = f"a reader got records of {shard.id} before it had all of {shard.parent}"
            yield finding("child read early", text)
    yield from _told(kept, got)
    if is_all and shows_both_images(kept):
        yield from _images(got, is_whole)


def _told(kept: Kept, got: Sequence[Got]) -> Iterator[Finding]:
    """Judge what each record says, as far as it is still there, and that its id is its own."""
    there = {
        (shard.id, sequence_number(record.sequence)): got_of(shard, record)
        for shard in kept.shards
        for record in kept.records[shard.id]
    }
    places: dict[str, tuple[str, str]] = {}
    for one in got:
        place = one.shard, one.sequence
        right = there.get(place)
        if right is not None and right != one._replace(arn="", parent="", id=""):
            text = f"a reader got {one.sequence} of {one.shard} as {one}; it is {right}"
            yield finding("record told otherwise", text, one.transaction)
        if places.setdefault(one.id, place) != place:
            text = f"a reader got {one.sequence} of {one.shard} and {places[one.id]} under one id"
            yield finding("event id repeated", text, one.transaction)


def got_of(shard: Shard, record: StreamRecord) -> Got:
    """Return what a reader is to get of a record, without its stream, parent and id."""
    key = key_attributes(shard.schema, record.key)
    return Got(
        "",
        shard.id,
        "",
        sequence_number(record.sequence),
        record.event,
        key,
        record.old,
        record.new,
        record.transaction,
        "",
        record.size_bytes,
        shard.stream.view,
    )


def _differences(got: Sequence[str], there: Sequence[str]) -> str:
    missing, more = Counter(there) - Counter(got), Counter(got) - Counter(there)
    if not missing and not more:
        return "the records in another order"
    told = [
        f"{kind} {', '.join(sorted(some)[:DIFFERENCES_MAX])}"
        for kind, some in (("not", missing), ("also", more))
        if some
    ]
    return f"{len(got)} of {len(there)} records: {'; '.join(told)}"


def _images(got: Sequence[Got], is_whole: Callable[[str, str], bool]) -> Iterator[Finding]:
    """Judge that each old image is the new one before it, as a reader without any model can.

    Of a stream that was switched on later, the first record of an item says what there was.
    """
    copy: dict[tuple[str, str], Item | None] = {}
    for one in got:
        place = one.arn, repr(sorted(one.key.items()))
        known = place in copy or is_whole(*named(one.arn))
        if known and copy.get(place) != one.old:
            text = (
                f"a reader got {one.sequence} of {one.shard}, which says that {one.key} was"
                f" {one.old}; by what it got before it was {copy.get(place)}"
            )
            yield finding("reader out of order", text, one.transaction)
        copy[place] = one.new


def named(arn: str) -> tuple[str, str]:
    """Read the table's name and the stream's label from a stream's ARN."""
    *_, table, _, label = arn.split("/")
    return table, label
