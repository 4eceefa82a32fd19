"""Reasons: each justified and at its place, `None` exactly where nothing was wrong."""

from collections.abc import Mapping
from typing import Any

import pytest

from coordinator.options import CoordinatorOptions
from items.actions import Put
from items.errors import CONDITIONAL_CHECK_FAILED_REASON, Reason, validation_reason
from network.messages import Envelope, Write, WriteRefused
from partition.machine import Output
from sim.history import Operation
from sim.tables_seen import LIES_MAX
from sim.witness import lie_in
from tests.builders import (
    Stage,
    calm,
    check,
    json_add,
    json_check,
    json_key,
    json_put,
    prepare,
    record,
    transaction,
)
from tests.sim.checks.evidence import Case, place_of, played

OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
NONE, FAILED, CONFLICT, VALIDATION, SILENCE = (
    {"Code": code}
    for code in (
        *("None", "ConditionalCheckFailed", "TransactionConflict"),
        *("ValidationError", "ThrottlingError"),
    )
)
PATIENCE_US = 500_000  # For so long a coordinator waits for votes, where a test says so.


def told(case: Case, *reasons: Mapping[str, Any], place: int = -1) -> Operation:
    """Have a cancelled operation told these reasons."""
    answer = {**case.operations[place].answer, "CancellationReasons": list(reasons)}
    return case.replace(place, answer=answer)


def reasons_of(case: Case) -> set[str]:
    return {one.kind for one in case.findings() if one.checker == "reasons"}


# Write transactions -------------------------------------------------------------------------------


@pytest.fixture
def case() -> Case:
    """Put a; then, of two actions on two partitions, fail the first one's condition."""
    stage = Stage(clients=1)
    (other,) = stage.names_on("p1" if stage.owner("a") == "p2" else "p2")
    stage.write(json_put("a", 1))
    stage.write(json_check("a", "attribute_not_exists(k)", **OLD), json_put(other, 2))
    return Case(stage)


def test_the_true_reasons_are_no_finding(case: Case) -> None:
    reasons = case.operations[-1].reasons

    assert [one["Code"] for one in reasons] == ["ConditionalCheckFailed", "None"]
    assert reasons[0]["Item"] == {**json_key("a"), "v": {"N": "1"}}
    assert case.findings() == []


@pytest.mark.parametrize(
    ("reasons", "kinds"),
    [
        ((NONE, FAILED), {"reason hidden", "reason misplaced"}),
        ((CONFLICT, NONE), {"reason misplaced"}),
        ((NONE, CONFLICT), {"reason hidden", "reason misplaced"}),
        ((NONE, SILENCE), {"reason hidden", "reason untrue"}),
        ((NONE, NONE), {"reasons misshapen"}),
        ((FAILED,), {"reasons misshapen"}),
        ((FAILED, VALIDATION), {"reasons misshapen"}),
        ((NONE, VALIDATION), {"reason misplaced"}),
        ((VALIDATION, NONE), {"reason misplaced"}),
        ((FAILED, NONE), {"item untrue"}),
        ((SILENCE, NONE), {"reason untrue"}),
        ((SILENCE, SILENCE), {"reason untrue"}),
    ],
    ids=lambda one: "-".join(r["Code"] for r in one) if isinstance(one, tuple) else "",
)
def test_a_falsified_reason_is_found(
    case: Case, reasons: tuple[dict[str, Any], ...], kinds: set[str]
) -> None:
    told(case, *reasons)

    assert reasons_of(case) == kinds


@pytest.mark.parametrize(("patience_us", "kinds"), [(0, set()), (1, {"reason untrue"})])
def test_silence_has_lasted_as_long_as_a_coordinator_waits(
    case: Case, patience_us: int, kinds: set[str]
) -> None:
    operation = told(case, SILENCE, NONE)
    lasted_us = operation.returned_us - operation.invoked_us
    case.evidence.votes_deadline_us = lasted_us + patience_us

    assert reasons_of(case) == kinds


