"""The token bucket of a provisioned table: what comes in, what is saved, what is owed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from items.units import HALVES, read_halves, write_halves
from network.placement import HASHES
from partition.capacity import HALF_GRAINS, SECOND_US, Bucket, first_level, full_level

BURST_US = 300 * SECOND_US


def bucket(units: int = 10, level: int | None = None) -> Bucket:
    """Make a bucket with so many halves of a unit in it; full if that is not said."""
    grains = full_level(units, BURST_US) if level is None else level * HALF_GRAINS
    return Bucket(units, grains, burst_us=BURST_US, elapsed_us=0)


def halves_in(found: Bucket) -> float:
    return found.level / HALF_GRAINS


def test_a_full_bucket_holds_what_the_whole_table_may_use_in_300_s() -> None:
    assert halves_in(bucket(10)) == 10 * 300 * HALVES


def test_what_comes_in_is_the_share_of_the_hashes() -> None:
    whole, quarter = bucket(10, 0), bucket(10, 0)

    whole.refill(HASHES, SECOND_US)
    quarter.refill(HASHES // 4, SECOND_US)

    assert halves_in(whole) == 10 * HALVES
    assert halves_in(quarter) == 10 * HALVES / 4


def test_a_bucket_never_holds_more_than_full() -> None:
    made = bucket(1)

    made.refill(HASHES, 10**12)

    assert made.level == made.full


def test_whoever_finds_anything_may_take_more_and_the_debt_is_paid_first() -> None:
    made = bucket(10, level=1)

    assert not made.is_spent
    made.take(5)

    assert halves_in(made) == -4
    made.refill(HASHES, SECOND_US // 5)  # Two units in a fifth of a second: the debt, and no more.
    assert made.is_spent
    made.refill(HASHES, SECOND_US // 5 + 1)
    assert not made.is_spent


def test_an_empty_bucket_lets_nobody_through() -> None:
    assert bucket(10, level=0).is_spent


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 10**6), st.lists(st.integers(0, 10**7), max_size=30), st.integers(1, HASHES))
def test_nothing_drifts_however_often_it_is_refilled(
    units: int, steps: list[int], hashes: int
) -> None:
    often, once = bucket(units, -(10**9)), bucket(units, -(10**9))
    now_us = 0
    for step_us in steps:
        now_us += step_us
        often.refill(hashes, now_us)

    once.refill(hashes, now_us)

    assert often.level == once.level


def test_two_halves_of_a_split_get_together_what_the_whole_got() -> None:
    parts = [first_level(7, hashes) for hashes in (HASHES // 3, HASHES - HASHES // 3)]

    assert sum(parts) == first_level(7, HASHES)


def test_units_are_weighed_in_halves() -> None:
    assert read_halves(0, eventual=True) == 1
    assert read_halves(4096, eventual=False) == 2
    assert read_halves(4097, eventual=False) == 4
    assert write_halves(None, None) == 2
    assert write_halves({"a": ("S", "x" * 1024)}, None) == 4
