from typing import Any

import pytest

from items.actions import Check, Delete, Put, Update
from items.errors import TRANSACTION_CANCELED, VALIDATION, DynamoDBError
from items.keys import KeyAttribute, KeySchema
from items.values import Item
from network.ids import TableId
from router.canonical import canonical_json
from router.definitions import Status, Table, Traits
from router.options import RouterOptions
from router.transact_requests import (
    actions_on,
    keys_on,
    refuse_too_much,
    transact_get_items,
    transact_write_items,
)

OPTIONS = RouterOptions()
PETS = Table(
    "pets", TableId("table-1"), Status.ACTIVE, 0, Traits(KeySchema(KeyAttribute("pk", "S")))
)


def key(name: str) -> dict[str, Any]:
    return {"TableName": "pets", "Key": {"pk": {"S": name}}}


def put(name: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "pets", "Item": {"pk": {"S": name}}, **more}}


def delete(name: str) -> dict[str, Any]:
    return {"Delete": key(name)}


def update(name: str) -> dict[str, Any]:
    return {"Update": {**key(name), "UpdateExpression": "REMOVE a"}}


def check(name: str) -> dict[str, Any]:
    return {"ConditionCheck": {**key(name), "ConditionExpression": "attribute_exists(pk)"}}


def body(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"TransactItems": list(entries), **more}


def refusal(request: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(DynamoDBError) as refused:
        transact_write_items(request, OPTIONS)
    return refused.value.kind.name, refused.value.message


def test_each_entry_becomes_an_action_at_its_place() -> None:
    draft = transact_write_items(body(put("a"), update("b"), delete("c"), check("d")), OPTIONS)

    actions = actions_on(draft.actions, [PETS] * 4)

    assert [type(action) for action in actions] == [Put, Update, Delete, Check]
    assert [action.key for action in actions] == [(("S", name),) for name in "abcd"]
    assert {action.table for action in actions} == {PETS.id}


def test_the_fingerprint_is_of_the_actions_alone() -> None:
    one = transact_write_items(body(put("a"), ClientRequestToken="x"), OPTIONS)
    two = transact_write_items(
        body(put("a"), ClientRequestToken="y", ReturnConsumedCapacity="TOTAL"), OPTIONS
    )
    other = transact_write_items(body(put("b"), ClientRequestToken="x"), OPTIONS)

    assert (one.token, two.token) == ("x", "y")
    assert one.fingerprint == two.fingerprint != other.fingerprint
    assert len(one.fingerprint) == 16


def test_the_fingerprint_does_not_depend_on_the_order_of_a_map() -> None:
    item = {"pk": {"S": "a"}, "b": {"M": {"x": {"N": "1"}, "y": {"B": b"\x00"}}}}
    turned = {"b": {"M": {"y": {"B": "AA=="}, "x": {"N": "1"}}}, "pk": {"S": "a"}}

    one, two = (
        transact_write_items(body({"Put": {"TableName": "pets", "Item": each}}), OPTIONS)
        for each in (item, turned)
    )

    assert one.fingerprint == two.fingerprint


NULL = "failed to satisfy constraint: Member must not be null"


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({}, f"1 validation error detected: Value null at 'transactItems' {NULL}"),
        (
            body(),
            "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy"
            " constraint: Member must have length greater than or equal to 1",
        ),
        (
            body({"ConditionCheck": key("a")}),
            "1 validation error detected: Value null at"
            f" 'transactItems.1.member.conditionCheck.conditionExpression' {NULL}",
        ),
        (
            body(put("a"), {"Update": key("b")}),
            "1 validation error detected: Value null at"
            f" 'transactItems.2.member.update.updateExpression' {NULL}",
        ),
        (
            body(put("a"), ClientRequestToken="x" * 37),
            f"1 validation error detected: Value '{'x' * 37}' at 'clientRequestToken' failed to"
            " satisfy constraint: Member must have length less than or equal to 36",
        ),
        (
            body(put("a", ReturnValuesOnConditionCheckFailure="NEW")),
            "1 validation error detected: Value 'NEW' at 'transactItems.1.member.put."
            "returnValuesOnConditionCheckFailure' failed to satisfy constraint:"
            " Member must satisfy enum value set: [ALL_OLD, NONE]",
        ),
        (
            body({**put("a"), **delete("a")}),
            "TransactItems can only contain one of Check, Put, Update or Delete",
        ),
        (
            body({}),
            "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request",
        ),
        (
            body(put("a", ConditionExpression="pk = :v")),
            "Invalid ConditionExpression: An expression attribute value used in expression"
            " is not defined; attribute value: :v",
        ),
        (
            body(put("a"), put("b", text={}, Item={"pk": {"S": "b"}, "n": {"N": "1e999"}})),
            "Number overflow. Attempting to store a number with magnitude larger than"
            " supported range",
        ),
        (
            body(put("a", Item={"pk": {"S": "a"}, "text": {"S": "x" * 410_000}})),
            "Item size has exceeded the maximum allowed size",
        ),
    ],
)
def test_what_is_wrong_with_the_whole_request_is_refused_as_such(
    request_body: dict[str, Any], message: str
) -> None:
    assert refusal(request_body) == (VALIDATION.name, message)


