"""The order in which shards are told: a reader hears of a shard no sooner than of its parent."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from network.host import Host
from network.ids import TableId
from network.messages import FindShards, Shards
from network.placement import HASHES, Placement, PlacementRecord, Range, Share
from network.rpc import Ask, Patience
from network.settings import StreamSettings
from network.streams import Shard, shard_id
from router.nodes import Nodes
from router.options import RouterOptions
from router.shard_order import behind
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.loop import new_loop
from tests.builders import SCHEMA

TOLD = StreamSettings("NEW_IMAGE", "2026-11-22T08:00:00.000", "pets")
HALF = HASHES // 2


def shard(first: int, node: str, parent: str = "") -> Shard:
    return Shard(shard_id(first, node), TableId("t"), TOLD, SCHEMA, parent, 0, first)


def by_name(start: str, shards: Sequence[Shard]) -> list[Shard]:
    """Order as one would, and as is not good enough."""
    return sorted((one for one in shards if one.id > start), key=lambda one: one.id)


class Lineage:
    """Shards of partitions that split, each with sequence numbers of its own."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = {"p1": 1, "p2": 1}
        self.shards = [shard(1, "p1"), shard(1, "p2")]
        self.open = {"p1": self.shards[0], "p2": self.shards[1]}

    def split(self) -> None:
        node = self.random.choice(sorted(self.open))
        parent = self.open.pop(node)
        for one in (node, f"p{len(self.numbers) + 1}"):
            self.numbers[one] = self.numbers[node] + self.random.randint(1, 20)
            self.open[one] = shard(self.numbers[one], one, parent.id)
            self.shards.append(self.open[one])

    def trim(self) -> None:
        """Let the oldest shard that has ended go."""
        ended = [one for one in self.shards if one not in self.open.values()]
        if ended:
            self.shards.remove(ended[0])


def told_too_early(order: Any, seed: int) -> list[str]:
    """Read a list page by page while shards come and go; name those without their parent."""
    lineage = Lineage(Random(seed))
    heard: set[str] = set()
    early: list[str] = []
    start = ""
    while True:
        for _ in range(lineage.random.randint(0, 3)):
            lineage.random.choice([lineage.split, lineage.split, lineage.trim])()
        there = {one.id for one in lineage.shards}
        page = order(start, lineage.shards)[: lineage.random.randint(1, 3)]
        for one in page:
            if one.parent in there and one.parent not in heard:
                early.append(one.id)
            heard.add(one.id)
        if not page or len(heard) > 60:
            return early
        start = page[-1].id


def test_a_reader_hears_of_no_shard_before_its_parent() -> None:
    assert [seed for seed in range(2_000) if told_too_early(behind, seed)] == []


def test_in_the_order_of_their_names_it_would() -> None:
    assert any(told_too_early(by_name, seed) for seed in range(50))


def test_each_shard_is_told_once_and_in_one_order() -> None:
    for seed in range(50):
        lineage = Lineage(Random(seed))
        for _ in range(10):
            lineage.split()
        whole = behind("", lineage.shards)
        assert sorted(one.id for one in whole) == sorted(one.id for one in lineage.shards)
        for number, one in enumerate(whole, start=1):
            assert behind(one.id, lineage.shards) == whole[number:]


def test_a_reader_goes_on_behind_a_shard_that_is_gone() -> None:
    first, second = shard(1, "p1"), shard(1, "p2")
    child = shard(5, "p1", first.id)

    assert behind(first.id, [second, child]) == [second, child]


class Partitions:
    """Two partitions, of which the second is born while the first is asked for its shards.

    Its shard comes of one that the first had not yet when it answered.
    """

    def __init__(self) -> None:
        shares = (Share(Range(0, HALF), "p1"), Share(Range(HALF, HASHES), "p2"))
        self.split = PlacementRecord(1, shares, (Share(Range(0, HASHES), "l1"),))
        before, after = shard(1, "p1"), shard(5, "p1", shard(1, "p1").id)
        self.answers = {
            "p1": [
                Shards((before,), 1, self.split),
                Shards((replace(before, last=4), after), 9, self.split),
            ],
            "p2": [Shards((shard(9, "p2", after.id),), 9, self.split)],
        }
        self.asked: list[list[str]] = []

    def send(self, *_: object) -> None:
        raise AssertionError("nothing else is asked")

    async def ask_all(self, asks: Sequence[Ask], _: Patience) -> list[Shards]:
        assert all(isinstance(question, FindShards) for _, question in asks)
        self.asked.append([node for node, _ in asks])
        told = [self.answers[node] for node, _ in asks]
        return [one.pop(0) if len(one) > 1 else one[0] for one in told]


def test_who_answered_before_a_split_is_asked_again() -> None:
    partitions: Any = Partitions()
    placement = Placement(["p1"], ["l1"])
    loop = new_loop()
    clock, chance = SkewedClock(loop), NamedChance(1)
    host = Host("r1", 1, loop=loop, transport=partitions, clock=clock, timers=loop, chance=chance)
    nodes = Nodes(host, partitions, placement, ["c1"], RouterOptions())

    found = asyncio.run(nodes.find_shards("pets", ""))

    assert partitions.asked == [["p1"], ["p1", "p2"]]
    known = {one.id for one, _ in found}
    assert len(known) == 3
    assert all(one.parent in known for one, _ in found if one.parent)


@pytest.mark.parametrize("start", ["", "nothing of the kind"])
def test_of_no_shards_none_is_told(start: str) -> None:
    assert behind(start, []) == []
