import pytest
from hypothesis import given

from items.actions import (
    Action,
    Check,
    Delete,
    Put,
    Update,
    allowed_on,
    applied_to,
    returned,
    writes,
)
from items.errors import (
    ATTRIBUTE_MISSING,
    ITEM_TO_UPDATE_TOO_LARGE,
    ITEM_TOO_LARGE,
    NESTING_TOO_DEEP,
    NUMBER_OVERFLOW,
    NUMBER_TOO_LONG,
    OPERAND_TYPE_INCORRECT,
    PATH_INVALID,
    VALIDATION,
    DynamoDBError,
)
from items.keys import Key
from items.numbers import canonical
from items.values import AttributeValue, Item, size_bytes
from tests.items.strategies import items

KEY: Key = (("S", "ada"),)
ADA: Item = {
    "pk": ("S", "ada"),
    "coins": ("N", "10"),
    "tags": ("SS", ("a", "b")),
    "address": ("M", {"city": ("S", "Rome"), "rooms": ("L", (("N", "1"), ("N", "2")))}),
}


def put(item: Item, condition: str | None = None, **values: AttributeValue) -> Put:
    return Put("t1", KEY, item, condition, values=placeholders(values))


def update(
    text: str | None, names: dict[str, str] | None = None, **values: AttributeValue
) -> Update:
    return Update("t1", KEY, ("pk",), text, names=names or {}, values=placeholders(values))


def delete(condition: str | None = None) -> Delete:
    return Delete("t1", KEY, condition)


def check(condition: str, **values: AttributeValue) -> Check:
    return Check("t1", KEY, condition, values=placeholders(values))


def placeholders(values: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
    return {f":{name}": value for name, value in values.items()}


def test_everything_writes_but_a_check() -> None:
    assert all(writes(action) for action in (put(ADA), update(None), delete()))
    assert not writes(check("attribute_exists(pk)"))


def test_an_action_without_condition_is_always_allowed() -> None:
    for action in (put(ADA), update("SET coins = coins"), delete()):
        assert allowed_on(action, ADA)
        assert allowed_on(action, None)


@pytest.mark.parametrize("make", [put, update, delete, check])
def test_a_condition_is_asked_of_the_item_before_the_action(make: object) -> None:
    exists = "attribute_exists(pk)"
    actions: dict[object, Action] = {
        put: put({"pk": ("S", "ada")}, exists),
        update: Update("t1", KEY, ("pk",), "REMOVE pk2", exists),
        delete: delete(exists),
        check: check(exists),
    }

    assert allowed_on(actions[make], ADA)
    assert not allowed_on(actions[make], None)


def test_a_condition_reads_names_and_values() -> None:
    action = Put("t1", KEY, ADA, "#c >= :price", {"#c": "coins"}, {":price": ("N", "9")})

    assert allowed_on(action, ADA)
    assert not allowed_on(action, {**ADA, "coins": ("N", "8.5")})


def test_a_put_stores_its_item_whatever_was_there() -> None:
    assert applied_to(put({"pk": ("S", "ada")}), ADA) == {"pk": ("S", "ada")}
    assert applied_to(put(ADA), None) == ADA


def test_a_delete_leaves_nothing_and_a_check_leaves_all() -> None:
    assert applied_to(delete(), ADA) is None
    assert applied_to(delete(), None) is None
    assert applied_to(check("attribute_exists(pk)"), ADA) is ADA
    assert applied_to(check("attribute_not_exists(pk)"), None) is None


def test_an_update_without_expression_makes_sure_that_the_item_exists() -> None:
    assert applied_to(update(None), None) == {"pk": ("S", "ada")}
    assert applied_to(update(None), ADA) == ADA


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    after = applied_to(update("SET coins = coins - :n REMOVE address", n=("N", "3")), ADA)

    assert after == {"pk": ("S", "ada"), "coins": ("N", "7"), "tags": ("SS", ("a", "b"))}


def test_an_update_of_a_missing_item_begins_with_its_key() -> None:
    action = Update(
        "t1",
        (("S", "ada"), ("N", "1")),
        ("pk", "sk"),
        "ADD coins :n",
        values={":n": ("N", "3")},
    )

    assert applied_to(action, None) == {
        "pk": ("S", "ada"),
        "sk": ("N", "1"),
        "coins": ("N", "3"),
    }


def test_an_update_that_only_takes_away_makes_no_item() -> None:
    assert applied_to(update("REMOVE coins"), None) is None


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("SET coins = coins + :v", ("S", "1"), OPERAND_TYPE_INCORRECT),
        ("SET coins = tags + :v", ("N", "1"), OPERAND_TYPE_INCORRECT),
        ("ADD tags :v", ("N", "1"), OPERAND_TYPE_INCORRECT),
        ("SET coins = missing + :v", ("N", "1"), ATTRIBUTE_MISSING),
        ("SET coins.deep = :v", ("N", "1"), PATH_INVALID),
        ("SET missing.deep = :v", ("N", "1"), PATH_INVALID),
        ("SET coins = coins + :v", ("N", canonical("9e125")), NUMBER_TOO_LONG),
        ("ADD coins :v", ("N", canonical("-1e-30")), None),
        ("ADD coins :v", ("N", canonical("-1e-40")), NUMBER_TOO_LONG),
    ],
)
def test_what_the_item_does_not_allow_is_a_validation_error(
    text: str, value: AttributeValue, message: str | None
) -> None:
    action = update(text, v=value)
    if message is None:
        assert applied_to(action, ADA) != ADA
        return

    with pytest.raises(DynamoDBError) as refusal:
        applied_to(action, ADA)

    assert refusal.value.kind is VALIDATION
    assert refusal.value.message == message


