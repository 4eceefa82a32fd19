import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.conditions import holds
from items.errors import VALIDATION, DynamoDBError
from items.key_conditions import KeyCondition, KeyPart, admits, condition_of, key_parts
from items.keys import KeyAttribute, KeySchema
from items.operands import Names, Values
from items.values import AttributeValue

SCHEMA = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
PARTITION_ONLY = KeySchema(KeyAttribute("pk", "S"))
OPERATOR = "Invalid operator used in KeyConditionExpression: "
NAMES = {"#p": "pk", "#s": "sk"}
P: AttributeValue = ("S", "p")
LOW: AttributeValue = ("N", "3")
HIGH: AttributeValue = ("N", "5")
VALUES: dict[str, AttributeValue] = {
    ":p": P,
    ":low": LOW,
    ":high": HIGH,
    ":empty": ("S", ""),
    ":yes": ("BOOL", True),
}


def key_condition(text: str, schema: KeySchema, names: Names, values: Values) -> KeyCondition:
    return condition_of(key_parts(text, names, values), schema)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("pk = :p", None),
        (":p = #p", None),
        ("(#p = :p)", None),
        ("pk = :p AND sk = :low", KeyPart("=", (LOW,))),
        ("sk < :low AND pk = :p", KeyPart("<", (LOW,))),
        ("(pk = :p) AND (#s >= :low)", KeyPart(">=", (LOW,))),
        (":low <= sk AND pk = :p", KeyPart(">=", (LOW,))),
        (":low > sk AND pk = :p", KeyPart("<", (LOW,))),
        ("pk = :p AND sk BETWEEN :low AND :high", KeyPart("BETWEEN", (LOW, HIGH))),
    ],
)
def test_a_key_condition_is_a_partition_and_a_range(text: str, sort: KeyPart | None) -> None:
    assert key_condition(text, SCHEMA, NAMES, VALUES) == KeyCondition(P, sort)


def test_begins_with_is_for_sort_keys_that_are_texts() -> None:
    schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "S"))

    found = key_condition("pk = :p AND begins_with(sk, :p)", schema, {}, VALUES)
    assert found.sort == KeyPart("begins_with", (P,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pk = :p OR sk = :low", OPERATOR + "OR"),
        ("NOT pk = :p", OPERATOR + "NOT"),
        ("pk <> :p", OPERATOR + "<>"),
        ("pk IN (:p)", OPERATOR + "IN"),
        ("attribute_exists(pk)", OPERATOR + "attribute_exists"),
        ("contains(pk, :p)", OPERATOR + "contains"),
        ("pk = :p AND size(sk) = :low", "KeyConditionExpressions cannot contain nested operations"),
        (
            "pk.x = :p",
            "KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        (
            "pk = sk",
            "Invalid condition in KeyConditionExpression: "
            "Multiple attribute names used in one condition",
        ),
        (
            ":p = :p",
            "Invalid condition in KeyConditionExpression: No key attribute specified",
        ),
        (
            ":low BETWEEN sk AND :high",
            "Invalid condition in KeyConditionExpression:"
            " BETWEEN operator must have the key attribute as its first operand",
        ),
        (
            "begins_with(:p, pk)",
            "Invalid condition in KeyConditionExpression:"
            " begins_with operator must have the key attribute as its first operand",
        ),
        (
            "pk = :p AND sk > :low AND sk < :high",
            "KeyConditionExpressions must only contain one condition per key",
        ),
        ("pk = :p AND sk > :low AND x < :high", "Conditions can be of length 1 or 2 only"),
        ("sk = :low", "Query condition missed key schema element: pk"),
        ("pk = :p AND x = :low", "Query condition missed key schema element: sk"),
        ("pk > :p", "Query key condition not supported"),
        (
            "pk = :low",
            "One or more parameter values were invalid:"
            " Condition parameter type does not match schema type",
        ),
        (
            "pk = :p AND sk = :p",
            "One or more parameter values were invalid:"
            " Condition parameter type does not match schema type",
        ),
        (
            "pk = :empty",
            "One or more parameter values are not valid. The AttributeValue for a key attribute"
            " cannot contain an empty string value. Key: pk",
        ),
    ],
)
def test_what_the_order_of_keys_cannot_answer_is_refused(text: str, message: str) -> None:
    with pytest.raises(DynamoDBError) as refused:
        key_condition(text, SCHEMA, NAMES, VALUES)

    assert refused.value.kind is VALIDATION
    assert refused.value.message == message


def test_without_sort_key_there_is_nothing_else_to_ask() -> None:
    assert key_condition("pk = :p", PARTITION_ONLY, {}, VALUES) == KeyCondition(P, None)
    with pytest.raises(DynamoDBError, match="Query key condition not supported"):
        key_condition("pk = :p AND x = :low", PARTITION_ONLY, {}, VALUES)


@given(st.text(max_size=3), st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3))
def test_a_range_admits_what_the_condition_holds_for(sort: str, one: str, two: str) -> None:
    schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "S"))
    values: dict[str, AttributeValue] = {":p": P, ":v": ("S", one), ":w": ("S", two)}

    for text in (
        *(f"sk {comparator} :v" for comparator in ("=", "<", "<=", ">", ">=")),
        ":v < sk",
        "sk BETWEEN :v AND :w",
        "begins_with(sk, :v)",
    ):
        asked = key_condition(f"pk = :p AND {text}", schema, {}, values).sort
        assert asked is not None
        assert admits(asked, ("S", sort)) == holds(text, {"sk": ("S", sort)}, {}, values)
