"""What a reader of streams got, by what there is: each record once, in order, parents first."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from items.values import Item
from network.streams import sequence_number
from sim.checkers.finding import Finding
from sim.checkers.streams_kept import Kept, finding, shows_both_images
from sim.stream_reader import Got

DIFFERENCES_MAX = 3  # Told of one shard.


def check_reader(
    kept: Kept, got: Sequence[Got], is_whole: Callable[[str, str], bool]
) -> Iterator[Finding]:
    """Judge what a reader got by what there is; `is_whole` is of streams as old as their tables."""
    by_shard: dict[str, list[str]] = defaultdict(list)
    places: dict[str, list[int]] = defaultdict(list)
    for n, one in enumerate(got):
        by_shard[one.shard].append(one.sequence)
        places[one.shard].append(n)
    for shard in kept.shards:
        there = [sequence_number(record.sequence) for record in kept.records[shard.id]]
        if by_shard[shard.id] != there:
            text = f"of {shard.id} a reader got {_differences(by_shard[shard.id], there)}"
            yield finding("reader differs", text)
        before = places.get(shard.parent)
        if before and places[shard.id] and before[-1] > places[shard.id][0]:
            text = f"a reader got records of {shard.id} before it had all of {shard.parent}"
            yield finding("child read early", text)
    if shows_both_images(kept):
        yield from _images(got, is_whole)


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
