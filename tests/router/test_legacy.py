"""The parameters of the time before expressions do what their expressions do, or are refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from items.errors import CONDITIONAL_CHECK_FAILED, SERIALIZATION, VALIDATION, DynamoDBError
from items.keys import KeyAttribute, KeySchema
from router import batch_requests, query_requests, requests
from router.options import RouterOptions
from tests.router.harness import World

Json = dict[str, Any]

OPTIONS = RouterOptions()
SCHEMA = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
PK: Json = {"S": "a"}
PUT: Json = {"TableName": "pets", "Item": {"pk": PK}}
KEYED: Json = {"TableName": "pets", "Key": {"pk": PK}}
INVALID = "One or more parameter values were invalid: "
ITEM: Json = {
    "pk": PK,
    "age": {"N": "5"},
    "name": {"S": "rex the dog"},
    "raw": {"B": "AQID"},
    "tags": {"SS": ["big", "red"]},
    "toys": {"L": [{"S": "ball"}, {"N": "3"}, {"BOOL": True}]},
    "home": {"M": {"street": {"S": "x"}}},
}


def one(operator: str, *values: Json) -> Json:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


@pytest.fixture(scope="module")
def world() -> World:
    """Make a table with one item, which conditions are asked about; none changes it."""
    world = World()
    world.table()
    world.put(ITEM)
    return world


def meets(world: World, expected: Json, **more: Any) -> bool:
    """Say whether the item meets what is expected: an update that changes nothing goes ahead."""
    body = {**KEYED, "Expected": expected, "AttributeUpdates": {"age": {"Value": {"N": "5"}}}}
    response = world.ask("UpdateItem", {**body, **more})
    if response.status == 400:
        assert response.body["__type"].endswith(CONDITIONAL_CHECK_FAILED.name), response.body
    return response.status == 200


@pytest.mark.parametrize(
    ("attribute", "expected", "holds"),
    [
        ("age", {"Value": {"N": "5.0"}}, True),
        ("age", {"Value": {"N": "6"}}, False),
        ("age", {"Value": {"N": "5"}, "Exists": True}, True),
        ("age", {"Exists": False}, False),
        ("feet", {"Exists": False}, True),
        ("age", one("EQ", {"N": "5"}), True),
        ("age", {"ComparisonOperator": "EQ", "Value": {"N": "5"}}, True),
        ("home", one("EQ", {"M": {"street": {"S": "x"}}}), True),
        ("age", one("NE", {"N": "5"}), False),
        ("age", one("NE", {"S": "5"}), True),
        ("feet", one("NE", {"S": "5"}), True),
        ("age", one("LT", {"N": "10"}), True),
        ("age", one("LT", {"S": "x"}), False),
        ("age", one("LE", {"N": "5"}), True),
        ("age", one("GT", {"N": "5"}), False),
        ("age", one("GE", {"N": "5"}), True),
        ("feet", one("GE", {"N": "5"}), False),
        ("age", one("BETWEEN", {"N": "5"}, {"N": "6"}), True),
        ("age", one("BETWEEN", {"N": "6"}, {"N": "7"}), False),
        ("age", one("IN", {"N": "4"}, {"N": "5"}), True),
        ("age", one("IN", {"N": "4"}), False),
        ("name", one("BEGINS_WITH", {"S": "rex"}), True),
        ("raw", one("BEGINS_WITH", {"B": "AQI="}), True),
        ("name", one("BEGINS_WITH", {"S": "dog"}), False),
        ("name", one("CONTAINS", {"S": "the"}), True),
        ("tags", one("CONTAINS", {"S": "red"}), True),
        ("toys", one("CONTAINS", {"BOOL": True}), True),
        ("toys", one("CONTAINS", {"S": "bone"}), False),
        ("toys", one("NOT_CONTAINS", {"S": "bone"}), True),
        ("name", one("NOT_CONTAINS", {"S": "the"}), False),
        ("age", one("NOT_CONTAINS", {"S": "5"}), True),
        ("feet", one("NOT_CONTAINS", {"S": "four"}), False),
        ("name", {"ComparisonOperator": "NOT_NULL"}, True),
        ("name", {"ComparisonOperator": "NULL"}, False),
        ("feet", one("NULL"), True),
        ("home.street", {"ComparisonOperator": "NULL"}, True),  # A name with a dot, and no path.
    ],
)
def test_what_is_expected_is_judged_on_the_item(
    world: World, attribute: str, expected: Json, holds: bool
) -> None:
    assert meets(world, {attribute: expected}) is holds


@pytest.mark.parametrize(("operator", "holds"), [({}, False), ("AND", False), ("OR", True)])
def test_several_expectations_are_joined(world: World, operator: Any, holds: bool) -> None:
    more = {"ConditionalOperator": operator} if operator else {}
    expected = {"age": {"Value": {"N": "5"}}, "feet": {"Value": {"N": "4"}}}

    assert meets(world, expected, **more) is holds


def test_a_put_and_a_delete_expect_as_an_update_does() -> None:
    world = World()
    world.table()
    absent = {"Expected": {"pk": {"Exists": False}}}

    world.ok("PutItem", {**PUT, **absent})

    assert world.error("PutItem", {**PUT, **absent})[0] == CONDITIONAL_CHECK_FAILED.name
    assert world.error("DeleteItem", {**KEYED, **absent})[0] == CONDITIONAL_CHECK_FAILED.name
    there = {"Expected": {"pk": {"Value": PK}}, "ReturnValues": "ALL_OLD"}
    assert world.ok("DeleteItem", {**KEYED, **there}) == {"Attributes": {"pk": PK}}


@pytest.mark.parametrize(
    ("updates", "changed"),
    [
        ({"age": {"Value": {"N": "6"}, "Action": "PUT"}}, {"age": {"N": "6"}}),
        ({"age": {"Value": {"S": "old"}}}, {"age": {"S": "old"}}),
        ({"home.street": {"Value": {"N": "1"}}}, {"home.street": {"N": "1"}}),
        ({"age": {"Value": {"N": "2"}, "Action": "ADD"}}, {"age": {"N": "7"}}),
        ({"feet": {"Value": {"N": "4"}, "Action": "ADD"}}, {"feet": {"N": "4"}}),
        (
            {"tags": {"Value": {"SS": ["red", "sly"]}, "Action": "ADD"}},
            {"tags": {"SS": ("big", "red", "sly")}},
        ),
        (
            {"tags": {"Value": {"SS": ["red", "sly"]}, "Action": "DELETE"}},
            {"tags": {"SS": ("big",)}},
        ),
        (
            {"toys": {"Value": {"L": [{"S": "bone"}]}, "Action": "ADD"}},
            {"toys": {"L": ({"S": "ball"}, {"N": "3"}, {"BOOL": True}, {"S": "bone"})}},
        ),
        (
            {"bones": {"Value": {"L": [{"S": "bone"}]}, "Action": "ADD"}},
            {"bones": {"L": ({"S": "bone"},)}},
        ),
    ],
)
def test_an_attribute_update_changes_the_item(updates: Json, changed: Json) -> None:
    world = World()
    world.table()
    world.put(ITEM)

    body = {**KEYED, "AttributeUpdates": updates, "ReturnValues": "UPDATED_NEW"}

    assert world.ok("UpdateItem", body) == {"Attributes": changed}


def test_an_attribute_is_deleted_and_another_put_in_one_update() -> None:
    world = World()
    world.table()
    world.put({"pk": PK, "age": {"N": "5"}})
    updates = {"age": {"Action": "DELETE"}, "feet": {"Value": {"N": "4"}}}

    world.ok("UpdateItem", {**KEYED, "AttributeUpdates": updates})

    assert world.get({"pk": PK}) == {"pk": PK, "feet": {"N": "4"}}


def test_an_update_of_nothing_makes_the_item() -> None:
    world = World()
    world.table()

    world.ok("UpdateItem", {**KEYED, "AttributeUpdates": {}})

    assert world.get({"pk": PK}) == {"pk": PK}


@pytest.mark.parametrize(
    "update",
    [
        {"Value": {"N": "1"}, "Action": "ADD"},
        {"Value": {"NS": ["1"]}, "Action": "ADD"},
        {"Value": {"L": []}, "Action": "ADD"},
        {"Value": {"NS": ["1"]}, "Action": "DELETE"},
    ],
)
def test_a_type_that_does_not_fit_the_item_is_told_in_the_old_words(
    world: World, update: Json
) -> None:
    body = {**KEYED, "AttributeUpdates": {"name": update}}

    mismatch = (VALIDATION.name, "Type mismatch for attribute to update")
    assert world.error("UpdateItem", body) == mismatch


def test_attributes_to_get_are_whole_attributes(world: World) -> None:
    wanted = {"AttributesToGet": ["age", "home.street", "toys"]}

    got = world.ok("GetItem", {**KEYED, **wanted})
    batch = world.ok("BatchGetItem", {"RequestItems": {"pets": {"Keys": [{"pk": PK}], **wanted}}})

    shown = {"age": ITEM["age"], "toys": {"L": tuple(ITEM["toys"]["L"])}}
    assert got == {"Item": shown}
    assert batch["Responses"] == {"pets": (shown,)}


@pytest.fixture(scope="module")
def sorted_world() -> World:
    world = World()
    world.ok(
        "CreateTable",
        {
            "TableName": "pets",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    world.wait_for_status("pets", "ACTIVE")
    for sort_key in range(1, 7):
        odd = {"BOOL": sort_key % 2 == 1}
        world.put({"pk": PK, "sk": {"N": str(sort_key)}, "odd": odd, "n": {"N": str(sort_key)}})
    return world


def sort_keys(answer: Mapping[str, Any]) -> list[int]:
    return [int(item["sk"]["N"]) for item in answer["Items"]]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"sk": one("EQ", {"N": "3"})}, [3]),
        ({"sk": one("LE", {"N": "2"})}, [1, 2]),
        ({"sk": one("GT", {"N": "4"})}, [5, 6]),
        ({"sk": one("BETWEEN", {"N": "2"}, {"N": "4"})}, [2, 3, 4]),
    ],
)
def test_key_conditions_find_a_range(
    sorted_world: World, condition: Json, found: list[int]
) -> None:
    body = {"TableName": "pets", "KeyConditions": {"pk": one("EQ", PK), **condition}}

    assert sort_keys(sorted_world.ok("Query", body)) == found


def test_filters_hide_what_does_not_meet_them(sorted_world: World) -> None:
    conditions = {"odd": one("EQ", {"BOOL": True}), "n": one("GE", {"N": "3"})}
    keyed = {"TableName": "pets", "KeyConditions": {"pk": one("EQ", PK)}}

    both = sorted_world.ok("Query", {**keyed, "QueryFilter": conditions})
    either = sorted_world.ok(
        "Scan", {"TableName": "pets", "ScanFilter": conditions, "ConditionalOperator": "OR"}
    )

    assert (sort_keys(both), both["ScannedCount"]) == ([3, 5], 6)
    assert sort_keys(either) == [1, 3, 4, 5, 6]


def test_old_key_conditions_stand_beside_a_new_filter_whatever_its_placeholders_are_called(
    sorted_world: World,
) -> None:
    body = {
        "TableName": "pets",
        "KeyConditions": {"pk": one("EQ", PK), "sk": one("GE", {"N": "2"})},
        "FilterExpression": "#1 = :1",
        "ExpressionAttributeNames": {"#1": "odd"},
        "ExpressionAttributeValues": {":1": {"BOOL": True}},
    }

    assert sort_keys(sorted_world.ok("Query", body)) == [3, 5]


def test_a_scan_shows_the_attributes_to_get(sorted_world: World) -> None:
    body = {"TableName": "pets", "AttributesToGet": ["odd"], "Limit": 1}

    assert sorted_world.ok("Scan", body)["Items"] == ({"odd": {"BOOL": True}},)


S, N = {"S": "x"}, {"N": "1"}
REFUSED_EXPECTATIONS: list[tuple[Json, str]] = [
    (
        {"Value": S, "AttributeValueList": [S]},
        "Value and AttributeValueList cannot be used together for Attribute: age",
    ),
    (
        {"Exists": True, "ComparisonOperator": "EQ", "Value": S},
        "Exists and ComparisonOperator cannot be used together for Attribute: age",
    ),
    (
        {"ComparisonOperator": "LE"},
        "Value or AttributeValueList must be used with ComparisonOperator: LE for Attribute: age",
    ),
    (
        {"AttributeValueList": [S]},
        "AttributeValueList can only be used with a ComparisonOperator for Attribute: age",
    ),
    ({}, "Value must be provided when Exists is null for Attribute: age"),
    ({"Exists": True}, "Value must be provided when Exists is true for Attribute: age"),
    ({"Exists": False, "Value": S}, "Value cannot be used when Exists is false for Attribute: age"),
    (one("EQ"), "Invalid number of argument(s) for the EQ ComparisonOperator"),
    (one("EQ", S, S), "Invalid number of argument(s) for the EQ ComparisonOperator"),
    (one("NULL", S), "Invalid number of argument(s) for the NULL ComparisonOperator"),
    (one("IN"), "Invalid number of argument(s) for the IN ComparisonOperator"),
    (one("BETWEEN", S), "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
    (
        one("LT", {"BOOL": True}),
        "ComparisonOperator LT is not valid for BOOL AttributeValue type",
    ),
    (
        one("CONTAINS", {"SS": ["x"]}),
        "ComparisonOperator CONTAINS is not valid for SS AttributeValue type",
    ),
    (one("IN", {"L": []}), "ComparisonOperator IN is not valid for L AttributeValue type"),
    (
        one("BEGINS_WITH", N),
        "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
    ),
    (one("IN", S, N), "AttributeValues inside AttributeValueList must be of same type"),
    (
        one("BETWEEN", N, {"SS": ["x"]}),  # Of two things that are wrong, this one.
        "AttributeValues inside AttributeValueList must be of same type",
    ),
]


@pytest.mark.parametrize(("expected", "message"), REFUSED_EXPECTATIONS)
def test_an_expectation_that_cannot_be_meant_is_refused(expected: Json, message: str) -> None:
    with pytest.raises(DynamoDBError) as refused:
        requests.put_item({**PUT, "Expected": {"age": expected}}, OPTIONS)

    assert (refused.value.kind, refused.value.message) == (VALIDATION, f"{INVALID}{message}")


MIXED = "Can not use both expression and non-expression parameters in the same request:"
ALONE = "ConditionalOperator cannot be used without Filter or Expected"
FEW = "ConditionalOperator can only be used when Filter or Expected has two or more elements"
RANGE = (
    "The BETWEEN condition was provided a range where"
    " the lower bound is greater than the upper bound"
)
KEYS = {"pk": one("EQ", PK)}
QUERY: Json = {"TableName": "pets", "KeyConditions": KEYS}
NAMES: Json = {"ExpressionAttributeNames": {"#a": "a"}}


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        (
            "PutItem",
            {**PUT, "Expected": {}, "ConditionExpression": "a = b"},
            f"{MIXED} Non-expression parameters: {{Expected}}"
            " Expression parameters: {ConditionExpression}",
        ),
        (
            "UpdateItem",
            {
                **KEYED,
                "AttributeUpdates": {},
                "ConditionalOperator": "AND",
                "UpdateExpression": "SET a = b",
                "ConditionExpression": "a = b",
            },
            f"{MIXED} Non-expression parameters: {{AttributeUpdates, ConditionalOperator}}"
            " Expression parameters: {UpdateExpression, ConditionExpression}",
        ),
        (
            "GetItem",
            {**KEYED, "AttributesToGet": ["a"], "ProjectionExpression": "a"},
            f"{MIXED} Non-expression parameters: {{AttributesToGet}}"
            " Expression parameters: {ProjectionExpression}",
        ),
        (
            "Query",
            {**QUERY, "KeyConditionExpression": "pk = :p"},
            f"{MIXED} Non-expression parameters: {{KeyConditions}}"
            " Expression parameters: {KeyConditionExpression}",
        ),
        (
            "Query",
            {**QUERY, "QueryFilter": {}, "ProjectionExpression": "a"},
            f"{MIXED} Non-expression parameters: {{QueryFilter}}"
            " Expression parameters: {ProjectionExpression}",
        ),
        (
            "Scan",
            {"TableName": "pets", "ScanFilter": {}, "FilterExpression": "a = b"},
            f"{MIXED} Non-expression parameters: {{ScanFilter}}"
            " Expression parameters: {FilterExpression}",
        ),
        (
            "DeleteItem",
            {**KEYED, "Expected": {}, **NAMES},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        ("DeleteItem", {**KEYED, "ConditionalOperator": "OR"}, ALONE),
        ("Scan", {"TableName": "pets", "ConditionalOperator": "OR"}, ALONE),
        ("Query", {**QUERY, "ConditionalOperator": "OR", "QueryFilter": {"a": one("NULL")}}, FEW),
        ("Scan", {"TableName": "pets", "ScanFilter": {"a": one("BETWEEN", {"N": "2"}, N)}}, RANGE),
        (
            "GetItem",
            {**KEYED, "AttributesToGet": ["a", "b", "a"]},
            f"{INVALID}Duplicate value in attribute name: a",
        ),
        (
            "GetItem",
            {**KEYED, "AttributesToGet": []},
            "1 validation error detected: Value '[]' at 'attributesToGet' failed to satisfy"
            " constraint: Member must have length greater than or equal to 1",
        ),
        (
            "UpdateItem",
            {**KEYED, "AttributeUpdates": {"": {"Value": S}}},
            "Empty attribute name",
        ),
        (
            "UpdateItem",
            {**KEYED, "AttributeUpdates": {"a" * 65_536: {"Value": S}}},
            f"{INVALID}Attribute name is too large, must be less than 65536 bytes",
        ),
        (
            "UpdateItem",
            {**KEYED, "AttributeUpdates": {"a": {"Action": "PUT"}}},
            f"{INVALID}Only DELETE action is allowed when no attribute value is specified",
        ),
        (
            "UpdateItem",
            {**KEYED, "AttributeUpdates": {"a": {"Action": "DELETE", "Value": S}}},
            f"{INVALID}DELETE action with value is not supported for the type S",
        ),
        (
            "UpdateItem",
            {**KEYED, "AttributeUpdates": {"a": {"Action": "ADD", "Value": S}}},
            f"{INVALID}ADD action is not supported for the type S",
        ),
        (
            "UpdateItem",
            {**KEYED, "AttributeUpdates": {"pk": {"Value": S}}},
            f"{INVALID}Cannot update attribute pk. This attribute is part of the key",
        ),
        (
            "UpdateItem",
            {**KEYED, "AttributeUpdates": {"a": {"Action": "BREAK"}}},
            "1 validation error detected: Value 'BREAK' at 'attributeUpdates.a.member.action'"
            " failed to satisfy constraint: Member must satisfy enum value set:"
            " [ADD, PUT, DELETE]",
        ),
        (
            "Query",
            {**QUERY, "KeyConditions": {"pk": {"AttributeValueList": [PK]}}},
            "1 validation error detected: Value null at"
            " 'keyConditions.pk.member.comparisonOperator' failed to satisfy constraint:"
            " Member must not be null",
        ),
        (
            "Query",
            {**QUERY, "KeyConditions": {}},
            "Conditions can be of length 1 or 2 only",
        ),
        (
            "Query",
            {**QUERY, "KeyConditions": {"pk": one("NE", PK)}},
            "Attempted conditional constraint is not an indexable operation",
        ),
        (
            "Query",
            {**QUERY, "KeyConditions": {"pk": one("GT", PK)}},
            "Query key condition not supported",
        ),
        (
            "Query",
            {**QUERY, "KeyConditions": {"age": one("EQ", N)}},
            "Query condition missed key schema element: pk",
        ),
        (
            "Query",
            {**QUERY, "KeyConditions": {"pk": one("EQ", N)}},
            f"{INVALID}Condition parameter type does not match schema type",
        ),
        (
            "Query",
            {**QUERY, "QueryFilter": {"pk": one("EQ", PK)}},
            "QueryFilter can only contain non-primary key attributes: Primary key attribute: pk",
        ),
        (
            "Query",
            {**QUERY, "AttributesToGet": ["a"], "Select": "COUNT"},
            "Cannot specify the AttributesToGet when choosing to get only the Count",
        ),
    ],
)
def test_what_the_old_parameters_cannot_say_is_refused(
    world: World, operation: str, body: Json, message: str
) -> None:
    assert world.error(operation, body) == (VALIDATION.name, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Expected": []}, "Unrecognized collection type java.util.Map<java.lang.String,"),
        ({"Expected": {"a": {"Value": {"N": 3}}}}, "NUMBER_VALUE cannot be converted to String"),
        ({"Expected": {"a": {"Exists": "no"}}}, "Unexpected token received from parser"),
        ({"AttributeUpdates": {"a": "x"}}, "Unexpected value type in payload"),
    ],
)
def test_wrong_json_is_refused_as_such(world: World, body: Json, message: str) -> None:
    error, told = world.error("UpdateItem", {**KEYED, **body})

    assert error == SERIALIZATION.name
    assert told.startswith(message)


def test_an_old_parameter_that_is_null_is_not_there() -> None:
    body = {**PUT, "Expected": None, "ConditionExpression": "attribute_not_exists(pk)"}

    assert requests.put_item(body, OPTIONS).clauses.condition == "attribute_not_exists(pk)"


def test_what_is_made_of_old_parameters_is_one_text_whatever_the_attributes_are_called() -> None:
    """Texts are parsed once and remembered, so few texts are to be made."""
    asked = [{"Expected": {name: {"Value": N}}} for name in ("age", "feet")]

    one_text = {requests.put_item({**PUT, **each}, OPTIONS).clauses.condition for each in asked}

    assert one_text == {"#0 = :0"}


def test_a_batch_reads_its_old_projection_for_each_table() -> None:
    body = {"RequestItems": {"pets": {"Keys": [{"pk": PK}], "AttributesToGet": ["a", "b"]}}}

    (wanted,) = batch_requests.batch_get_item(body, OPTIONS)

    assert (wanted.get.projection, wanted.get.names) == ("#0,#1", {"#0": "a", "#1": "b"})


def test_a_key_condition_is_understood_on_the_schema() -> None:
    conditions = {"sk": one("BEGINS_WITH", N), **KEYS}

    with pytest.raises(DynamoDBError, match="BEGINS_WITH is not valid for N"):
        query_requests.query({**QUERY, "KeyConditions": conditions}, OPTIONS)
    draft = query_requests.query({**QUERY, "KeyConditions": {"sk": one("LT", N), **KEYS}}, OPTIONS)

    understood = draft.condition_on(SCHEMA, None)
    assert understood is not None
    assert (understood.partition, understood.sort and understood.sort.operator) == (
        ("S", "a"),
        "<",
    )


def test_changes_of_four_hundred_attributes_are_one_update() -> None:
    world = World()
    world.table()
    updates = {f"attribute-{n}": {"Value": {"N": str(n)}} for n in range(400)}

    world.ok("UpdateItem", {**KEYED, "AttributeUpdates": updates})

    item = world.get({"pk": PK})
    assert item is not None
    assert (len(item), item["attribute-399"]) == (401, {"N": "399"})


TOO_MANY: list[tuple[str, str, Json]] = [
    ("PutItem", "Expected", {**PUT, "Expected": {str(n): {"Value": N} for n in range(200)}}),
    (
        "Scan",
        "ScanFilter",
        {"TableName": "pets", "ScanFilter": {str(n): one("NULL") for n in range(200)}},
    ),
    (
        "UpdateItem",
        "AttributeUpdates",
        {**KEYED, "AttributeUpdates": {str(n): {"Value": N} for n in range(500)}},
    ),
    ("GetItem", "AttributesToGet", {**KEYED, "AttributesToGet": [str(n) for n in range(1_000)]}),
]


@pytest.mark.parametrize(("operation", "parameter", "body"), TOO_MANY)
def test_more_attributes_than_fit_into_a_text_are_refused_at_the_door(
    world: World, operation: str, parameter: str, body: Json
) -> None:
    assert world.error(operation, body) == (
        VALIDATION.name,
        f"{parameter} is about more attributes than twophase can take at once",
    )
