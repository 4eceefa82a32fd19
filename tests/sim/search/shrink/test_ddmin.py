"""Delta debugging: what is needed stays, all else goes, in few trials."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.search.shrink.ddmin import least


def needing(*needed: int) -> tuple[list[tuple[int, ...]], Callable[[tuple[int, ...]], bool]]:
    trials: list[tuple[int, ...]] = []

    def fails(some: tuple[int, ...]) -> bool:
        trials.append(some)
        return set(needed) <= set(some)

    return trials, fails


@settings(deadline=None, derandomize=True)
@given(st.sets(st.integers(0, 60)), st.integers(61, 200))
def test_exactly_what_is_needed_is_left_in_its_order(needed: set[int], count: int) -> None:
    _, fails = needing(*needed)

    assert least(range(count), fails) == tuple(sorted(needed))


def test_where_nothing_is_needed_two_trials_are_enough() -> None:
    trials, fails = needing()

    assert least(range(1_000), fails) == ()
    assert len(trials) <= 2


def test_three_of_a_thousand_are_found_in_a_hundred_trials() -> None:
    trials, fails = needing(3, 500, 998)

    assert least(range(1_000), fails) == (3, 500, 998)
    assert len(trials) <= 100


def test_no_single_part_of_what_is_left_can_go() -> None:
    """A whole that fails by its size alone."""

    def fails(some: tuple[int, ...]) -> bool:
        return len(some) >= 4

    left = least(range(50), fails)

    assert len(left) == 4


def test_nothing_of_nothing_is_nothing() -> None:
    assert least([], lambda _: True) == ()
