"""What is wrong with a request's expressions, as far as the request alone shows.

What only the item shows (a missing operand, say) is found where the item is: `conditions`,
`updates` and `projections` rely on `check` having passed.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from items.check_rules import (
    Check,
    Findings,
    defined,
    name_placeholders,
    no_clash,
    no_deep_paths,
    no_reserved_words,
    placeholders_in,
)
from items.condition_checks import condition_checks
from items.errors import DynamoDBError, validation
from items.expressions import (
    CACHED_TEXTS_MAX,
    parse_condition,
    parse_projection,
    parse_update,
)
from items.limits import ATTRIBUTE_NAME_BYTES_MAX, PLACEHOLDER_LENGTH_MAX, PLACEHOLDERS_BYTES_MAX
from items.operands import Names, Values
from items.paths import Path
from items.reached import operands_of_text
from items.syntax import Operand
from items.update_checks import update_checks
from items.values import size_bytes, text_bytes

# In the order in which they are judged.
EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
)
PLACEHOLDER = re.compile(r"[#:][a-zA-Z0-9_]+")
CACHED_LENGTH_MAX = 16_384  # Of one request's texts and placeholders: a request may have megabytes.


Step: TypeAlias = tuple[str, Check]
"""How a refusal begins, and the check that has the rest of it."""


def check(
    expressions: Mapping[str, str | None],
    names: Names,
    values: Values,
    *,
    allow_reserved: bool = False,
) -> None:
    """Refuse expressions that cannot be meant, in DynamoDB's order and words.

    `expressions` has texts by their parameters' names, `ConditionExpression` and so on; None is as
    good as absent. Without any text there is nothing to refuse: see `check_given`.
    `allow_reserved` lets attributes be called by reserved words.

    Raises:
        DynamoDBError: ValidationException with the first thing that is wrong.
    """
    asked = tuple(expressions.items()), tuple(names), tuple(values)
    try:
        left = remembered_steps(*asked, allow_reserved=allow_reserved)
    except TooLongError:
        left = steps(*asked, allow_reserved=allow_reserved)
    for opening, wrong in left:
        words = wrong(names, values)
        if words is not None:
            raise validation(opening + words)


def check_given(
    expressions: Mapping[str, str | None],
    names: Names | None,
    values: Values | None,
) -> None:
    """Refuse names and values that are empty, or come without an expression to use them.

    Operations on single items do so before they look into the expressions; a transaction's actions
    may have names and values to no purpose. `expressions` has every expression that the operation
    takes, in the order of its documentation; None is one that this request does without.

    Raises:
        DynamoDBError: ValidationException.
    """
    if names is not None and all(text is None for text in expressions.values()):
        raise validation("ExpressionAttributeNames can only be specified when using expressions")
    users = [what for what in expressions if what != "ProjectionExpression"]
    if values is not None and users and all(expressions[what] is None for what in users):
        raise validation(
            "ExpressionAttributeValues can only be specified when using expressions:"
            f" {' and '.join(users)} {'is' if len(users) == 1 else 'are'} null"
        )
    refuse_empty(names, values if users else None)  # Where nothing takes values, they are ignored.


def refuse_empty(names: Names | None, values: Values | None) -> None:
    """Refuse placeholders that are given where there are none; None is not to give them.

    Raises:
        DynamoDBError: ValidationException.
    """
    if names is not None and not names:
        raise validation("ExpressionAttributeNames must not be empty")
    if values is not None and not values:
        raise validation("ExpressionAttributeValues must not be empty")


def check_placeholders(names: Iterable[str], values: Iterable[str]) -> None:
    """Refuse what cannot stand for a name or a value, whatever it is to stand for.

    Raises:
        DynamoDBError: ValidationException with the first such thing.
    """
    for opening, words in chain(
        misnamed("ExpressionAttributeNames", "#", names),
        misnamed("ExpressionAttributeValues", ":", values),
    ):
        raise validation(opening + words)


class TooLongError(Exception):
    """Texts or placeholders that are not worth being remembered; what raises is not."""


@lru_cache(CACHED_TEXTS_MAX)
def remembered_steps(
    expressions: tuple[tuple[str, str | None], ...],
    names: tuple[str, ...],
    values: tuple[str, ...],
    *,
    allow_reserved: bool,
) -> tuple[Step, ...]:
    """Give the `steps` of requests that come again and again; raises TooLongError for others."""
    texts = [text for _, text in expressions if text is not None]
    if sum(map(len, chain(texts, names, values))) > CACHED_LENGTH_MAX:
        raise TooLongError
    return steps(expressions, names, values, allow_reserved=allow_reserved)


def steps(
    expressions: tuple[tuple[str, str | None], ...],
    names: tuple[str, ...],
    values: tuple[str, ...],
    *,
    allow_reserved: bool,
) -> tuple[Step, ...]:
    """List what is left to be checked for each request with these texts and placeholders.

    The last step may be one that no such request can pass.
    """
    given = dict(expressions)
    texts = [(what, text) for what in EXPRESSIONS if (text := given.get(what)) is not None]
    left: list[Step] = []
    try:
        for opening, finding in findings(texts, names, values, allow_reserved=allow_reserved):
            if isinstance(finding, str):
                return (*left, (opening, always(finding)))
            left.append((opening, finding))
    except DynamoDBError as error:  # A text that cannot even be parsed.
        return (*left, ("", always(error.message)))
    return tuple(left)


def always(words: str) -> Check:
    return lambda _names, _values: words


def findings(
    texts: Sequence[tuple[str, str]],
    names: tuple[str, ...],
    values: tuple[str, ...],
    *,
    allow_reserved: bool,
) -> Iterator[tuple[str, Check | str]]:
    """Give all findings in order, each with the opening words of its refusal."""
    if not texts:
        return
    yield from misnamed("ExpressionAttributeNames", "#", names)
    yield from misnamed("ExpressionAttributeValues", ":", values)
    yield "", contents_problem
    given = frozenset(names + values)
    used: set[str] = set()
    for what, text in texts:
        found, operands = examined(what, text, given, allow_reserved=allow_reserved)
        for finding in found:
            yield f"Invalid {what}: ", finding
        used.update(placeholders_in(operands))
    yield from unused("ExpressionAttributeNames", names, used)
    yield from unused("ExpressionAttributeValues", values, used)


def misnamed(parameter: str, sign: str, placeholders: Iterable[str]) -> Iterator[tuple[str, str]]:
    for placeholder in placeholders:
        if PLACEHOLDER.fullmatch(placeholder) is None or placeholder[0] != sign:
            problem = "Syntax error"
        elif len(placeholder) > PLACEHOLDER_LENGTH_MAX:
            problem = f"The key is longer than {PLACEHOLDER_LENGTH_MAX} characters"
        else:
            continue
        yield f"{parameter} contains invalid key: ", f'{problem}; key: "{placeholder}"'


def contents_problem(names: Names, values: Values) -> str | None:
    """Refuse what no attribute can be called, and more than a request may bring along."""
    total_bytes = size_bytes(values)
    for placeholder, name in names.items():
        name_bytes = text_bytes(name)
        if not 0 < name_bytes <= ATTRIBUTE_NAME_BYTES_MAX:
            problem = "Attribute name is too large" if name else "Empty attribute name"
            invalid_value = "ExpressionAttributeNames contains invalid value"
            return f"{invalid_value}: {problem} for key {placeholder}"
        total_bytes += text_bytes(placeholder) + name_bytes
    if total_bytes > PLACEHOLDERS_BYTES_MAX:
        return (
            "ExpressionAttributeNames and ExpressionAttributeValues have exceeded"
            f" the maximum allowed size of {PLACEHOLDERS_BYTES_MAX} bytes"
        )
    return None


def unused(
    parameter: str, placeholders: Iterable[str], used: set[str]
) -> Iterator[tuple[str, str]]:
    left = [placeholder for placeholder in placeholders if placeholder not in used]
    if left:
        opening = f"Value provided in {parameter} unused in expressions: keys: "
        yield opening, f"{{{', '.join(left)}}}"


def examined(
    what: str, text: str, given: Collection[str], *, allow_reserved: bool
) -> tuple[Findings, Iterable[Operand]]:
    """Look at a text: what is found, and its operands; raises if it cannot even be parsed."""
    match what:
        case "UpdateExpression":
            found = update_checks(parse_update(text), given, allow_reserved=allow_reserved)
        case "ProjectionExpression":
            found = projection_checks(parse_projection(text), given, allow_reserved=allow_reserved)
        case _:
            condition = parse_condition(text, what)
            found = condition_checks(condition, given, allow_reserved=allow_reserved)
    operands = [*operands_of_text(what, text)]
    return chain(no_deep_paths(operands), found), operands


def projection_checks(
    paths: tuple[Path, ...], given: Collection[str], *, allow_reserved: bool
) -> Findings:
    if not allow_reserved:
        yield from no_reserved_words(paths)
    yield from defined([*chain.from_iterable(map(name_placeholders, paths))], given)
    yield from no_clash(paths)
