from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.errors import SERIALIZATION, VALIDATION, DynamoDBError
from router.requests import read
from router.shapes import (
    ATTRIBUTES,
    FLAG,
    Listed,
    Mapped,
    Structure,
    Wrong,
    integer,
    refuse_wrongs,
    text,
)

SHAPE = Structure(
    "ThingInput",
    {
        "Name": text(length_min=3, length_max=5, pattern="[a-z;]+"),
        "Colour": text(("RED", "GREEN")),
        "Size": integer(least=1, most=10),
        "Open": FLAG,
        "Item": ATTRIBUTES,
        "Parts": Listed(Structure("Part", {"PartName": text()}, ("PartName",)), 1, 2),
        "Lid": Structure("Lid", {"PartName": text()}),
        "Names": Mapped(text()),
        "Lists": Mapped(Listed(text(), 1, 2), "java.util.List", key_length_max=3),
    },
    ("Name",),
)
WHOLE: dict[str, Any] = {"Name": "box", "Colour": "RED", "Size": 3, "Open": True, "Item": {}}


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 11)
    | st.floats()
    | st.text("b;Oé\ud800", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["PartName", "#a"]), inner)
    ),
    max_leaves=4,
)


def refusal(body: dict[str, Any]) -> tuple[str, str]:
    assert not SHAPE.fits(body)
    with pytest.raises(DynamoDBError) as refused:
        read(SHAPE, body, lambda read_body: read_body)
    return refused.value.kind.name, refused.value.message


def test_what_fits_is_let_through() -> None:
    assert SHAPE.fits(WHOLE)
    assert read(SHAPE, WHOLE, lambda body: body) is WHOLE


@given(st.dictionaries(st.sampled_from([*SHAPE.fields, "Weight"]), json))
def test_what_fits_at_a_glance_passes_both_looks(parts: dict[str, Any]) -> None:
    body = {**WHOLE, **parts}

    if SHAPE.fits(body):
        SHAPE.check(body, deep=False)
        assert SHAPE.wrongs(body) == []


def test_a_parameter_that_nobody_knows_is_ignored() -> None:
    assert read(SHAPE, {**WHOLE, "Weight": [3]}, len) == len(WHOLE) + 1


def test_null_is_as_good_as_absent() -> None:
    assert read(SHAPE, {**WHOLE, "Colour": None, "Parts": None}, len) == len(WHOLE) + 1


@pytest.mark.parametrize(
    ("name", "json", "message"),
    [
        ("Name", 3, "NUMBER_VALUE cannot be converted to String"),
        ("Name", 3.5, "DECIMAL_VALUE cannot be converted to String"),
        ("Name", True, "TRUE_VALUE cannot be converted to String"),
        ("Name", [], "Unrecognized collection type class java.lang.String"),
        ("Name", {}, "Start of structure or map found where not expected"),
        ("Size", "3", "STRING_VALUE cannot be converted to Integer"),
        ("Size", False, "FALSE_VALUE cannot be converted to Integer"),
        ("Size", [], "Unrecognized collection type class java.lang.Integer"),
        ("Size", {}, "Start of structure or map found where not expected"),
        ("Open", "yes", "Unexpected token received from parser"),
        ("Open", 1, "NUMBER_VALUE cannot be converted to Boolean"),
        ("Item", "x", "Unexpected field type"),
        (
            "Item",
            [],
            "Unrecognized collection type java.util.Map<java.lang.String,"
            " com.amazonaws.dynamodb.v20120810.AttributeValue>",
        ),
        ("Parts", "x", "Unexpected field type"),
        ("Parts", {}, "Start of structure or map found where not expected"),
        ("Parts", ["x"], "Unexpected value type in payload"),
        (
            "Parts",
            [[]],
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.Part",
        ),
        ("Lid", "x", "Unexpected field type"),
        ("Lid", True, "Unexpected field type"),
        ("Lid", [], "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.Lid"),
        (
            "Names",
            [],
            "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>",
        ),
        ("Names", {"#a": 3}, "NUMBER_VALUE cannot be converted to String"),
        ("Names", {"#\ud800": "a"}, "Invalid UTF-16 surrogate in a string"),
    ],
)
def test_a_wrong_type_is_told_in_the_words_of_the_service(
    name: str, json: Any, message: str
) -> None:
    assert refusal({**WHOLE, name: json}) == (SERIALIZATION.name, message)


