import json
from typing import Any

import pytest
from hypothesis import given

from items.errors import NESTING_TOO_DEEP, SERIALIZATION, VALIDATION, DynamoDBError
from items.json_shapes import check_item_shape
from items.to_json import item_to_json, to_json
from items.typed_json import (
    from_json,
    item_from_json,
    values_from_json,
)
from items.values import AttributeValue
from tests.items.strategies import items, values

INVALID = "One or more parameter values were invalid: "
EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ({"S": ""}, ("S", "")),
        ({"S": "é"}, ("S", "é")),
        ({"N": "007"}, ("N", "7")),
        ({"B": "AAH/"}, ("B", b"\x00\x01\xff")),
        ({"B": ""}, ("B", b"")),
        ({"BOOL": False}, ("BOOL", False)),
        ({"NULL": True}, ("NULL", True)),
        ({"L": []}, ("L", ())),
        ({"L": [{"N": "1.0"}, {"L": [{"S": "a"}]}]}, ("L", (("N", "1"), ("L", (("S", "a"),))))),
        ({"M": {}}, ("M", {})),
        ({"M": {"a": {"M": {"b": {"S": ""}}}}}, ("M", {"a": ("M", {"b": ("S", "")})})),
        ({"SS": ["b", "a", ""]}, ("SS", ("", "a", "b"))),
        ({"NS": ["10", "9", "1e3", "-1"]}, ("NS", ("-1", "9", "10", "1000"))),
        ({"BS": ["Yg==", "YQ=="]}, ("BS", (b"a", b"b"))),
        ({"S": "a", "N": None}, ("S", "a")),
        ({"S": "a", "Unheard": 1}, ("S", "a")),
    ],
)
def test_a_value_is_read(written: Any, value: AttributeValue) -> None:
    assert from_json(written) == value


def test_a_client_in_this_process_may_give_bytes() -> None:
    assert from_json({"B": b"\x00"}) == ("B", b"\x00")
    assert from_json({"BS": [b"b", b"a"]}) == ("BS", (b"a", b"b"))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, EMPTY),
        (None, EMPTY),
        ({"S": None}, EMPTY),
        ({"X": "a"}, EMPTY),
        ({"L": [None]}, EMPTY),
        ({"M": {"a": {}}}, EMPTY),
        (
            {"S": "a", "N": "1"},
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes",
        ),
        ({"S": "a", "N": "x"}, "The parameter cannot be converted to a numeric value: x"),
        ({"N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"NS": ["1", "x"]}, "The parameter cannot be converted to a numeric value: x"),
        ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
        ({"SS": []}, INVALID + "An string set  may not be empty"),
        ({"SS": ["a", None]}, EMPTY),
        ({"NS": []}, INVALID + "An number set  may not be empty"),
        ({"BS": []}, INVALID + "Binary sets should not be empty"),
        ({"L": [{"M": {"a": {"SS": []}}}]}, INVALID + "An string set  may not be empty"),
        ({"SS": ["a", "a"]}, INVALID + "Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        (
            {"BS": ["YQ==", "YQ=="]},
            INVALID + "Input collection [YQ==, YQ==]of type BS contains duplicates.",
        ),
        ({"M": {"": {"S": "a"}}}, "Empty attribute name"),
    ],
)
def test_a_value_that_cannot_be_is_refused(written: Any, message: str) -> None:
    for read in (lambda: from_json(written), lambda: item_from_json({"a": written})):
        with pytest.raises(DynamoDBError) as refusal:
            read()

        assert refusal.value.kind is VALIDATION
        assert refusal.value.message == message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("a", "Unexpected value type in payload"),
        (
            [],
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue",
        ),
        ({"S": 5}, "NUMBER_VALUE cannot be converted to String"),
        ({"N": 5}, "NUMBER_VALUE cannot be converted to String"),
        ({"N": 5.5}, "DECIMAL_VALUE cannot be converted to String"),
        ({"S": True}, "TRUE_VALUE cannot be converted to String"),
        ({"S": False}, "FALSE_VALUE cannot be converted to String"),
        ({"S": []}, "Unrecognized collection type class java.lang.String"),
        ({"N": {}}, "Start of structure or map found where not expected"),
        ({"BOOL": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"BOOL": "maybe"}, "Unexpected token received from parser"),
        ({"NULL": []}, "Unrecognized collection type class java.lang.Boolean"),
        ({"B": 1}, "only base-64-encoded strings are convertible to bytes"),
        ({"B": []}, "Unrecognized collection type class java.nio.ByteBuffer"),
        ({"B": "YQ"}, "Base64 encoded length is expected a multiple of 4 bytes but found: 2"),
        ({"B": "Y!=="}, "Invalid Base64 character: '!'"),
        ({"B": "Yé=="}, "Invalid Base64 character: 'é'"),
        ({"B": "=+/="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": "+/+="}, "Invalid last non-pad Base64 character dectected"),
        ({"SS": "a"}, "Unexpected field type"),
        ({"SS": {}}, "Start of structure or map found where not expected"),
        ({"NS": [1]}, "NUMBER_VALUE cannot be converted to String"),
        ({"BS": [True]}, "only base-64-encoded strings are convertible to bytes"),
        ({"L": {}}, "Start of structure or map found where not expected"),
        ({"L": ["a"]}, "Unexpected value type in payload"),
        ({"M": "a"}, "Unexpected field type"),
        (
            {"M": []},
            "Unrecognized collection type java.util.Map<java.lang.String,"
            " com.amazonaws.dynamodb.v20120810.AttributeValue>",
        ),
        ({"S": "\ud800"}, "Invalid UTF-16 surrogate in a string"),
    ],
)
def test_a_wrong_shape_is_refused_before_any_wrong_value(written: Any, message: str) -> None:
    empty: Any = {"SS": []}
    nested = {"M": {"deep": {"L": [empty, written]}}}
    for read in (
        lambda: from_json(written),
        lambda: from_json(nested),
        lambda: item_from_json({"wrong value": empty, "wrong shape": written}),
        lambda: check_item_shape({"wrong value": empty, "wrong shape": nested}),
    ):
        with pytest.raises(DynamoDBError) as refusal:
            read()

        assert refusal.value.kind is SERIALIZATION
        assert refusal.value.message == message