def test_more_than_a_hundred_actions_are_too_many() -> None:
    name, message = refusal(body(*[put(str(n)) for n in range(101)]))

    assert name == VALIDATION.name
    assert message.startswith("1 validation error detected: Value '[{Put={TableName=pets, Item=")
    assert message.endswith(
        "at 'transactItems' failed to satisfy constraint:"
        " Member must have length less than or equal to 100"
    )


def test_how_many_actions_are_too_many_is_an_option() -> None:
    options = RouterOptions(transaction_actions_max=1)

    with pytest.raises(DynamoDBError, match="less than or equal to 1"):
        transact_write_items(body(put("a"), put("b")), options)


def test_a_payload_of_more_than_4_mb_is_too_large() -> None:
    entries = [
        put(str(n), Item={"pk": {"S": str(n)}, "text": {"S": "x" * 400_000}}) for n in range(11)
    ]

    name, message = refusal(body(*entries))

    assert name == VALIDATION.name
    told = "Transaction payload size cannot exceed 4MB. Payload Size: "
    assert message.startswith(f"{told}: {told}44")


def test_a_payload_of_4_mb_is_taken_and_one_byte_more_is_not() -> None:
    def entries(rest: int) -> list[dict[str, Any]]:
        return [
            put(str(n), Item={"pk": {"S": str(n)}, "text": {"S": "x" * length}})
            for n, length in enumerate([400_000] * 10 + [rest])
        ]

    room = 4_194_304 - len(canonical_json(entries(0)))
    _, message = refusal(body(*entries(room + 1)))

    assert transact_write_items(body(*entries(room)), OPTIONS).token is None
    assert message.endswith("Payload Size: 4194305")


def test_a_read_of_4_mb_is_taken_and_one_byte_more_is_not() -> None:
    items: list[Item] = [{"pk": ("S", "x" * 399_998)}] * 10
    largest: Item = {"pk": ("S", "x" * 194_302)}
    larger: Item = {"pk": ("S", "x" * 194_303)}

    refuse_too_much([*items, None, largest])
    with pytest.raises(DynamoDBError, match="Payload Size: 4194305"):
        refuse_too_much([*items, None, larger])


def test_names_and_values_without_an_expression_are_let_through() -> None:
    entry = put(
        "a",
        ExpressionAttributeNames={"#x": "x"},
        ExpressionAttributeValues={":x": {"N": "1"}},
    )

    assert transact_write_items(body(entry), OPTIONS).actions


@pytest.mark.parametrize("what", ["ExpressionAttributeNames", "ExpressionAttributeValues"])
def test_beside_an_expression_names_and_values_are_not_given_empty(what: str) -> None:
    entry = put("a", ConditionExpression="attribute_not_exists(pk)", **{what: {}})

    assert refusal(body(entry)) == (VALIDATION.name, f"{what} must not be empty")


