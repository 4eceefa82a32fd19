"""Operations in words, figures, and records as JSON."""

from typing import Any

import pytest

from items.actions import Check, Put
from items.errors import Reason
from items.values import Item
from network.ids import NEVER, EntryKey, TableId, Timestamp, TransactionId
from network.messages import (
    MESSAGES,
    Accept,
    Forgotten,
    Prepare,
    Reject,
    Scan,
    Votes,
    from_frame,
    to_frame,
)
from partition.storage import Changes
from sim.figures import Percentiles, figures_of, percentiles
from sim.history import History, Operation
from sim.telling import error_of, outcome_of, parts_of, value_of
from twophase.cli.as_json import dumps
from twophase.cli.plain import plain, plain_of

SCHEMAS = {"Orders": ("OrderID",), "Lines": ("OrderID", "Line")}
PREFIX = "com.amazonaws.dynamodb.v20120810#"


def operation(name: str, request: dict[str, Any], answer: dict[str, Any], **more: Any) -> Operation:
    status = 400 if "__type" in answer else 200
    known = {"place": 0, "client": "k1", "call": "k1/1", "attempts": ("k1#1",), "status": status}
    times = {"invoked_us": 0, "returned_us": 5}
    return Operation(name=name, request=request, answer=answer, **{**known, **times, **more})


def write(*actions: dict[str, Any], **answer: Any) -> Operation:
    return operation("TransactWriteItems", {"TransactItems": actions}, answer)


def cancelled(*codes: str) -> dict[str, Any]:
    reasons = [
        {"Code": code, "Message": "why"} if code != "None" else {"Code": code} for code in codes
    ]
    return {"__type": f"{PREFIX}TransactionCanceledException", "CancellationReasons": reasons}


PUT = {"Put": {"TableName": "Orders", "Item": {"OrderID": {"S": "o1"}, "Amount": {"N": "5"}}}}
UPDATE = {
    "Update": {
        "TableName": "Lines",
        "Key": {"OrderID": {"S": "o1"}, "Line": {"N": "2"}},
        "UpdateExpression": "SET #s = :s",
        "ConditionExpression": "#s = :old AND amount > :n",
        "ExpressionAttributeNames": {"#s": "Status"},
        "ExpressionAttributeValues": {":s": {"S": "PAID"}, ":old": {"S": "NEW"}, ":n": {"N": "3"}},
    }
}


def test_an_action_is_told_with_names_and_values_in_their_places() -> None:
    put, update = parts_of(write(PUT, UPDATE), SCHEMAS)

    assert put.asked == "Put Orders o1"
    assert put.condition == ""
    assert update.asked == "Update Lines o1/2 SET Status = 'PAID'"
    assert update.condition == "if Status = 'NEW' AND amount > 3"


def test_a_reason_is_told_at_the_item_that_it_is_about() -> None:
    put, update = parts_of(write(PUT, UPDATE, **cancelled("None", "TransactionConflict")), SCHEMAS)

    assert (put.answered, put.blamed) == ("None - nothing was wrong with it", False)
    assert (update.answered, update.blamed) == ("TransactionConflict - why", True)


def test_what_was_read_is_told_without_its_key() -> None:
    request = {"TableName": "Orders", "Key": {"OrderID": {"S": "o1"}}}
    item = {"OrderID": {"S": "o1"}, "Amount": {"N": "5"}, "Tags": {"SS": ["a", "b"]}}
    (found,) = parts_of(operation("GetItem", request, {"Item": item}), SCHEMAS)
    (missing,) = parts_of(operation("GetItem", request, {}), SCHEMAS)

    assert found.asked == "Orders o1"
    assert found.answered == "Amount 5, Tags {a, b}"
    assert missing.answered == "no item"


def test_silence_is_told_as_unknown() -> None:
    silent = operation("PutItem", {"TableName": "Orders", "Item": {}}, {}, status=0)

    assert outcome_of(silent) == "unknown"
    assert "may have happened" in error_of(silent)