def test_an_item_that_was_not_there_is_found(case: Case) -> None:
    first, second = case.operations[-1].reasons
    told(case, {**first, "Item": {**json_key("a"), "v": {"N": "2"}}}, second)

    (found,) = case.findings()
    assert found.kind == "item untrue"
    assert "reason 1 shows v 2; the partition said v 1" in found.explanation


def test_an_item_that_nobody_asked_to_see_is_found() -> None:
    stage = Stage(clients=1)
    stage.write(json_put("a", 1))
    stage.write(json_check("a", "attribute_not_exists(k)"))
    case = Case(stage)
    (reason,) = case.operations[-1].reasons
    told(case, {**reason, "Item": {**json_key("a"), "v": {"N": "1"}}})

    assert reasons_of(case) == {"item untrue"}


def test_a_none_that_no_partition_stands_for_is_found(case: Case) -> None:
    case.evidence.promised.clear()

    assert reasons_of(case) == {"reason hidden"}


def test_a_rejection_beside_an_accept_of_one_partition_is_told_as_it_was() -> None:
    stage = Stage(clients=1)
    first, second = stage.names_on("p1", 2)
    stage.write(json_check(first), json_put(second, 2))
    case = Case(stage)

    assert case.findings() == []
    told(case, NONE, FAILED)
    assert reasons_of(case) == {"reason hidden", "reason misplaced"}


def test_a_validation_error_hides_the_others_and_only_a_later_one() -> None:
    stage = Stage(clients=1)
    stage.do("PutItem", {"TableName": "things", "Item": {**json_key("a"), "v": {"S": "text"}}})
    first, second = (name for name in ("b", "c", "d", "e", "f") if name in pair(stage))
    stage.write(json_check(first), json_add("a", 1), json_check(second))
    case = Case(stage)

    assert [one["Code"] for one in case.operations[-1].reasons] == [
        "None",
        VALIDATION["Code"],
        "None",
    ]
    assert case.findings() == []
    told(case, FAILED, NONE, FAILED)
    assert reasons_of(case) == {"reason hidden"}


def pair(stage: Stage) -> list[str]:
    """Return a name beside a, and one on the other partition."""
    names = ("b", "c", "d", "e", "f")
    mine = next(name for name in names if stage.owner(name) == stage.owner("a"))
    return [mine, next(name for name in names if stage.owner(name) != stage.owner("a"))]


@pytest.fixture
def mistaken() -> Stage:
    """Put texts under two names on two partitions, of neither of which one can count."""
    options = CoordinatorOptions(votes_deadline_us=PATIENCE_US)
    stage = Stage(clients=1, coordinators=1, settings=calm(coordinator=options))
    for name in two_apart(stage):
        text = {"TableName": "things", "Item": {**json_key(name), "v": {"S": "text"}}}
        stage.do("PutItem", text)
    return stage


def two_apart(stage: Stage) -> list[str]:
    return [stage.names_on(node)[0] for node in ("p1", "p2")]


def test_of_two_validation_errors_the_first_is_told(mistaken: Stage) -> None:
    mistaken.write(*[json_add(name, 1) for name in two_apart(mistaken)])
    case = Case(mistaken)

    assert case.operations[-1].reasons[1] == NONE
    assert case.findings() == []
    told(case, NONE, VALIDATION)
    assert reasons_of(case) == {"reason hidden"}


def test_a_validation_error_that_nobody_heard_of_is_not_the_first(mistaken: Stage) -> None:
    mistaken.cluster.network.hold("p1", "c1")
    asked = mistaken.begin(
        "TransactWriteItems", transaction(*[json_add(name, 1) for name in two_apart(mistaken)])
    )
    mistaken.loop.run_for(2 * PATIENCE_US)
    mistaken.cluster.network.release("p1", "c1")
    operation = asked.answer()

    assert [one["Code"] for one in operation.reasons] == ["None", "ValidationError"]
    assert Case(mistaken).findings() == []


