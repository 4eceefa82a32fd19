"""Expressions: from text to tree, or to DynamoDB's words for what is wrong with the text.

Lark and `grammar.lark` find the shape. What a bracket holds, a condition or an operand, shows only
in its place, so the shape is then read by three functions that call each other: `condition`,
`operand` and `right_hand_side`. Whether the parts fit together, `expression_checks` judges.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path as File
from typing import cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from items.errors import DynamoDBError, validation
from items.limits import EXPRESSION_BYTES_MAX, LIST_INDEX_MAX, OPERATORS_MAX
from items.paths import Path
from items.syntax import (
    Addition,
    And,
    Arithmetic,
    Assignment,
    Between,
    Change,
    Comparison,
    Condition,
    Deletion,
    DocumentPath,
    Function,
    Membership,
    Not,
    Operand,
    Or,
    Removal,
    RightHandSide,
    Update,
    ValuePlaceholder,
)

CACHED_TEXTS_MAX = 4096

Shape = Tree[Token]

# What counts towards OPERATORS_MAX. A chain of n conditions has n - 1 operators.
CHAINS = ("disjunction", "conjunction")
OPERATORS = ("negation", "comparison", "between", "membership", "function", "arithmetic")

# For pointing at a syntax error only: it sees tokens where the grammar sees nonsense.
TOKEN = re.compile(r"[#:]\w+|[a-zA-Z]\w*|0|[1-9][0-9]*|<=|<>|>=|\S", re.ASCII)


class MisplacedError(Exception):
    """A condition stands where an operand should, or the other way round."""

    def __init__(self, shape: Shape) -> None:
        self.position = shape.meta.end_pos


@lru_cache(CACHED_TEXTS_MAX)
def parse_condition(text: str, what: str = "ConditionExpression") -> Condition:
    """Parse a condition; `what` it is (a filter, say) is told in errors.

    Raises:
        DynamoDBError: ValidationException for a text that is no condition.
    """
    shape = shape_of(text, "condition", what)
    try:
        tree = condition(shape)
    except MisplacedError as misplaced:
        raise syntax_error(text, misplaced.position, what) from None
    refuse_redundant_parentheses(shape, what)
    return tree


@lru_cache(CACHED_TEXTS_MAX)
def parse_update(text: str) -> Update:
    """Parse an update expression; raises as `parse_condition` does."""
    shape = shape_of(text, "update", "UpdateExpression")
    try:
        changes = tuple(map(change, parts(shape)))
    except MisplacedError as misplaced:
        raise syntax_error(text, misplaced.position, "UpdateExpression") from None
    refuse_redundant_parentheses(shape, "UpdateExpression")
    return Update(changes, sections=tuple(keyword.upper() for keyword in words(shape)))


@lru_cache(CACHED_TEXTS_MAX)
def parse_projection(text: str) -> tuple[Path, ...]:
    """Parse a projection expression; raises as `parse_condition` does."""
    return tuple(map(path, parts(shape_of(text, "projection", "ProjectionExpression"))))


def invalid(what: str, message: str) -> DynamoDBError:
    """Make the refusal of one of a request's expressions."""
    return validation(f"Invalid {what}: {message}")


