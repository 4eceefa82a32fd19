"""Whether a condition holds for an item.

A text is compiled once, into functions that contain each other as the conditions of its tree do;
what is left for each item is to call the outermost. The rules are the developer guide's: what is
missing equals nothing, not even another missing attribute, and comes neither before nor after
anything; values of different types are different and have no order.
"""

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias, assert_never

from items.expressions import CACHED_TEXTS_MAX, parse_condition
from items.operands import Fetch, Names, Values, fetch_path, fetch_value
from items.syntax import (
    And,
    Between,
    Comparison,
    Condition,
    DocumentPath,
    Function,
    Membership,
    Not,
    Operand,
    Or,
    ValuePlaceholder,
)
from items.values import AttributeValue, Item, sort_key

Test: TypeAlias = Callable[[Item, Names, Values], bool]

ORDERED = ("S", "N", "B")
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {  # Any: what `sort_key` gives.
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MEMBER_TYPES = {"SS": "S", "NS": "N", "BS": "B"}


def holds(text: str, item: Item | None, names: Names, values: Values) -> bool:
    """Say whether a condition holds for an item; no item is one without attributes.

    The caller has had `expression_checks.check` look at the text, the names and the values.
    """
    return compiled(text)({} if item is None else item, names, values)


@lru_cache(CACHED_TEXTS_MAX)
def compiled(text: str) -> Test:
    return test_of(parse_condition(text))


def test_of(condition: Condition) -> Test:
    match condition:
        case And(conditions):
            return all_of(tuple(map(test_of, conditions)))
        case Or(conditions):
            return any_of(tuple(map(test_of, conditions)))
        case Not(negated):
            test = test_of(negated)
            return lambda item, names, values: not test(item, names, values)
        case Comparison():
            return comparison(condition)
        case Between():
            return between(condition)
        case Membership():
            return membership(condition)
        case Function():
            return FUNCTIONS[condition.name](*map(fetch_of, condition.arguments))
    assert_never(condition)


def all_of(tests: tuple[Test, ...]) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        for each in tests:  # noqa: SIM110  # all() over a generator takes over twice as long.
            if not each(item, names, values):
                return False
        return True

    return test


def any_of(tests: tuple[Test, ...]) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        for each in tests:  # noqa: SIM110  # As above.
            if each(item, names, values):
                return True
        return False

    return test


def comparison(condition: Comparison) -> Test:
    left, right = fetch_of(condition.left), fetch_of(condition.right)

    def equal(item: Item, names: Names, values: Values) -> bool:
        one = left(item, names, values)
        return one is not None and one == right(item, names, values)

    if condition.comparator == "=":
        return equal
    if condition.comparator == "<>":
        return lambda item, names, values: not equal(item, names, values)
    ordering = ORDERINGS[condition.comparator]

    def ordered(item: Item, names: Names, values: Values) -> bool:
        one, two = left(item, names, values), right(item, names, values)
        if one is None or two is None or one[0] != two[0] or one[0] not in ORDERED:
            return False
        return ordering(sort_key(one), sort_key(two))

    return ordered


def between(condition: Between) -> Test:
    return all_of(
        (
            comparison(Comparison(">=", condition.operand, condition.low)),
            comparison(Comparison("<=", condition.operand, condition.high)),
        )
    )


def membership(condition: Membership) -> Test:
    equalities = (Comparison("=", condition.operand, option) for option in condition.options)
    return any_of(tuple(map(comparison, equalities)))


def attribute_exists(path: Fetch) -> Test:
    return lambda item, names, values: path(item, names, values) is not None


def attribute_not_exists(path: Fetch) -> Test:
    return lambda item, names, values: path(item, names, values) is None


def attribute_type(path: Fetch, type_name: Fetch) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        value = path(item, names, values)
        return value is not None and ("S", value[0]) == type_name(item, names, values)

    return test


def begins_with(operand: Fetch, prefix: Fetch) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        whole, start = operand(item, names, values), prefix(item, names, values)
        if whole is None or start is None or whole[0] != start[0] or whole[0] not in ("S", "B"):
            return False
        return bool(whole[1].startswith(start[1]))

    return test


def contains(container: Fetch, element: Fetch) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        whole, part = container(item, names, values), element(item, names, values)
        return whole is not None and part is not None and is_in(part, whole)

    return test


def is_in(part: AttributeValue, whole: AttributeValue) -> bool:
    """Say whether one value is in another: a part of a text, a member of a set or list."""
    kind, content = whole
    if kind in ("S", "B"):
        return part[0] == kind and part[1] in content
    if kind in MEMBER_TYPES:
        return part[0] == MEMBER_TYPES[kind] and part[1] in content
    return kind == "L" and part in content


FUNCTIONS: dict[str, Callable[..., Test]] = {
    "attribute_exists": attribute_exists,
    "attribute_not_exists": attribute_not_exists,
    "attribute_type": attribute_type,
    "begins_with": begins_with,
    "contains": contains,
}


def fetch_of(operand: Operand) -> Fetch:
    """Make the function that gives an operand's value; None is a missing attribute."""
    match operand:
        case DocumentPath(steps):
            return fetch_path(steps)
        case ValuePlaceholder(name):
            return fetch_value(name)
        case Function(name, arguments):
            assert name == "size", "no other function gives a value"
            (fetch,) = map(fetch_of, arguments)
            return lambda item, names, values: size(fetch(item, names, values))
    assert_never(operand)


def size(value: AttributeValue | None) -> AttributeValue | None:
    """Count characters, bytes, members or elements; other values have no size.

    Characters are counted as UTF-16 has them: one beyond the first 65,536 counts twice.
    """
    if value is None or value[0] in ("N", "BOOL", "NULL"):
        return None
    kind, content = value
    if kind == "S" and not content.isascii():
        return "N", str(len(content.encode("utf-16-le", "surrogatepass")) // 2)
    return "N", str(len(content))