def test_a_router_may_refuse_a_key_by_itself() -> None:
    stage = Stage(clients=1)
    wrong = {
        "Update": {
            "TableName": "things",
            "Key": {"k": {"N": "1"}},
            "UpdateExpression": "ADD v :n",
            "ExpressionAttributeValues": {":n": {"N": "1"}},
        }
    }
    asked = stage.write(json_put("a", 1), wrong)
    alone = stage.write(wrong)
    case = Case(stage)

    assert [one["Code"] for one in asked.reasons] == ["None", "ValidationError"]
    assert [one["Code"] for one in alone.reasons] == ["ValidationError"]
    assert reasons_of(case) == set()
    told(case, CONFLICT, NONE, place=0)
    assert reasons_of(case) == {"reasons misshapen"}


def test_a_router_may_refuse_a_key_to_be_read_by_itself() -> None:
    stage = Stage(clients=1)
    wrong = {"Get": {"TableName": "things", "Key": {"k": {"N": "1"}}}}
    asked = stage.do("TransactGetItems", {"TransactItems": [wrong]})
    case = Case(stage)

    assert [one["Code"] for one in asked.reasons] == ["ValidationError"]
    assert reasons_of(case) == set()
    right = {"Get": {"TableName": "things", "Key": {"k": {"S": "a"}}}}
    case.replace(0, request={"TransactItems": [right]})
    assert reasons_of(case) == {"reasons misshapen"}


@pytest.mark.parametrize(
    ("name", "request_", "refusal"),
    [
        ("PutItem", {"TableName": "things", "Item": {"v": {"N": "1"}}}, "ValidationException"),
        (
            "BatchWriteItem",
            {"RequestItems": {"things": [{"PutRequest": {"Item": {"v": {"N": "1"}}}}]}},
            "ValidationException",
        ),
        (
            "BatchWriteItem",
            {"RequestItems": {"nothings": [{"DeleteRequest": {"Key": {"k": {"S": "a"}}}}]}},
            "ResourceNotFoundException",
        ),
    ],
)
def test_what_cannot_be_done_is_judged_by_all(
    name: str, request_: dict[str, Any], refusal: str
) -> None:
    stage = Stage(clients=1)
    assert stage.do(name, request_).error == refusal
    case = Case(stage)

    assert case.findings() == []
    assert case.graph() == case.graph(is_inside=False) == set()


# Conflicts ----------------------------------------------------------------------------------------


def conflicted() -> Case:
    """Let k2 write a while k1's transaction is ongoing on it."""
    return played(
        "cluster coordinators=2",
        "k1: write put(a, 0) put(b, 0)",
        """hold p1>c1
        k1: write put(a, 1) [via=c1]""",
        "k2: write put(b, 2) put(a, 2) [via=c2]",
        "release p1>c1",
    )


def test_a_true_conflict_is_no_finding_and_an_invented_one_is() -> None:
    case = conflicted()
    (place,) = (n for n, one in enumerate(case.operations) if len(one.reasons) == 2)
    assert [one["Code"] for one in case.operations[place].reasons] == ["None", CONFLICT["Code"]]
    assert case.findings() == []

    told(case, CONFLICT, CONFLICT, place=place)

    assert reasons_of(case) == {"reason misplaced"}


def test_a_conflict_of_a_singleton_with_nothing_is_a_lie() -> None:
    stage = Stage(clients=1)
    stage.write(json_put("a", 1))
    (table,) = stage.witness.table_names
    machine = stage.cluster.machine(stage.owner("a"))
    assert machine is not None
    refused = Output(None, WriteRefused("TransactionConflictException", "", None))
    message = Write(Put(table, place_of("a")[1], {}), "NONE", 1, "k1#7")

    stage.witness.stepped(machine, Envelope("r1", 1, 0, message), refused)

    assert stage.witness.lies == [("k1#7", "nothing was ongoing on its item")]
    for _ in range(2 * LIES_MAX):  # A run may be long: the first ones say most.
        stage.witness.stepped(machine, Envelope("r1", 1, 0, message), refused)
    assert len(stage.witness.lies) == LIES_MAX


