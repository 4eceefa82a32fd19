"""Parameters of the time before expressions, read as the expressions that say the same.

`Expected: {"age": {"ComparisonOperator": "LT", "Value": {"N": "3"}}}` becomes the condition
`#0 < :0`, with an attribute's name and a value for the two placeholders.  From there on nobody
need know which of the two a client wrote.  What is refused, and how, is the old parameters' own.

A text that is made here has the limits of any text: its 4 KB are changes of some four hundred
attributes, its 300 operators conditions on a hundred and fifty.  More are refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from items.data import data
from items.errors import DynamoDBError, invalid_parameter, validation
from items.expressions import parse_condition, parse_projection, parse_update
from items.operands import Names, Values
from items.typed_json import check_name, from_json
from items.values import SCALARS, SETS, AttributeValue, compare
from router.shapes import NOTHING, Body

MIXED = "Can not use both expression and non-expression parameters in the same request"

SIGNS = {"EQ": "=", "NE": "<>", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}
FUNCTIONS = {"CONTAINS": "contains", "BEGINS_WITH": "begins_with"}
WITHOUT_VALUES = {"NULL": "attribute_not_exists", "NOT_NULL": "attribute_exists"}

# Which types can stand beside a comparison; the others know no limit.
TYPES: dict[str, Sequence[str]] = {
    **dict.fromkeys(("LE", "LT", "GE", "GT", "BETWEEN"), ("S", "N", "B")),
    **dict.fromkeys(("CONTAINS", "NOT_CONTAINS", "IN"), SCALARS),
    "BEGINS_WITH": ("S", "B"),
}
INDEXABLE = ("EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN")
ADDABLE = ("N", *SETS, "L")


class Placeholders:
    """Names and values for expressions that are made here, beside those that the client wrote."""

    def __init__(self, names: Names = NOTHING, values: Values = NOTHING) -> None:
        self.names, self.values = dict(names), dict(values)

    def name(self, attribute: str) -> str:
        placeholder = free(self.names, "#")
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: AttributeValue) -> str:
        placeholder = free(self.values, ":")
        self.values[placeholder] = value
        return placeholder


def free(taken: Mapping[str, object], sign: str) -> str:
    """Find a placeholder that stands for nothing yet."""
    count = len(taken)
    while f"{sign}{count}" in taken:
        count += 1
    return f"{sign}{count}"


@data
class Comparison:
    """What an old condition asks of one attribute."""

    attribute: str
    operator: str
    values: tuple[AttributeValue, ...] = ()


def refuse_mixed(body: Body, legacy: Iterable[str], expressions: Iterable[str]) -> None:
    """Refuse a request that is of both times; the old key conditions may stand beside a filter."""
    new = [what for what in expressions if body.get(what) is not None]
    old = [what for what in legacy if body.get(what) is not None]
    if "KeyConditions" in old and "KeyConditionExpression" not in new:
        old.remove("KeyConditions")
    if new and old:
        raise validation(
            f"{MIXED}: Non-expression parameters: {{{', '.join(old)}}}"
            f" Expression parameters: {{{', '.join(new)}}}"
        )


# Conditions ---------------------------------------------------------------------------------------


def condition(body: Body, minted: Placeholders) -> str | None:
    """Read `Expected`; None if it asks nothing."""
    expected: Mapping[str, Any] = body.get("Expected") or NOTHING
    comparisons = [expectation(name, one) for name, one in expected.items()]
    return joined("Expected", comparisons, body, minted)


def filter_of(body: Body, parameter: str, minted: Placeholders) -> str | None:
    """Read `QueryFilter` or `ScanFilter`; None if it asks nothing."""
    return joined(parameter, conditions(body.get(parameter) or NOTHING), body, minted)


def joined(
    parameter: str, comparisons: Sequence[Comparison], body: Body, minted: Placeholders
) -> str | None:
    operator = body.get("ConditionalOperator")
    if operator is not None and not comparisons:
        raise validation("ConditionalOperator cannot be used without Filter or Expected")
    if operator is not None and len(comparisons) == 1:
        raise validation(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )
    if not comparisons:
        return None
    texts = [comparison_text(comparison, minted) for comparison in comparisons]
    return within_limits(parameter, f" {operator or 'AND'} ".join(texts), parse_condition)


def within_limits(parameter: str, text: str, parse: Callable[[str], object]) -> str:
    """Refuse here what could not be parsed where the item is."""
    try:
        parse(text)
    except DynamoDBError:
        raise validation(
            f"{parameter} is about more attributes than twophase can take at once"
        ) from None
    return text


def conditions(given: Mapping[str, Any]) -> list[Comparison]:
    """Read conditions that each have a ComparisonOperator and its values."""
    found = []
    for name, one in given.items():
        values = tuple([from_json(value) for value in one.get("AttributeValueList") or ()])
        found.append(compared(name, one["ComparisonOperator"], values))
    return found


def expectation(name: str, given: Mapping[str, Any]) -> Comparison:
    """Read one attribute of `Expected`, in either of its two ways to ask."""
    operator, exists = given.get("ComparisonOperator"), given.get("Exists")
    listed, value = given.get("AttributeValueList"), given.get("Value")
    if listed is not None and value is not None:
        raise unusable("Value and AttributeValueList cannot be used together", name)
    if operator is None:
        if listed is not None:
            raise unusable("AttributeValueList can only be used with a ComparisonOperator", name)
        return presence(name, exists, value)
    if exists is not None:
        raise unusable("Exists and ComparisonOperator cannot be used together", name)
    if listed is None and value is None and operator not in WITHOUT_VALUES:
        needed = "Value or AttributeValueList must be used with ComparisonOperator"
        raise unusable(f"{needed}: {operator}", name)
    json = listed if listed is not None else () if value is None else (value,)
    return compared(name, operator, tuple([from_json(one) for one in json]))


def presence(name: str, exists: bool | None, value: object) -> Comparison:
    """Read what asks for a value or, with `Exists` false, for there being none."""
    if exists is False:
        if value is not None:
            raise unusable("Value cannot be used when Exists is false", name)
        return Comparison(name, "NULL")
    if value is None:
        shown = "null" if exists is None else "true"
        raise unusable(f"Value must be provided when Exists is {shown}", name)
    return Comparison(name, "EQ", (from_json(value),))


def unusable(message: str, attribute: str) -> DynamoDBError:
    return invalid_parameter(f"{message} for Attribute: {attribute}")


def compared(name: str, operator: str, values: tuple[AttributeValue, ...]) -> Comparison:
    """Check a comparison's values: how many, of which types, in which order."""
    count = len(values)
    wanted = 0 if operator in WITHOUT_VALUES else 2 if operator == "BETWEEN" else 1
    if count < 1 if operator == "IN" else count != wanted:
        raise invalid_parameter(
            f"Invalid number of argument(s) for the {operator} ComparisonOperator"
        )
    if any(value[0] != values[0][0] for value in values):
        raise invalid_parameter("AttributeValues inside AttributeValueList must be of same type")
    for kind, _ in values:
        if kind not in TYPES.get(operator, (kind,)):
            invalid = f"ComparisonOperator {operator} is not valid for {kind} AttributeValue type"
            raise invalid_parameter(invalid)
    if operator == "BETWEEN" and compare(*values) > 0:
        raise validation(
            "The BETWEEN condition was provided a range where"
            " the lower bound is greater than the upper bound"
        )
    return Comparison(name, operator, values)


