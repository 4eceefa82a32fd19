"""Messages and records as plain JSON values, by their annotations.

Field by field: items and values as DynamoDB's JSON writes them, timestamps as they are printed,
binaries in base64, a member of a union under the name of its class: `{"Put": {"table": …}}`.
Written once for each class, as `network.codec` does it, because a trace has every message of a run.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from items.to_json import base64_text, item_to_json, to_json
from items.values import AttributeValue, Item
from network.ids import Timestamp

Plain: TypeAlias = Callable[[Any], Any]

# What is not told field by field.
SPECIAL: dict[Any, Plain] = {
    AttributeValue: to_json,
    Item: item_to_json,
    Timestamp: str,
    bytes: base64_text,
}


def plain(record: Any) -> Any:
    """Return a record as values that JSON has; its fields are in the order of its class."""
    return plain_of(type(record))(record)


_made: dict[Any, Plain] = {}


def plain_of(annotation: Any) -> Plain:
    """Return the function that makes values of this type plain, made at first use."""
    made = _made.get(annotation)
    if made is None:
        made = _made[annotation] = make(annotation)
    return made


def make(annotation: Any) -> Plain:
    if annotation in SPECIAL:
        return SPECIAL[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return of_union(arguments)
    if origin is tuple:
        return of_tuple(arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return of_mapping(arguments)
    if dataclasses.is_dataclass(annotation) or hasattr(annotation, "_fields"):
        fields = fields_of(annotation)
        return of_record(tuple((name, plain_of(hint)) for name, hint in fields))
    if annotation is Any:
        return binaries_as_text
    return unchanged


def of_record(fields: tuple[tuple[str, Plain], ...]) -> Plain:
    return lambda record: {name: to(getattr(record, name)) for name, to in fields}


def of_union(members: tuple[Any, ...]) -> Plain:
    some = [member for member in members if member is not types.NoneType]
    if len(some) == 1:
        to = plain_of(some[0])
        return lambda value: None if value is None else to(value)
    return lambda value: None if value is None else {type(value).__name__: plain(value)}


def of_tuple(members: tuple[Any, ...]) -> Plain:
    if len(members) == 2 and members[1] is Ellipsis:
        to = plain_of(members[0])
        return lambda values: [to(value) for value in values]
    each = [plain_of(member) for member in members]
    return lambda values: [to(value) for to, value in zip(each, values, strict=True)]


def of_mapping(members: tuple[Any, ...]) -> Plain:
    to = plain_of(members[1])
    return lambda mapping: {name: to(value) for name, value in mapping.items()}


def fields_of(record: Any) -> list[tuple[str, Any]]:
    """Return the fields of a data class or named tuple with their types."""
    hints = typing.get_type_hints(record)
    names = getattr(record, "_fields", None) or [f.name for f in dataclasses.fields(record)]
    return [(name, hints[name]) for name in names]


def unchanged(value: Any) -> Any:
    return value


def binaries_as_text(value: Any) -> Any:
    """Return JSON as it travelled: its binaries are bytes there."""
    if isinstance(value, bytes):
        return base64_text(value)
    if isinstance(value, Mapping):
        return {name: binaries_as_text(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [binaries_as_text(inner) for inner in value]
    return value
