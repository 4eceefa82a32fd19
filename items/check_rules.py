"""Checks of expressions, and the rules that conditions, updates and projections share.

A *check* is a function of a request's names and values that gives DynamoDB's words for what is
wrong, or None. A *rule* looks at the tree of a text, once, and gives its findings: words, where the
text itself is wrong; a check, where it takes the request to tell; nothing, where all is well. Rules
follow each other in DynamoDB's order, and each may rely on the earlier ones having found no words.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path as File
from typing import TypeAlias

from items.operands import Names, Values
from items.paths import Path, first_clash, resolved
from items.syntax import DocumentPath, Function, Operand, ValuePlaceholder

Check: TypeAlias = Callable[[Names, Values], str | None]
Findings: TypeAlias = Iterator[Check | str]

# How many operands each function takes.
CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
OPERAND_COUNTS = CONDITION_FUNCTIONS | UPDATE_FUNCTIONS


@lru_cache(1)
def reserved_words() -> frozenset[str]:
    """Read DynamoDB's 573 reserved words (developer guide, *Reserved words in DynamoDB*)."""
    words = File(__file__).with_name("reserved_words.txt").read_text(encoding="ascii").split()
    return frozenset(words)


def no_reserved_words(paths: Iterable[Path]) -> Findings:
    """Demand placeholders for names that are reserved words, in any case."""
    for path in paths:
        for step in path:
            if isinstance(step, str) and step.upper() in reserved_words():
                reserved = "Attribute name is a reserved keyword; reserved keyword"
                yield f"{reserved}: {step}"


def known_functions(functions: Iterable[Function]) -> Findings:
    for function in functions:
        if function.name not in OPERAND_COUNTS:
            yield f"Invalid function name; function: {function.name}"


def misused(name: str) -> str:
    return f"The function is not allowed to be used this way in an expression; function: {name}"


def defined(placeholders: Sequence[str]) -> Findings:
    """Demand that every placeholder stands for something."""

    def check(names: Names, values: Values) -> str | None:
        for placeholder in placeholders:
            if placeholder[0] == "#":
                if placeholder not in names:
                    undefined = "An expression attribute name used in the document path"
                    return f"{undefined} is not defined; attribute name: {placeholder}"
            elif placeholder not in values:
                undefined = "An expression attribute value used in expression"
                return f"{undefined} is not defined; attribute value: {placeholder}"
        return None

    if placeholders:
        yield check


def no_clash(paths: Sequence[Path]) -> Findings:
    """Demand that no two paths overlap or conflict, their names known."""
    if len(paths) > 1:
        yield lambda names, _values: first_clash([resolved(path, names) for path in paths])


def right_count(function: Function) -> Findings:
    count = len(function.arguments)
    if count != OPERAND_COUNTS[function.name]:
        yield (
            "Incorrect number of operands for operator or function;"
            f" operator or function: {function.name}, number of operands: {count}"
        )


def path_first(function: Function) -> Findings:
    """Demand that the first argument is a path."""
    if not isinstance(function.arguments[0], DocumentPath):
        yield (
            f"Operator or function requires a document path; operator or function: {function.name}"
        )


def right_type(operator: str, operand: Operand, types: Sequence[str]) -> Findings:
    """Demand one of some types of an operand, if the request shows its type."""

    def check(_names: Names, values: Values) -> str | None:
        kind = type_of(operand, values)
        return None if kind is None or kind in types else wrong_type(operator, kind)

    if not isinstance(operand, DocumentPath):
        yield check


def type_of(operand: Operand, values: Values) -> str | None:
    """Give an operand's type; None where only the item shows it."""
    match operand:
        case ValuePlaceholder(name):
            return values[name][0]
        case Function("size"):
            return "N"
        case Function("list_append"):
            return "L"
        case _:
            return None


def wrong_type(operator: str, kind: str) -> str:
    return (
        "Incorrect operand type for operator or function;"
        f" operator or function: {operator}, operand type: {kind}"
    )


def placeholders_in(operands: Iterable[Operand]) -> Iterator[str]:
    """Give the placeholders of names and values that some operands use, as written."""
    for operand in operands:
        if isinstance(operand, DocumentPath):
            yield from name_placeholders(operand.steps)
        elif isinstance(operand, ValuePlaceholder):
            yield operand.name


def name_placeholders(path: Path) -> Iterator[str]:
    return (step for step in path if isinstance(step, str) and step.startswith("#"))
