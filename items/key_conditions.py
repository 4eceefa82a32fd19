"""Key conditions: which items a Query wants, as one partition key and a range of sort keys.

A key condition is written like any other condition, but only a few can be answered from the order
in which items are stored: `pk = :p`, alone or with one comparison, BETWEEN or begins_with on the
sort key.
"""

from collections.abc import Iterator

from items.data import data
from items.errors import DynamoDBError, invalid_parameter, validation
from items.expressions import parse_condition
from items.keys import KeyAttribute, KeySchema, check_contents
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
    Operand,
    Or,
    Predicate,
    ValuePlaceholder,
    operands_of,
)
from items.values import AttributeValue, sort_key

MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@data
class KeyPart:
    """What is asked of one key attribute: its operator and what stands at the operator's right."""

    operator: str
    """One of `=`, `<`, `<=`, `>`, `>=`, `BETWEEN`, `begins_with`."""
    operands: tuple[AttributeValue, ...]


@data
class KeyCondition:
    """The items with this partition key whose sort keys satisfy `sort`; None takes them all."""

    partition: AttributeValue
    sort: KeyPart | None


def key_condition(text: str, schema: KeySchema, names: Names, values: Values) -> KeyCondition:
    """Understand a key condition; `expression_checks.check` has passed it as a condition.

    Raises:
        DynamoDBError: ValidationException if it cannot be answered from the order of the keys.
    """
    parts: dict[str, KeyPart] = {}
    for predicate in joined(parse_condition(text, "KeyConditionExpression")):
        name, part = key_part(predicate, names, values)
        if name in parts:
            raise validation("KeyConditionExpressions must only contain one condition per key")
        parts[name] = part
    if len(parts) > 2:
        raise validation("Conditions can be of length 1 or 2 only")
    return fitted(parts, schema)


def admits(part: KeyPart, value: AttributeValue) -> bool:
    """Say whether a key attribute's value is what is asked of it."""
    first = part.operands[0]
    match part.operator:
        case "=":
            return value == first
        case "<":
            return sort_key(value) < sort_key(first)
    return False
