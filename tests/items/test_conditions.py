from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.conditions import holds
from items.expression_checks import check
from items.values import AttributeValue, Item, number_set, string_set
from tests.items.strategies import numbers, scalars, texts, values

ITEM: Item = {
    "s": ("S", "hello"),
    "n": ("N", "10"),
    "b": ("B", b"\x01\xff"),
    "yes": ("BOOL", True),
    "null": ("NULL", True),
    "ss": string_set(["x", "y"]),
    "ns": number_set(["1", "2"]),
    "bs": ("BS", (b"\x01",)),
    "l": ("L", (("N", "1"), ("S", "x"), ("M", {"k": ("S", "v")}))),
    "m": ("M", {"k": ("L", (string_set(["p", "q"]),))}),
    "a.b": ("S", "dotted"),
}
NAMES = {"#s": "s", "#dotted": "a.b", "#k": "k", "#gone": "nowhere"}
VALUES: dict[str, AttributeValue] = {
    ":hello": ("S", "hello"),
    ":he": ("S", "he"),
    ":x": ("S", "x"),
    ":v": ("S", "v"),
    ":empty": ("S", ""),
    ":9": ("N", "9"),
    ":10": ("N", "10"),
    ":11": ("N", "11"),
    ":1": ("N", "1"),
    ":bytes": ("B", b"\x01"),
    ":high": ("B", b"\xff"),
    ":true": ("BOOL", True),
    ":null": ("NULL", True),
    ":set": string_set(["y", "x"]),
    ":pq": string_set(["p", "q"]),
    ":list": ("L", (string_set(["q", "p"]),)),
    ":map": ("M", {"k": ("S", "v")}),
    ":S": ("S", "S"),
    ":SS": ("S", "SS"),
    ":BOOL": ("S", "BOOL"),
    ":2": ("N", "2"),
    ":3": ("N", "3"),
    ":5": ("N", "5"),
}


@pytest.mark.parametrize(
    "text",
    [
        "s = :hello",
        "#s = :hello",
        ":hello = s",
        ":hello = :hello",
        "#dotted <> s",
        "n = :10",
        "yes = :true",
        "null = :null",
        "ss = :set",  # Sets have no order,
        "m.k = :list",  # also deep inside.
        "l[2] = :map",
        "l[2].#k = :v",
        "s <> :he",
        "s <> :10",  # Values of different types differ,
        "nowhere <> :10",  # as does what is missing,
        "nowhere <> elsewhere",  # from anything.
        "n > :9",  # As numbers; as texts, "10" comes first.
        "n >= :10",
        "n < :11",
        "n <= :10",
        "s > :he",
        "b < :high",  # Bytes are unsigned.
        "n BETWEEN :9 AND :11",
        "n BETWEEN :10 AND :10",
        ":10 BETWEEN n AND :11",
        "n IN (:9, :10)",
        "attribute_exists(s)",
        "attribute_exists(m.k[0])",
        "attribute_exists(#dotted)",
        "attribute_not_exists(nowhere)",
        "attribute_not_exists(#gone.x.y[3])",
        "attribute_not_exists(l[3])",
        "attribute_not_exists(s.k)",
        "attribute_type(s, :S)",
        "attribute_type(ss, :SS)",
        "attribute_type(yes, :BOOL)",
        "begins_with(s, :he)",
        "begins_with(s, :empty)",
        "begins_with(b, :bytes)",
        "begins_with(:hello, :he)",
        "contains(s, :he)",
        "contains(b, :high)",
        "contains(ss, :x)",
        "contains(ns, :1)",
        "contains(bs, :bytes)",
        "contains(l, :x)",
        "contains(l, :1)",
        "contains(l, :map)",
        "contains(m.k, :pq)",
        "contains(:set, l[1])",
        "size(s) = :5",
        "size(b) = :2",
        "size(ss) = :2",
        "size(l) = :3",
        "size(m) = :1",
        "size(:hello) BETWEEN :5 AND :5",
        "size(m.k) < size(ss)",
        "NOT s = :he",
        "NOT s = :he AND n = :10",
        "s = :he OR n = :10",
        "s = :hello OR n = :9 AND n = :11",
        "NOT (s = :he OR n = :9)",
    ],
)
def test_a_condition_holds(text: str) -> None:
    assert holds(text, ITEM, NAMES, VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "nowhere = elsewhere",
        "nowhere = :10",
        "nowhere < :10",
        "nowhere >= elsewhere",
        "s = n",
        "s > :9",  # Values of different types have no order,
        "n BETWEEN :9 AND :hello",
        "yes >= :true",  # and some types have none at all.
        "ss >= :set",
        "n BETWEEN :11 AND nowhere",
        "n IN (:9, :hello)",
        "nowhere IN (elsewhere)",
        "attribute_exists(m.k[1])",
        "attribute_exists(m[0])",
        "attribute_not_exists(null)",  # It exists, and is null.
        "attribute_type(nowhere, :S)",
        "attribute_type(n, :S)",
        "begins_with(s, :hello) AND begins_with(s, :x)",
        "begins_with(n, :1)",
        "begins_with(nowhere, :he)",
        "contains(s, :1)",
        "contains(n, :1)",
        "contains(ns, :x)",
        "contains(ns, :9)",
        "contains(l, :v)",  # Not deeper than its elements.
        "contains(m, :v)",
        "contains(nowhere, :v)",
        "contains(s, nowhere)",
        "size(n) = :2",  # A number has no size.
        "size(nowhere) < :10",
        "(s = :hello OR n = :9) AND n = :11",
    ],
)
def test_a_condition_does_not_hold(text: str) -> None:
    assert not holds(text, ITEM, NAMES, VALUES)


