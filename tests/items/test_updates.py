from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.errors import (
    ATTRIBUTE_MISSING,
    NUMBER_OVERFLOW,
    OPERAND_TYPE_INCORRECT,
    PATH_INVALID,
    VALIDATION,
    DynamoDBError,
)
from items.updates import apply_update, creates_item, touched_paths, updated_attributes
from items.values import AttributeValue, Item, number_set, string_set
from tests.items.strategies import items, values

KEY: dict[str, AttributeValue] = {"pk": ("S", "k")}
ITEM: Item = {
    **KEY,
    "n": ("N", "10"),
    "s": ("S", "text"),
    "ss": string_set(["x", "y"]),
    "ns": number_set(["1", "2"]),
    "bs": ("BS", (b"1", b"2")),
    "l": ("L", (("N", "0"), ("N", "1"), ("N", "2"))),
    "m": ("M", {"x": ("N", "1"), "l": ("L", (("M", {"d": ("S", "deep")}),))}),
}
VALUES: dict[str, AttributeValue] = {
    ":v": ("S", "new"),
    ":w": ("S", "other"),
    ":1": ("N", "1"),
    ":3": ("N", "3"),
    ":half": ("N", "0.5"),
    ":huge": ("N", "9" * 38 + "0" * 88),
    ":list": ("L", (("S", "new"),)),
    ":ss": string_set(["y", "z"]),
    ":xy": string_set(["x", "y"]),
    ":ns": number_set(["2", "10"]),
    ":bs": ("BS", (b"2", b"3")),
}
NEW = VALUES[":v"]


