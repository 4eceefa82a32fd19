"""The simulated disk: group commit, and a prefix of what was not synced after a crash."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.ids import NEVER
from partition.storage import Changes
from sim.chance import NamedChance, Overrides
from sim.disk import DiskSpeed, SimulatedDisk
from sim.loop import VirtualLoop, new_loop
from tests.builders import at, record


def changes(n: int) -> Changes:
    """Make the n-th append: a new record of its own."""
    return Changes(f"cause {n}", NEVER, ((at(f"i{n}"), record(n, lsn=n)),), (), n)


class Bench:
    """A disk, and what it said."""

    def __init__(
        self, seed: int = 1, speed: DiskSpeed | None = None, overrides: Overrides | None = None
    ) -> None:
        self.loop: VirtualLoop = new_loop()
        self.numbers = 0
        self.durable: list[tuple[int, str]] = []
        self.answered: list[tuple[int, int]] = []  # (which append, when)
        self.chance = NamedChance(seed, overrides)
        self.disk = SimulatedDisk(
            "p1",
            timers=self.loop,
            chance=self.chance,
            speed=speed or DiskSpeed(100, 100),
            number=self._number,
            durable=lambda _, number, made: self.durable.append((number, made.cause)),
        )

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def append(self, *numbers: int) -> None:
        for n in numbers:
            self.disk.append(changes(n), partial(self._answer, n))

    def _answer(self, n: int) -> None:
        self.answered.append((n, self.loop.now_us))


def test_an_append_is_durable_a_while_later() -> None:
    bench = Bench()
    bench.append(1)

    bench.loop.run_for(99)
    assert (bench.answered, bench.durable) == ([], [])
    bench.loop.run_for(1)
    assert bench.answered == [(1, 100)]
    assert bench.durable == [(1, "cause 1")]


def test_what_is_appended_during_a_sync_shares_the_next_one() -> None:
    bench = Bench()

    bench.append(1, 2, 3)
    bench.loop.run_for(1_000)

    assert bench.answered == [(1, 100), (2, 200), (3, 200)]


def test_an_append_is_numbered_when_it_is_made() -> None:
    bench = Bench()
    bench.append(1, 2)
    bench.numbers = 50

    bench.loop.run_for(1_000)

    assert bench.durable == [(1, "cause 1"), (2, "cause 2")]


@given(st.integers(0, 10_000))
def test_a_sync_takes_as_long_as_the_disk_is_fast(seed: int) -> None:
    bench = Bench(seed, DiskSpeed(10, 20))

    bench.append(1)
    bench.loop.run_for(1_000)

    ((_, when_us),) = bench.answered
    assert 10 <= when_us <= 20


@given(st.integers(0, 10_000), st.integers(0, 8), st.integers(0, 400))
def test_a_crash_keeps_a_prefix_that_has_all_that_was_answered(
    seed: int, count: int, us: int
) -> None:
    bench = Bench(seed)
    bench.append(*range(1, count + 1))
    bench.loop.run_for(us)
    answered = [n for n, _ in bench.answered]

    bench.disk.crash()

    kept = [int(name[1][0][1][1:]) for name in bench.disk.contents.records]
    assert kept == list(range(1, len(kept) + 1))
    assert answered == kept[: len(answered)]
    assert [cause for _, cause in bench.durable] == [f"cause {n}" for n in kept]


def test_a_crash_may_keep_nothing_and_may_keep_everything() -> None:
    kept = set()
    for seed in range(50):
        bench = Bench(seed)
        bench.append(1, 2, 3)
        bench.disk.crash()
        kept.add(len(bench.disk.contents.records))

    assert kept == {0, 1, 2, 3}


def test_after_a_crash_nobody_is_answered_any_more() -> None:
    bench = Bench()
    bench.append(1, 2)

    bench.disk.crash()
    bench.loop.run_for(1_000)

    assert bench.answered == []


def test_a_crash_in_the_calmest_case_keeps_nothing() -> None:
    bench = Bench(overrides={("p1 disk crash", 1): 0})
    bench.append(1)

    bench.disk.crash()

    assert bench.disk.contents.records == {}


def test_a_disk_takes_appends_again_after_a_crash() -> None:
    bench = Bench()
    bench.append(1)
    bench.disk.crash()

    bench.append(2)
    bench.loop.run_for(1_000)

    assert [n for n, _ in bench.answered] == [2]


def test_an_lsn_never_comes_twice() -> None:
    bench = Bench()
    bench.append(2, 1)

    with pytest.raises(AssertionError, match="twice"):
        bench.loop.run_for(1_000)