@lru_cache(1)
def parser() -> Lark:
    """Build the parser when the first text asks for it: it takes some 20 ms."""
    grammar = File(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    starts = ["condition", "update", "projection"]
    return Lark(grammar, parser="lalr", start=starts, propagate_positions=True)


def shape_of(text: str, start: str, what: str) -> Shape:
    """Let the grammar have the text, within DynamoDB's limits."""
    if not text:
        raise invalid(what, "The expression can not be empty;")
    size_bytes = len(text.encode(errors="surrogatepass"))
    if size_bytes > EXPRESSION_BYTES_MAX:
        exceeded = "Expression size has exceeded the maximum allowed size"
        raise invalid(what, f"{exceeded}; expression size: {size_bytes}")
    try:
        shape = parser().parse(text, start=start)
    except UnexpectedInput as unexpected:
        at_end = isinstance(unexpected, UnexpectedToken) and unexpected.token.type == "$END"
        # The cast: lark declares a position that only its subclasses have.
        position = len(text) if at_end else cast("int", unexpected.pos_in_stream)
        raise syntax_error(text, position, what) from None
    for index in indexes_in(shape):
        if int(index) > LIST_INDEX_MAX:
            wrong = "List index is not within the allowable range"
            raise invalid(what, f"{wrong}; index: [{index}]")
    # Before the shape is read: reading is recursive, and this limits how deep it can go.
    operator_count = sum(map(operators_of, shape.iter_subtrees()))
    if operator_count > OPERATORS_MAX:
        too_many = "The expression contains too many operators"
        raise invalid(what, f"{too_many}; operator count: {operator_count}")
    return shape


def indexes_in(shape: Shape) -> Iterator[str]:
    """Give the positions that paths name; not by recursion, because nothing limits it yet."""
    for inner in shape.iter_subtrees():
        if inner.data == "path":
            yield from (word for word in words(inner) if word.isdigit())


def operators_of(shape: Shape) -> int:
    return len(shape.children) - 1 if shape.data in CHAINS else int(shape.data in OPERATORS)


def syntax_error(text: str, position: int, what: str) -> DynamoDBError:
    """Name the token at or behind a position, between the one before it and the one after it."""
    tokens = list(TOKEN.finditer(text))
    index = sum(token.end() <= position for token in tokens)
    start = tokens[index - 1].start() if index > 0 else 0
    end = tokens[index + 1].end() if index + 1 < len(tokens) else len(text)
    token = tokens[index].group() if index < len(tokens) else "<EOF>"
    return invalid(what, f'Syntax error; token: "{token}", near: "{text[start:end]}"')


def refuse_redundant_parentheses(shape: Shape, what: str) -> None:
    """Refuse two pairs around the same: not `((a = b))`, and not `((a)) = b`."""
    for inner in shape.iter_subtrees():
        if inner.data == "parentheses" and parts(inner)[0].data == "parentheses":
            raise invalid(what, "The expression has redundant parentheses;")


def condition(shape: Shape) -> Condition:
    inner = without_parentheses(shape)
    match inner.data:
        case "disjunction":
            return Or(tuple(map(condition, parts(inner))))
        case "conjunction":
            return And(tuple(map(condition, parts(inner))))
        case "negation":
            return Not(*map(condition, parts(inner)))
        case "comparison":
            (comparator,) = words(inner)
            return Comparison(comparator, *map(operand, parts(inner)))
        case "between":
            return Between(*map(operand, parts(inner)))
        case "membership":
            first, *options = map(operand, parts(inner))
            return Membership(first, tuple(options))
        case "function":
            return function(inner)
        case _:
            raise MisplacedError(shape)


def operand(shape: Shape) -> Operand:
    inner = without_parentheses(shape)
    match inner.data:
        case "path":
            return DocumentPath(path(inner))
        case "value":
            return ValuePlaceholder(*words(inner))
        case "function":
            return function(inner)
        case _:
            raise MisplacedError(shape)


def right_hand_side(shape: Shape) -> RightHandSide:
    inner = without_parentheses(shape)
    if inner.data == "arithmetic":
        (sign,) = words(inner)
        return Arithmetic(sign, *map(operand, parts(inner)))
    return operand(shape)


def function(shape: Shape) -> Function:
    (name,) = words(shape)
    return Function(name, tuple(map(operand, parts(shape))))


def change(shape: Shape) -> Change:
    target, *values = parts(shape)
    match shape.data:
        case "assignment":
            return Assignment(path(target), *map(right_hand_side, values))
        case "removal":
            return Removal(path(target))
        case "addition":
            return Addition(path(target), *map(ValuePlaceholder, words(*values)))
        case _:
            return Deletion(path(target), *map(ValuePlaceholder, words(*values)))


def path(shape: Shape) -> Path:
    # Names do not begin with a digit.
    return tuple(int(word) if word.isdigit() else word for word in words(shape))


def without_parentheses(shape: Shape) -> Shape:
    while shape.data == "parentheses":
        (shape,) = parts(shape)
    return shape


def parts(shape: Shape) -> list[Shape]:
    return [child for child in shape.children if isinstance(child, Tree)]


def words(shape: Shape) -> list[str]:
    """Give the tokens that stand directly in a shape, as plain texts."""
    return [str(child) for child in shape.children if isinstance(child, Token)]
