"""Checks of expressions, and the rules that conditions, updates and projections share.

A *check* is a function of a request's names and values that gives DynamoDB's words for what is
wrong, or None. A *rule* looks at the tree of a text, and at which placeholders come with it, once,
and gives its findings: words, where these are wrong in themselves; a check, where it takes what the
placeholders stand for to tell; nothing, where all is well. Rules follow each other in DynamoDB's
order, and each may rely on the earlier ones having found no words.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path as File
from typing import TypeAlias

from items.limits import DEREFERENCES_MAX
from items.operands import Names, Values
from items.paths import Path, first_clash, has_placeholder, resolved
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


def no_deep_paths(operands: Iterable[Operand]) -> Findings:
    """Demand that no path goes deeper than items do (developer guide, *Document paths*)."""
    for path in (operand.steps for operand in operands if isinstance(operand, DocumentPath)):
        if len(path) - 1 > DEREFERENCES_MAX:
            deep = "The document path has too many nesting elements"
            yield f"{deep}; nesting levels: {len(path) - 1}"


def known_functions(functions: Iterable[Function]) -> Findings:
    for function in functions:
        if function.name not in OPERAND_COUNTS:
            yield f"Invalid function name; function: {function.name}"


def misused(name: str) -> str:
    return f"The function is not allowed to be used this way in an expression; function: {name}"


def defined(placeholders: Iterable[str], given: Collection[str]) -> Findings:
    """Demand that every placeholder stands for something."""
    for placeholder in placeholders:
        if placeholder not in given:
            if placeholder[0] == "#":
                undefined = "An expression attribute name used in the document path"
                yield f"{undefined} is not defined; attribute name: {placeholder}"
            else:
                undefined = "An expression attribute value used in expression"
                yield f"{undefined} is not defined; attribute value: {placeholder}"


def no_clash(paths: Sequence[Path]) -> Findings:
    """Demand that no two paths overlap or conflict, their names known."""
    if len(paths) > 1 and any(map(has_placeholder, paths)):
        yield lambda names, _values: first_clash([resolved(path, names) for path in paths])
    elif words := first_clash(paths):
        yield words


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
    if isinstance(operand, ValuePlaceholder):
        placeholder = operand.name

        def check(_names: Names, values: Values) -> str | None:
            kind = values[placeholder][0]
            return None if kind in types else wrong_type(operator, kind)

        yield check
    else:
        kind = type_of(operand, {})
        if kind is not None and kind not in types:
            yield wrong_type(operator, kind)


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