def test_an_item_named_twice_is_refused() -> None:
    draft = transact_write_items(body(put("a"), check("a")), OPTIONS)

    with pytest.raises(DynamoDBError) as refused:
        actions_on(draft.actions, [PETS] * 2)

    assert (refused.value.kind, refused.value.message) == (
        VALIDATION,
        "Transaction request cannot include multiple operations on one item",
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            put("b", Item={"pk": {"N": "1"}}),
            "One or more parameter values were invalid:"
            " Type mismatch for key pk expected: S actual: N",
        ),
        (
            put("b", Item={"x": {"N": "1"}}),
            "One or more parameter values were invalid: Missing the key pk in the item",
        ),
        (
            {"Delete": {"TableName": "pets", "Key": {}}},
            "The provided key element does not match the schema",
        ),
        (
            {"Update": {**key("b"), "UpdateExpression": "REMOVE pk"}},
            "One or more parameter values were invalid:"
            " Cannot update attribute pk. This attribute is part of the key",
        ),
        (
            delete("b" * 2049),
            "One or more parameter values were invalid:"
            " Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
    ],
)
def test_only_the_first_action_whose_key_does_not_fit_is_to_blame(
    wrong: dict[str, Any], message: str
) -> None:
    also_wrong = {"Delete": {"TableName": "pets", "Key": {}}}
    draft = transact_write_items(body(put("a"), wrong, also_wrong), OPTIONS)

    with pytest.raises(DynamoDBError) as refused:
        actions_on(draft.actions, [PETS] * 3)

    assert refused.value.kind == TRANSACTION_CANCELED
    assert refused.value.body()["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ValidationError", "Message": message},
        {"Code": "None"},
    ]


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


def test_too_many_levels_in_an_item_are_that_actions_own_fault() -> None:
    entries = [
        put(name, Item={"pk": {"S": name}, "deep": deep(32 + n)}) for n, name in enumerate("ab")
    ]
    draft = transact_write_items(body(*entries), OPTIONS)

    with pytest.raises(DynamoDBError) as refused:
        actions_on(draft.actions, [PETS] * 2)

    assert refused.value.body()["CancellationReasons"] == [
        {"Code": "None"},
        {
            "Code": "ValidationError",
            "Message": "Nesting Levels have exceeded supported limits:"
            " Attributes in the item have nested levels beyond supported limit",
        },
    ]


def test_too_many_levels_in_a_key_are_wrong_with_the_whole_request() -> None:
    too_deep = {"Delete": {"TableName": "pets", "Key": {"pk": deep(33)}}}

    name, message = refusal(body(put("a"), too_deep))

    assert (name, message.partition(":")[0]) == (
        VALIDATION.name,
        "Nesting Levels have exceeded supported limits",
    )


def test_what_is_wrong_with_the_whole_request_comes_before_too_many_levels() -> None:
    too_deep = put("a", Item={"pk": {"S": "a"}, "deep": deep(33)}, ConditionExpression="!")

    assert refusal(body(too_deep))[1].startswith("Invalid ConditionExpression: Syntax error")


def test_an_empty_key_is_wrong_with_the_whole_request_even_behind_another_mistake() -> None:
    also_wrong = {"Delete": {"TableName": "pets", "Key": {}}}
    draft = transact_write_items(body(also_wrong, delete("")), OPTIONS)

    with pytest.raises(DynamoDBError) as refused:
        actions_on(draft.actions, [PETS] * 2)

    assert refused.value.kind == VALIDATION
    assert "cannot contain an empty string value. Key: pk" in refused.value.message


def test_gets_become_keys_in_order() -> None:
    drafts = transact_get_items(body({"Get": key("b")}, {"Get": key("a")}), OPTIONS)

    assert keys_on(drafts, [PETS] * 2) == (
        (PETS.id, (("S", "b"),)),
        (PETS.id, (("S", "a"),)),
    )


def test_an_item_is_got_once() -> None:
    drafts = transact_get_items(body({"Get": key("a")}, {"Get": key("a")}), OPTIONS)

    with pytest.raises(DynamoDBError, match="multiple operations on one item"):
        keys_on(drafts, [PETS] * 2)


def test_a_get_without_get_is_refused() -> None:
    with pytest.raises(DynamoDBError) as refused:
        transact_get_items(body({}), OPTIONS)

    assert refused.value.message == (
        f"1 validation error detected: Value null at 'transactItems.1.member.get' {NULL}"
    )
