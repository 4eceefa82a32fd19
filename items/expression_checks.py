"""What is wrong with a request's expressions, as far as the request alone shows.

What only the item shows (a missing operand, say) is found where the item is: `conditions`,
`updates` and `projections` rely on `check` having passed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain

from items.check_rules import (
    Check,
    Findings,
    defined,
    name_placeholders,
    no_clash,
    no_reserved_words,
    placeholders_in,
)
from items.condition_checks import condition_checks
from items.data import data
from items.errors import validation
from items.expressions import (
    CACHED_TEXTS_MAX,
    invalid,
    parse_condition,
    parse_projection,
    parse_update,
)
from items.limits import ATTRIBUTE_NAME_BYTES_MAX, PLACEHOLDER_LENGTH_MAX, PLACEHOLDERS_BYTES_MAX
from items.operands import Names, Values
from items.paths import Path
from items.syntax import DocumentPath, Operand, operands_in, predicates_of
from items.update_checks import operands_of_change, update_checks
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


@data
class Examined:
    """What a text leaves to be checked for each request, and the placeholders that it uses."""

    checks: tuple[Check, ...]
    placeholders: frozenset[str]


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
    texts = [(what, expressions.get(what)) for what in EXPRESSIONS]
    present = [(what, text) for what, text in texts if text is not None]
    if not present:
        return
    check_placeholders("ExpressionAttributeNames", "#", names)
    check_placeholders("ExpressionAttributeValues", ":", values)
    check_contents(names, values)
    used: set[str] = set()
    for what, text in present:
        seen = examined(what, text, allow_reserved=allow_reserved)
        for wrong in seen.checks:
            message = wrong(names, values)
            if message is not None:
                raise invalid(what, message)
        used |= seen.placeholders
    check_used("ExpressionAttributeNames", names, used)
    check_used("ExpressionAttributeValues", values, used)


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
    if names is not None and not names:
        raise validation("ExpressionAttributeNames must not be empty")
    if values is not None and not values:
        raise validation("ExpressionAttributeValues must not be empty")


def check_placeholders(parameter: str, sign: str, placeholders: Iterable[str]) -> None:
    for placeholder in placeholders:
        problem = placeholder_problem(sign, placeholder)
        if problem is not None:
            raise validation(f'{parameter} contains invalid key: {problem}; key: "{placeholder}"')


@lru_cache(CACHED_TEXTS_MAX)
def placeholder_problem(sign: str, placeholder: str) -> str | None:
    if PLACEHOLDER.fullmatch(placeholder) is None or placeholder[0] != sign:
        return "Syntax error"
    if len(placeholder) > PLACEHOLDER_LENGTH_MAX:
        return f"The key is longer than {PLACEHOLDER_LENGTH_MAX} characters"
    return None


def check_contents(names: Names, values: Values) -> None:
    """Refuse what no attribute can be called, and more than a request may bring along."""
    for placeholder, name in names.items():
        if not name or text_bytes(name) > ATTRIBUTE_NAME_BYTES_MAX:
            problem = "Attribute name is too large" if name else "Empty attribute name"
            raise validation(
                f"ExpressionAttributeNames contains invalid value: {problem} for key {placeholder}"
            )
    names_bytes = sum(map(text_bytes, chain.from_iterable(names.items())))
    if names_bytes + size_bytes(values) > PLACEHOLDERS_BYTES_MAX:
        raise validation(
            "ExpressionAttributeNames and ExpressionAttributeValues have exceeded"
            f" the maximum allowed size of {PLACEHOLDERS_BYTES_MAX} bytes"
        )


def check_used(parameter: str, placeholders: Iterable[str], used: set[str]) -> None:
    unused = [placeholder for placeholder in placeholders if placeholder not in used]
    if unused:
        raise validation(
            f"Value provided in {parameter} unused in expressions: keys: {{{', '.join(unused)}}}"
        )


@lru_cache(CACHED_TEXTS_MAX)
def examined(what: str, text: str, *, allow_reserved: bool) -> Examined:
    """Look at a text by itself; raises if it cannot even be parsed."""
    operands: Iterable[Operand]
    match what:
        case "UpdateExpression":
            update = parse_update(text)
            findings = update_checks(update, allow_reserved=allow_reserved)
            operands = chain.from_iterable(map(operands_of_change, update.changes))
        case "ProjectionExpression":
            paths = parse_projection(text)
            findings = projection_checks(paths, allow_reserved=allow_reserved)
            operands = map(DocumentPath, paths)
        case _:
            condition = parse_condition(text, what)
            findings = condition_checks(condition, allow_reserved=allow_reserved)
            operands = chain.from_iterable(map(operands_in, predicates_of(condition)))
    return Examined(tuple(checks_of(findings)), frozenset(placeholders_in(operands)))


def checks_of(findings: Findings) -> Iterator[Check]:
    """Give the checks, up to the one that no request can pass."""
    for finding in findings:
        if isinstance(finding, str):
            yield always(finding)
            return
        yield finding


def always(words: str) -> Check:
    return lambda _names, _values: words


def projection_checks(paths: tuple[Path, ...], *, allow_reserved: bool) -> Findings:
    if not allow_reserved:
        yield from no_reserved_words(paths)
    yield from defined([*chain.from_iterable(map(name_placeholders, paths))])
    yield from no_clash(paths)