def test_a_number_that_grows_too_large_is_a_validation_error() -> None:
    most = ("N", canonical("9e125"))

    with pytest.raises(DynamoDBError, match=NUMBER_OVERFLOW):
        applied_to(update("SET n = n + :v", v=most), {"pk": KEY[0], "n": most})


def test_an_item_may_be_as_large_as_its_limit_and_not_a_byte_larger() -> None:
    room = 409_600 - size_bytes({"pk": KEY[0], "text": ("S", "")})
    largest = {"pk": KEY[0], "text": ("S", "x" * room)}
    larger = {"pk": KEY[0], "text": ("S", "x" * (room + 1))}

    assert applied_to(put(largest), None) == largest
    with pytest.raises(DynamoDBError) as refusal:
        applied_to(put(larger), None)
    assert refusal.value.message == ITEM_TOO_LARGE

    assert applied_to(update("SET #t = :v", {"#t": "text"}, v=largest["text"]), None) == largest
    with pytest.raises(DynamoDBError) as refusal:
        applied_to(update("SET #t = :v", {"#t": "text"}, v=larger["text"]), None)
    assert refusal.value.message == ITEM_TO_UPDATE_TOO_LARGE


def nested(levels: int) -> AttributeValue:
    value: AttributeValue = ("S", "core")
    for _ in range(levels):
        value = ("L", (value,))
    return value


def test_an_update_may_not_nest_deeper_than_a_value_may() -> None:
    item: Item = {"pk": KEY[0], "a": ("L", (("L", ()),))}

    assert applied_to(update("SET a[0][0] = :v", v=nested(30)), item) is not None
    with pytest.raises(DynamoDBError) as refusal:
        applied_to(update("SET a[0][0] = :v", v=nested(31)), item)
    assert refusal.value.message == NESTING_TOO_DEEP


def test_return_values_show_the_item_before_or_after() -> None:
    action = update("ADD coins :n", n=("N", "1"))
    after = applied_to(action, ADA)

    assert returned(action, "NONE", ADA, after) is None
    assert returned(action, "ALL_OLD", ADA, after) is ADA
    assert returned(action, "ALL_NEW", ADA, after) is after
    assert returned(delete(), "ALL_OLD", None, None) is None


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("SET coins = :v", {"coins": ("N", "10")}, {"coins": ("N", "1")}),
        (
            "SET address.city = :v",
            {"address": ("M", {"city": ("S", "Rome")})},
            {"address": ("M", {"city": ("N", "1")})},
        ),
        (
            "SET address.rooms[1] = :v",
            {"address": ("M", {"rooms": ("L", (("N", "2"),))})},
            {"address": ("M", {"rooms": ("L", (("N", "1"),))})},
        ),
        ("SET fresh = :v", None, {"fresh": ("N", "1")}),
        ("REMOVE coins", {"coins": ("N", "10")}, None),
        ("REMOVE absent", None, None),
        (
            "SET fresh = :v REMOVE coins",
            {"coins": ("N", "10")},
            {"fresh": ("N", "1")},
        ),
    ],
)
def test_updated_values_are_those_that_the_expression_names(
    text: str, old: Item | None, new: Item | None
) -> None:
    action = update(text, v=("N", "1"))
    after = applied_to(action, ADA)

    assert returned(action, "UPDATED_OLD", ADA, after) == old
    assert returned(action, "UPDATED_NEW", ADA, after) == new


def test_nothing_was_updated_where_there_is_no_expression_or_no_item() -> None:
    assert returned(update(None), "UPDATED_NEW", None, {"pk": KEY[0]}) is None
    assert returned(update("REMOVE coins"), "UPDATED_OLD", None, None) is None


@given(items())
def test_an_update_leaves_the_old_item_untouched(item: dict[str, AttributeValue]) -> None:
    item["pk"] = KEY[0]
    before = dict(item)

    after = applied_to(update("SET #n = :v", {"#n": "fresh"}, v=("N", "1")), item)

    assert item == before
    assert after == {**before, "fresh": ("N", "1")}