def test_a_wrong_value_has_nothing_wrong_in_its_shape() -> None:
    check_item_shape({"a": {"SS": []}, "b": {"N": "x"}, "c": None, "d": {"S": "a", "B": "YQ=="}})


def test_an_expressions_values_are_read_like_others() -> None:
    assert values_from_json({":a": {"N": "1.0"}}) == {":a": ("N", "1")}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {":a": {"S": "a"}, ":b": {"SS": []}},
            f"ExpressionAttributeValues contains invalid value: {INVALID}"
            "An string set  may not be empty for key :b",
        ),
        (
            {":b": {}},
            f"ExpressionAttributeValues contains invalid value: {EMPTY} for key :b",
        ),
        ({":a": {"SS": []}, ":b": {"S": 1}}, "NUMBER_VALUE cannot be converted to String"),
    ],
)
def test_a_wrong_value_of_an_expression_is_refused_by_name(values: Any, message: str) -> None:
    with pytest.raises(DynamoDBError) as refusal:
        values_from_json(values)

    assert refusal.value.message == message


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "core"}
    for level in range(levels):
        value = {"L": [value]} if level % 2 else {"M": {"a": value}}
    return value


def test_lists_and_maps_nest_to_the_thirty_second_level() -> None:
    assert to_json(from_json(nested(32))) == nested(32)

    for levels in (33, 400):
        with pytest.raises(DynamoDBError) as refusal:
            from_json(nested(levels))
        assert refusal.value.message == NESTING_TOO_DEEP


@pytest.mark.parametrize("name", ["a" * 65_535, "é" * 32_767])
def test_a_name_may_be_as_long_as_64_kilobytes_less_one(name: str) -> None:
    assert item_from_json({name: {"S": ""}}) == {name: ("S", "")}

    with pytest.raises(DynamoDBError, match="Attribute name is too large"):
        item_from_json({name + "é": {"S": ""}})


@given(items())
def test_an_item_comes_back_as_it_went_out(item: dict[str, AttributeValue]) -> None:
    assert item_from_json(json.loads(json.dumps(item_to_json(item)))) == item


@given(values())
def test_a_value_comes_back_as_it_went_out(value: AttributeValue) -> None:
    assert from_json(to_json(value)) == value


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "yes", "Yes"])
def test_words_stand_for_true(word: str) -> None:
    assert from_json({"BOOL": word}) == ("BOOL", True)
    assert from_json({"NULL": word}) == ("NULL", True)


@pytest.mark.parametrize("word", ["false", "0", "no", "No"])
def test_words_stand_for_false_which_no_null_is(word: str) -> None:
    assert from_json({"BOOL": word}) == ("BOOL", False)
    with pytest.raises(DynamoDBError, match="Null attribute value types must have the value of"):
        from_json({"NULL": word})
