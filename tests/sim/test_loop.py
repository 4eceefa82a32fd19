"""The virtual loop: time jumps from event to event, and one moment has one order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.host import Clock, Timers
from sim import loop as loop_module
from sim.clock import EPOCH_US, SkewedClock
from sim.loop import TimeStandsStillError, VirtualLoop, new_loop


def never() -> bool:
    return False


def noting(notes: list[Any], loop: VirtualLoop) -> Callable[[Any, Any], None]:
    def note(first: Any, second: Any) -> None:
        notes.append((loop.now_us, first, second))

    return note


def cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()


def spawn(loop: VirtualLoop, *work: Any) -> list[asyncio.Task[Any]]:
    return [loop.create_task(one) for one in work]


def test_time_begins_at_nought_and_jumps_to_the_next_event() -> None:
    loop = new_loop()
    notes: list[Any] = []
    loop.after(5_000_000, noting(notes, loop), "a", "b")

    loop.run(never, 10_000_000)

    assert notes == [(5_000_000, "a", "b")]


@given(st.lists(st.integers(0, 5)))
def test_events_happen_by_time_and_then_by_birth(delays: list[int]) -> None:
    loop = new_loop()
    notes: list[Any] = []
    for birth, delay_us in enumerate(delays):
        loop.after(delay_us, noting(notes, loop), birth, None)

    loop.run(never, 10)

    expected = sorted((delay_us, birth) for birth, delay_us in enumerate(delays))
    assert [(us, birth) for us, birth, _ in notes] == expected


def test_what_cannot_be_compared_has_an_order_nevertheless() -> None:
    loop = new_loop()
    notes: list[Any] = []
    loop.after(1, noting(notes, loop), object(), {})
    loop.after(1, noting(notes, loop), object(), {})

    loop.run(never, 2)

    assert len(notes) == 2


def test_an_event_that_is_posted_at_its_own_moment_comes_last_in_it() -> None:
    loop = new_loop()
    notes: list[Any] = []

    def repost(name: str, _: None) -> None:
        notes.append(name)
        loop.after(0, lambda *_: notes.append("child"), None, None)

    loop.after(3, repost, "parent", None)
    loop.after(3, lambda *_: notes.append("sibling"), None, None)

    loop.run(never, 3)

    assert notes == ["parent", "sibling", "child"]


def test_an_event_beyond_the_limit_stays() -> None:
    loop = new_loop()
    notes: list[Any] = []
    loop.after(10, noting(notes, loop), None, None)

    assert not loop.run(never, 9)
    assert (loop.now_us, notes, loop.pending()) == (9, [], 1)
    loop.run(never, 10)
    assert len(notes) == 1


def test_a_run_ends_when_what_was_waited_for_holds() -> None:
    loop = new_loop()
    done: list[int] = []

    async def work() -> None:
        await asyncio.sleep(0.000_005)
        done.append(loop.now_us)

    tasks = spawn(loop, work())
    loop.after(100, lambda *_: done.append(100), None, None)

    assert loop.run(lambda: bool(done), 1_000)
    assert done == [5]
    assert tasks[0].done()


def test_a_span_of_time_goes_by_without_events() -> None:
    loop = new_loop()

    loop.run_for(7)
    loop.run_for(8)

    assert loop.now_us == loop.elapsed_us() == 15
    assert loop.pending() == 0


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    loop = new_loop()
    woken: list[tuple[int, str]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((loop.now_us, name))

    tasks = spawn(loop, sleeper("late", 3600), sleeper("soon", 0.25), sleeper("now", 0))
    loop.run(lambda: all(task.done() for task in tasks), 10**12)

    assert woken == [(0, "now"), (250_000, "soon"), (3_600_000_000, "late")]


def test_tasks_of_one_moment_run_in_the_order_of_their_birth() -> None:
    loop = new_loop()
    ran: list[int] = []

    async def work(n: int) -> None:
        ran.append(n)
        await asyncio.sleep(0)
        ran.append(n + 100)

    tasks = spawn(loop, *(work(n) for n in range(50)))
    loop.run(lambda: all(task.done() for task in tasks), 1)

    assert ran == [*range(50), *range(100, 150)]


def test_a_future_is_resolved_across_tasks() -> None:
    loop = new_loop()
    future = loop.create_future()

    async def wait() -> int:
        value: int = await future
        return value + 1

    (task,) = spawn(loop, wait())
    loop.after(5, lambda value, _: future.set_result(value), 41, None)
    loop.run(task.done, 10)

    assert task.result() == 42


def test_a_sleeper_that_is_cancelled_sleeps_no_longer() -> None:
    loop = new_loop()

    async def work() -> None:
        await asyncio.sleep(1)

    (task,) = spawn(loop, work())
    loop.after(10, lambda *_: cancel(task), None, None)
    loop.run(task.done, 100)

    assert task.cancelled()
    assert loop.now_us == 10
    loop.run_for(2_000_000)
    assert loop.failures == []


def test_a_task_that_spins_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "CALLBACKS_PER_MOMENT_MAX", 1_000)
    loop = new_loop()

    async def spin() -> None:
        for _ in range(10_000):
            await asyncio.sleep(0)

    (task,) = spawn(loop, spin())

    with pytest.raises(TimeStandsStillError, match="spin"):
        loop.run(never, 10)
    task.cancel()
    loop.run_for(1)


def test_the_running_loop_is_the_virtual_one_while_it_runs() -> None:
    loop = new_loop()
    seen: list[object] = []

    async def look() -> None:
        seen.append(asyncio.get_running_loop())

    spawn(loop, look())
    loop.run_for(1)

    assert seen == [loop]
    assert asyncio._get_running_loop() is None


# The clock, which stands on the loop -------------------------------------------------------------


def test_a_clock_goes_with_the_time() -> None:
    loop = new_loop()
    clock: Clock = SkewedClock(loop)

    loop.run_for(123)

    assert clock.now_us() == EPOCH_US + 123


@pytest.mark.parametrize("offset_us", [-5_000, 0, 5_000])
def test_a_clock_may_be_wrong_and_still_goes_on(offset_us: int) -> None:
    loop = new_loop()
    clock: Clock = SkewedClock(loop, offset_us)
    before = clock.now_us()

    loop.run_for(50)

    assert before == EPOCH_US + offset_us
    assert clock.now_us() == before + 50


def test_a_clock_may_step_back_and_elapsed_time_does_not() -> None:
    loop = new_loop()
    clock, timers = SkewedClock(loop), loop
    loop.run_for(100)
    before_us, elapsed_us = clock.now_us(), timers.elapsed_us()

    clock.offset_us -= 1_000

    assert clock.now_us() == before_us - 1_000
    assert timers.elapsed_us() == elapsed_us


def test_the_loop_is_the_timers() -> None:
    timers: Timers = new_loop()

    assert timers.elapsed_us() == 0
