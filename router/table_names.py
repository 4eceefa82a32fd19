"""How a request names a table: by its name, or by its ARN (API_PutItem, `TableName`).

A name that no table can have is refused before anything else is looked at.  Only operations on
tables say that a name has three letters at least; for others there is no table of a shorter one.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from items.errors import validation
from items.json_shapes import as_text
from items.limits import TABLE_ARN_LENGTH_MAX, TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN
from router.shapes import Leaf, Shape, text

NAME_PATTERN: Final = "[a-zA-Z0-9_.-]+"
ARN: Final = "arn:"
NAMES_MAX: Final = 1_000  # That are remembered, with whether a table can be called so.

# What an index is called, and a table where its ARN will not do.
NAME: Final = text(
    length_min=TABLE_NAME_LENGTH_MIN, length_max=TABLE_NAME_LENGTH_MAX, pattern=NAME_PATTERN
)

_called = text(length_min=1, length_max=TABLE_NAME_LENGTH_MAX, pattern=NAME_PATTERN)
_arn_or_nothing = text(length_min=1, length_max=TABLE_ARN_LENGTH_MAX)


def _leaf_for(named: str) -> Leaf:
    return _arn_or_nothing if not named or named.startswith(ARN) else _called


@lru_cache(NAMES_MAX)
def _fits(named: str) -> bool:
    return _leaf_for(named).fits(named)


def fits_table(json: Any) -> bool:
    # What is longer than any name is not remembered: a request could be all of it.
    return isinstance(json, str) and len(json) <= TABLE_ARN_LENGTH_MAX and _fits(json)


def wrongs_of_table(named: str) -> list[str]:
    """List what is wrong with how a table is named."""
    return _leaf_for(named).broken(named)


TABLE: Final = Leaf(fits_table, as_text, wrongs_of_table, as_text)


def named_first(shape: Shape, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse a request that names no table, or none that there can be, before its constraints.

    Operations on tables do so, and no others.

    Raises:
        DynamoDBError: SerializationException if its JSON does not fit, else ValidationException.
    """
    shape.check(body, deep=False)
    named = body.get("TableName")
    if named is None:
        raise validation("The parameter 'TableName' is required but was not present in the request")
    is_arn = named.startswith(ARN)
    if not is_arn and not TABLE_NAME_LENGTH_MIN <= len(named) <= TABLE_NAME_LENGTH_MAX:
        raise validation(
            f"TableName must be at least {TABLE_NAME_LENGTH_MIN} characters long and"
            f" at most {TABLE_NAME_LENGTH_MAX} characters long"
        )
    return body


def table_called(named: str) -> str:
    """Return the name of the table that is meant."""
    return named if not named.startswith(ARN) else named.rpartition(":table/")[2]
