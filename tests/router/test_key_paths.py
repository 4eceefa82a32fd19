"""Keys are scalars: what an expression may not reach into, and what it may."""

from typing import Any

import pytest

from tests.router.harness import World
from tests.router.indexed import index, table

Json = dict[str, Any]
NAMED: Json = {"TableName": "pets"}
KEYED: Json = {**NAMED, "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}
DOGS: Json = {":p": {"S": "a"}}
QUERY: Json = {
    **NAMED,
    "KeyConditionExpression": "pk = :p",
    "ExpressionAttributeValues": DOGS,
}
NOT_ALLOWED = (
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed:"
)


@pytest.fixture(scope="module")
def world() -> World:
    found = World()
    types = {"pk": "S", "sk": "N", "human": "S"}
    by_human = index("by-human", "human")
    found.ok("CreateTable", table("pk", "sk", types=types, remote=[by_human]))
    found.wait_for_status("pets", "ACTIVE")
    item = {"toys": {"M": {"ball": {"S": "red"}}}, "meals": {"L": [{"S": "fish"}]}}
    found.ok("PutItem", {**NAMED, "Item": {**KEYED["Key"], **item}})
    return found


@pytest.mark.parametrize(
    ("operation", "body", "what"),
    [
        ("GetItem", {**KEYED, "ProjectionExpression": "toys, pk[0]"}, "Key: pk"),
        ("GetItem", {**KEYED, "ProjectionExpression": "sk.x"}, "Key: sk"),
        (
            "GetItem",
            {**KEYED, "ProjectionExpression": "#h.x", "ExpressionAttributeNames": {"#h": "human"}},
            "IndexKey: human",
        ),
        ("Scan", {**NAMED, "ProjectionExpression": "human[1]"}, "IndexKey: human"),
        ("Scan", {**NAMED, "FilterExpression": "attribute_exists(pk.x)"}, "Key: pk"),
        ("Query", {**QUERY, "FilterExpression": "size(human.x) > size(toys)"}, "IndexKey: human"),
        ("Query", {**QUERY, "ProjectionExpression": "sk[0], toys"}, "Key: sk"),
        ("UpdateItem", {**KEYED, "UpdateExpression": "REMOVE human.x"}, "IndexKey: human"),
        ("UpdateItem", {**KEYED, "UpdateExpression": "SET toys.cat = pk.x"}, "Key: pk"),
        ("UpdateItem", {**KEYED, "ConditionExpression": "attribute_exists(sk.x)"}, "Key: sk"),
        ("DeleteItem", {**KEYED, "ConditionExpression": "pk[0] <> toys"}, "Key: pk"),
        (
            "PutItem",
            {
                **NAMED,
                "Item": KEYED["Key"],
                "ConditionExpression": "attribute_not_exists(human.x)",
            },
            "IndexKey: human",
        ),
        (
            "BatchGetItem",
            {"RequestItems": {"pets": {"Keys": [KEYED["Key"]], "ProjectionExpression": "pk.x"}}},
            "Key: pk",
        ),
    ],
)
def test_nothing_reaches_into_a_key(world: World, operation: str, body: Json, what: str) -> None:
    assert world.error(operation, body) == ("ValidationException", f"{NOT_ALLOWED} {what}")


def test_other_attributes_are_reached_into(world: World) -> None:
    shown = "toys.ball, meals[0], human, pk"

    found = [
        world.ok("GetItem", {**KEYED, "ProjectionExpression": shown})["Item"],
        *world.ok("Query", {**QUERY, "ProjectionExpression": shown})["Items"],
        *world.ok("Scan", {**NAMED, "FilterExpression": "attribute_exists(toys.ball)"})["Items"],
    ]

    assert [one["toys"] for one in found] == [{"M": {"ball": {"S": "red"}}}] * 3
    world.ok("UpdateItem", {**KEYED, "UpdateExpression": "SET toys.mouse = toys.ball"})