def test_a_conflict_of_one_entry_of_a_batch_says_nothing_of_another() -> None:
    stage = Stage(clients=1, partitions=1)
    (table,) = stage.witness.table_names
    machine = stage.cluster.machine("p1")
    assert machine is not None
    refused = Output(None, WriteRefused("TransactionConflictException", "", None))
    machine.keep((table, place_of("a")[1]), record(ongoing="t1"))

    for name in ("a", "b"):
        message = Write(Put(table, place_of(name)[1], {}), "NONE", 1, "k1#7")
        stage.witness.stepped(machine, Envelope("r1", 1, 0, message), refused)

    assert stage.witness.lies == [("k1#7", "nothing was ongoing on its item")]


# Read transactions --------------------------------------------------------------------------------


def reading() -> Case:
    """Let k2 read a and b, and b change between its rounds."""
    return played(
        "cluster coordinators=2",
        "k1: write put(a, 0) put(b, 0)",
        """hold p2>c2
        k2: read a b [via=c2]""",
        "k1: put b 1",
        "release p2>c2",
    )


def cancelled(case: Case) -> int:
    return next(n for n, one in enumerate(case.operations) if one.name == "TransactGetItems")


def test_an_item_that_changed_between_the_rounds_is_the_only_one_to_blame() -> None:
    case = reading()
    place = cancelled(case)

    assert case.operations[place].reasons[0] == NONE
    assert case.findings() == []
    told(case, CONFLICT, NONE, place=place)
    assert reasons_of(case) == {"reason untrue"}


def test_a_conflict_that_is_invented_beside_a_true_one_is_found() -> None:
    case = reading()
    told(case, CONFLICT, CONFLICT, place=cancelled(case))

    assert reasons_of(case) == {"reason untrue"}


def test_a_conflict_that_is_hidden_from_a_reader_is_found() -> None:
    case = played(
        "cluster coordinators=2",
        "k1: write put(a, 0) put(b, 0)",
        """hold p1>c1 p2>c1
        k1: write put(a, 1) put(b, 1) [via=c1]""",
        "k2: read a b [via=c2]",
        "release p1>c1 p2>c1",
    )
    place = cancelled(case)
    assert case.operations[place].reasons[0]["Code"] == CONFLICT["Code"]
    assert reasons_of(case) == set()

    told(case, CONFLICT, NONE, place=place)

    assert reasons_of(case) == {"reason hidden"}


def test_a_reader_s_reason_is_its_own_kind_only() -> None:
    case = reading()
    told(case, NONE, FAILED, place=cancelled(case))

    assert reasons_of(case) == {"reasons misshapen"}


# The order of judging -----------------------------------------------------------------------------

FALSE = check("a", "attribute_not_exists(k)")


def test_a_condition_that_fails_on_an_item_at_rest_is_true() -> None:
    request = prepare(FALSE, transaction="t2", us=200)

    assert lie_in(request, FALSE, CONDITIONAL_CHECK_FAILED_REASON, record()) == ""


@pytest.mark.parametrize("reason", [CONDITIONAL_CHECK_FAILED_REASON, validation_reason("size")])
def test_a_condition_judged_while_another_is_ongoing_is_found(reason: Reason) -> None:
    request = prepare(FALSE, transaction="t2", us=200)

    lie = lie_in(request, FALSE, reason, record(ongoing="t1"))

    assert lie == f"{reason.code} while t1 was ongoing: that comes first"


def test_a_condition_judged_too_late_is_found() -> None:
    request = prepare(FALSE, transaction="t2", us=5)

    lie = lie_in(request, FALSE, CONDITIONAL_CHECK_FAILED_REASON, record(us=5))

    assert lie == "ConditionalCheckFailed at a timestamp that was too late: that comes first"