def numbered(*digits: str) -> AttributeValue:
    return "L", tuple(("N", each) for each in digits)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("SET s = :v", {"s": NEW}),
        ("SET #t = :v", {"top.secret": NEW}),
        ("SET t = s", {"t": ITEM["s"]}),
        ("SET t = m.l[0].d", {"t": ("S", "deep")}),
        ("SET n = n + :1", {"n": ("N", "11")}),
        ("SET n = n - :half", {"n": ("N", "9.5")}),
        ("SET n = :1 - n", {"n": ("N", "-9")}),
        ("SET n = :1 + :3", {"n": ("N", "4")}),
        ("SET n = l[1] + m.x", {"n": ("N", "2")}),
        ("SET n = if_not_exists(n, :1) + :3", {"n": ("N", "13")}),
        ("SET t = if_not_exists(t, :1) + :3", {"t": ("N", "4")}),
        ("SET s = if_not_exists(s, :v)", {}),
        ("SET t = if_not_exists(t, if_not_exists(u, s))", {"t": ITEM["s"]}),
        ("SET l = list_append(l, :list)", {"l": ("L", (*ITEM["l"][1], NEW))}),
        ("SET l = list_append(:list, l)", {"l": ("L", (NEW, *ITEM["l"][1]))}),
        ("SET t = list_append(if_not_exists(t, :list), :list)", {"t": ("L", (NEW, NEW))}),
        ("SET m.x = :v", {"m": ("M", {"x": NEW, "l": ITEM["m"][1]["l"]})}),
        (
            "SET m.l[0].d = :v, m.x = m.l",
            {"m": ("M", {"x": ITEM["m"][1]["l"], "l": ("L", (("M", {"d": NEW}),))})},
        ),
        # All right-hand sides read the old item.
        ("SET n = s, s = n", {"n": ITEM["s"], "s": ITEM["n"]}),
        ("SET t = n REMOVE n", {"t": ITEM["n"], "n": None}),
        ("SET t = n ADD n :1", {"t": ("N", "10"), "n": ("N", "11")}),
        # Positions are those of the old list; past its end, SET appends in the order of positions.
        ("SET l[0] = :3", {"l": numbered("3", "1", "2")}),
        ("SET l[7] = :3", {"l": numbered("0", "1", "2", "3")}),
        ("SET l[9] = :1, l[5] = :3", {"l": numbered("0", "1", "2", "3", "1")}),
        ("REMOVE l[1] SET l[2] = :3", {"l": numbered("0", "3")}),
        ("REMOVE l[0] SET l[3] = :3", {"l": numbered("1", "2", "3")}),
        ("REMOVE l[0], l[1], l[2]", {"l": ("L", ())}),
        ("REMOVE l[9]", {}),
        ("REMOVE s, nowhere", {"s": None}),
        ("REMOVE m.x", {"m": ("M", {"l": ITEM["m"][1]["l"]})}),
        ("REMOVE m.nowhere", {}),
        ("ADD n :1", {"n": ("N", "11")}),
        ("ADD t :1", {"t": ("N", "1")}),
        ("ADD m.x :1", {"m": ("M", {"x": ("N", "2"), "l": ITEM["m"][1]["l"]})}),
        ("ADD ss :ss", {"ss": string_set(["x", "y", "z"])}),
        ("ADD ns :ns", {"ns": number_set(["1", "2", "10"])}),
        ("ADD bs :bs", {"bs": ("BS", (b"1", b"2", b"3"))}),
        ("ADD t :ss", {"t": VALUES[":ss"]}),
        ("DELETE ss :ss", {"ss": string_set(["x"])}),
        ("DELETE ns :ns", {"ns": number_set(["1"])}),
        ("DELETE bs :bs", {"bs": ("BS", (b"1",))}),
        ("DELETE ss :xy", {"ss": None}),  # There are no empty sets.
        ("DELETE nowhere :ss", {}),
    ],
)
def test_an_update_changes_what_it_names(
    text: str, changed: dict[str, AttributeValue | None]
) -> None:
    after = apply_update(text, ITEM, KEY, {"#t": "top.secret"}, VALUES)

    expected = {name: value for name, value in {**ITEM, **changed}.items() if value is not None}
    assert after == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET t = nowhere", ATTRIBUTE_MISSING),
        ("SET t = nowhere + :1", ATTRIBUTE_MISSING),
        ("SET t = l[3]", ATTRIBUTE_MISSING),
        ("SET t = if_not_exists(nowhere, elsewhere)", ATTRIBUTE_MISSING),
        ("SET t = list_append(nowhere, :list)", ATTRIBUTE_MISSING),
        ("SET t = s + :1", OPERAND_TYPE_INCORRECT),
        ("SET t = n - s", OPERAND_TYPE_INCORRECT),
        ("SET t = list_append(l, n)", OPERAND_TYPE_INCORRECT),
        ("SET t = list_append(if_not_exists(s, :list), l)", OPERAND_TYPE_INCORRECT),
        ("ADD s :1", OPERAND_TYPE_INCORRECT),
        ("ADD ns :ss", OPERAND_TYPE_INCORRECT),
        ("DELETE ns :ss", OPERAND_TYPE_INCORRECT),
        ("SET nowhere.x = :v", PATH_INVALID),
        ("SET m.nowhere.x = :v", PATH_INVALID),
        ("SET s.x = :v", PATH_INVALID),
        ("SET m[0] = :v", PATH_INVALID),
        ("SET l.x = :v", PATH_INVALID),
        ("SET l[7].x = :v", PATH_INVALID),
        ("REMOVE nowhere.x", PATH_INVALID),
        ("DELETE nowhere.x :ss", PATH_INVALID),
        ("ADD nowhere.x :1", PATH_INVALID),
        ("SET t = :huge + :huge", NUMBER_OVERFLOW),
        ("ADD nowhere :huge SET t = :huge - :1, u = :huge", "Attempting to store more than 38"),
    ],
)
def test_an_update_that_does_not_fit_the_item_is_refused(text: str, message: str) -> None:
    with pytest.raises(DynamoDBError) as refused:
        apply_update(text, ITEM, KEY, {}, VALUES)

    assert refused.value.kind is VALIDATION
    assert refused.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("SET a = :v", {"a": NEW}),
        ("SET a = pk", {"a": KEY["pk"]}),
        ("ADD a :1", {"a": ("N", "1")}),
        ("SET a = if_not_exists(a, :1) + :1", {"a": ("N", "2")}),
        ("SET a = :v REMOVE b", {"a": NEW}),
        ("SET a = :v REMOVE b.c, d[0]", {"a": NEW}),
    ],
)
def test_a_missing_item_starts_from_its_key(text: str, made: dict[str, AttributeValue]) -> None:
    assert apply_update(text, None, KEY, {}, VALUES) == {**KEY, **made}


