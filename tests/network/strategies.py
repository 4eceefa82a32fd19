"""A strategy for any annotation that messages use, so that a new message needs no new strategy."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from items.values import AttributeValue
from tests.items.strategies import texts, values

PLAIN: dict[Any, SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**64 - 1),
    str: texts(),
    bytes: st.binary(max_size=8),
    bool: st.booleans(),
    type(None): st.none(),
    AttributeValue: values(),
    Any: st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts(),
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple) | st.dictionaries(texts(), inner, max_size=3)
        ),
        max_leaves=5,
    ),
}


def of(annotation: Any) -> SearchStrategy[Any]:
    """Return a strategy for the values of an annotation."""
    if isinstance(annotation, typing.NewType):
        return of(annotation.__supertype__)
    if annotation in PLAIN:
        return PLAIN[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(of, arguments))
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    if origin is Mapping:
        return st.dictionaries(*map(of, arguments), max_size=3)
    hints = typing.get_type_hints(annotation)
    names = getattr(annotation, "_fields", None) or [
        field.name for field in dataclasses.fields(annotation)
    ]
    return st.builds(annotation, *[of(hints[name]) for name in names])
