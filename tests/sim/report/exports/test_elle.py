"""A run's history for Elle: what `twophase check` reads, and what it must not make up."""

import json
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from sim.checkers.graph.judge import check
from sim.checkers.graph.txn import STRICT
from sim.checkers.histories import HistoryReader
from sim.history import Operation
from sim.report.exports.elle import as_edn, as_json, elle_lines
from sim.report.traced import operations_in
from sim.run import run
from sim.scenario import load
from sim.search.broken import broken
from tests.sim.report.builders import recording

TABLE = {
    "TableName": "t",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}
A = {"TableName": "t", "Key": {"id": {"S": "a"}}}


def operations(*asked: tuple[str, str, Any, int, int, int, Any]) -> list[Operation]:
    """Make a history: client, name, request, from, to, status, answer."""
    found = [Operation(0, "k1", "CreateTable", TABLE, "k1/0", 0, 1, [], 200, {})]
    for n, (client, name, request, begin, end, status, answer) in enumerate(asked, 1):
        call = f"{client}/{n}"
        found.append(Operation(n, client, name, request, call, begin, end, [call], status, answer))
    return found


def put(version: str) -> dict[str, Any]:
    return {"TableName": "t", "Item": {"id": {"S": "a"}, "version": {"S": version}}}


def judged(lines: Sequence[str]) -> list[str]:
    reader = HistoryReader(BytesIO("\n".join(lines).encode()))
    return [one.type for one in check(reader, STRICT).anomalies]


@pytest.mark.parametrize(
    "name", ["bank", "game-shop", "hot-keys", "bookshop", "ring", "work-queue", "bulk-load"]
)
def test_the_check_reads_a_run_and_finds_nothing(name: str) -> None:
    history = [*run(load(name, {"workload.transactions": "40"}), 1).history]
    lines = [*as_json(elle_lines(history))]

    assert len(lines) > 80
    assert any('"ok"' in line and '["r"' in line for line in lines)
    assert judged(lines) == []


def test_the_check_finds_what_a_broken_rule_has_done() -> None:
    with broken("reads-have-one-round"):
        history = [*run(load("bank", {}), 3).history]

    assert judged([*as_json(elle_lines(history))]) != []


@pytest.mark.parametrize(
    ("name", "seed"), [("bookshop", 11), ("stale-reads", 2), ("orders-and-payments", 4)]
)
def test_a_trace_in_trouble_says_what_its_run_says(name: str, seed: int) -> None:
    """Also where answers come too late, and where followers answer with what was."""
    of_run = recording(name, seed, {"faults.all": "2", "workload.transactions": "60"})
    operations = operations_in(of_run.moments)
    traced = replace(of_run, result=None, witness=None, operations=operations)

    lines = [*as_json(elle_lines(traced.in_order))]

    assert len(lines) > 80
    assert lines == [*as_json(elle_lines(of_run.in_order))]
    assert judged(lines) == []


def test_each_operation_is_asked_for_and_ends() -> None:
    read = {"Item": {"id": {"S": "a"}, "version": {"S": "1"}}}
    history = operations(
        ("k1", "PutItem", put("1"), 10, 20, 200, {}), ("k2", "GetItem", A, 15, 30, 200, read)
    )

    lines = [(one["type"], one["process"], one["value"]) for one in elle_lines(history)]

    assert lines == [
        ("invoke", 0, [["w", "t a", "1"]]),
        ("invoke", 1, [["r", "t a", None]]),
        ("ok", 0, [["w", "t a", "1"]]),
        ("ok", 1, [["r", "t a", "1"]]),
    ]


def test_what_meets_in_one_moment_is_in_no_order() -> None:
    history = operations(
        ("k1", "PutItem", put("1"), 10, 20, 200, {}),
        ("k2", "GetItem", A, 20, 30, 200, {}),
        ("k1", "GetItem", A, 20, 20, 200, {"Item": put("1")["Item"]}),
    )

    told = [(one["type"], one["process"]) for one in elle_lines(history)]

    # k2 asks before k1 has its answer, so it may find nothing; k1's own operations stay in order.
    assert told == [("invoke", 0), ("invoke", 1), ("ok", 0), ("invoke", 0), ("ok", 0), ("ok", 1)]
    assert judged([*as_json(elle_lines(history))]) == []