@pytest.mark.parametrize(
    ("name", "json", "complaint"),
    [
        (
            "Name",
            None,
            "Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            "Name",
            "ab",
            "Value 'ab' at 'name' failed to satisfy constraint:"
            " Member must have length greater than or equal to 3",
        ),
        (
            "Name",
            "abcdef",
            "Value 'abcdef' at 'name' failed to satisfy constraint:"
            " Member must have length less than or equal to 5",
        ),
        (
            "Name",
            "ABC",
            "Value 'ABC' at 'name' failed to satisfy constraint:"
            " Member must satisfy regular expression pattern: [a-z;]+",
        ),
        (
            "Colour",
            "BLUE",
            "Value 'BLUE' at 'colour' failed to satisfy constraint:"
            " Member must satisfy enum value set: [RED, GREEN]",
        ),
        (
            "Size",
            0,
            "Value '0' at 'size' failed to satisfy constraint:"
            " Member must have value greater than or equal to 1",
        ),
        (
            "Size",
            10**12,
            "Value '1000000000000' at 'size' failed to satisfy constraint:"
            " Member must have value less than or equal to 10",
        ),
        (
            "Parts",
            [],
            "Value '[]' at 'parts' failed to satisfy constraint:"
            " Member must have length greater than or equal to 1",
        ),
        (
            "Parts",
            [{"PartName": "lid"}, {}],
            "Value null at 'parts.2.member.partName' failed to satisfy constraint:"
            " Member must not be null",
        ),
        (
            "Parts",
            [None],
            "Value null at 'parts.1.member' failed to satisfy constraint: Member must not be null",
        ),
        (
            "Lists",
            {"a": [], "b": ["x"], "c": ["x"] * 3},
            "Value '{a=[], b=[x], c=[x, x, x]}' at 'lists' failed to satisfy constraint:"
            " Map value must satisfy constraint: [Member must have length less than or equal to 2,"
            " Member must have length greater than or equal to 1]",
        ),
        (
            "Lists",
            {"abcd": ["x"]},
            "Value '{abcd=[x]}' at 'lists' failed to satisfy constraint:"
            " Map keys must satisfy constraint: [Member must have length less than or equal to 3,"
            " Member must have length greater than or equal to 1]",
        ),
        (
            "Names",
            {"#a": None},
            "Value null at 'names.#a.member' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_a_constraint_that_is_not_met_is_told_with_its_place(
    name: str, json: Any, complaint: str
) -> None:
    told = f"1 validation error detected: {complaint}"

    assert refusal({**WHOLE, name: json}) == (VALIDATION.name, told)


def test_all_constraints_that_are_not_met_are_told_in_one_message() -> None:
    assert refusal({"Colour": "BLUE", "Size": 0}) == (
        VALIDATION.name,
        "3 validation errors detected:"
        " Value null at 'name' failed to satisfy constraint: Member must not be null;"
        " Value 'BLUE' at 'colour' failed to satisfy constraint:"
        " Member must satisfy enum value set: [RED, GREEN];"
        " Value '0' at 'size' failed to satisfy constraint:"
        " Member must have value greater than or equal to 1",
    )


def test_a_wrong_type_inside_an_item_is_told_before_a_constraint() -> None:
    body = {**WHOLE, "Colour": "BLUE", "Item": {"a": {"S": 5}}}

    assert refusal(body) == (SERIALIZATION.name, "NUMBER_VALUE cannot be converted to String")


def test_a_long_list_is_shown_in_part() -> None:
    body = {**WHOLE, "Parts": [{"PartName": "lid" * 200}] * 3}

    _, message = refusal(body)

    assert message.startswith("1 validation error detected: Value '[{PartName=lidlid")
    assert "…' at 'parts' failed" in message


def test_of_many_wrongs_the_first_ten_are_told() -> None:
    wrongs = [Wrong(("size",), n, "Member must be small") for n in range(12)]

    with pytest.raises(DynamoDBError) as refusal:
        refuse_wrongs(wrongs)

    assert refusal.value.message.startswith("10 validation errors detected: Value '0' at 'size'")
    assert refusal.value.message.count("; ") == 9
