"""Permissions in the simulation: what is not allowed leaves nothing behind, or it is found."""

import json
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from items.errors import ACCESS_DENIED, DynamoDBError
from router import api
from router.policies import Patterns, Permissions, Principal, Statement
from sim.checkers.permissions import check_permissions, not_allowed
from sim.history import WRITE_TRANSACTION, Operation
from sim.keys import ScenarioError
from sim.result import Result
from sim.run import run
from sim.scenario import load, parse
from sim.witness import Applied, Refused
from tests.sim.test_history import operation

SEEDS, SEEDS_SOAK = 4, 500
SEEDS_MAX = 3  # To find a bug from.
TROUBLE = {"network.loss": "0.03", "network.repeat": "0.03", "faults.crashes": "2"}
ALL = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def found() -> Iterator[str]:
    """Return what is found from a few seeds."""
    scenario = load("permissions", {**TROUBLE, "workload.transactions": "80"})
    for seed in range(SEEDS_MAX):
        for finding in run(scenario, seed).findings:
            yield f"{finding.checker}: {finding.kind}"


# What holds.


@pytest.mark.slow
def test_who_may_not_does_not_and_who_may_does(soak: bool) -> None:
    told: Counter[tuple[str, str, str]] = Counter()
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = run(load("permissions", TROUBLE), seed)
        assert not result.findings, (seed, result.findings[0])
        assert "permissions" in result.checks
        told.update(answers(result))

    done, denied = "", ACCESS_DENIED.name
    assert told["k1", WRITE_TRANSACTION, done]
    assert not told["k1", WRITE_TRANSACTION, denied]
    for client in ("k2", "k3"):  # Who may write some of it, but no transaction with a delete.
        assert told[client, WRITE_TRANSACTION, done]
        assert told[client, WRITE_TRANSACTION, denied]
        assert told[client, "UpdateItem", done]
        assert not told[client, "DeleteItem", done]
    assert told["k3", "GetItem", denied]
    assert not told["k3", "GetItem", done]
    assert told["k4", "GetItem", done]
    assert told["k4", "TransactGetItems", done]
    assert not any(told["k4", name, done] for name in (WRITE_TRANSACTION, "UpdateItem"))


def answers(result: Result) -> Iterator[tuple[str, str, str]]:
    for one in result.history:
        if not one.is_unknown:
            yield one.client, one.name, one.error


def test_permissions_that_allow_all_change_nothing() -> None:
    everybody = [
        {"Name": name, "AccessKeyId": name, "Policy": ALL} for name in ("k1", "k2", "k3", "k4")
    ]
    few = {"workload.transactions": "20"}
    none, all_ = "", json.dumps({"Principals": everybody})

    digests = {
        run(load("permissions", {**few, "permissions.policies": policies}), 1).digest
        for policies in (none, all_)
    }

    assert len(digests) == 1


# What is found, besides the mutants.


def test_a_refusal_of_what_is_allowed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(permissions: Permissions, caller: str, operation: str, body: Any) -> None:
        if operation == "GetItem":
            raise DynamoDBError(ACCESS_DENIED)

    monkeypatch.setattr(api, "refuse_unless_allowed", refuse)

    assert "permissions: refused and allowed" in found()


@pytest.mark.parametrize(
    ("scenario", "operation", "resource", "are_let_through"),
    [
        ("indexes", "Query", "table/Tasks/index/*", {True}),
        ("indexes", "Query", "table/Tasks/index/by-due", {True, False}),
        ("indexes", "Query", "table/Tasks", {False}),
        ("stale-reads", "BatchGetItem", "table/scores", {True}),
        ("stale-reads", "BatchGetItem", "table/others", {False}),
    ],
)
def test_an_index_and_a_batch_are_judged_by_what_they_are_about(
    scenario: str, operation: str, resource: str, are_let_through: set[bool]
) -> None:
    owner = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    others = [
        {"Effect": "Allow", "NotAction": f"dynamodb:{operation}", "Resource": "*"},
        {"Effect": "Allow", "Action": f"dynamodb:{operation}", "Resource": arn(resource)},
    ]
    clients = int(str(load(scenario, {}).keys["workload.clients"]))
    principals = [
        {"Name": name, "AccessKeyId": name, "Policy": {"Statement": statements}}
        for name, statements in [("k1", owner), *((f"k{n + 2}", others) for n in range(clients))]
    ]
    policies = json.dumps({"Principals": principals})

    result = run(load(scenario, {"permissions.policies": policies}), 1)

    assert not result.findings
    assert {
        one.error != ACCESS_DENIED.name
        for one in result.history
        if one.name == operation and one.client != "k1" and not one.is_unknown
    } == are_let_through