def test_what_its_client_did_not_wait_for_has_an_unknown_outcome() -> None:
    history = operations(
        ("k1", "PutItem", put("1"), 10, 50, 200, {}),
        ("k1", "PutItem", put("2"), 20, 30, 200, {}),
        ("k2", "GetItem", A, 25, 40, 200, {}),
    )

    told = [(one["type"], one["process"], one["time"] // 1_000) for one in elle_lines(history)]

    assert told == [
        ("invoke", 0, 10),
        ("info", 0, 20),
        ("invoke", 1, 20),
        ("invoke", 2, 25),
        ("ok", 1, 30),
        ("ok", 2, 40),
    ]


def test_after_an_unknown_outcome_a_client_is_another_process() -> None:
    history = operations(
        ("k1", "PutItem", put("1"), 10, 20, 0, {}), ("k1", "PutItem", put("2"), 30, 40, 200, {})
    )

    told = [(one["type"], one["process"]) for one in elle_lines(history)]

    assert told == [("invoke", 0), ("info", 0), ("invoke", 1), ("ok", 1)]


def test_whoever_comes_after_an_unknown_outcome_is_a_process_of_its_own() -> None:
    history = operations(
        ("k1", "PutItem", put("1"), 10, 20, 0, {}),
        ("k1", "PutItem", put("2"), 30, 60, 200, {}),
        ("k2", "PutItem", put("3"), 40, 50, 200, {}),
    )

    told = [(one["type"], one["process"]) for one in elle_lines(history)]

    assert told[2:] == [("invoke", 1), ("invoke", 2), ("ok", 2), ("ok", 1)]
    assert judged([*as_json(elle_lines(history))]) == []


def test_a_read_that_does_not_say_whose_write_it_saw_is_left_out() -> None:
    gone = {"TableName": "t", "Key": {"id": {"S": "a"}}}
    history = operations(
        ("k1", "DeleteItem", gone, 10, 20, 200, {}),
        ("k2", "GetItem", A, 30, 40, 200, {}),
        ("k2", "GetItem", A, 50, 60, 200, {"Item": {"id": {"S": "a"}}}),
    )

    assert {one["value"][0][0] for one in elle_lines(history)} == {"w"}


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("GetItem", {"TableName": "t", "Key": {"other": {"S": "a"}}}),
        ("GetItem", {"TableName": "nowhere", "Key": {"id": {"S": "a"}}}),
        ("PutItem", {"TableName": "t", "Item": {"other": {"S": "a"}, "version": {"S": "2"}}}),
        ("DeleteItem", {"TableName": "t", "Key": {"id": {"N": "1"}}}),
        ("TransactWriteItems", {"TransactItems": [{"Put": put("3") | {"TableName": "nowhere"}}]}),
    ],
    ids=str,
)
def test_what_fits_no_table_is_left_out(name: str, request_: dict[str, Any]) -> None:
    refused = {"__type": "com.amazon.coral.validate#ValidationException"}
    history = operations(
        ("k1", "PutItem", put("1"), 10, 20, 200, {}), ("k1", name, request_, 30, 40, 400, refused)
    )

    assert [one["value"] for one in elle_lines(history)] == [[["w", "t a", "1"]]] * 2


def test_keys_of_two_parts_with_slashes_are_registers_of_their_own() -> None:
    schema = [("id", "HASH"), ("at", "RANGE")]
    table = {
        "TableName": "t",
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in schema],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name, _ in schema
        ],
    }
    keys = [{"id": {"S": one}, "at": {"S": two}} for one, two in (("a/b", "c"), ("a", "b/c"))]
    puts = [{"TableName": "t", "Item": {**key, "version": {"S": "1"}}} for key in keys]
    history = operations(
        *[("k1", "PutItem", one, 10 * n, 10 * n + 5, 200, {}) for n, one in enumerate(puts, 1)]
    )
    history[0] = history[0]._replace(request=table)

    registers = {one["value"][0][1] for one in elle_lines(history)}

    assert registers == {"t a%2Fb/c", "t a/b%2Fc"}


@pytest.mark.parametrize(
    ("written", "read"), [({"N": "1.0"}, {"N": "1"}), ({"B": "AAE="}, {"B": "AAE="})], ids=str
)
def test_a_value_is_told_as_readers_see_it(written: dict[str, Any], read: dict[str, Any]) -> None:
    item = {"id": {"S": "a"}, "version": written}
    answer = {"Item": {**item, "version": read}}
    history = operations(
        ("k1", "PutItem", {"TableName": "t", "Item": item}, 10, 20, 200, {}),
        ("k1", "GetItem", A, 30, 40, 200, answer),
    )

    assert judged([*as_json(elle_lines(history))]) == []


def test_edn_says_the_same() -> None:
    history = operations(
        ("k1", "PutItem", put('the "1"'), 10, 20, 200, {}), ("k1", "GetItem", A, 30, 40, 0, {})
    )

    assert list(as_edn(elle_lines(history)))[1:3] == [
        '{:index 1, :type :ok, :process 0, :f :txn, :value [[:w "t a" "the \\"1\\""]],'
        " :time 20000}",
        '{:index 2, :type :invoke, :process 0, :f :txn, :value [[:r "t a" nil]], :time 30000}',
    ]
    assert all(json.loads(line)["f"] == "txn" for line in as_json(elle_lines(history)))
