"""How a request names a table: by its name, or by its ARN (API_PutItem, `TableName`).

A name that no table can have is refused before anything else is looked at.  Only operations on
tables say that a name has three letters at least; for others there is no table of a shorter one.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from items.errors import validation
from items.json_shapes import as_text
from items.limits import TABLE_ARN_LENGTH_MAX, TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN
from router.shapes import Leaf, Shape, wrong_lengths

NAME_PATTERN: Final = "[a-zA-Z0-9_.-]+"
ARN: Final = "arn:"

_is_name = re.compile(NAME_PATTERN, re.ASCII).fullmatch


def wrongs_of_table(named: str) -> list[str]:
    """List what is wrong with how a table is named."""
    if not named or named.startswith(ARN):
        return wrong_lengths(len(named), 1, TABLE_ARN_LENGTH_MAX)
    found = wrong_lengths(len(named), 1, TABLE_NAME_LENGTH_MAX)
    if _is_name(named):
        return found
    return [f"Member must satisfy regular expression pattern: {NAME_PATTERN}", *found]


def fits_table(json: Any) -> bool:
    return isinstance(json, str) and json.isascii() and not wrongs_of_table(json)


TABLE = Leaf(fits_table, as_text, wrongs_of_table, as_text)


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
