"""Paths and values in expressions, as functions that fetch them.

A text is compiled once into such functions; for each item they are only called.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from items.paths import Path, get, resolved
from items.values import AttributeValue, Item

Names: TypeAlias = Mapping[str, str]
Values: TypeAlias = Mapping[str, AttributeValue]
Fetch: TypeAlias = Callable[[Item, Names, Values], AttributeValue | None]


def fetch_path(path: Path) -> Fetch:
    """Make the function that gives what stands at a path; None if it leads nowhere."""
    first, *others = path
    assert isinstance(first, str), "an item has attributes, not positions"
    if others:
        return lambda item, names, _values: get(item, resolved(path, names))
    if first.startswith("#"):
        return lambda item, names, _values: item.get(names[first])
    return lambda item, _names, _values: item.get(first)


def fetch_value(name: str) -> Callable[[Item, Names, Values], AttributeValue]:
    """Make the function that gives a value that came with the request."""
    return lambda _item, _names, values: values[name]
