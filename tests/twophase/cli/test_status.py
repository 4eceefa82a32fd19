"""`twophase status`, `twophase faults` and /metrics, against a server that runs."""

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from network.events import EVENTS, WITNESSED
from tests.twophase.light import (
    Client,
    RefusedError,
    add,
    make_table,
    put,
    snapshot,
    together,
    transfer,
)
from twophase.cli.main import main
from twophase.local.beside import is_here
from twophase.testing import LocalDynamoDB, local_dynamodb


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDynamoDB]:
    with local_dynamodb(seed=1, control=True, metrics=True) as server:

        async def work(client: Client, _: int) -> None:
            await make_table(client)
            await client.call("PutItem", put("a", 10))
            await client.call("TransactWriteItems", transfer("a", "b", 3))

        assert together(server.url, 1, work) == [None]
        yield server


@pytest.fixture
def calm(server: LocalDynamoDB) -> LocalDynamoDB:
    server.faults("")
    return server


def told(*words: str) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(*words: str) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


def codes(server: LocalDynamoDB, operation: str, body: dict[str, object]) -> list[str]:
    """Ask once; return the error's name and its codes."""
    (answer,) = together(server.url, 1, lambda client, _: client.call(operation, body))
    return [answer.name, *answer.codes] if isinstance(answer, RefusedError) else []


# Status.


def test_status_shows_nodes_tables_answers_and_events(calm: LocalDynamoDB) -> None:
    shown = told("status", "--url", calm.url)

    lines = [line.split() for line in shown.splitlines()]
    assert ["p1", "partition", "up", "1", "0000-3fff"] in [line[:5] for line in lines]
    assert any(line[:2] == ["accounts", "ACTIVE"] for line in lines)
    assert ["TransactWriteItems", "done", "1"] in lines
    assert any(line[:2] == ["transaction.begun", "1"] for line in lines)
    assert "Faults: none" in shown


def test_status_is_one_json_object_for_programs(calm: LocalDynamoDB) -> None:
    status = json.loads(told("status", "--json", "--url", calm.url))

    kept = {node["node"]: node for node in status["nodes"]}
    assert sum(kept[name]["records"] for name in ("p1", "p2", "p3", "p4")) == 2
    assert {kept[name]["ongoing"] for name in ("p1", "p2", "p3", "p4")} == {0}
    assert all(node["up"] for node in kept.values())
    assert [table["table"] for table in status["tables"]] == ["accounts"]


def test_status_shows_who_is_down(calm: LocalDynamoDB) -> None:
    calm.inside(lambda cluster: cluster.crash("c2"))
    status = json.loads(told("status", "--json", "--url", calm.url))
    shown = told("status", "--url", calm.url)
    calm.inside(lambda cluster: cluster.start("c2"))

    assert [node["node"] for node in status["nodes"] if not node["up"]] == ["c2"]
    assert any(line.split()[:3] == ["c2", "coordinator", "down"] for line in shown.splitlines())


# Splits.


def test_a_partition_of_a_running_server_is_split(calm: LocalDynamoDB) -> None:
    assert told("split", "p1", "--url", calm.url) == "p1 has given 20000000-3fffffff to p5\n"

    status = json.loads(told("status", "--json", "--url", calm.url))
    ranges = {node["node"]: node.get("range") for node in status["nodes"]}
    assert ranges["p1"] == ["00000000", "1fffffff"]
    assert ranges["p5"] == ["20000000", "3fffffff"]


def test_what_cannot_be_split_is_refused(calm: LocalDynamoDB) -> None:
    assert "there is no partition 'c1': there are p1" in refusal("split", "c1", "--url", calm.url)


# Metrics.


def test_metrics_are_told_as_prometheus_reads_them(calm: LocalDynamoDB) -> None:
    with urlopen(calm.url + "/metrics") as answer:
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        lines = answer.read().decode().splitlines()

    assert 'twophase_requests_total{operation="TransactWriteItems",outcome="done"} 1' in lines
    assert 'twophase_events_total{event="transaction.begun"} 1' in lines
    assert 'twophase_up{node="l1"} 1' in lines
    # What only a simulation's witness tells of would be 0 for ever, whatever had happened.
    noted = {line.split('"')[1] for line in lines if line.startswith("twophase_events_total{")}
    assert noted == EVENTS.keys() - WITNESSED
    assert sum(line == "# TYPE twophase_records gauge" for line in lines) == 1


# Faults.


def test_faults_change_while_it_runs(calm: LocalDynamoDB) -> None:
    assert told("faults", "conflict=1", "--url", calm.url) == "Faults: conflict=1.0\n"
    assert codes(calm, "PutItem", put("a", 1)) == ["TransactionConflictException"]
    assert told("faults", "none", "--url", calm.url) == "Faults: none\n"
    assert codes(calm, "PutItem", put("a", 10)) == []


def test_the_next_transaction_meets_a_conflict_where_it_was_told_to(calm: LocalDynamoDB) -> None:
    told("faults", "next TransactWriteItems: conflict 2", "--url", calm.url)
    move = transfer("a", "b", 1)

    first, second = (codes(calm, "TransactWriteItems", move) for _ in range(2))

    assert first == ["TransactionCanceledException", "None", "TransactionConflict"]
    assert second == []