def arn(resource: str) -> str:
    return f"arn:aws:dynamodb:*:*:{resource}"


# How it is judged.


def principal(*statements: tuple[bool, str, str]) -> Principal:
    made = [
        Statement(allows, Patterns((a.lower(),)), Patterns((r,))) for allows, a, r in statements
    ]
    return Principal("app", "k1", tuple(made))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], "PutItem on things"),
        ([(True, "dynamodb:Put*", "*")], "DeleteItem on things"),
        ([(True, "dynamodb:*Item", "arn:*:table/things")], ""),
        ([(True, "dynamodb:*Item", "arn:*:table/thing")], "PutItem on things"),
        ([(True, "*", "*"), (False, "*:Del??eItem", "*")], "DeleteItem on things"),
    ],
)
def test_the_first_permission_that_is_missing_is_named(
    statements: list[tuple[bool, str, str]], expected: str
) -> None:
    entries = [{"Put": {"TableName": "things"}}, {"Delete": {"TableName": "things"}}]
    asked: Operation = operation(name=WRITE_TRANSACTION, request={"TransactItems": entries})

    assert not_allowed(principal(*statements), asked) == expected
    assert not_allowed(None, asked) == "PutItem on things"


@pytest.mark.parametrize(
    ("seen", "kinds"),
    [
        ({}, []),
        ({"applied": [Applied(1, "k1#1", 0, "p1")]}, ["carried out"]),
        ({"applied": [Applied(1, "k1#1.2", 0, "p1")]}, ["carried out"]),  # An entry of a batch.
        ({"refused": [Refused(1, "k1#1", "ValidationException")]}, ["carried out"]),
        ({"reads": {"k1#1": []}}, ["read"]),
    ],
)
def test_what_nobody_may_and_nobody_answered_is_to_leave_no_trace(
    seen: dict[str, Any], kinds: list[str]
) -> None:
    """Not even a refusal: a partition that refuses has looked at the item."""
    asked = operation(name="UpdateItem", request={"TableName": "things"}, status=0)
    nothing: dict[str, Any] = {"decisions": [], "applied": [], "refused": [], "reads": {}}
    evidence: Any = SimpleNamespace(**{**nothing, **seen}, calls=[asked])

    assert [one.kind for one in check_permissions(evidence, Permissions({}))] == kinds


# A scenario's text.


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ("{", "permissions.policies: line 1: not JSON"),
        ('{"Principals": []}', "permissions.policies: Principals must be a list of 1 to 1,000"),
        (
            json.dumps({"Principals": [{"Name": "a", "AccessKeyId": "AKIA", "Policy": ALL}]}),
            "permissions.policies: an AccessKeyId is a client here, such as k2, not 'AKIA'",
        ),
    ],
)
def test_policies_that_are_none_are_refused(policies: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        load("permissions", {"permissions.policies": policies})

    assert str(refused.value).startswith(expected)


def test_where_there_are_policies_nobody_reads_streams() -> None:
    streams = {"cluster.streams": "KEYS_ONLY", "workload.transactions": "5"}
    with pytest.raises(ScenarioError, match=r"cluster\.stream_readers is to be 0"):
        load("permissions", streams)

    result = run(load("permissions", {**streams, "cluster.stream_readers": "0"}), 1)

    assert {"permissions", "streams"} <= set(result.checks)
    assert not result.findings


def test_policies_are_a_text() -> None:
    with pytest.raises(ScenarioError, match=r"permissions\.policies is to be a text, not 5"):
        parse('[permissions]\npolicies = 5\n[workload]\nname = "bank"', "one", {})


def test_without_policies_nobody_is_judged() -> None:
    assert "permissions" not in run(load("bank", {"workload.transactions": "5"}), 1).checks
