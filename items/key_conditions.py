"""Key conditions: which items a Query wants, as one partition key and a range of sort keys.

A key condition is written like any other condition, but only a few can be answered from the order
in which items are stored: `pk = :p`, alone or with one comparison, BETWEEN or begins_with on the
sort key.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never

from items.conditions import ORDERINGS
from items.data import data
from items.errors import DynamoDBError, invalid_parameter, validation
from items.expressions import parse_condition
from items.keys import KeyAttribute, KeySchema, empty_key
from items.operands import Names, Values
from items.paths import resolved
from items.syntax import (
    And,
    Between,
    Comparison,
    Condition,
    DocumentPath,
    Function,
    Membership,
    Not,
    Or,
    Predicate,
    ValuePlaceholder,
    operands_of,
)
from items.values import AttributeValue, sort_key

MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
INVALID = "Invalid condition in KeyConditionExpression"


@data
class KeyPart:
    """What is asked of one key attribute."""

    operator: str
    """One of `=`, `<`, `<=`, `>`, `>=`, `BETWEEN` and `begins_with`."""
    operands: tuple[AttributeValue, ...]


@data
class KeyCondition:
    """The items with this partition key whose sort keys are as `sort` asks; None takes all."""

    partition: AttributeValue
    sort: KeyPart | None


def condition_of(parts: Mapping[str, KeyPart], schema: KeySchema) -> KeyCondition:
    """Understand what is asked of these keys.

    Raises:
        DynamoDBError: ValidationException if the order of the keys cannot answer it.
    """
    if len(parts) > 1 and schema.sort is None:
        raise validation("Query key condition not supported")

    partition = part_for(schema.partition, parts)
    if partition.operator != "=":
        raise validation("Query key condition not supported")
    if schema.sort is None or len(parts) == 1:
        return KeyCondition(partition.operands[0], sort=None)
    return KeyCondition(partition.operands[0], part_for(schema.sort, parts))


def key_parts(text: str, names: Names, values: Values) -> dict[str, KeyPart]:
    """Say what a key condition asks of which attributes, whatever the keys are.

    The caller has had `expression_checks.check` look at the text, the names and the values.

    Raises:
        DynamoDBError: ValidationException if no order of any keys could answer it.
    """
    parts: dict[str, KeyPart] = {}
    for predicate in joined(parse_condition(text, "KeyConditionExpression")):
        name, part = key_part(predicate, names, values)
        if name in parts:
            raise validation("KeyConditionExpressions must only contain one condition per key")
        parts[name] = part
    if len(parts) > 2:
        raise validation("Conditions can be of length 1 or 2 only")
    return parts


def admits(part: KeyPart, value: AttributeValue) -> bool:
    """Say whether a key attribute's value is what is asked of it."""
    first, last = part.operands[0], part.operands[-1]
    match part.operator:
        case "=":
            return value == first
        case "BETWEEN":
            return bool(sort_key(first) <= sort_key(value) <= sort_key(last))
        case "begins_with":
            return bool(value[1].startswith(first[1]))
        case operator:
            return ORDERINGS[operator](sort_key(value), sort_key(first))


def joined(condition: Condition) -> Iterator[Predicate]:
    """Give the predicates that AND joins, as written; nothing else joins conditions on keys."""
    match condition:
        case And(conditions):
            for each in conditions:
                yield from joined(each)
        case Or() | Not():
            raise wrong_operator("OR" if isinstance(condition, Or) else "NOT")
        case _:
            yield condition


def key_part(predicate: Predicate, names: Names, values: Values) -> tuple[str, KeyPart]:
    """Give the key attribute that a predicate is about, and what it asks of it."""
    operator = key_operator(predicate)
    operands = operands_of(predicate)
    if operator in ("BETWEEN", "begins_with") and not isinstance(operands[0], DocumentPath):
        needed = f"{operator} operator must have the key attribute as its first operand"
        raise validation(f"{INVALID}: {needed}")
    found: list[str] = []
    constants: list[AttributeValue] = []
    for operand in operands:
        match operand:
            case DocumentPath(steps):
                if found:
                    raise validation(f"{INVALID}: Multiple attribute names used in one condition")
                if len(steps) > 1:
                    nested = "KeyConditionExpressions cannot have conditions on nested attributes"
                    raise validation(nested)
                found.append(str(resolved(steps, names)[0]))
            case ValuePlaceholder(name):
                constants.append(values[name])
            case Function():
                raise validation("KeyConditionExpressions cannot contain nested operations")
            case _:
                assert_never(operand)
    if not found:
        raise validation(f"{INVALID}: No key attribute specified")
    if not isinstance(operands[0], DocumentPath):
        operator = MIRRORED[operator]
    return found[0], KeyPart(operator, tuple(constants))


def key_operator(predicate: Predicate) -> str:
    match predicate:
        case Comparison(comparator) if comparator in MIRRORED:
            return comparator
        case Between():
            return "BETWEEN"
        case Function("begins_with"):
            return "begins_with"
        case Comparison(operator) | Function(operator):
            raise wrong_operator(operator)
        case Membership():
            raise wrong_operator("IN")
        case _:
            assert_never(predicate)


def part_for(attribute: KeyAttribute, parts: Mapping[str, KeyPart]) -> KeyPart:
    """Find what is asked of a key attribute, and refuse values that it cannot have."""
    part = parts.get(attribute.name)
    if part is None:
        raise validation(f"Query condition missed key schema element: {attribute.name}")
    for operand in part.operands:
        if operand[0] != attribute.type:
            raise invalid_parameter("Condition parameter type does not match schema type")
        if not operand[1]:
            raise empty_key(attribute.name, operand)
    return part


def wrong_operator(operator: str) -> DynamoDBError:
    return validation(f"Invalid operator used in KeyConditionExpression: {operator}")
