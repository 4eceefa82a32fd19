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
        self.noted: list[str] = []
        self.chance = NamedChance(seed, overrides)
        self.disk = SimulatedDisk(
            "p1",
            timers=self.loop,
            chance=self.chance,
            speed=speed or DiskSpeed(100, 100),
            number=self._number,
            durable=lambda _, number, made: self.durable.append((number, made.cause)),
            noted=lambda event, _: self.noted.append(event),
        )

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def append(self, *numbers: int) -> None:
        for n in numbers:
            self.disk.append(changes(n), partial(self._answer, n))

    def kept(self) -> list[int]:
        return [int(name[1][0][1][1:]) for name in self.disk.contents.records]

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


@pytest.mark.parametrize("kept", [0, 1])
def test_an_answer_may_crash_the_host_in_the_midst_of_what_was_synced(kept: int) -> None:
    bench = Bench()
    bench.append(1)

    def crash() -> None:
        bench.append(5)
        bench.disk.crash(keeps=kept)

    bench.append(2)
    bench.disk.append(changes(3), crash)
    bench.append(4)
    bench.loop.run_for(1_000)

    assert bench.answered == [(1, 100), (2, 200)]
    assert bench.kept() == [1, 2, 3, 4, 5][: 4 + kept]
    assert [cause for _, cause in bench.durable] == [f"cause {n}" for n in bench.kept()]


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

    kept = bench.kept()
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


# Slow, full, torn ---------------------------------------------------------------------------------


def test_a_slow_disk_takes_so_many_times_as_long() -> None:
    bench = Bench(speed=DiskSpeed(100, 100).times(7))

    bench.append(1)
    bench.loop.run_for(10_000)

    assert bench.answered == [(1, 700)]


def test_an_append_to_a_full_disk_fails_and_is_never_answered() -> None:
    bench = Bench()
    failed: list[str] = []
    bench.append(1)
    bench.loop.run_for(1_000)

    bench.disk.full = failed.append
    bench.append(2)
    bench.loop.run_for(1_000)
    bench.disk.full = None
    bench.append(3)
    bench.loop.run_for(1_000)

    assert failed == ["p1"]
    assert [n for n, _ in bench.answered] == bench.kept() == [1, 3]


def test_a_crash_keeps_as_many_as_it_is_told() -> None:
    bench = Bench()
    bench.append(1, 2, 3)

    bench.disk.crash(keeps=2)

    assert bench.kept() == [1, 2]


@given(st.integers(0, 10_000))
def test_a_torn_write_is_found_by_its_checksum_and_dropped(seed: int) -> None:
    bench = Bench(seed)
    bench.append(1, 2)

    bench.disk.crash(keeps=1, tears=True)
    assert bench.noted == ["write.torn"]
    bench.disk.load()

    assert bench.noted == ["write.torn", "write.dropped"]
    assert bench.kept() == [1]
    bench.disk.load()
    assert bench.noted == ["write.torn", "write.dropped"]


def test_without_the_checksum_a_torn_write_would_come_back_by_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.torn.is_whole", lambda raw: True)
    both = Changes("t1", NEVER, tuple((at(f"i{n}"), record(n, lsn=n)) for n in (1, 2)), (), 2)
    found = set()
    for seed in range(40):
        bench = Bench(seed)
        bench.disk.append(both, lambda: None)
        bench.disk.crash(keeps=0, tears=True)
        bench.disk.load()
        found.add(tuple(bench.kept()))

    assert (1,) in found


# Watched ------------------------------------------------------------------------------------------


class Watch:
    """Sees each write go by, and may take the power."""

    def __init__(self, bench: Bench, crash_before: int = 0, crash_after: int = 0) -> None:
        self.seen: list[str] = []
        self._bench, self._before, self._after = bench, crash_before, crash_after
        bench.disk.watcher = self

    def appended(self, host: str, number: int) -> None:
        self.seen.append(f"{host} {number} appended")

    def durable_next(self, host: str, number: int) -> None:
        self.seen.append(f"{host} {number} next")
        if number == self._before:
            self._bench.disk.crash(keeps=0)

    def durable_now(self, host: str, number: int) -> None:
        self.seen.append(f"{host} {number} now")
        if number == self._after:
            self._bench.disk.crash(keeps=0)


def test_a_watched_disk_does_as_one_that_is_not() -> None:
    plain, watched = Bench(3), Bench(3)
    watch = Watch(watched)

    for bench in (plain, watched):
        bench.append(1, 2, 3)
        bench.loop.run_for(1_000)

    assert watched.answered == plain.answered
    assert watch.seen[-2:] == ["p1 3 next", "p1 3 now"]


def test_a_crash_before_a_write_is_durable_keeps_those_before_it() -> None:
    bench = Bench()
    Watch(bench, crash_before=3)

    bench.append(1, 2, 3, 4)
    bench.loop.run_for(1_000)

    assert bench.kept() == [1, 2]
    assert [n for n, _ in bench.answered] == [1, 2]


def test_a_crash_after_a_write_is_durable_keeps_it_and_answers_nobody() -> None:
    bench = Bench()
    Watch(bench, crash_after=3)

    bench.append(1, 2, 3, 4)
    bench.loop.run_for(1_000)

    assert bench.kept() == [1, 2, 3]
    assert [n for n, _ in bench.answered] == [1, 2]


# Lies ---------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_a_disk_that_lies_loses_what_it_said_was_durable(seed: int, count: int) -> None:
    bench = Bench(seed)
    bench.append(1)
    bench.loop.run_for(1_000)

    bench.disk.lie()
    bench.append(*range(2, 2 + count))
    bench.loop.run_for(10_000)
    assert [n for n, _ in bench.answered] == bench.kept() == list(range(1, 2 + count))
    bench.disk.crash()

    lost = [int(one.cause.split()[1]) for one in bench.disk.broken]
    assert 1 in bench.kept()
    assert lost
    assert bench.kept() + lost == list(range(1, 2 + count))


def test_a_disk_that_lies_counts_the_incarnations_that_its_host_had() -> None:
    bench = Bench()
    bench.disk.lie()
    found = []
    for n in (1, 2):
        bench.append(n)
        bench.loop.run_for(1_000)
        bench.disk.crash()
        found.append(bench.disk.load().incarnation)

    assert found == [1, 2]


def test_a_disk_goes_on_lying_after_a_crash() -> None:
    bench = Bench()
    bench.disk.lie()
    bench.append(1)
    bench.loop.run_for(1_000)
    bench.disk.crash()
    bench.disk.load()

    assert bench.disk.lies
    bench.append(2)
    bench.loop.run_for(1_000)
    bench.disk.crash()
    assert [one.cause for one in bench.disk.broken] == ["cause 1", "cause 2"]


def test_a_disk_that_stops_lying_in_time_has_lost_nothing() -> None:
    bench = Bench()
    bench.disk.lie()
    bench.append(1)
    bench.loop.run_for(1_000)

    bench.disk.tell_the_truth()
    bench.disk.crash()

    assert bench.kept() == [1]
    assert bench.disk.broken == []


def test_an_honest_disk_never_loses_what_it_said_was_durable() -> None:
    bench = Bench()
    bench.append(1, 2, 3)
    bench.loop.run_for(150)

    bench.disk.crash()

    assert bench.disk.broken == []
