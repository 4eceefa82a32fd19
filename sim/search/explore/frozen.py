"""A node's memory: a copy of it, and a value by which two can be compared.

What the nodes never change (records, messages, keys: all `@data` and tuples) is shared by copies.
"""

from collections import deque
from collections.abc import Hashable, Mapping
from types import MethodType
from typing import Any, TypeVar

from partition.key_order import KeyOrder

T = TypeVar("T")


def twin(original: T) -> T:
    """Copy an object with all that it keeps and changes; methods of these become the copies'."""
    return _twin(original, [])


Copies = list[tuple[Any, Any]]  # Each original with its copy; there are few.


def _twin(original: T, copies: Copies) -> T:
    """Copy an object, unless it was: its parts may know the whole."""
    for known, copy in copies:
        if known is original:
            return copy  # type: ignore[no-any-return]  # A copy is of the same class.
    made = object.__new__(type(original))
    copies.append((original, made))
    for name, value in vars(original).items():
        setattr(made, name, _copied(value, copies))
    return made


def _copied(value: Any, copies: Copies) -> Any:
    if isinstance(value, dict):
        return type(value)((key, _copied(one, copies)) for key, one in value.items())
    if isinstance(value, list | deque):
        return type(value)(_copied(one, copies) for one in value)
    if isinstance(value, MethodType) and any(one is value.__self__ for one, _ in copies):
        return MethodType(value.__func__, _twin(value.__self__, copies))
    return _twin(value, copies) if hasattr(value, "__dict__") and not callable(value) else value


def frozen(value: Any) -> Hashable:
    """Return a value that equals another one's exactly where both say the same.

    Functions are left out: two nodes of a kind have the same ones.
    """
    kind = type(value)
    if kind in PLAIN:
        return value  # type: ignore[no-any-return]  # A plain value.
    if kind is tuple:
        return tuple([frozen(one) for one in value])
    if isinstance(value, Mapping):
        return frozenset([(frozen(key), frozen(one)) for key, one in value.items()])
    if isinstance(value, tuple | list | deque):
        return (kind.__name__, *map(frozen, value))
    if isinstance(value, set | frozenset):
        return frozenset(map(frozen, value))
    if kind is KeyOrder or callable(value):
        return None  # The order of keys follows from the records.
    return (kind.__name__, *[(name, frozen(getattr(value, name))) for name in names_in(value)])


PLAIN = {str, bytes, int, float, bool, type(None)}


def names_in(value: Any) -> list[str]:
    """Return the names of what an object keeps, in the order in which its class has them."""
    return sorted(vars(value)) if hasattr(value, "__dict__") else [*type(value).__slots__]
