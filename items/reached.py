"""Which attributes an expression reaches into: of `a.b` and `a[0]` it is `a`."""

from collections.abc import Iterator
from functools import lru_cache

from items.expressions import CACHED_TEXTS_MAX, parse_condition, parse_projection, parse_update
from items.paths import Path
from items.syntax import DocumentPath, operands_in, predicates_of
from items.update_checks import operands_of_change


@lru_cache(CACHED_TEXTS_MAX)
def reached_into(what: str, text: str) -> tuple[str, ...]:
    """Name the attributes that a text reaches into, each once, as it names them.

    `what` is the parameter that has the text: UpdateExpression and so on.
    """
    return tuple(dict.fromkeys([str(path[0]) for path in _paths(what, text) if len(path) > 1]))


def _paths(what: str, text: str) -> Iterator[Path]:
    if what == "ProjectionExpression":
        yield from parse_projection(text)
        return
    if what == "UpdateExpression":
        changes = parse_update(text).changes
        operands = [one for change in changes for one in operands_of_change(change)]
    else:
        predicates = predicates_of(parse_condition(text, what))
        operands = [one for predicate in predicates for one in operands_in(predicate)]
    yield from (one.steps for one in operands if isinstance(one, DocumentPath))