def test_a_refusal_without_reasons_is_told_by_its_error() -> None:
    answer = {"__type": f"{PREFIX}ConditionalCheckFailedException", "message": "no"}
    refused = operation("PutItem", {"TableName": "Orders", "Item": {}}, answer)

    assert outcome_of(refused) == "refused"
    assert error_of(refused) == "ConditionalCheckFailedException: no"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"S": "x" * 99}, "x" * 23 + "…"),
        ({"B": b"\x00\x01"}, "AAE="),
        ({"B": "AAE="}, "AAE="),
        ({"BS": [b"a"]}, "{1 binaries}"),
        ({"BOOL": False}, "false"),
        ({"NULL": True}, "null"),
        ({"L": [{"N": "1"}, {"S": "a"}]}, "[1, a]"),
        ({"M": {"a": {"N": "1"}}}, "{a 1}"),
        ({"M": {}}, "{}"),
        ({"NS": ["1", "2"]}, "{1, 2}"),
    ],
)
def test_a_value_is_told_without_its_type(value: dict[str, Any], told: str) -> None:
    assert value_of(value) == told


def test_a_longer_value_is_told_where_there_is_room() -> None:
    long = {"L": [{"S": "x" * 40}, {"M": {"a": {"S": "y" * 99}}}]}

    assert value_of({"S": "x" * 99}, 60) == "x" * 59 + "…"
    assert value_of(long, 200) == f"[{'x' * 40}, {{a {'y' * 99}}}]"


def history(*operations: Operation) -> History:
    made = History()
    for one in operations:
        made.add(one)
    return made


def test_percentiles_are_by_the_nearest_rank() -> None:
    assert percentiles([]) is None
    assert percentiles([7]) == Percentiles(7, 7, 7)
    assert percentiles(range(1, 101)) == Percentiles(50, 90, 99)
    assert percentiles([3, 1, 2]) == Percentiles(2, 3, 3)


def test_figures_leave_out_how_tables_and_first_items_were_made() -> None:
    setting_up = [operation("CreateTable", {}, {}), operation("PutItem", PUT["Put"], {})]
    figures = figures_of(history(*setting_up, write(PUT), operation("GetItem", {}, {})))

    assert [one.name for one in figures.first] == ["TransactWriteItems", "GetItem"]
    assert figures.others_count == 1


def test_the_first_cancelled_transaction_is_always_an_example() -> None:
    many = [write(PUT)] * 9
    figures = figures_of(history(*many, write(PUT, **cancelled("TransactionConflict")), *many))

    assert [one.outcome for one in figures.examples] == ["committed"] * 5 + ["cancelled"]
    assert figures.first[-1].outcome == "cancelled"
    assert figures.outcomes == {"committed": 18, "cancelled": 1, "unknown": 0}
    assert figures.reasons == {"TransactionConflict": 1}


def test_a_message_becomes_json_with_values_as_dynamodb_writes_them() -> None:
    item: Item = {"id": ("S", "a"), "data": ("B", b"\x00"), "list": ("L", (("N", "1"),))}
    put = Put("t", (("S", "a"),), item)
    check = Check("t", (("N", "1"), ("B", b"\x01")), "attribute_exists(id)")
    message = Prepare(TransactionId("x"), EntryKey("e"), Timestamp(5, "c1"), (put, check))
    told = plain(message)

    assert told["timestamp"] == "5.c1"
    assert told["actions"][0]["Put"]["item"] == {
        "id": {"S": "a"},
        "data": {"B": "AA=="},
        "list": {"L": [{"N": "1"}]},
    }
    assert told["actions"][1]["Check"]["key"] == [{"N": "1"}, {"B": "AQ=="}]
    dumps(told)


def test_votes_and_empty_messages_keep_their_names() -> None:
    reject = Reject(Reason("TransactionConflict", "why"), Timestamp(5, "c1"))
    told = plain(Votes((Accept(), reject)))

    assert told["votes"][0] == {"Accept": {}}
    assert told["votes"][1]["Reject"]["reason"]["code"] == "TransactionConflict"
    assert plain(Forgotten()) == {}


def test_a_scan_and_changes_become_json() -> None:
    condition = ("between", (("N", "1"), ("N", "2")))
    scan = Scan(TableId("t"), ("S", "a"), condition, None, True, 1, None, {}, {}, "k1#1")
    changes = Changes("t1", NEVER, ((("t", (("S", "a"),)), None),), (), 3)

    assert plain(scan)["sort_condition"] == ["between", [{"N": "1"}, {"N": "2"}]]
    assert plain(changes)["records"] == [[["t", [{"S": "a"}]], None]]


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_kind_of_message_can_be_told(kind: type) -> None:
    assert callable(plain_of(kind))


def test_what_travelled_is_told_like_what_was_sent() -> None:
    message = Prepare(TransactionId("x"), EntryKey("e"), NEVER, (Put("t", (("S", "a"),), {}),))

    assert plain(from_frame(to_frame("c1", 1, 0, message)).message) == plain(message)
