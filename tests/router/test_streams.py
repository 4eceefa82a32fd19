"""Streams at the front door: switched on and off, described, and read as consumers do."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from items.errors import (
    EXPIRED_ITERATOR,
    RESOURCE_NOT_FOUND,
    TRIMMED_DATA_ACCESS,
    VALIDATION,
    DynamoDBError,
)
from network.streams import node_of_shard
from partition.options import PartitionOptions
from router.stream_iterators import MARK, Iterator, _check, iterator_of, text_of
from router.stream_parameters import label_after
from sim.settings import Shape
from tests.router.harness import World

Json = Mapping[str, Any]
NAMED: Json = {"TableName": "pets"}
ON: Json = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
OFF: Json = {"StreamEnabled": False}
SOMEONES = "arn:aws:dynamodb:us-east-1:000000000000:table/cars/stream/2026-11-22T08:00:00.000"


class Feed(World):
    """A table with a stream, on one partition or some."""

    def __init__(
        self,
        view: str = "NEW_AND_OLD_IMAGES",
        records_max: int = 100,
        partitions: int = 1,
    ) -> None:
        super().__init__(shape=Shape(partitions=partitions, clients=0))
        vars(self.cluster.machine("p1"))["_options"] = PartitionOptions(
            stream_records_max=records_max
        )
        self.table()
        self.switch({**ON, "StreamViewType": view})
        self.arn = self.ok("DescribeTable", NAMED)["Table"]["LatestStreamArn"]

    def switch(self, specification: Json) -> Json:
        answer = self.ok("UpdateTable", {**NAMED, "StreamSpecification": specification})
        self.wait_for_status("pets", "ACTIVE")
        return dict(answer["TableDescription"])

    def change(self, *names: str, value: int = 1) -> None:
        for name in names:
            item = {"pk": {"S": name}, "v": {"N": str(value)}}
            self.ok("PutItem", {**NAMED, "Item": item})

    def described(self, **more: Any) -> Json:
        answer = self.ok("DescribeStream", {"StreamArn": self.arn, **more})
        return dict(answer["StreamDescription"])

    def shard(self) -> str:
        return str(self.described()["Shards"][0]["ShardId"])

    def iterator(self, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        return str(self.ok("GetShardIterator", self.asking(kind, **more))["ShardIterator"])

    def asking(self, kind: str = "TRIM_HORIZON", **more: Any) -> dict[str, Any]:
        asked = {"StreamArn": self.arn, "ShardId": self.shard(), "ShardIteratorType": kind}
        return {**asked, **more}

    def records(self, iterator: str, **more: Any) -> Json:
        return self.ok("GetRecords", {"ShardIterator": iterator, **more})

    def read(self, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        """Read from somewhere on, and name the items that have changed."""
        return names(self.records(self.iterator(kind, **more)))

    def numbers(self) -> list[str]:
        found = self.records(self.iterator())["Records"]
        return [str(record["dynamodb"]["SequenceNumber"]) for record in found]


def names(answer: Json) -> str:
    return "".join(record["dynamodb"]["Keys"]["pk"]["S"] for record in answer["Records"])


# Tables -------------------------------------------------------------------------------------------


def test_a_table_tells_of_its_stream() -> None:
    world = Feed()

    table = world.ok("DescribeTable", NAMED)["Table"]

    assert table["StreamSpecification"] == ON
    assert table["LatestStreamArn"].endswith(f"/pets/stream/{table['LatestStreamLabel']}")


def test_a_table_can_be_made_with_a_stream() -> None:
    world = World()
    world.ok(
        "CreateTable",
        {
            **NAMED,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": ON,
        },
    )
    world.wait_for_status("pets", "ACTIVE")

    (stream,) = world.ok("ListStreams", {})["Streams"]
    shards = world.ok("DescribeStream", {"StreamArn": stream["StreamArn"]})
    assert len(shards["StreamDescription"]["Shards"]) == len(world.cluster.partitions)


def test_a_stream_that_is_switched_off_is_told_of_and_can_be_read_to_its_end() -> None:
    world = Feed()
    world.change("a")

    answer = world.switch(OFF)

    assert answer["TableStatus"] == "UPDATING"
    table = world.ok("DescribeTable", NAMED)["Table"]
    assert "StreamSpecification" not in table
    assert table["LatestStreamArn"] == world.arn
    assert world.described()["StreamStatus"] == "DISABLED"
    page = world.records(world.iterator())
    assert names(page) == "a"
    assert "NextShardIterator" not in page


def test_a_stream_that_is_switched_on_again_is_another_one() -> None:
    world = Feed()
    before = world.arn
    world.switch(OFF)
    world.switch({**ON, "StreamViewType": "KEYS_ONLY"})

    streams = world.ok("ListStreams", NAMED)["Streams"]

    assert len({stream["StreamArn"] for stream in streams}) == 2
    assert before in {stream["StreamArn"] for stream in streams}


@pytest.mark.parametrize(
    ("now_us", "label"),
    [
        (1_700_000_009_957_000, "2023-11-14T22:13:29.957"),
        (1_700_000_009_956_999, "2023-11-14T22:13:29.957"),  # The same millisecond.
        (1_700_000_009_900_000, "2023-11-14T22:13:29.957"),  # A router whose clock is behind.
        (1_700_000_011_000_000, "2023-11-14T22:13:31.000"),
    ],
)
def test_no_two_streams_of_a_table_have_one_label(now_us: int, label: str) -> None:
    assert label_after("2023-11-14T22:13:29.956", now_us) == label


def test_the_label_after_the_last_millisecond_of_a_second_is_of_the_next_one() -> None:
    assert label_after("2023-11-14T22:13:29.999", 0) == "2023-11-14T22:13:30.000"


def test_a_tables_first_stream_is_labelled_by_the_clock() -> None:
    assert label_after("", 1_700_000_000_000_500) == "2023-11-14T22:13:20.000"


def test_a_dropped_tables_stream_can_be_read() -> None:
    world = Feed()
    world.change("a")
    world.ok("DeleteTable", NAMED)
    world.loop.run_for(1_000_000)

    assert [stream["StreamArn"] for stream in world.ok("ListStreams", {})["Streams"]] == [world.arn]
    assert world.described()["StreamStatus"] == "DISABLED"
    assert world.read() == "a"


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        (ON, "Table already has an enabled stream: TableName: pets"),
        (
            {"StreamEnabled": True},
            "One or more parameter values were invalid:"
            " StreamViewType is required when StreamEnabled is true",
        ),
        (
            {**ON, "StreamEnabled": False},
            "One or more parameter values were invalid: Table is being updated with a stream"
            " disabled, UpdateViewType should not be specified",
        ),
    ],
)
def test_a_switch_that_cannot_be_is_refused(specification: Json, message: str) -> None:
    world = Feed()

    refusal = world.error("UpdateTable", {**NAMED, "StreamSpecification": specification})

    assert refusal == (VALIDATION.name, message)


def test_what_is_off_cannot_be_switched_off() -> None:
    world = World()
    world.table()

    refusal = world.error("UpdateTable", {**NAMED, "StreamSpecification": OFF})

    assert refusal == (VALIDATION.name, "Table already has a disabled stream: TableName: pets")


# Lists --------------------------------------------------------------------------------------------


def test_streams_are_listed_page_by_page() -> None:
    world = Feed()
    for _ in range(2):
        world.switch(OFF)
        world.switch(ON)
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = world.ok("ListStreams", {"Limit": 1, **more})
        found += [stream["StreamArn"] for stream in page["Streams"]]
        if "LastEvaluatedStreamArn" not in page:
            break
        more = {"ExclusiveStartStreamArn": page["LastEvaluatedStreamArn"]}

    assert len(found) == len(set(found)) == 3
    assert found == sorted(found)
    assert len(world.ok("ListStreams", {"TableName": "cars"})["Streams"]) == 0


def test_shards_are_described_page_by_page() -> None:
    world = Feed(partitions=3)

    first = world.described(Limit=2)
    last = first["LastEvaluatedShardId"]
    second = world.described(ExclusiveStartShardId=last)

    shards = [*first["Shards"], *second["Shards"]]
    assert len({shard["ShardId"] for shard in shards}) == 3
    assert "LastEvaluatedShardId" not in second


def test_a_page_has_no_more_shards_than_the_service_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Feed(partitions=3)
    monkeypatch.setattr("router.streams.SHARDS_PAGE_MAX", 2)

    page = world.described(Limit=1_000)

    assert len(page["Shards"]) == 2
    assert page["LastEvaluatedShardId"] == page["Shards"][-1]["ShardId"]


def test_a_page_that_has_all_there_is_names_no_last_one() -> None:
    world = Feed()
    world.switch(OFF)
    world.switch(ON)

    streams = world.ok("ListStreams", {"Limit": 2})
    shards = world.described(Limit=1)

    assert (len(streams["Streams"]), len(shards["Shards"])) == (2, 1)
    assert "LastEvaluatedStreamArn" not in streams
    assert "LastEvaluatedShardId" not in shards


def split(world: Feed) -> str:
    """Have p1 give half of its range to a child, and name that."""
    served = world.cluster.placement.range_of("p1")
    child = world.cluster.add_for_split("p1")
    world.cluster.start(child)
    assert world.cluster.split("p1", (served.first + served.end) // 2, child)
    world.loop.run_for(1_000_000)
    return child


def test_of_a_shard_that_has_split_its_children_are_told_alone() -> None:
    world = Feed(partitions=2)
    parent, other = (shard["ShardId"] for shard in world.described()["Shards"])
    assert (node_of_shard(parent), node_of_shard(other)) == ("p1", "p2")
    split(world)

    def children(shard: str) -> list[str]:
        only = {"Type": "CHILD_SHARDS", "ShardId": shard}
        return [
            node_of_shard(one["ShardId"]) for one in world.described(ShardFilter=only)["Shards"]
        ]

    assert len(world.described()["Shards"]) == 4
    assert sorted(children(parent)) == ["p1", "p3"]
    assert children(other) == []


def test_a_stream_is_disabling_until_its_shards_have_ended() -> None:
    world = Feed()
    world.cluster.network.hold("r1", "p1")  # Its partition hears of it later.

    world.ok("UpdateTable", {**NAMED, "StreamSpecification": OFF})
    before = world.ok("DescribeStream", {"StreamArn": world.arn}, router="r2")["StreamDescription"]
    world.cluster.network.release("r1", "p1")
    world.wait_for_status("pets", "ACTIVE")

    assert before["StreamStatus"] == "DISABLING"
    assert world.described()["StreamStatus"] == "DISABLED"


def test_a_stream_that_is_not_there_is_not_found() -> None:
    world = Feed()
    begin = {**world.asking(), "StreamArn": SOMEONES}

    assert world.error("DescribeStream", {"StreamArn": SOMEONES}) == (
        RESOURCE_NOT_FOUND.name,
        f"Requested resource not found: Stream: {SOMEONES} not found",
    )
    assert world.error("GetShardIterator", begin)[0] == RESOURCE_NOT_FOUND.name
    other = "shardId-00000000000000000099-00000001"
    assert world.error("GetShardIterator", {**world.asking(), "ShardId": other}) == (
        RESOURCE_NOT_FOUND.name,
        f"Requested resource not found: Shard: {other} in Stream: {world.arn} not found",
    )
    nothing = "arn:aws:dynamodb:us-east-1:000000000000:table/pets"
    assert world.error("DescribeStream", {"StreamArn": nothing}) == (
        VALIDATION.name,
        f"Invalid StreamArn: {nothing}",
    )


# Reading ------------------------------------------------------------------------------------------


def test_an_iterator_begins_where_it_is_asked_to() -> None:
    world = Feed()
    world.change("a", "b", "c")
    first, second, third = world.numbers()
    latest = world.iterator("LATEST")
    world.change("d")

    assert world.read() == "abcd"
    assert world.read("AT_SEQUENCE_NUMBER", SequenceNumber=second) == "bcd"
    assert world.read("AFTER_SEQUENCE_NUMBER", SequenceNumber=second) == "cd"
    assert world.read("AFTER_SEQUENCE_NUMBER", SequenceNumber=first) == "bcd"
    assert names(world.records(latest)) == "d"
    assert sorted([first, second, third]) == [first, second, third]


def test_an_iterator_begins_at_a_moment() -> None:
    world = Feed()
    world.change("a")
    world.loop.run_for(10_000_000)
    later = world.host.now_us() / 1_000_000
    assert world.read("AT_TIMESTAMP", Timestamp=later) == ""
    iterator = world.iterator("AT_TIMESTAMP", Timestamp=later)
    world.change("b")

    assert world.read("AT_TIMESTAMP", Timestamp=later) == "b"
    assert world.read("AT_TIMESTAMP", Timestamp=0) == "ab"
    assert names(world.records(iterator)) == "b"


@pytest.mark.parametrize("later", [1e16, 1e308, float("inf")])
def test_no_record_is_as_late_as_a_moment_that_no_clock_shows(later: float) -> None:
    world = Feed()
    world.change("a")

    assert world.read("AT_TIMESTAMP", Timestamp=later) == ""
    assert world.read("AT_TIMESTAMP", Timestamp=-later) == "a"


def test_a_page_has_a_megabyte_of_records_at_most() -> None:
    world = Feed()
    for name in "abcd":
        world.put({"pk": {"S": name}, "much": {"S": "x" * 390_000}})

    first = world.records(world.iterator())
    second = world.records(first["NextShardIterator"])

    assert (names(first), names(second)) == ("ab", "cd")


def test_a_reader_goes_on_page_by_page_and_waits_for_more() -> None:
    world = Feed()
    world.change("a", "b", "c")

    first = world.records(world.iterator(), Limit=2)
    second = world.records(first["NextShardIterator"], Limit=2)
    third = world.records(second["NextShardIterator"])
    world.change("d")
    fourth = world.records(third["NextShardIterator"])

    assert [names(page) for page in (first, second, third, fourth)] == ["ab", "c", "", "d"]


def test_a_record_is_as_the_service_has_it() -> None:
    world = Feed()
    world.change("a", value=1)
    world.change("a", value=2)

    record = world.records(world.iterator())["Records"][-1]

    change = record.pop("dynamodb")
    assert len(record.pop("eventID")) == 32
    assert record == {
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
    }
    assert change.pop("SequenceNumber") == world.numbers()[-1]
    assert isinstance(change.pop("ApproximateCreationDateTime"), int)
    assert change.pop("SizeBytes") > 0
    assert change == {
        "Keys": {"pk": {"S": "a"}},
        "OldImage": {"pk": {"S": "a"}, "v": {"N": "1"}},
        "NewImage": {"pk": {"S": "a"}, "v": {"N": "2"}},
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


def test_a_transactions_records_have_its_id_and_begin_with_it() -> None:
    world = Feed()
    entries = [{"Put": {**NAMED, "Item": {"pk": {"S": name}}}} for name in "ab"]
    world.ok("TransactWriteItems", {"TransactItems": entries, "ClientRequestToken": "t"})
    world.ok("TransactWriteItems", {"TransactItems": entries, "ClientRequestToken": "t"})

    found = world.records(world.iterator())["Records"]

    assert len(found) == 2
    (transaction,) = {record["TransactionId"] for record in found}
    assert all(record["eventID"].startswith(transaction) for record in found)
    assert len({record["eventID"] for record in found}) == 2


def test_a_view_of_keys_shows_no_image() -> None:
    world = Feed("KEYS_ONLY")
    world.change("a")

    (record,) = world.records(world.iterator())["Records"]

    assert {"OldImage", "NewImage"}.isdisjoint(record["dynamodb"])


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage", ["x", f"{SOMEONES}|1|", f"{SOMEONES}|1|AAAA", f"{SOMEONES}|1|é", "|1|"]
)
def test_an_iterator_that_nobody_gave_is_refused(garbage: str) -> None:
    refusal = Feed().error("GetRecords", {"ShardIterator": garbage})

    assert refusal == (VALIDATION.name, "Invalid ShardIterator")


def test_an_iterator_that_was_mended_is_refused() -> None:
    iterator = Iterator(SOMEONES, "shardId-1", 1, 2)
    text = text_of(iterator)

    assert iterator_of(text) == iterator
    for n in range(len(text) - 2):  # The last ones may hold bits that say nothing.
        mended = text[:n] + ("A" if text[n] != "A" else "B") + text[n + 1 :]
        with pytest.raises(DynamoDBError, match="Invalid ShardIterator"):
            iterator_of(mended)


@pytest.mark.parametrize(
    "inside", [b"\xff", b"a", b"a/1", b"a/1/2/3", b"a/x/1", b"a/1/x", b"a/-1/1", b"a/%d/1" % 10**30]
)
def test_an_iterator_that_was_forged_is_refused(inside: bytes) -> None:
    """Its check is right: whoever reads this code can make one."""
    packed = urlsafe_b64encode(_check(SOMEONES, inside) + inside).decode()

    with pytest.raises(DynamoDBError, match="Invalid ShardIterator"):
        iterator_of(f"{SOMEONES}{MARK}{packed}")


@pytest.mark.parametrize(
    "shard", ["shardId-00000000000000000001-0000270f", "shardId-1", "shardId-1-00000000"]
)
def test_a_shard_of_nobodys_is_refused_at_once(shard: str) -> None:
    world = Feed()
    forged = text_of(replace(iterator_of(world.iterator()), shard=shard))
    asked_us = world.loop.now_us

    refusal = world.error("GetRecords", {"ShardIterator": forged})

    assert refusal == (VALIDATION.name, "Invalid ShardIterator")
    assert world.loop.now_us - asked_us < 1_000_000


def test_a_shard_of_a_partition_that_is_new_to_its_router_is_read() -> None:
    world = Feed()
    child = split(world)
    shards = [one["ShardId"] for one in world.described()["Shards"]]
    (shard,) = [one for one in shards if node_of_shard(one) == child]
    iterator = world.iterator(ShardId=shard)

    page = world.ok("GetRecords", {"ShardIterator": iterator}, router="r2")

    assert not page["Records"]
    assert "NextShardIterator" in page


def test_an_iterator_expires() -> None:
    world = Feed()
    iterator = world.iterator()
    world.loop.run_for(900_000_000)

    world.ok("GetRecords", {"ShardIterator": world.iterator()})
    refusal = world.error("GetRecords", {"ShardIterator": iterator})

    assert refusal == (EXPIRED_ITERATOR.name, "Iterator expired")


def test_what_is_trimmed_cannot_be_read() -> None:
    world = Feed(records_max=1)
    iterator = world.iterator()
    world.change("a")
    number = world.numbers()[0]
    world.change("b")

    asked = world.asking("AT_SEQUENCE_NUMBER", SequenceNumber=number)
    for refusal in (
        world.error("GetRecords", {"ShardIterator": iterator}),
        world.error("GetShardIterator", asked),
    ):
        assert refusal[0] == TRIMMED_DATA_ACCESS.name
    assert world.read() == "b"
    assert world.read("AT_TIMESTAMP", Timestamp=0) == "b"
    assert world.read("AFTER_SEQUENCE_NUMBER", SequenceNumber=number) == "b"


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("AT_SEQUENCE_NUMBER", {}, "SequenceNumber is required"),
        ("AT_TIMESTAMP", {}, "Timestamp is required"),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "9" * 21}, "Invalid SequenceNumber"),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": "x" * 21}, "Invalid SequenceNumber"),
    ],
)
def test_an_iterator_that_cannot_be_is_refused(kind: str, more: Json, message: str) -> None:
    world = Feed()

    name, text = world.error("GetShardIterator", world.asking(kind, **more))

    assert (name, text[: len(message)]) == (VALIDATION.name, message)


def test_a_page_has_a_thousand_records_at_most() -> None:
    world = Feed()

    name, text = world.error("GetRecords", {"ShardIterator": world.iterator(), "Limit": 1_001})

    assert (name, "1000" in text) == (VALIDATION.name, True)
