"""Reads that may be late: who is asked, what silence costs, and which reads never go there."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from network.messages import Eventual, OfRange, Read, Scan, from_frame
from router.options import RouterOptions
from sim.settings import Shape
from tests.router.harness import World

KEY = {"pk": {"S": "rex"}}
STRONG = {"ConsistentRead": True}


def world(followers: int = 2) -> World:
    made = World(RouterOptions(followers=followers), Shape(clients=0, followers=followers))
    made.table()
    made.put({**KEY, "age": {"N": "3"}})
    made.loop.run_for(500_000)  # All followers have it.
    return made


def asked(made: World) -> Counter[str]:
    """Count, from now on, which kinds of hosts are asked to read user tables."""
    counts: Counter[str] = Counter()
    send = made.cluster.network.send

    def counting(source: str, target: str, frame: bytes) -> None:
        message = from_frame(frame).message
        if isinstance(message, Read | Scan | OfRange | Eventual) and target[0] in "pf":
            counts[target[0]] += 1
        send(source, target, frame)

    for host in made.cluster.hosts.values():
        host.send = partial(counting, host.name)
    return counts


def get(**more: Any) -> dict[str, Any]:
    return {"TableName": "pets", "Key": KEY, **more}


def test_an_eventual_read_goes_to_the_partition_or_to_a_follower() -> None:
    made = world()
    counts = asked(made)

    for _ in range(30):
        assert made.ok("GetItem", get())["Item"]["age"] == {"N": "3"}

    assert counts["p"] + counts["f"] == 30
    assert 10 <= counts["f"] < 30  # Two of three, give or take.


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetItem", get(**STRONG)),
        ("Query", {
            "TableName": "pets",
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "rex"}},
            **STRONG,
        }),
        ("Scan", {"TableName": "pets", **STRONG}),
        ("BatchGetItem", {"RequestItems": {"pets": {"Keys": [KEY], **STRONG}}}),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "pets", "Key": KEY}}]}),
    ],
)  # fmt: skip
def test_a_strong_read_never_goes_to_a_follower(operation: str, body: dict[str, Any]) -> None:
    made = world()
    counts = asked(made)

    for _ in range(10):
        made.ok(operation, body)

    assert counts["f"] == 0
    assert counts["p"] >= 10


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("Query", {
            "TableName": "pets",
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "rex"}},
        }),
        ("Scan", {"TableName": "pets"}),
    ],
)  # fmt: skip
def test_a_page_of_a_follower_is_the_page_of_its_partition(
    operation: str, body: dict[str, Any]
) -> None:
    made = world()
    counts = asked(made)

    answers = [made.ok(operation, body) for _ in range(10)]

    assert counts["f"] > 0
    assert answers == [made.ok(operation, {**body, **STRONG})] * 10


def test_a_batch_asks_followers_for_what_may_be_late_alone() -> None:
    made = world()
    made.table("cars")
    made.put(KEY, "cars")
    made.loop.run_for(500_000)
    counts = asked(made)

    for _ in range(10):
        body = {"RequestItems": {"pets": {"Keys": [KEY]}, "cars": {"Keys": [KEY], **STRONG}}}
        answer = made.ok("BatchGetItem", body)["Responses"]
        assert answer["pets"][0]["age"] == {"N": "3"}
        assert list(answer["cars"]) == [KEY]

    assert counts["f"] > 0
    assert counts["p"] >= 10


def test_a_follower_that_is_silent_costs_a_moment_and_no_answer() -> None:
    made = world()
    for name in made.cluster.followers:
        made.cluster.crash(name)

    for _ in range(10):
        assert made.ok("GetItem", get())["Item"]["age"] == {"N": "3"}


def test_a_follower_that_has_nothing_yet_sends_the_router_to_the_partition() -> None:
    made = world()
    for leader in made.cluster.partitions:
        made.cluster.crash(leader)
    for name in made.cluster.followers:
        made.cluster.crash(name)
        made.cluster.start(name)
    for leader in made.cluster.partitions:
        made.cluster.start(leader)

    assert made.ok("GetItem", get())["Item"]["age"] == {"N": "3"}


def test_a_read_after_a_write_may_be_late_and_a_strong_one_is_not() -> None:
    made = world()
    late = 0
    for n in range(20):
        made.put({**KEY, "age": {"N": str(n)}})
        late += made.ok("GetItem", get()).get("Item", {}).get("age") != {"N": str(n)}
        assert made.ok("GetItem", get(**STRONG))["Item"]["age"] == {"N": str(n)}

    assert late > 0


def test_a_table_that_followers_do_not_know_yet_is_read_all_the_same() -> None:
    made = world()
    made.table("new")
    made.put(KEY, "new")

    answers = [made.ok("GetItem", {"TableName": "new", "Key": KEY}) for _ in range(5)]

    assert all(answer in ({}, {"Item": KEY}) for answer in answers)


def test_without_followers_nothing_is_drawn_and_nobody_else_is_asked() -> None:
    made = World()
    made.table()
    made.put(KEY)
    counts = asked(made)

    for _ in range(5):
        made.ok("GetItem", get())

    assert counts == {"p": 5}
    assert not any("follower" in name for name in made.cluster.chance._sites)
