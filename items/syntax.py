"""What an expression says, as a tree of records.

Placeholders stay what they are, `#name` and `:value`: a tree depends on its text alone, so that a
text is parsed once, whatever names and values come with it.
"""

from collections.abc import Iterator
from typing import TypeAlias

from items.data import data
from items.paths import Path


@data
class DocumentPath:
    """`a.#b[1]`: what stands there in the item."""

    steps: Path


@data
class ValuePlaceholder:
    """`:v`: a value that comes with the request."""

    name: str


@data
class Function:
    """`size(a)`: a condition, an operand or neither, depending on its name."""

    name: str
    arguments: tuple["Operand", ...]


Operand: TypeAlias = DocumentPath | ValuePlaceholder | Function


@data
class Comparison:
    """`a <= :v`."""

    comparator: str
    left: Operand
    right: Operand


@data
class Between:
    """`a BETWEEN :low AND :high`, both included."""

    operand: Operand
    low: Operand
    high: Operand


@data
class Membership:
    """`a IN (:v, :w)`."""

    operand: Operand
    options: tuple[Operand, ...]


@data
class Not:
    """`NOT a = :v`."""

    condition: "Condition"


@data
class And:
    """`a = :v AND b = :w AND …`."""

    conditions: tuple["Condition", ...]


@data
class Or:
    """`a = :v OR b = :w OR …`."""

    conditions: tuple["Condition", ...]


Predicate: TypeAlias = Comparison | Between | Membership | Function
Condition: TypeAlias = Predicate | Not | And | Or


@data
class Arithmetic:
    """`a + :v` or `a - :v`, on the right-hand side of a SET."""

    sign: str
    left: Operand
    right: Operand


RightHandSide: TypeAlias = Operand | Arithmetic


@data
class Assignment:
    """`SET path = value`."""

    path: Path
    value: RightHandSide


@data
class Removal:
    """`REMOVE path`."""

    path: Path


@data
class Addition:
    """`ADD path :value`: to a number or a set."""

    path: Path
    value: ValuePlaceholder


@data
class Deletion:
    """`DELETE path :value`: from a set."""

    path: Path
    value: ValuePlaceholder


Change: TypeAlias = Assignment | Removal | Addition | Deletion


@data
class Update:
    """An update expression: its changes as written, and the keywords that begin its sections."""

    changes: tuple[Change, ...]
    sections: tuple[str, ...]


def predicates_of(condition: Condition) -> Iterator[Predicate]:
    """Give the predicates that a condition joins, as written."""
    match condition:
        case And(conditions) | Or(conditions):
            for joined in conditions:
                yield from predicates_of(joined)
        case Not(negated):
            yield from predicates_of(negated)
        case _:
            yield condition


def operands_of(node: Predicate | RightHandSide) -> tuple[Operand, ...]:
    """Give what a predicate or calculation stands on; of an operand, its arguments."""
    match node:
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return left, right
        case Between(operand, low, high):
            return operand, low, high
        case Membership(operand, options):
            return operand, *options
        case Function(_, arguments):
            return arguments
        case _:
            return ()


def operands_in(node: Predicate | RightHandSide) -> Iterator[Operand]:
    """Give every operand in a predicate or calculation, as written, functions after arguments."""
    for operand in operands_of(node):
        yield from operands_in(operand)
    if isinstance(node, DocumentPath | ValuePlaceholder | Function):
        yield node
