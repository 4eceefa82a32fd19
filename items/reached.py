"""What a text stands on, and which attributes it reaches into: of `a.b` and `a[0]` it is `a`."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from items.expressions import CACHED_TEXTS_MAX, parse_condition, parse_projection, parse_update
from items.syntax import DocumentPath, Operand, operands_in, predicates_of
from items.update_checks import operands_of_change


@lru_cache(CACHED_TEXTS_MAX)
def reached_into(what: str, text: str) -> tuple[str, ...]:
    """Name the attributes that a text reaches into, each once, as it names them.

    `what` is the parameter that has the text: UpdateExpression and so on.
    """
    operands = operands_of_text(what, text)
    paths = [one.steps for one in operands if isinstance(one, DocumentPath)]
    return tuple(dict.fromkeys([str(path[0]) for path in paths if len(path) > 1]))


def operands_of_text(what: str, text: str) -> Iterable[Operand]:
    """Give every operand of a text, as written."""
    match what:
        case "UpdateExpression":
            return chain.from_iterable(map(operands_of_change, parse_update(text).changes))
        case "ProjectionExpression":
            return map(DocumentPath, parse_projection(text))
        case _:
            predicates = predicates_of(parse_condition(text, what))
            return chain.from_iterable(map(operands_in, predicates))
