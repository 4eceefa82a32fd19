from typing import Any

import pytest

from items.errors import (
    CONDITIONAL_CHECK_FAILED,
    INTERNAL_SERVER_ERROR,
    RESOURCE_NOT_FOUND,
    SERIALIZATION,
    VALIDATION,
)
from network.placement import LEDGER_TABLE
from network.weather import Uniform, Weather
from sim.settings import Shape
from tests.router.harness import World

KEY = {"pk": {"S": "a"}}
KEYED = {"TableName": "pets", "Key": KEY}
ITEM = {**KEY, "coins": {"N": "5"}}


@pytest.fixture
def world() -> World:
    world = World()
    world.table()
    return world


def test_what_is_put_is_got(world: World) -> None:
    item = {
        **KEY,
        "n": {"N": "1"},
        "b": {"B": "AP8="},
        "l": {"L": [{"S": "x"}, {"NULL": True}]},
        "m": {"M": {"t": {"BOOL": True}}},
        "ss": {"SS": ["x", "y"]},
    }

    assert world.ok("PutItem", {"TableName": "pets", "Item": item}) == {}

    got = world.get(KEY)
    assert got is not None
    assert got == {**item, "l": {"L": ({"S": "x"}, {"NULL": True})}, "ss": {"SS": ("x", "y")}}


def test_an_item_of_400_kb_is_put_and_one_byte_more_is_not(world: World) -> None:
    text = "x" * (409_600 - len("pk" + "a" + "t"))

    world.put({**KEY, "t": {"S": text}})
    refusal = world.error("PutItem", {"TableName": "pets", "Item": {**KEY, "t": {"S": text + "x"}}})

    assert refusal == (VALIDATION.name, "Item size has exceeded the maximum allowed size")
    assert world.get(KEY) == {**KEY, "t": {"S": text}}


def test_a_missing_item_is_got_as_nothing_at_all(world: World) -> None:
    assert world.ok("GetItem", {**KEYED, "ConsistentRead": True}) == {}


def test_a_projection_shows_a_part(world: World) -> None:
    world.put(ITEM)

    got = world.ok("GetItem", {**KEYED, "ProjectionExpression": "coins"})
    nothing = world.ok("GetItem", {**KEYED, "ProjectionExpression": "feet"})

    assert (got, nothing) == ({"Item": {"coins": {"N": "5"}}}, {"Item": {}})


@pytest.mark.parametrize(
    ("return_values", "answer"),
    [
        ("NONE", {}),
        ("ALL_OLD", {"Attributes": ITEM}),
        ("ALL_NEW", {"Attributes": {**KEY, "coins": {"N": "6"}}}),
        ("UPDATED_OLD", {"Attributes": {"coins": {"N": "5"}}}),
        ("UPDATED_NEW", {"Attributes": {"coins": {"N": "6"}}}),
    ],
)
def test_an_update_returns_what_it_is_asked_for(
    world: World, return_values: str, answer: dict[str, Any]
) -> None:
    world.put(ITEM)
    body = {
        **KEYED,
        "UpdateExpression": "ADD coins :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": return_values,
    }

    assert world.ok("UpdateItem", body) == answer


def test_an_update_without_expression_makes_the_item(world: World) -> None:
    assert world.ok("UpdateItem", KEYED) == {}

    assert world.get(KEY) == KEY


def test_a_delete_returns_what_was_there(world: World) -> None:
    world.put(ITEM)

    deleted = [world.ok("DeleteItem", {**KEYED, "ReturnValues": "ALL_OLD"}) for _ in range(2)]

    assert deleted == [{"Attributes": ITEM}, {}]


