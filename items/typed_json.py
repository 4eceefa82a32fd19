"""DynamoDB's JSON, as clients write it: `{"N": "042.0"}` becomes `("N", "42")`, or a refusal.

A wrong shape (SerializationException) is told before a wrong value (ValidationException), however
late in an item it comes. So an item is read in one pass, and only one that is refused is looked at
again, for its shape.
"""

from collections.abc import Callable, Sequence
from typing import Any

from items.errors import (
    NESTING_TOO_DEEP,
    VALIDATION,
    DynamoDBError,
    invalid_parameter,
    validation,
)
from items.json_shapes import (
    as_bytes,
    as_list,
    as_map,
    as_structure,
    as_text,
    as_truth,
    check_item_shape,
    check_shape,
    check_unicode,
)
from items.limits import ATTRIBUTE_NAME_BYTES_MAX, NESTING_MAX
from items.numbers import canonical
from items.to_json import base64_text
from items.values import (
    FALSE,
    NULL,
    TRUE,
    AttributeValue,
    binary_set,
    number_set,
    string_set,
    text_bytes,
)

EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
AMBIGUOUS = (
    "Supplied AttributeValue has more than one datatypes set, "
    "must contain exactly one of the supported datatypes"
)


def item_from_json(json: Any) -> dict[str, AttributeValue]:
    """Read an item, or any other map from attribute names to values.

    Raises:
        DynamoDBError: SerializationException or ValidationException.
    """
    try:
        return read_attributes(json, 0)
    except DynamoDBError as error:
        if error.kind == VALIDATION:
            check_item_shape(json)
        raise


def from_json(json: Any) -> AttributeValue:
    """Read one value; raises as `item_from_json` does."""
    try:
        return read_value(json, 0)
    except DynamoDBError as error:
        if error.kind == VALIDATION:
            check_shape(json)
        raise


def values_from_json(json: Any) -> dict[str, AttributeValue]:
    """Read ExpressionAttributeValues, whose refusals name the placeholder that is to blame.

    Whether `:v` is a proper name for one is for those to say who know the expressions.

    Raises:
        DynamoDBError: SerializationException or ValidationException.
    """
    try:
        return read_attributes(json, 0)
    except DynamoDBError as error:
        if error.kind != VALIDATION:
            raise
    check_item_shape(json)
    return {name: value_of_placeholder(name, value) for name, value in json.items()}


def value_of_placeholder(name: str, json: Any) -> AttributeValue:
    try:
        return read_value(json, 0)
    except DynamoDBError as error:
        raise validation(
            f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}"
        ) from None


def read_attributes(json: Any, depth: int) -> dict[str, AttributeValue]:
    """Read a map whose values lie inside `depth` lists and maps."""
    attributes = {}
    for name, value in as_map(json).items():
        if not (name.isascii() and 0 < len(name) <= ATTRIBUTE_NAME_BYTES_MAX):
            check_name(name)
        attributes[name] = read_value(value, depth)
    return attributes


def read_value(json: Any, depth: int) -> AttributeValue:
    if isinstance(json, dict) and len(json) == 1:
        (kind,) = json
        content = json[kind]
        if isinstance(content, str) and content.isascii():  # The readers of most values, in short.
            if kind == "S":
                return "S", content
            if kind == "N":
                return "N", canonical(content)
        if content is not None:
            if kind in READERS:
                return READERS[kind](content)
            if kind in ("L", "M"):
                return read_document(kind, content, depth + 1)
    return refuse_value(json, depth)


def read_document(kind: str, json: Any, depth: int) -> AttributeValue:
    if depth > NESTING_MAX:
        raise validation(NESTING_TOO_DEEP)
    if kind == "M":
        return "M", read_attributes(json, depth)
    return "L", tuple([read_value(element, depth) for element in as_list(json)])


def refuse_value(json: Any, depth: int) -> AttributeValue:
    """Refuse what is not exactly one of the known types; ignore what has no known name.

    The types that are there are read first: if one of them is wrong in itself, that is said.
    """
    if json is None:
        raise validation(EMPTY)
    known = {
        kind: content
        for kind, content in as_structure(json).items()
        if (kind in READERS or kind in ("L", "M")) and content is not None
    }
    if not known:
        raise validation(EMPTY)
    values = [read_value({kind: content}, depth) for kind, content in known.items()]
    if len(values) > 1:
        raise validation(AMBIGUOUS)
    return values[0]


def check_name(name: str) -> None:
    """Refuse what no attribute can be called.

    Raises:
        DynamoDBError: SerializationException or ValidationException.
    """
    check_unicode(name)
    if not name:
        raise validation("Empty attribute name")
    if text_bytes(name) > ATTRIBUTE_NAME_BYTES_MAX:
        raise invalid_parameter(
            f"Attribute name is too large, must be less than {ATTRIBUTE_NAME_BYTES_MAX + 1} bytes"
        )


def read_string(json: Any) -> AttributeValue:
    return "S", as_text(json)


def read_number(json: Any) -> AttributeValue:
    return "N", canonical(as_text(json))


def read_binary(json: Any) -> AttributeValue:
    return "B", as_bytes(json)


def read_bool(json: Any) -> AttributeValue:
    return TRUE if as_truth(json) else FALSE


def read_null(json: Any) -> AttributeValue:
    if not as_truth(json):
        raise invalid_parameter("Null attribute value types must have the value of true")
    return NULL


def read_string_set(json: Any) -> AttributeValue:
    members = [as_text(member) for member in members_of(json, "An string set  may not be empty")]
    check_distinct(members, f"[{', '.join(members)}] contains duplicates.")
    return string_set(members)


def read_number_set(json: Any) -> AttributeValue:
    texts = [as_text(member) for member in members_of(json, "An number set  may not be empty")]
    members = [canonical(text) for text in texts]
    if len(set(members)) < len(members):
        raise validation("Input collection contains duplicates")
    return number_set(members)


def read_binary_set(json: Any) -> AttributeValue:
    members = [as_bytes(member) for member in members_of(json, "Binary sets should not be empty")]
    texts = ", ".join(map(base64_text, members))
    check_distinct(members, f"[{texts}]of type BS contains duplicates.")
    return binary_set(members)


def members_of(json: Any, refusal_if_empty: str) -> list[Any] | tuple[Any, ...]:
    members = as_list(json)
    if not members:
        raise invalid_parameter(refusal_if_empty)
    if None in members:
        raise validation(EMPTY)
    return members


def check_distinct(members: Sequence[str] | Sequence[bytes], refusal: str) -> None:
    if len(set(members)) < len(members):
        raise invalid_parameter(f"Input collection {refusal}")


READERS: dict[str, Callable[[Any], AttributeValue]] = {
    "S": read_string,
    "N": read_number,
    "B": read_binary,
    "BOOL": read_bool,
    "NULL": read_null,
    "SS": read_string_set,
    "NS": read_number_set,
    "BS": read_binary_set,
}
