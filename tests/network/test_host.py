"""A host: its tasks, timers and messages end with it, and its sites are its own."""

import asyncio
from typing import Any

import pytest

from network.host import Host
from network.lossy import LossyNetwork
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.loop import VirtualLoop, new_loop
from tests.builders import CALM, Silence


class Bench:
    """One host, and what another heard of it."""

    def __init__(self) -> None:
        self.loop: VirtualLoop = new_loop()
        self.chance = NamedChance(1)
        self.network = LossyNetwork(self.loop, self.chance, CALM, Silence())
        self.heard: list[bytes] = []
        self.network.join("b", self.heard.append)
        self.host = self.born(1)
        self.notes: list[str] = []

    def born(self, incarnation: int) -> Host:
        return Host(
            "a",
            incarnation,
            loop=self.loop,
            transport=self.network,
            clock=SkewedClock(self.loop),
            timers=self.loop,
            chance=self.chance,
        )

    def settle(self) -> None:
        self.loop.run_for(1_000_000)


def test_a_host_speaks_until_it_crashes() -> None:
    bench = Bench()
    bench.host.send("b", b"one")

    bench.host.crash()
    bench.host.send("b", b"two")
    bench.settle()

    assert bench.heard == [b"one"]


def test_a_timer_of_a_crashed_host_does_not_fire() -> None:
    bench = Bench()
    bench.host.after(10, bench.notes.append, "before")
    bench.host.after(30, bench.notes.append, "after")
    bench.loop.run_for(20)

    bench.host.crash()
    bench.settle()

    assert bench.notes == ["before"]


def test_a_sleeper_wakes_when_it_said() -> None:
    bench = Bench()

    async def sleep() -> None:
        await bench.host.sleep(250)
        bench.notes.append(str(bench.host.elapsed_us()))

    bench.host.spawn(sleep())
    bench.settle()

    assert bench.notes == ["250"]


def test_nothing_that_a_dying_task_says_is_heard() -> None:
    bench = Bench()

    async def work() -> None:
        try:
            await bench.host.sleep(1_000)
        finally:
            bench.notes.append("died")
            bench.host.send("b", b"last words")

    bench.host.spawn(work())
    bench.loop.run_for(10)

    bench.host.crash()
    bench.settle()

    assert bench.notes == ["died"]
    assert bench.heard == []


def test_tasks_are_dropped_in_the_order_of_their_birth() -> None:
    bench = Bench()

    async def work(name: str) -> None:
        try:
            await bench.host.sleep(1_000)
        finally:
            bench.notes.append(name)

    for n in range(20):
        bench.host.spawn(work(f"{n:02}"))
    bench.loop.run_for(10)

    bench.host.crash()
    bench.settle()

    assert bench.notes == sorted(bench.notes)
    assert len(bench.notes) == 20


def test_a_task_that_never_began_is_dropped_in_silence() -> None:
    bench = Bench()

    async def work() -> None:
        bench.notes.append("began")

    bench.host.spawn(work())
    bench.host.crash()
    bench.settle()

    assert bench.notes == []


def test_a_bug_in_a_task_is_told() -> None:
    bench = Bench()
    told: list[tuple[str, BaseException]] = []
    bench.host.failed = lambda name, error: told.append((name, error))

    async def work() -> None:
        raise ValueError("a bug")

    bench.host.spawn(work())
    bench.settle()

    ((name, error),) = told
    assert (name, str(error)) == ("a", "a bug")


def test_a_bug_in_a_dying_task_is_not_told() -> None:
    bench = Bench()
    told: list[Any] = []
    bench.host.failed = lambda name, error: told.append((name, error))

    async def work() -> None:
        try:
            await bench.host.sleep(1_000)
        except asyncio.CancelledError:
            raise ValueError("while dying") from None

    bench.host.spawn(work())
    bench.loop.run_for(10)
    bench.host.crash()
    bench.settle()

    assert told == []


def test_a_restart_begins_sites_of_its_own() -> None:
    bench = Bench()
    first = [bench.host.site("x").below(1_000) for _ in range(10)]

    again = bench.born(2)

    assert [again.site("x").below(1_000) for _ in range(10)] != first


@pytest.mark.parametrize("up", [True, False])
def test_only_the_living_note_events(up: bool) -> None:
    bench = Bench()
    bench.host.noted = lambda name, event, particulars: bench.notes.append(f"{name} {event}")
    if not up:
        bench.host.crash()

    bench.host.note("vote.repeated")

    assert bench.notes == (["a vote.repeated"] if up else [])


# Pauses -------------------------------------------------------------------------------------------


def test_a_paused_host_does_what_is_due_when_it_goes_on_in_that_order() -> None:
    bench = Bench()
    bench.host.after(10, bench.notes.append, "first")
    bench.host.after(20, bench.notes.append, "second")

    bench.host.pause()
    bench.settle()
    assert bench.notes == []
    bench.host.resume()

    assert bench.notes == ["first", "second"]


def test_a_task_of_a_paused_host_sleeps_until_it_goes_on() -> None:
    bench = Bench()

    async def sleep() -> None:
        await bench.host.sleep(250)
        bench.notes.append("awake")

    bench.host.spawn(sleep())
    bench.loop.run_for(100)
    bench.host.pause()
    bench.settle()
    assert bench.notes == []
    bench.host.resume()
    bench.settle()

    assert bench.notes == ["awake"]


def test_what_a_step_goes_on_to_say_after_a_pause_is_said_when_it_ends() -> None:
    bench = Bench()
    bench.host.send("b", b"one")

    bench.host.pause()
    bench.host.send("b", b"two")
    bench.settle()
    assert bench.heard == [b"one"]
    bench.host.resume()
    bench.settle()

    assert bench.heard == [b"one", b"two"]


def test_a_host_that_crashes_in_its_pause_does_not_go_on() -> None:
    bench = Bench()
    bench.host.after(10, bench.notes.append, "due")
    bench.host.pause()
    bench.host.send("b", b"said")
    bench.settle()

    bench.host.crash()
    bench.host.resume()
    bench.settle()

    assert (bench.notes, bench.heard) == ([], [])


def test_a_host_that_is_paused_again_meanwhile_puts_off_the_rest() -> None:
    bench = Bench()
    bench.host.after(10, lambda _: bench.host.pause())
    bench.host.after(20, bench.notes.append, "later")
    bench.host.pause()
    bench.settle()

    bench.host.resume()
    assert bench.notes == []
    bench.host.resume()

    assert bench.notes == ["later"]


def test_a_crash_in_the_middle_of_a_step_lets_it_start_no_task() -> None:
    bench = Bench()

    async def speak() -> None:
        bench.notes.append("spoken")

    bench.host.crash()
    bench.host.spawn(speak())
    bench.settle()

    assert bench.notes == []
