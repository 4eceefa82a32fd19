"""The simulated client: what it asks for again after silence, and what it does not."""

import pytest

from tests.builders import CREATE_TABLE, TABLE_NAME, Stage, json_key

NAMED = {"TableName": TABLE_NAME}
KEY = {**NAMED, "Key": json_key("a")}
PUT = {**NAMED, "Item": json_key("a")}
TIME_TO_LIVE = {"AttributeName": "ends", "Enabled": True}


def attempts(name: str, request: dict[str, object]) -> int:
    """Ask routers that are down; they were up before, and are known to the client."""
    stage = Stage()
    stage.cluster.crash("r1")
    asked = stage.do(name, request)
    assert asked.is_unknown
    return len(asked.attempts)


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("PutItem", PUT),
        ("UpdateItem", KEY),
        ("DeleteItem", KEY),
        ("BatchWriteItem", {"RequestItems": {TABLE_NAME: [{"PutRequest": {"Item": PUT["Item"]}}]}}),
        ("CreateTable", CREATE_TABLE),
        ("UpdateTable", {**NAMED, "StreamSpecification": {"StreamEnabled": False}}),
        ("UpdateTimeToLive", {**NAMED, "TimeToLiveSpecification": TIME_TO_LIVE}),
        ("DeleteTable", NAMED),
    ],
)
def test_what_would_be_a_second_operation_is_asked_for_once(
    name: str, request_: dict[str, object]
) -> None:
    assert attempts(name, request_) == 1


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("GetItem", KEY),
        ("DescribeTable", NAMED),
        ("TransactWriteItems", {"TransactItems": [{"Put": PUT}]}),
    ],
)
def test_what_does_no_harm_is_asked_for_again(name: str, request_: dict[str, object]) -> None:
    assert attempts(name, request_) > 1