@pytest.mark.parametrize(
    ("step", "operation", "body", "expected"),
    [
        (
            "next TransactWriteItems: throttle",
            "TransactWriteItems",
            {**transfer("a", "b", 1), "ClientRequestToken": "a token of mine"},
            ["TransactionCanceledException", "ProvisionedThroughputExceeded", "None"],
        ),
        (
            "next TransactGetItems: conflict 1",
            "TransactGetItems",
            snapshot(["a", "b"]),
            ["TransactionCanceledException", "TransactionConflict", "None"],
        ),
        (
            "next PutItem: conflict",
            "PutItem",
            put("a", 1),
            ["TransactionConflictException"],
        ),
        (
            "next GetItem: throttle",
            "GetItem",
            {"TableName": "accounts", "Key": {"pk": {"S": "a"}}},
            ["ProvisionedThroughputExceededException"],
        ),
        ("next UpdateItem: unknown", "UpdateItem", add("c", 1), ["InternalServerError"]),
    ],
)
def test_one_request_meets_what_was_told(
    calm: LocalDynamoDB,
    step: str,
    operation: str,
    body: dict[str, object],
    expected: list[str],
) -> None:
    assert told("faults", step, "--url", calm.url) == f"{step}: noted\n"

    assert codes(calm, operation, body) == expected
    assert codes(calm, operation, body) == []


def test_steps_wait_in_order_and_for_their_own_operation(calm: LocalDynamoDB) -> None:
    calm.faults("next PutItem: conflict")
    calm.faults("next PutItem: throttle")

    assert codes(calm, "UpdateItem", add("a", 0)) == []
    assert codes(calm, "PutItem", put("a", 9)) == ["TransactionConflictException"]
    assert codes(calm, "PutItem", put("a", 9)) == ["ProvisionedThroughputExceededException"]
    assert codes(calm, "PutItem", put("a", 9)) == []


def test_a_step_that_no_request_has_met_is_told(calm: LocalDynamoDB) -> None:
    calm.faults("next PutItem: conflict")
    calm.faults("next PutItem: conflict")
    calm.faults("next GetItem: unknown")

    waiting = json.loads(told("status", "--json", "--url", calm.url))["faults_waiting"]
    assert waiting == {"next PutItem: conflict": 2, "next GetItem: unknown": 1}
    shown = told("status", "--url", calm.url)
    assert "  2 × next PutItem: conflict, waiting for a request\n" in shown

    calm.faults("")
    assert "waiting for a request" not in told("status", "--url", calm.url)
    assert codes(calm, "PutItem", put("a", 9)) == []


def test_a_step_that_no_request_ever_met_is_a_warning() -> None:
    with (
        pytest.warns(UserWarning, match="^no request met 'next PutItem: conflict'$") as warned,
        local_dynamodb(faults="") as server,
    ):
        server.faults("next PutItem: conflict")

    assert warned[0].filename == __file__


# Refused.


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("lost=1", "'lost=1' is no fault"),
        ("next PutItem conflict", "is no step: say 'next TransactWriteItems: conflict 2'"),
        ("next PutItem: explode", "is no step"),
        ("next PutItem: conflict, next PutItem: throttle", "a step stands alone: tell one at a"),
        ("next PutItem: conflict, loss=0.1", "a step stands alone: tell one at a time"),
        ("next GetItem: conflict", "conflict can happen to TransactWriteItems, PutItem,"),
        ("next PutItem: conflict 0", "items are counted from 1"),
        ("next PutItem: conflict 2", "PutItem has one: there is no 2"),
        ("next TransactGetItems: throttle 101", "has 100 at most: there is no 101"),
    ],
)
def test_what_names_no_fault_is_one_sentence(spec: str, expected: str) -> None:
    assert expected in refusal("faults", spec)


def test_a_server_without_control_tells_nobody(dynamodb_without_control: str) -> None:
    for words in (["status"], ["faults", "loss=0.1"]):
        assert "is no twophase server with --control" in refusal(
            *words, "--url", dynamodb_without_control
        )
    with (
        pytest.raises(HTTPError) as refused,
        urlopen(dynamodb_without_control + "/_twophase/faults", data=b"loss=1"),
    ):
        pass
    assert refused.value.code == 404
    refused.value.close()


@pytest.fixture
def dynamodb_without_control() -> Iterator[str]:
    with local_dynamodb(seed=1) as server:
        yield server.url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "ftp://x",
        "nonsense",
        "http://127.0.0.1:999999",
        "http://[::1",
        "http://:1",
        "http://a..b",
        "http://127.0.0.1:1/ü",
    ],
)
def test_nobody_there_is_one_sentence(url: str) -> None:
    assert "twophase: " in refusal("status", "--url", url)


@pytest.mark.parametrize(
    ("client", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),  # What 127.0.0.1 is called where `::` is listened on.
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("", False),
    ],
)
def test_only_this_machine_may_control(client: str, here: bool) -> None:
    assert is_here(client) is here
