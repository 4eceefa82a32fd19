"""Clocks: off by so much, and drifting."""

from hypothesis import given
from hypothesis import strategies as st

from sim.clock import EPOCH_US, DriftingClock, SkewedClock, either_way
from sim.loop import new_loop


@given(st.integers(0, 10**9), st.integers(-(10**6), 10**6))
def test_a_clock_that_does_not_drift_is_off_by_the_same_all_the_time(us: int, off_us: int) -> None:
    loop = new_loop()
    clock, drifting = SkewedClock(loop, off_us), DriftingClock(loop, off_us, 0)

    loop.run_for(us)

    assert clock.now_us() == drifting.now_us() == EPOCH_US + us + off_us


@given(st.integers(-(10**5), 10**5))
def test_a_clock_gains_so_many_microseconds_in_each_second(ppm: int) -> None:
    loop = new_loop()
    clock = DriftingClock(loop, 500, ppm)

    loop.run_for(3_000_000)

    assert clock.now_us() - EPOCH_US - 3_000_000 - 500 == 3 * ppm


@given(st.integers(-(10**5), 10**5))
def test_a_drifting_clock_does_not_step_back(ppm: int) -> None:
    loop = new_loop()
    clock = DriftingClock(loop, 0, ppm)
    seen = []
    for _ in range(50):
        seen.append(clock.now_us())
        loop.run_for(7)

    assert seen == sorted(seen)


def test_the_calm_choice_is_a_clock_that_is_right() -> None:
    assert [either_way(drawn) for drawn in range(5)] == [0, -1, 1, -2, 2]
