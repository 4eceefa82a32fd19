"""Torn writes: all of an append is read back, or nothing; half of one only without the checksum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.ids import NEVER
from network.placement import Range
from partition.record import TableState
from partition.split import Holding
from partition.storage import Changes
from sim import torn
from tests.builders import SCHEMA, at, record, ts

APPENDS = (
    Changes("t1", NEVER, ((at("a"), record(1, ongoing="t1")), (at("b"), record(2, lsn=2))), (), 2),
    Changes("t2", ts(7), ((at("a"), None),), (TableState("t", SCHEMA, ts(7), 3),), 3),
    Changes("", NEVER, (), (TableState("t", SCHEMA, dropped=True),), 0),
    Changes("", NEVER, (), (), 4, Holding(Range(0, 100), 1)),
)
each = st.sampled_from(APPENDS)


@given(each)
def test_an_append_is_read_as_it_was_written(changes: Changes) -> None:
    assert torn.read(torn.written(changes)) == changes


@given(each, st.integers(0, 1_000))
def test_an_append_that_is_cut_short_is_not_read(changes: Changes, length: int) -> None:
    raw = torn.written(changes)

    assert torn.read(raw[: length % len(raw)]) is None


@given(each, st.integers(0, 1_000), st.integers(1, 255))
def test_an_append_with_a_changed_byte_is_not_read(
    changes: Changes, place: int, change: int
) -> None:
    raw = bytearray(torn.written(changes))
    raw[place % len(raw)] ^= change

    assert torn.read(bytes(raw)) is None


def test_without_the_checksum_half_a_promise_would_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = APPENDS[0]
    raw = torn.written(whole)
    monkeypatch.setattr(torn, "is_whole", lambda raw: True)

    halves = [found for n in range(len(raw)) if (found := torn.read(raw[:n])) is not None]

    assert [found.records for found in halves if found.records] != []
    assert all(found.records in ((), whole.records[:1]) for found in halves)