def comparison_text(comparison: Comparison, minted: Placeholders) -> str:
    """Write a comparison as a condition expression has it."""
    name, operator = minted.name(comparison.attribute), comparison.operator
    if operator in WITHOUT_VALUES:
        return f"{WITHOUT_VALUES[operator]}({name})"
    values = [minted.value(value) for value in comparison.values]
    match operator:
        case "BETWEEN":
            return f"{name} BETWEEN {values[0]} AND {values[1]}"
        case "IN":
            return f"{name} IN ({', '.join(values)})"
        case "NOT_CONTAINS":
            # What is not there contains nothing, and is not without it either.
            return f"attribute_exists({name}) AND NOT contains({name}, {values[0]})"
        case "CONTAINS" | "BEGINS_WITH":
            return f"{FUNCTIONS[operator]}({name}, {values[0]})"
        case _:
            return f"{name} {SIGNS[operator]} {values[0]}"


def key_condition(given: Mapping[str, Any], minted: Placeholders) -> str:
    """Read `KeyConditions`; whether they fit the table's keys shows when the table is known."""
    comparisons = conditions(given)
    if not 1 <= len(comparisons) <= 2:
        raise validation("Conditions can be of length 1 or 2 only")
    if any(one.operator not in INDEXABLE for one in comparisons):
        raise validation("Attempted conditional constraint is not an indexable operation")
    return " AND ".join([comparison_text(one, minted) for one in comparisons])


# Updates and projections --------------------------------------------------------------------------


def update(given: Mapping[str, Any], minted: Placeholders) -> str | None:
    """Read `AttributeUpdates`; None if it changes nothing."""
    sections: dict[str, list[str]] = {"SET": [], "REMOVE": [], "ADD": [], "DELETE": []}
    for attribute, one in given.items():
        check_name(attribute)  # It may be new in the item.
        action, json = one.get("Action") or "PUT", one.get("Value")
        value = None if json is None else from_json(json)
        section, change = change_of(action, minted.name(attribute), value, minted)
        sections[section].append(change)
    texts = [f"{section} {','.join(changes)}" for section, changes in sections.items() if changes]
    return within_limits("AttributeUpdates", " ".join(texts), parse_update) if texts else None


def change_of(
    action: str, name: str, value: AttributeValue | None, minted: Placeholders
) -> tuple[str, str]:
    """Write one change, and say in which section of an update expression it stands."""
    if value is None:
        if action != "DELETE":
            raise invalid_parameter(
                "Only DELETE action is allowed when no attribute value is specified"
            )
        return "REMOVE", name
    kind, _ = value
    if action == "DELETE" and kind not in SETS:
        raise invalid_parameter(f"DELETE action with value is not supported for the type {kind}")
    if action == "ADD" and kind not in ADDABLE:
        raise invalid_parameter(f"ADD action is not supported for the type {kind}")
    if action == "ADD" and kind == "L":  # Which the old parameter could, and the expression cannot.
        empty = minted.value(("L", ()))
        added = minted.value(value)
        return "SET", f"{name}=list_append(if_not_exists({name}, {empty}), {added})"
    placeholder = minted.value(value)
    if action == "PUT":
        return "SET", f"{name}={placeholder}"
    return action, f"{name} {placeholder}"


def projection(names: Sequence[str], minted: Placeholders) -> str:
    """Read `AttributesToGet`: whole attributes, whatever dots are in their names."""
    seen = set()
    for name in names:
        if name in seen:
            raise invalid_parameter(f"Duplicate value in attribute name: {name}")
        seen.add(name)
    text = ",".join([minted.name(name) for name in names])
    return within_limits("AttributesToGet", text, parse_projection)