def test_no_item_is_an_item_without_attributes() -> None:
    assert holds("attribute_not_exists(a)", None, {}, {})
    assert not holds("a = :v", None, {}, {":v": ("N", "1")})


def test_one_text_is_judged_with_each_requests_names_and_values() -> None:
    item: Item = {"a": ("N", "1"), "b": ("N", "2")}

    assert holds("#n = :v", item, {"#n": "a"}, {":v": ("N", "1")})
    assert holds("#n = :v", item, {"#n": "b"}, {":v": ("N", "2")})
    assert not holds("#n = :v", item, {"#n": "b"}, {":v": ("N", "1")})


@given(values() | st.none(), values())
def test_equal_is_the_opposite_of_different(
    stored: AttributeValue | None, given_value: AttributeValue
) -> None:
    item = {} if stored is None else {"a": stored}

    assert holds("a = :v", item, {}, {":v": given_value}) == (stored == given_value)
    assert holds("a <> :v", item, {}, {":v": given_value}) == (stored != given_value)


@given(scalars(), scalars())
def test_two_values_are_equal_or_one_comes_first_or_they_have_no_order(
    one: AttributeValue, two: AttributeValue
) -> None:
    less, equal, greater = (
        holds(f"a {comparator} :v", {"a": one}, {}, {":v": two}) for comparator in ("<", "=", ">")
    )
    have_order = one[0] == two[0] and one[0] in ("S", "N", "B")

    assert less + equal + greater == (1 if have_order else one == two)


@given(numbers(), numbers())
def test_numbers_are_ordered_by_their_worth(one: str, two: str) -> None:
    item, given_values = {"a": ("N", one)}, {":v": ("N", two)}

    assert holds("a < :v", item, {}, given_values) == (Decimal(one) < Decimal(two))
    assert holds("a >= :v", item, {}, given_values) == (Decimal(one) >= Decimal(two))


@given(texts(), texts())
def test_texts_are_ordered_by_their_bytes(one: str, two: str) -> None:
    assert holds("a < :v", {"a": ("S", one)}, {}, {":v": ("S", two)}) == (
        one.encode() < two.encode()
    )


@given(scalars() | st.none(), scalars(), scalars())
def test_between_and_in_are_short_for_comparisons(
    stored: AttributeValue | None, low: AttributeValue, high: AttributeValue
) -> None:
    item = {} if stored is None else {"a": stored}
    bounds = {":l": low, ":h": high}

    for short, long in (
        ("a BETWEEN :l AND :h", "a >= :l AND a <= :h"),
        ("a IN (:l, :h)", "a = :l OR a = :h"),
        ("NOT (a = :l OR a = :h)", "a <> :l AND a <> :h"),
    ):
        assert holds(short, item, {}, bounds) == holds(long, item, {}, bounds)


@pytest.mark.parametrize("text", ["NOT " * 299 + "a = :v", "(NOT " * 299 + "a = :v" + ")" * 299])
def test_the_deepest_condition_is_judged(text: str) -> None:
    values = {":v": ("N", "1")}

    check({"ConditionExpression": text}, {}, values)
    assert not holds(text, {"a": ("N", "1")}, {}, values)
    assert holds(text, {"a": ("N", "2")}, {}, values)


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("heißt", 5), ("日本", 2), ("😀", 2), ("a😀b", 4)], ids=ascii
)
def test_the_size_of_a_string_is_counted_as_utf_16_has_it(text: str, size: int) -> None:
    assert holds("size(s) = :size", {"s": ("S", text)}, {}, {":size": ("N", str(size))})
