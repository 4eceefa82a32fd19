"""Canonical JSON: one form, whoever writes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.errors import DynamoDBError
from router import canonical
from router.canonical import canonical_json

TEXTS = st.text(st.characters(), max_size=5) | st.sampled_from(["\x00\x1f\x7f", "\u2028", '"\\/'])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def slowly(json_value: Any) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "orjson", None)
        return canonical_json(json_value)


@given(JSON)
def test_both_writers_write_the_same(json_value: Any) -> None:
    assert canonical_json(json_value) == slowly(json_value)


def test_the_order_of_a_map_does_not_count_and_that_of_a_list_does() -> None:
    assert canonical_json({"b": 1, "a": [1, 2]}) == canonical_json({"a": [1, 2], "b": 1})
    assert canonical_json([1, 2]) != canonical_json([2, 1])


@pytest.mark.parametrize("odd", ["\ud800", {"\udfff": 1}, 1 << 70])
def test_what_one_writer_does_not_take_the_other_does(odd: Any) -> None:
    assert canonical_json({"v": odd}) == slowly({"v": odd}) != canonical_json({"v": 1})


@pytest.mark.parametrize("levels", [100, 500])
def test_many_levels_are_written(levels: int) -> None:
    assert canonical_json(nested(levels)).count(b"[") == levels


def test_levels_beyond_all_measure_are_refused() -> None:
    with pytest.raises(DynamoDBError):
        canonical_json(nested(100_000))


def nested(levels: int) -> Any:
    deep: Any = []
    for _ in range(levels - 1):
        deep = [deep]
    return deep