def test_a_missing_item_has_no_maps_to_set_into() -> None:
    with pytest.raises(DynamoDBError, match=PATH_INVALID):
        apply_update("SET a.b = :v", None, KEY, {}, VALUES)


@pytest.mark.parametrize(
    ("text", "creates"),
    [
        ("SET a = :v", True),
        ("ADD a :1", True),
        ("REMOVE a", False),
        ("DELETE a :ss REMOVE b", False),
        ("REMOVE b ADD a :1", True),
    ],
)
def test_an_update_that_only_takes_away_makes_no_item(text: str, *, creates: bool) -> None:
    assert creates_item(text) is creates


def test_an_update_tells_what_it_touches() -> None:
    text, names = "SET #a.b = :v, c[0] = a.x REMOVE #a.d ADD e :1", {"#a": "a"}

    assert touched_paths(text, names) == (("a", "b"), ("c", 0), ("a", "d"), ("e",))
    assert updated_attributes(text, names) == ("a", "c", "e")


@given(items(), values())
def test_the_old_item_is_not_touched(item: Item, value: AttributeValue) -> None:
    before = deepcopy(item)
    name = next(iter(item), "a")
    inner = {"M": "#n.x", "L": "#n[0]"}.get(item[name][0] if item else "", "#n")

    after = apply_update(f"SET {inner} = :v", item or None, KEY, {"#n": name}, {":v": value})

    assert item == before
    assert {**after, name: None} == {**(before or KEY), name: None}


@given(items(), values())
def test_what_was_set_and_removed_again_has_never_been(item: Item, value: AttributeValue) -> None:
    names = {"#n": "a name of its own"}
    set_ = apply_update("SET #n = :v", item, KEY, names, {":v": value})

    assert set_ == {**item, names["#n"]: value}
    assert apply_update("REMOVE #n", set_, KEY, names, {}) == item


@given(st.integers(), st.lists(st.integers(-(10**9), 10**9), max_size=5))
def test_additions_add_up_in_any_order(start: int, added: list[int]) -> None:
    start %= 10**9
    item: Item = {"n": ("N", str(start))}
    for each in sorted(added):
        item = apply_update("ADD n :v", item, KEY, {}, {":v": ("N", str(each))})

    assert item["n"] == ("N", str(start + sum(added)))


@given(st.sets(st.text(max_size=3), min_size=1), st.sets(st.text(max_size=3), min_size=1))
def test_sets_unite_and_differ(one: set[str], two: set[str]) -> None:
    item: Item = {"s": string_set(one)}
    given_values = {":v": string_set(two)}

    united = apply_update("ADD s :v", item, KEY, {}, given_values)
    rest = apply_update("DELETE s :v", united, KEY, {}, given_values)

    assert united["s"] == string_set(one | two)
    assert rest.get("s") == (string_set(one - two) if one - two else None)


class Counted(str):
    """A text that counts how often it is compared with another one."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str(self) == other

    __hash__ = str.__hash__


def test_a_large_set_is_deleted_from_in_one_look_at_each_member() -> None:
    members = tuple(Counted(f"{n:03d}") for n in range(100))
    item: Item = {**KEY, "ss": ("SS", members)}
    deleted = string_set([f"{n:03d}" for n in range(50, 150)])
    Counted.compared = 0

    after = apply_update("DELETE ss :ss", item, KEY, {}, {":ss": deleted})

    assert Counted.compared <= len(members)
    assert after["ss"] == ("SS", members[:50])
