"""What is counted of requests: under whose name, how often, and what is forgotten."""

from typing import Any

import pytest

from network.messages import Response
from twophase.local import counting
from twophase.local.counting import Counts, tables_in

Json = dict[str, Any]
TYPE = "com.amazonaws.dynamodb.v20120810#"


def refused(name: str, status: int = 400, **more: Any) -> Response:
    return Response(status, {"__type": f"{TYPE}{name}", **more})


def cancelled(*codes: str) -> Response:
    reasons = [{"Code": code} for code in codes]
    return refused("TransactionCanceledException", CancellationReasons=reasons)


def puts(*tables: str) -> Json:
    return {"TransactItems": [{"Put": {"TableName": table, "Item": {}}} for table in tables]}


@pytest.mark.parametrize(
    ("body", "tables"),
    [
        ({"TableName": "a"}, ["a"]),
        ({"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/a"}, ["a"]),
        ({"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/a/index/i"}, ["a"]),
        ({"RequestItems": {"a": [], "b": []}}, ["a", "b"]),
        (puts("a", "b", "a"), ["a", "b", "a"]),
        ({}, []),
        ({"TableName": 7}, []),
        ({"TransactItems": [7, {}, {"Put": 7}, {"Put": {}}]}, []),
    ],
)
def test_a_request_names_its_tables_however_wrong_it_is(body: Json, tables: list[str]) -> None:
    assert tables_in(body) == tables


def test_a_cancelled_transaction_counts_item_by_item_and_throttling_once_a_table() -> None:
    counts = Counts()
    conflict, failed, exceeded = (
        "TransactionConflict",
        "ConditionalCheckFailed",
        "ProvisionedThroughputExceeded",
    )

    counts.answered(
        "TransactWriteItems",
        puts("a", "a", "b", "b", "c", "c"),
        cancelled(conflict, conflict, conflict, failed, exceeded, exceeded),
        1,
    )

    assert counts.tables["a"] == {("TransactionConflict", ""): 2}
    assert counts.tables["b"] == {
        ("TransactionConflict", ""): 1,
        ("ConditionalCheckFailedRequests", ""): 1,
    }
    assert counts.tables["c"] == {("ThrottledRequests", "TransactWriteItems"): 1}
    assert counts.user_errors == 1


def test_user_errors_are_4xx_but_for_two() -> None:
    counts = Counts()
    for name in (
        "ValidationException",
        "TransactionConflictException",
        "ConditionalCheckFailedException",
        "ProvisionedThroughputExceededException",
    ):
        counts.answered("PutItem", {"TableName": "a"}, refused(name), 1)

    assert counts.user_errors == 2


def test_a_table_that_nobody_has_is_not_counted() -> None:
    counts = Counts()

    counts.answered("PutItem", {"TableName": "no"}, refused("ResourceNotFoundException"), 1)

    assert counts.tables == {}
    assert counts.user_errors == 1


def test_what_the_server_is_to_blame_for_is_counted_by_table_and_operation() -> None:
    counts = Counts()

    counts.answered("PutItem", {"TableName": "a"}, refused("InternalServerError", 500), 1)

    assert counts.tables["a"] == {("SystemErrors", "PutItem"): 1}
    assert counts.user_errors == 0


def test_a_latency_is_in_the_first_bucket_that_holds_it() -> None:
    counts = Counts()
    for took_us in (1_000, 1_001, 6_000_000):
        counts.answered("GetItem", {"TableName": "a"}, Response(200, {}), took_us)

    found = counts.latencies["a"]["GetItem"]
    one, two = (counting.LATENCY_MS.index(bound) for bound in (1, 2))
    assert (found.counts[one], found.counts[two], found.counts[-1]) == (1, 1, 1)
    assert found.sum_ms == pytest.approx(6_002.001)


def test_records_of_streams_are_counted_with_their_size() -> None:
    counts = Counts()
    records = [{"dynamodb": {"SizeBytes": size}} for size in (20, 30)]

    counts.answered("GetRecords", {"ShardIterator": "x"}, Response(200, {"Records": records}), 1)

    assert (counts.returned_records, counts.returned_bytes) == (2, 50)


def test_a_table_that_is_deleted_is_forgotten() -> None:
    counts = Counts()
    counts.answered("PutItem", {"TableName": "a"}, Response(200, {}), 1)
    counts.answered("PutItem", {"TableName": "a"}, refused("InternalServerError", 500), 1)

    counts.answered("DeleteTable", {"TableName": "a"}, Response(200, {}), 1)

    assert counts.tables == counts.latencies == {}


def test_there_is_room_for_so_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "TABLES_MAX", 2)
    counts = Counts()

    for table in ("a", "b", "c", "a"):
        counts.answered("PutItem", {"TableName": table}, refused("InternalServerError", 500), 1)

    assert list(counts.tables) == ["a", "b"]
    assert counts.tables["a"]["SystemErrors", "PutItem"] == 2
