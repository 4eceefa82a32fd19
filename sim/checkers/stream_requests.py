"""What readers of streams were told beside records: where shards begin and end, and what is old.

A description has each shard's numbers and parent as they are kept, and once a reader has come to
the end of a shard, it says so.  An iterator is good for `iterator_valid_us` from when it was given,
and then no more; routers tell by their clocks, so what these may be apart is allowed for.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from network.streams import Shard, sequence_number
from sim.checkers.finding import Finding
from sim.checkers.streams_kept import Kept, finding
from sim.history import Operation

EXPIRED = "ExpiredIteratorException"


class Given(NamedTuple):
    """An iterator: of which shard it is, and between which moments it was given."""

    shard: str
    since_us: int
    until_us: int


def check_requests(
    kept: Kept, operations: Iterable[Operation], *, valid_us: int, apart_us: int
) -> Iterator[Finding]:
    """Judge what readers asked for, in the order of their answers."""
    shards = {shard.id: shard for shard in kept.shards}
    given: dict[str, Given] = {}
    ended_us: dict[str, int] = {}  # When a reader knew that a shard ends where it was.
    for one in operations:
        if one.name == "GetRecords":
            iterator = given[one.request["ShardIterator"]]
            yield from _of_age(one, iterator, valid_us, apart_us)
            if one.outcome == "committed":
                _give(given, one.answer.get("NextShardIterator"), iterator.shard, one)
                if "NextShardIterator" not in one.answer:
                    ended_us.setdefault(iterator.shard, one.returned_us)
        elif one.outcome == "committed" and one.name == "GetShardIterator":
            _give(given, one.answer["ShardIterator"], one.request["ShardId"], one)
        elif one.outcome == "committed" and one.name == "DescribeStream":
            for told in one.answer["StreamDescription"]["Shards"]:
                name = told["ShardId"]
                if name in shards:  # Else it was let go since.
                    is_ended = name in ended_us and ended_us[name] < one.invoked_us
                    yield from _described(shards[name], told, is_ended=is_ended)


def _give(given: dict[str, Given], text: str | None, shard: str, by: Operation) -> None:
    """Note an iterator; one that was given twice, from its first time to its last."""
    if text is not None:
        known = given.get(text, Given(shard, by.invoked_us, by.returned_us))
        given[text] = known._replace(until_us=by.returned_us)


def _of_age(one: Operation, iterator: Given, valid_us: int, apart_us: int) -> Iterator[Finding]:
    """Judge whether an iterator was taken that is too old, or refused before it is."""
    least_us = one.invoked_us - iterator.until_us - apart_us
    most_us = one.returned_us - iterator.since_us + apart_us
    if one.outcome == "committed" and least_us > valid_us:
        text = f"an iterator of {iterator.shard} was good after {least_us} µs, not for {valid_us}"
        yield finding("iterator outlived", text, one.call)
    elif one.error == EXPIRED and most_us <= valid_us:
        text = f"an iterator of {iterator.shard} had expired after {most_us} µs, not {valid_us}"
        yield finding("iterator expired early", text, one.call)


def _described(shard: Shard, told: dict[str, Any], *, is_ended: bool) -> Iterator[Finding]:
    numbers = told["SequenceNumberRange"]
    right = shard.parent, sequence_number(shard.first)
    said = told.get("ParentShardId", ""), numbers["StartingSequenceNumber"]
    end = numbers.get("EndingSequenceNumber")
    if said != right:
        text = f"{shard.id} was described with parent and beginning {said}; they are {right}"
        yield finding("shard told otherwise", text)
    elif end is None and is_ended:
        text = f"{shard.id} was described as open to a reader who had come to its end"
        yield finding("shard told otherwise", text)
    elif end is not None and (shard.is_open or end != sequence_number(shard.last)):
        kept = "open" if shard.is_open else sequence_number(shard.last)
        yield finding("shard told otherwise", f"{shard.id} was said to end at {end}; it is {kept}")
