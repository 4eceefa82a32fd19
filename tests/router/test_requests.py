from collections.abc import Callable
from typing import Any

import pytest

from items.actions import Delete, Put, Update
from items.errors import SERIALIZATION, VALIDATION, DynamoDBError
from items.keys import KeyAttribute, KeySchema
from network.ids import TableId
from router import requests
from router.options import RouterOptions
from router.requests import delete_item, get_item, put_item, update_item

OPTIONS = RouterOptions()
ID = TableId("table-1")
SCHEMA = KeySchema(KeyAttribute("pk", "S"))
S = {"S": "a"}
PUT: dict[str, Any] = {"TableName": "pets", "Item": {"pk": S, "coins": {"N": "007"}}}
KEYED: dict[str, Any] = {"TableName": "pets", "Key": {"pk": S}}
UPDATE = {
    **KEYED,
    "UpdateExpression": "SET #c = :c",
    "ExpressionAttributeNames": {"#c": "coins"},
    "ExpressionAttributeValues": {":c": {"N": "1"}},
}

Read = Callable[[dict[str, Any], RouterOptions], Any]


def refusal(read: Read, body: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(DynamoDBError) as refused:
        read(body, OPTIONS)
    return refused.value.kind.name, refused.value.message


def test_a_put_becomes_an_action_with_its_key_and_its_condition() -> None:
    body = {
        **PUT,
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }

    action = put_item(body, OPTIONS).on(ID, SCHEMA)

    item = {"pk": ("S", "a"), "coins": ("N", "7")}
    key = (("S", "a"),)
    assert action == Put(ID, key, item, "attribute_not_exists(pk)", {}, {}, old_on_failure=True)


def test_an_update_becomes_an_action_that_knows_its_key_attributes() -> None:
    action = update_item(UPDATE, OPTIONS).on(ID, SCHEMA)

    assert action == Update(
        ID,
        (("S", "a"),),
        ("pk",),
        "SET #c = :c",
        None,
        {"#c": "coins"},
        {":c": ("N", "1")},
    )


def test_a_delete_becomes_an_action() -> None:
    assert delete_item(KEYED, OPTIONS).on(ID, SCHEMA) == Delete(ID, (("S", "a"),))


def test_a_get_becomes_a_key() -> None:
    assert get_item(KEYED, OPTIONS).on(ID, SCHEMA) == (ID, (("S", "a"),))


def test_a_table_may_be_named_by_its_arn() -> None:
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/pets"

    assert get_item({**KEYED, "TableName": arn}, OPTIONS).table == "pets"


def test_what_is_returned_is_nothing_unless_it_is_asked_for() -> None:
    assert put_item(PUT, OPTIONS).return_values == "NONE"
    assert update_item({**UPDATE, "ReturnValues": "ALL_NEW"}, OPTIONS).return_values == "ALL_NEW"


NULL = "failed to satisfy constraint: Member must not be null"
LARGE = {"TableName": "pets", "Item": {"pk": S, "text": {"S": "x" * 410_000}}}


@pytest.mark.parametrize(
    ("read", "body", "message"),
    [
        (put_item, {"Item": {}}, f"1 validation error detected: Value null at 'tableName' {NULL}"),
        (
            get_item,
            {},
            f"2 validation errors detected: Value null at 'tableName' {NULL};"
            f" Value null at 'key' {NULL}",
        ),
        (
            get_item,
            {**KEYED, "TableName": ""},
            "1 validation error detected: Value '' at 'tableName' failed to satisfy constraint:"
            " Member must have length greater than or equal to 1",
        ),
        (
            put_item,
            {**PUT, "ReturnValues": "OLD"},
            "1 validation error detected: Value 'OLD' at 'returnValues' failed to satisfy"
            " constraint: Member must satisfy enum value set:"
            " [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
        ),
        (
            delete_item,
            {**KEYED, "ReturnValuesOnConditionCheckFailure": "ALL_NEW"},
            "1 validation error detected: Value 'ALL_NEW' at"
            " 'returnValuesOnConditionCheckFailure' failed to satisfy constraint:"
            " Member must satisfy enum value set: [ALL_OLD, NONE]",
        ),
        (put_item, {**PUT, "ReturnValues": "ALL_NEW"}, "ReturnValues can only be ALL_OLD or NONE"),
        (
            delete_item,
            {**KEYED, "ReturnValues": "UPDATED_OLD"},
            "ReturnValues can only be ALL_OLD or NONE",
        ),
        (put_item, LARGE, "Item size has exceeded the maximum allowed size"),
        (
            put_item,
            {**PUT, "Item": {"pk": S, "n": {"N": "x"}}},
            "The parameter cannot be converted to a numeric value: x",
        ),
        (
            put_item,
            {**PUT, "ConditionExpression": "pk !! 3"},
            'Invalid ConditionExpression: Syntax error; token: "!", near: "pk !!"',
        ),
        (
            put_item,
            {**PUT, "ConditionExpression": "#x = :v"},
            "Invalid ConditionExpression: An expression attribute name used in the document path"
            " is not defined; attribute name: #x",
        ),
        (
            put_item,
            {**PUT, "ConditionExpression": "status = pk"},
            "Invalid ConditionExpression: Attribute name is a reserved keyword;"
            " reserved keyword: status",
        ),
        (
            put_item,
            {**PUT, "ExpressionAttributeNames": {"#x": "x"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            delete_item,
            {**KEYED, "ExpressionAttributeValues": {":x": S}},
            "ExpressionAttributeValues can only be specified when using expressions:"
            " ConditionExpression is null",
        ),
        (
            put_item,
            {
                **PUT,
                "ConditionExpression": "pk = :v",
                "ExpressionAttributeValues": {":v": {"SS": []}},
            },
            "ExpressionAttributeValues contains invalid value: One or more parameter values were"
            " invalid: An string set  may not be empty for key :v",
        ),
        (
            put_item,
            {
                **PUT,
                "ConditionExpression": "pk = :v",
                "ExpressionAttributeValues": {":v": {}, "v": {"S": "x"}},
            },
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"',
        ),
        (
            get_item,
            {**KEYED, "ProjectionExpression": "a, a"},
            "Invalid ProjectionExpression: Two document paths overlap with each other;"
            " must remove or rewrite one of these paths; path one: [a], path two: [a]",
        ),
    ],
)
def test_what_the_request_alone_shows_is_refused(
    read: Read, body: dict[str, Any], message: str
) -> None:
    assert refusal(read, body) == (VALIDATION.name, message)


def test_wrong_json_comes_before_whatever_else_is_wrong() -> None:
    body = {
        "TableName": "pets",
        "Item": {"pk": {"N": "x"}},
        "ConditionExpression": "!",
        "ExpressionAttributeValues": {":v": {"S": 3}},
    }

    assert refusal(put_item, body) == (
        SERIALIZATION.name,
        "NUMBER_VALUE cannot be converted to String",
    )


SCHEMA_WRONG = "The provided key element does not match the schema"
INVALID = "One or more parameter values were invalid:"
EMPTY_KEY = (
    "One or more parameter values are not valid."
    " The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
)


@pytest.mark.parametrize(
    ("read", "body", "message"),
    [
        (
            put_item,
            {**PUT, "Item": {"coins": {"N": "1"}}},
            f"{INVALID} Missing the key pk in the item",
        ),
        (
            put_item,
            {**PUT, "Item": {"pk": {"N": "1"}}},
            f"{INVALID} Type mismatch for key pk expected: S actual: N",
        ),
        (put_item, {**PUT, "Item": {"pk": {"S": ""}}}, EMPTY_KEY),
        (delete_item, {**KEYED, "Key": {"pk": {"S": ""}}}, EMPTY_KEY),
        (get_item, {**KEYED, "Key": {}}, SCHEMA_WRONG),
        (get_item, {**KEYED, "Key": {"pk": {"N": "1"}}}, SCHEMA_WRONG),
        (update_item, {**UPDATE, "Key": {"pk": S, "sk": S}}, SCHEMA_WRONG),
        (
            update_item,
            {**UPDATE, "ExpressionAttributeNames": {"#c": "pk"}},
            f"{INVALID} Cannot update attribute pk. This attribute is part of the key",
        ),
    ],
)
def test_a_key_that_does_not_fit_the_table_is_refused_with_the_table(
    read: Read, body: dict[str, Any], message: str
) -> None:
    draft = read(body, OPTIONS)

    with pytest.raises(DynamoDBError) as refused:
        draft.on(ID, SCHEMA)

    assert (refused.value.kind, refused.value.message) == (VALIDATION, message)


def test_reserved_words_are_names_where_the_option_says_so() -> None:
    options = RouterOptions(allow_reserved_words=True)

    assert put_item({**PUT, "ConditionExpression": "status = pk"}, options).clauses.condition


def test_a_binary_may_be_bytes_or_base64() -> None:
    one, two = (
        requests.put_item({**PUT, "Item": {"pk": {"B": json}}}, OPTIONS).item
        for json in (b"\x00\xff", "AP8=")
    )

    assert one == two == {"pk": ("B", b"\x00\xff")}
