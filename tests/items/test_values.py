import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.values import (
    AttributeValue,
    binary_set,
    compare,
    nesting,
    number_set,
    size_bytes,
    sort_key,
    string_set,
    value_size_bytes,
)
from tests.items.strategies import items, numbers, values


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (("S", ""), 0),
        (("S", "abc"), 3),
        (("S", "é€"), 5),
        (("N", "0"), 1),
        (("N", "7"), 2),
        (("N", "-7"), 3),
        (("N", "12"), 2),
        (("N", "123"), 3),
        (("N", "1000"), 2),  # One significant digit.
        (("N", "0.001"), 2),
        (("N", "10.5"), 3),
        (("N", "1.5"), 3),  # Digits are paired from the point on: 01 50.
        (("N", "-120"), 4),  # 01 20.
        (("N", "1200"), 2),
        (("N", "0.012"), 3),
        (("N", "0.12"), 2),
        (("N", "100.1"), 4),
        (("N", "0." + "0" * 129 + "1"), 2),
        (("N", "9" * 38), 20),
        (("B", b"\x00\x01"), 2),
        (("BOOL", False), 1),
        (("NULL", True), 1),
        (("L", ()), 3),
        (("L", (("S", "ab"), ("NULL", True))), 3 + 1 + 2 + 1 + 1),
        (("M", {}), 3),
        (("M", {"é": ("S", "ab")}), 3 + 1 + 2 + 2),
        (("SS", ("a", "bc")), 3),
        (("NS", ("1", "-2")), 5),
        (("BS", (b"a", b"bc")), 3),
    ],
)
def test_a_value_weighs_what_dynamodb_says(value: AttributeValue, size: int) -> None:
    assert value_size_bytes(value) == size


def test_an_item_weighs_its_names_and_values() -> None:
    assert size_bytes({"pk": ("S", "abc"), "é": ("BOOL", True)}) == 2 + 3 + 2 + 1


@pytest.mark.parametrize(
    ("value", "levels"),
    [
        (("S", "a"), 0),
        (("SS", ("a",)), 0),
        (("L", ()), 1),
        (("M", {"a": ("L", (("M", {}),)), "b": ("N", "1")}), 3),
    ],
)
def test_nesting_counts_lists_and_maps(value: AttributeValue, levels: int) -> None:
    assert nesting(value) == levels


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        (("N", "9"), ("N", "10")),
        (("N", "-10"), ("N", "-9")),
        (("N", "0.5"), ("N", "1")),
        (("S", "Z"), ("S", "a")),
        (("S", "a"), ("S", "ab")),
        (("S", "\uffff"), ("S", "\U00010000")),  # UTF-16 has these two the other way round.
        (("B", b"\x7f"), ("B", b"\x80")),  # Bytes are unsigned.
    ],
)
def test_values_are_ordered_as_dynamodb_orders_them(
    smaller: AttributeValue, larger: AttributeValue
) -> None:
    assert compare(smaller, larger) == -1
    assert compare(larger, smaller) == 1
    assert compare(smaller, smaller) == 0
    assert sort_key(smaller) < sort_key(larger)


@given(st.text(), st.text())
def test_strings_are_ordered_by_their_utf8_bytes(one: str, two: str) -> None:
    one, two = (text.encode(errors="replace").decode() for text in (one, two))

    by_bytes = (one.encode() > two.encode()) - (one.encode() < two.encode())

    assert compare(("S", one), ("S", two)) == by_bytes


@given(st.lists(numbers(), min_size=1), st.randoms(use_true_random=False))
def test_sets_with_the_same_members_are_equal(members, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = members * 2
    random.shuffle(shuffled)

    assert number_set(shuffled) == number_set(members)
    assert string_set(shuffled) == string_set(members)
    encoded = [member.encode() for member in members]
    assert binary_set(encoded * 2) == binary_set(encoded)


def test_the_members_of_a_number_set_stand_in_the_order_of_numbers() -> None:
    assert number_set(["10", "9", "-1", "9"]) == ("NS", ("-1", "9", "10"))


@given(items())
def test_an_item_survives_its_way_over_the_network(item: dict[str, AttributeValue]) -> None:
    assert msgpack.unpackb(msgpack.packb(item), use_list=False) == item


@given(values())
def test_a_value_in_a_list_weighs_four_bytes_more(value: AttributeValue) -> None:
    assert value_size_bytes(("L", (value,))) == value_size_bytes(value) + 4