def test_a_failed_condition_shows_the_item_if_it_is_asked_to(world: World) -> None:
    world.put(ITEM)
    body = {"TableName": "pets", "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}

    plain = world.ask("PutItem", body)
    shown = world.ask("PutItem", {**body, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})

    error = {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    }
    assert (plain.status, plain.body) == (400, error)
    assert (shown.status, shown.body) == (400, {**error, "Item": ITEM})


def test_an_operand_of_the_wrong_type_is_a_validation_exception(world: World) -> None:
    world.put({**KEY, "coins": {"S": "five"}})
    body = {
        **KEYED,
        "UpdateExpression": "SET coins = coins + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }

    assert world.error("UpdateItem", body) == (
        "ValidationException",
        "An operand in the update expression has an incorrect data type",
    )


@pytest.mark.parametrize(
    "update",
    ["SET coins = coins + :one", "SET tags = list_append(tags, :one)", "SET bag.coins = :one"],
)
def test_a_failed_condition_is_told_before_an_update_that_cannot_be(
    world: World, update: str
) -> None:
    one = {"L": ()} if "list" in update else {"N": "1"}
    body = {**KEYED, "UpdateExpression": update, "ExpressionAttributeValues": {":one": one}}
    body["ConditionExpression"] = "attribute_exists(pk)"

    assert world.error("UpdateItem", body)[0] == CONDITIONAL_CHECK_FAILED.name

    world.put(KEY)
    assert world.error("UpdateItem", body)[0] == "ValidationException"


@pytest.mark.parametrize("operation", ["GetItem", "DeleteItem", "UpdateItem"])
def test_a_table_that_nobody_made_is_not_found(world: World, operation: str) -> None:
    assert world.error(operation, {**KEYED, "TableName": "cars"}) == (
        RESOURCE_NOT_FOUND.name,
        "Requested resource not found",
    )


@pytest.mark.parametrize("name", [LEDGER_TABLE, "$tables"])
def test_internal_tables_are_no_tables_of_clients(world: World, name: str) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}"

    errors = [
        world.error("GetItem", {"TableName": named, "Key": {"Entry": {"S": "x"}}})[0]
        for named in (name, arn)
    ]

    assert errors == ["ValidationException", RESOURCE_NOT_FOUND.name]


def test_a_wrong_key_is_told_after_a_missing_table(world: World) -> None:
    body = {"TableName": "cars", "Key": {"feet": {"N": "4"}}}

    assert world.error("GetItem", body)[0] == RESOURCE_NOT_FOUND.name
    assert world.error("GetItem", {**body, "TableName": "pets"}) == (
        "ValidationException",
        "The provided key element does not match the schema",
    )


def test_a_write_that_nobody_answers_is_unknown() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.table()
    world.cluster.crash("p1")

    response = world.ask("PutItem", {"TableName": "pets", "Item": ITEM})

    assert response.status == 500
    assert response.body["__type"].endswith(INTERNAL_SERVER_ERROR.name)


def test_a_write_is_asked_once_however_long_the_answer_takes() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.table()
    world.put(ITEM)
    link = world.cluster.network.link("r1", "p1")
    before = link.sent
    world.cluster.crash("p1")

    world.ask("PutItem", {"TableName": "pets", "Item": ITEM})

    assert link.sent == before + 1


def test_the_refusal_of_a_partition_that_came_back_is_unknown_and_then_it_is_known() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.table()
    world.put(ITEM)
    world.cluster.crash("p1")
    world.cluster.start("p1")

    # An earlier copy of the same question may have been carried out before the crash.
    assert world.error("PutItem", {"TableName": "pets", "Item": ITEM})[0] == (
        INTERNAL_SERVER_ERROR.name
    )
    assert world.ok("PutItem", {"TableName": "pets", "Item": ITEM}) == {}


def test_a_read_is_asked_until_it_is_answered() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.table()
    world.put(ITEM)
    link = world.cluster.network.link("r1", "p1")
    link.treat(Weather(Uniform(200, 2_000), loss=0.5))
    before = link.sent

    assert [world.get(KEY) for _ in range(10)] == [ITEM] * 10
    assert link.sent > before + 10


def test_a_router_that_knows_the_table_by_an_old_id_asks_again(world: World) -> None:
    world.put(ITEM)
    world.ok("GetItem", KEYED, router="r2")
    world.ok("DeleteTable", {"TableName": "pets"})
    world.wait_for_status("pets", "GONE")
    world.table()

    assert world.ok("PutItem", {"TableName": "pets", "Item": ITEM}, router="r2") == {}
    assert world.ok("GetItem", KEYED) == {"Item": ITEM}


def test_a_router_that_knows_a_table_that_is_gone_says_so(world: World) -> None:
    world.ok("GetItem", KEYED, router="r2")
    world.ok("DeleteTable", {"TableName": "pets"})
    world.wait_for_status("pets", "GONE")

    error, _ = world.error("PutItem", {"TableName": "pets", "Item": ITEM}, router="r2")

    assert error == RESOURCE_NOT_FOUND.name


def test_errors_of_conditions_keep_their_name(world: World) -> None:
    error, _ = world.error("DeleteItem", {**KEYED, "ConditionExpression": "attribute_exists(pk)"})

    assert error == CONDITIONAL_CHECK_FAILED.name


def test_what_belongs_to_another_operation_is_ignored() -> None:
    world = World()
    world.table()
    item = {"pk": {"S": "a"}}
    for operation, body in (
        ("PutItem", {"Item": item, "UpdateExpression": "SET b ="}),
        ("GetItem", {"Key": item, "ExpressionAttributeValues": {}}),
        ("DeleteItem", {"Key": item, "UpdateExpression": "SET b ="}),
    ):
        world.ok(operation, {"TableName": "pets", **body})
    action = {"Put": {"TableName": "pets", "Item": item, "UpdateExpression": "SET b ="}}
    world.ok("TransactWriteItems", {"TransactItems": [action]})


def test_a_legacy_value_by_itself_is_a_field() -> None:
    world = World()
    world.table()
    body = {"TableName": "pets", "Key": {"pk": {"S": "a"}}}

    for parameter in ("AttributeUpdates", "Expected"):
        told = world.error("UpdateItem", {**body, parameter: {"b": {"Value": "x"}}})
        assert told == (SERIALIZATION.name, "Unexpected field type")
        told = world.error("UpdateItem", {**body, parameter: {"b": {"Value": 3}}})
        assert told == (SERIALIZATION.name, "Unexpected field type")


def test_units_are_long() -> None:
    units = {"ReadCapacityUnits": "1", "WriteCapacityUnits": 1}
    body = {"TableName": "pets", "ProvisionedThroughput": units}

    assert World().error("UpdateTable", body) == (
        SERIALIZATION.name,
        "STRING_VALUE cannot be converted to Long",
    )
