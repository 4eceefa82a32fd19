"""What is wrong with a condition, as far as the request shows: in DynamoDB's order.

Functions that do not exist or do not belong there come first, then reserved words, wherever they
stand. Then the predicates have their turn, as written, and each is judged for itself.
"""

from base64 import b64encode
from collections.abc import Collection

from items.check_rules import (
    CONDITION_FUNCTIONS,
    Check,
    Findings,
    defined,
    known_functions,
    misused,
    no_reserved_words,
    path_first,
    placeholders_in,
    right_count,
    right_type,
    type_of,
    wrong_type,
)
from items.conditions import ORDERED
from items.limits import IN_OPERANDS_MAX
from items.operands import Names, Values
from items.paths import as_text, resolved
from items.syntax import (
    Between,
    Comparison,
    Condition,
    DocumentPath,
    Function,
    Membership,
    Operand,
    Predicate,
    ValuePlaceholder,
    operands_in,
    operands_of,
    predicates_of,
)
from items.values import TYPES, AttributeValue, compare

OPERANDS = {"size"}
PREDICATES = CONDITION_FUNCTIONS.keys() - OPERANDS
SIZED = ("S", "B", "SS", "NS", "BS", "L", "M")

# In the service's own order, which is none.
ALL_TYPES = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
TYPE_NAMES = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"


def condition_checks(
    condition: Condition, given: Collection[str], *, allow_reserved: bool
) -> Findings:
    predicates = tuple(predicates_of(condition))
    operands = [operand for predicate in predicates for operand in operands_in(predicate)]
    yield from known_functions(each for each in operands if isinstance(each, Function))
    for predicate in predicates:
        yield from functions_in_place(predicate)
    if not allow_reserved:
        yield from no_reserved_words(
            each.steps for each in operands if isinstance(each, DocumentPath)
        )
    for predicate in predicates:
        yield from predicate_checks(predicate, given)


def functions_in_place(predicate: Predicate) -> Findings:
    """`size` is an operand; the other functions of conditions are predicates."""
    for operand in operands_in(predicate):
        if isinstance(operand, Function):
            place = PREDICATES if operand is predicate else OPERANDS
            if operand.name not in place:
                yield misused(operand.name)


def predicate_checks(predicate: Predicate, given: Collection[str]) -> Findings:
    inside = tuple(operands_in(predicate))
    functions = [operand for operand in inside if isinstance(operand, Function)]
    yield from defined(placeholders_in(inside), given)
    for function in functions:
        yield from right_count(function)
    if isinstance(predicate, Membership) and len(predicate.options) > IN_OPERANDS_MAX:
        yield (
            "The IN operator is provided with too many operands;"
            f" number of operands: {len(predicate.options)}"
        )
    yield from distinct(predicate)
    for function in functions:
        yield from function_checks(function)
    match predicate:
        case Comparison("<" | "<=" | ">" | ">=" as comparator):
            for operand in operands_of(predicate):
                yield from right_type(comparator, operand, ORDERED)
        case Between(_, low, high):
            for operand in operands_of(predicate):
                yield from right_type("BETWEEN", operand, ORDERED)
            yield from bounds_in_order(low, high)
        case _:
            pass


def operator_of(predicate: Predicate) -> str:
    match predicate:
        case Comparison(comparator):
            return comparator
        case Between():
            return "BETWEEN"
        case Membership():
            return "IN"
        case Function(name):
            return name


def distinct(predicate: Predicate) -> Findings:
    """Demand that nothing is compared with itself."""
    first, *others = (
        each.steps if isinstance(each, DocumentPath) else None for each in operands_of(predicate)
    )
    paths = [path for path in others if path is not None]

    def check(names: Names, _values: Values) -> str | None:
        assert first is not None
        whole = resolved(first, names)
        if all(resolved(path, names) != whole for path in paths):
            return None
        return (
            "The first operand must be distinct from the remaining operands for this operator"
            f" or function; operator: {operator_of(predicate)}, first operand: {as_text(whole)}"
        )

    if first is not None and paths:
        yield check


def function_checks(function: Function) -> Findings:
    name, arguments = function.name, function.arguments
    match name:
        case "attribute_exists" | "attribute_not_exists":
            yield from path_first(function)
        case "attribute_type":
            yield type_name(arguments[1])
        case "begins_with":
            for argument in arguments:
                yield from right_type(name, argument, ("S", "B"))
        case "size":
            yield from right_type(name, arguments[0], SIZED)
        case _:
            assert name == "contains", "which takes anything"


def type_name(operand: Operand) -> Check:
    """Demand that the second argument of `attribute_type` is a text that names a type."""

    def check(_names: Names, values: Values) -> str | None:
        if type_of(operand, values) != "S":
            return wrong_type("attribute_type", type_of(operand, values) or ALL_TYPES)
        assert isinstance(operand, ValuePlaceholder)
        _, name = values[operand.name]
        if name in TYPES:
            return None
        return f"Invalid attribute type name found; type: {name}, valid types: {TYPE_NAMES}"

    return check


def bounds_in_order(low: Operand, high: Operand) -> Findings:
    """Demand one type and the right order of BETWEEN's bounds, if the request shows both."""
    if not (isinstance(low, ValuePlaceholder) and isinstance(high, ValuePlaceholder)):
        return

    def check(_names: Names, values: Values) -> str | None:
        lower, upper = values[low.name], values[high.name]
        if lower[0] != upper[0]:
            rule = "same data type for lower and upper bounds"
        elif compare(lower, upper) > 0:
            rule = "upper bound to be greater than or equal to lower bound"
        else:
            return None
        return (
            f"The BETWEEN operator requires {rule};"
            f" lower bound operand: {bound(lower)}, upper bound operand: {bound(upper)}"
        )

    yield check


def bound(value: AttributeValue) -> str:
    kind, content = value
    text = b64encode(content).decode() if kind == "B" else content
    return f"AttributeValue: {{{kind}:{text}}}"
