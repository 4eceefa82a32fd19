"""Values and items of every shape, for properties."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from items.numbers import canonical
from items.values import (
    FALSE,
    NULL,
    TRUE,
    AttributeValue,
    binary_set,
    number_set,
    string_set,
)


def texts() -> SearchStrategy[str]:
    """Texts that UTF-8 can write: no halves of surrogate pairs."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def numbers() -> SearchStrategy[str]:
    """Numbers in canonical form: many small, some long, some huge or tiny."""
    small = st.integers(-20, 20).map(str)
    long = st.integers(-(10**38) + 1, 10**38 - 1).map(str)
    scaled = st.builds("{}e{}".format, st.integers(-999, 999), st.integers(-130, 120))
    return st.one_of(small, long, scaled).map(canonical)


def scalars() -> SearchStrategy[AttributeValue]:
    return st.one_of(
        texts().map(lambda text: ("S", text)),
        numbers().map(lambda digits: ("N", digits)),
        st.binary(max_size=8).map(lambda content: ("B", content)),
        st.sampled_from([TRUE, FALSE, NULL]),
    )


def sets() -> SearchStrategy[AttributeValue]:
    return st.one_of(
        st.lists(texts(), min_size=1, max_size=4).map(string_set),
        st.lists(numbers(), min_size=1, max_size=4).map(number_set),
        st.lists(st.binary(max_size=4), min_size=1, max_size=4).map(binary_set),
    )


def values() -> SearchStrategy[AttributeValue]:
    return st.recursive(
        scalars() | sets(),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda elements: ("L", tuple(elements))),
            st.dictionaries(names(), inner, max_size=3).map(lambda content: ("M", content)),
        ),
        max_leaves=6,
    )


def names() -> SearchStrategy[str]:
    return texts().filter(bool)


def items() -> SearchStrategy[dict[str, AttributeValue]]:
    return st.dictionaries(names(), values(), max_size=5)
