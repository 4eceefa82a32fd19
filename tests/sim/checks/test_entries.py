"""Batches: each entry is judged as a singleton of its own, by what its batch was told."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sim.checkers.all import check_run
from sim.checkers.entries import entries_of
from sim.checkers.finding import Finding
from sim.checkers.model import Model
from sim.cluster_run import Run
from sim.history import GIVEN_BACK, History, Operation
from sim.scenario import load
from sim.workloads.requests import create_table
from tests.sim.test_history import error, operation

TABLES = tuple(create_table(name, "id") for name in ("a", "b"))
CATALOGUE = "catalogue"
NOTHING_LEFT: dict[str, Any] = {"UnprocessedItems": {}}
Change = Callable[[Operation], Mapping[str, Any]]


# What an entry is -------------------------------------------------------------------------------


def entry(n: int, *, is_put: bool = True) -> dict[str, Any]:
    key = {"id": {"S": f"item{n}"}}
    return {"PutRequest": {"Item": key}} if is_put else {"DeleteRequest": {"Key": key}}


def written(**fields: Any) -> list[Operation]:
    """Give the entries of a batch over two tables, asked for twice."""
    asked = {"a": [entry(1), entry(2, is_put=False)], "b": [entry(1)]}
    fields = {"request": {"RequestItems": asked}, "attempts": ["k1#1", "k1#2"], **fields}
    return [*entries_of(operation(name="BatchWriteItem", **fields), Model(TABLES))]


def read(about: dict[str, Any], **answer: Any) -> list[tuple[str, Any, Any]]:
    keys = [{"id": {"S": f"item{n}"}} for n in (1, 2)]
    request = {"RequestItems": {"a": {"Keys": keys, **about}}}
    batch = operation(name="BatchGetItem", request=request, answer=answer)
    return [(one.call, one.request, one.answer) for one in entries_of(batch, Model(TABLES))]


def test_an_entry_is_the_singleton_that_it_asks_for() -> None:
    first, second, third = written()

    assert (first.name, first.request) == ("PutItem", {"TableName": "a", **entry(1)["PutRequest"]})
    assert (second.name, second.request["Key"]) == ("DeleteItem", {"id": {"S": "item2"}})
    assert third.request["TableName"] == "b"
    assert [one.call for one in (first, second, third)] == ["k1/1.1", "k1/1.2", "k1/1.3"]
    assert third.attempts == ["k1#1.3", "k1#2.3"]
    assert {(one.invoked_us, one.returned_us) for one in (first, second, third)} == {(1, 2)}


@pytest.mark.parametrize(
    ("fields", "outcomes"),
    [
        ({}, ["committed", "committed", "committed"]),
        ({"status": 0}, ["unknown", "unknown", "unknown"]),
        ({"answer": error("InternalServerError")}, ["unknown", "unknown", "unknown"]),
        (
            # One of them was refused for good, and nobody says which.
            {"answer": error("ValidationException"), "attempts": ["k1#1"]},
            ["unknown", "unknown", "unknown"],
        ),
        (
            {"answer": {"UnprocessedItems": {"b": [entry(1)]}}, "attempts": ["k1#1"]},
            ["committed", "committed", "cancelled"],
        ),
        # Of two attempts only the later one is told of.
        (
            {"answer": {"UnprocessedItems": {"a": [entry(1)]}}},
            ["unknown", "committed", "committed"],
        ),
    ],
)
def test_an_entry_ends_as_its_batch_was_told(fields: dict[str, Any], outcomes: list[str]) -> None:
    assert [one.outcome for one in written(**fields)] == outcomes


def test_what_was_given_back_is_no_error_of_the_catalogue() -> None:
    answer = {"UnprocessedItems": {"a": [entry(1)]}}

    first, second, _ = written(answer=answer, attempts=["k1#1"])

    assert (first.error, second.error) == (GIVEN_BACK, "")


def test_an_entry_of_reads_was_answered_with_its_item_or_none() -> None:
    item = {"id": {"S": "item2"}, "version": {"S": "v"}}
    keys = [{"TableName": "a", "Key": {"id": {"S": f"item{n}"}}} for n in (1, 2)]

    assert read({}, Responses={"a": [item]}) == [
        ("k1/1.1", keys[0], {}),
        ("k1/1.2", keys[1], {"Item": item}),
    ]
    consistent = read({"ConsistentRead": True}, Responses={"a": []})
    assert [request["ConsistentRead"] for _, request, _ in consistent] == [True, True]


def test_a_read_that_was_given_back_or_shows_items_in_part_has_no_entry() -> None:
    given_back = {"a": {"Keys": [{"id": {"S": "item1"}}]}}

    left = read({}, Responses={"a": []}, UnprocessedKeys=given_back)

    assert [call for call, _, _ in left] == ["k1/1.2"]
    assert read({"ProjectionExpression": "version"}, Responses={"a": []}) == []
    assert read({}, **error("InternalServerError")) == []


def test_what_is_no_batch_has_no_entries() -> None:
    assert [*entries_of(operation(name="PutItem"), Model(TABLES))] == []


# How it is judged ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ran() -> Run:
    going = Run(load("bulk-load", {"workload.transactions": "60"}), 1)
    assert going.go().ok
    return going


def is_left_in_part(one: Operation) -> bool:
    return bool(one.answer.get("UnprocessedItems"))


def is_stored(one: Operation) -> bool:
    return bool(one.answer == NOTHING_LEFT)


def judged(run: Run, name: str, fits: Callable[[Operation], bool], change: Change) -> list[Finding]:
    """Judge the run as if the first operation of this name that fits had been another."""
    false, chosen = History(), ""
    for one in run.history:
        is_chosen = not chosen and one.name == name and fits(one)
        chosen = one.call if is_chosen else chosen
        false.add(one._replace(**change(one)) if is_chosen else one)
    assert chosen
    return check_run(false, run.witness, run.cluster, run.workload.tables)[1]


def kinds(found: list[Finding]) -> set[tuple[str, str]]:
    return {(one.checker, one.kind) for one in found}


def test_what_was_given_back_was_not_stored(ran: Run) -> None:
    found = judged(ran, "BatchWriteItem", is_left_in_part, lambda _: {"answer": {}})

    assert ("singletons", "write lost") in kinds(found)


def test_what_was_stored_was_not_given_back(ran: Run) -> None:
    def all_of_it(one: Operation) -> Mapping[str, Any]:
        return {"answer": {"UnprocessedItems": one.request["RequestItems"]}}

    found = judged(ran, "BatchWriteItem", is_stored, all_of_it)

    assert ("singletons", "given back and done") in kinds(found)


@pytest.mark.parametrize("table", [CATALOGUE, "elsewhere"])
def test_what_a_batch_was_not_asked_for_it_does_not_give_back(ran: Run, table: str) -> None:
    found = judged(
        ran,
        "BatchWriteItem",
        is_stored,
        lambda _: {"answer": {"UnprocessedItems": {table: [entry(99)]}}},
    )

    assert kinds(found) == {("singletons", "given back unasked")}


def test_what_a_batch_gives_back_it_gives_back_once(ran: Run) -> None:
    def twice(one: Operation) -> Mapping[str, Any]:
        left = one.answer["UnprocessedItems"][CATALOGUE]
        return {"answer": {"UnprocessedItems": {CATALOGUE: [*left, left[0]]}}}

    found = judged(ran, "BatchWriteItem", is_left_in_part, twice)

    assert kinds(found) == {("singletons", "given back unasked")}


def test_what_a_batch_reads_of_a_table_was_asked_for(ran: Run) -> None:
    def more(one: Operation) -> Mapping[str, Any]:
        responses = {**one.answer["Responses"], "elsewhere": [{"id": {"S": "1"}}]}
        return {"answer": {**one.answer, "Responses": responses}}

    found = judged(ran, "BatchGetItem", lambda one: "Responses" in one.answer, more)

    assert kinds(found) == {("pages", "item unasked")}


def test_what_no_partition_refused_is_not_given_back(ran: Run) -> None:
    refused = ran.witness
    call = next(one for one in ran.history if is_left_in_part(one))

    class Deaf:
        """A witness that has heard of no refusal."""

        def __getattr__(self, name: str) -> Any:
            return getattr(refused, name)

        def all(self, kind: type[Any]) -> list[Any]:
            return [] if kind.__name__ == "Refused" else refused.all(kind)

    deaf: Any = Deaf()
    _, found = check_run(ran.history, deaf, ran.cluster, ran.workload.tables)

    assert kinds(found) == {("singletons", "refusal invented")}
    assert any(one.transactions[0].startswith(f"{call.call}.") for one in found)


def test_a_batch_that_nobody_was_told_of_may_have_been_stored_in_part(ran: Run) -> None:
    unknown = {"status": 0, "answer": {}}

    assert judged(ran, "BatchWriteItem", is_left_in_part, lambda _: unknown) == []
    assert judged(ran, "BatchWriteItem", is_stored, lambda _: unknown) == []


def test_what_an_entry_asks_for_is_what_it_leaves(ran: Run) -> None:
    def another(one: Operation) -> Mapping[str, Any]:
        items = [
            {"PutRequest": {"Item": {**entry["PutRequest"]["Item"], "version": {"S": "another"}}}}
            if "PutRequest" in entry
            else entry
            for entry in one.request["RequestItems"][CATALOGUE]
        ]
        return {"request": {"RequestItems": {CATALOGUE: items}}}

    found = judged(ran, "BatchWriteItem", is_stored, another)

    assert {"instants", "timestamps"} & {one.checker for one in found}


def test_an_entry_keeps_real_time(ran: Run) -> None:
    late = max(one.returned_us for one in ran.history) + 1

    found = judged(
        ran,
        "BatchWriteItem",
        is_stored,
        lambda _: {"invoked_us": late, "returned_us": late + 1},
    )

    assert ("strict", "real time broken") in kinds(found)
    assert ("graph", "G0-realtime") in kinds(found) or ("items", "late write") in kinds(found)


def test_what_a_batch_reads_was_there_at_one_moment_each(ran: Run) -> None:
    def false(one: Operation) -> Mapping[str, Any]:
        first, *rest = one.answer["Responses"][CATALOGUE]
        first = {**first, "version": {"S": "another"}}
        return {"answer": {**one.answer, "Responses": {CATALOGUE: [first, *rest]}}}

    found = judged(
        ran, "BatchGetItem", lambda one: bool(one.answer.get("Responses", {}).get(CATALOGUE)), false
    )

    assert ("instants", "read refuted") in kinds(found)
