"""The hunt: mutants are found by strategies that know nothing of them, and nothing else is."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from network.rpc import Peers
from sim.mutants import catalogue
from sim.mutants.catalogue import MUTANTS, find
from sim.mutants.patches import Patches
from sim.search.hunt import hunting, shots
from sim.search.hunt.draws import World
from sim.search.hunt.hunted import BLIND, FOUND, SURVIVED, TOO_NARROW, UNTRIED
from sim.search.hunt.hunting import AHEAD, STAGES, Hunt, orders_for, seeds_of_turns, tell_all
from sim.search.hunt.shots import NONE, Kind, Order, Shot, shoot
from sim.search.hunt.strategies import portfolio, strategy_of
from sim.search.hunt.tales import Tale
from sim.tables import SetupError
from tests.sim.search.jobs import Here

LOST: Kind = ("timestamps", "data differ")
SOME = ("one-accept-is-enough", "commits-leave-the-lsn", "reasons-leave-out-none")
MEDIAN_MAX, WORST_MAX = 10, 500

Say = Callable[[str | None, int], bool]
Tell = Callable[[Say], list[Order]]


def hunted_here(*names: str, seeds: range | None = None) -> dict[str, Any]:
    return {one.name: one for one in Hunt(names, Here(), seeds=seeds).go()}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Let shots hit where a test says, and run nothing."""

    def tell(hits: Say) -> list[Order]:
        orders: list[Order] = []

        def carry_out(order: Order) -> tuple[Shot, ...]:
            orders.append(order)
            return tuple(
                Shot(
                    seed,
                    "swarm",
                    0.001,
                    (LOST,) if hits(order.mutant, seed) else (),
                    is_set_up=True,
                    is_changed=False if order.compares else None,
                )
                for seed in order.seeds
            )

        monkeypatch.setattr(hunting, "carry_out", carry_out)
        return orders

    return tell


# Found ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_some_are_found_within_three_seeds() -> None:
    came = hunted_here(*SOME, seeds=seeds_of_turns(1)[-3:])

    for name in SOME:
        assert came[name].verdict == FOUND
        assert came[name].kind is not None


@pytest.mark.slow
def test_the_unbroken_protocol_and_equivalent_mutants_survive() -> None:
    name = "repeated-prepares-are-judged-afresh"

    came = hunted_here(NONE, name, seeds=seeds_of_turns(1)[-3:])

    assert [came[one].verdict for one in (NONE, name)] == [SURVIVED, SURVIVED]


def test_a_mutant_that_changes_nothing_is_said_to_be_beyond_the_workload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harmless = replace(find("one-accept-is-enough"), name="harm-less", patch=lambda _: None)
    monkeypatch.setattr(catalogue, "MUTANTS", {"harm-less": harmless})
    seeds = range(5, 7)  # Two small worlds.

    one = hunted_here("harm-less", seeds=seeds)["harm-less"]

    assert (one.verdict, one.changed, one.shots) == (TOO_NARROW, 0, 2)


def test_a_mutant_that_changes_runs_and_harms_nobody_is_said_to_be_unseen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def patch(patches: Patches) -> None:
        @patches.around(Peers, "reply")
        def reply(original: Any, self: Any, *rest: Any) -> None:
            original(self, *rest)
            original(self, *rest)

    odd = replace(find("one-accept-is-enough"), name="tell-tale", patch=patch)
    monkeypatch.setattr(catalogue, "MUTANTS", {"tell-tale": odd})

    one = hunted_here("tell-tale", seeds=range(5, 7))["tell-tale"]

    assert (one.verdict, one.hits) == (BLIND, 0)
    assert one.changed


def test_what_the_unbroken_protocol_shows_in_that_very_run_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = 5
    kinds = shoot("one-accept-is-enough", seed).kinds
    assert kinds

    monkeypatch.setattr(shots, "unbroken", lambda *_: ("digest", kinds[:1]))

    assert shoot("one-accept-is-enough", seed).kinds == kinds[1:]


def test_a_world_that_cannot_be_set_up_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise SetupError

    monkeypatch.setattr(shots, "run", fails)

    shot = shoot(None, 5)

    assert (shot.kinds, shot.is_set_up) == ((), False)


@pytest.mark.slow
def test_the_first_finding_is_shrunk_to_a_tale() -> None:
    name = "one-accept-is-enough"
    one = hunted_here(name, seeds=range(5, 6))[name]

    tales: dict[str, Tale] = {}
    tell_all([one], Here(), tales)

    tale = tales[name]
    assert 1 <= tale.transactions <= 4
    assert tale.events > 0
    assert tale.sentences


# How many seeds ----------------------------------------------------------------------------------


def test_whatever_is_found_often_has_a_few_turns_of_each_strategy(told: Tell) -> None:
    told(lambda _, seed: seed % 3 == 0)

    one = hunted_here(SOME[0])[SOME[0]]

    assert one.shots == len(seeds_of_turns(STAGES[0]))


def test_whatever_is_found_seldom_has_more_turns_and_then_many(told: Tell) -> None:
    every = {SOME[0]: 30, SOME[1]: 200, SOME[2]: 1_000}
    told(lambda name, seed: seed % every[str(name)] == 3)

    came = hunted_here(*SOME)

    stages = [len(seeds_of_turns(turns)) for turns in STAGES]
    assert [one.shots for one in came.values()] == [stages[1], stages[2], stages[2]]
    assert [one.seeds for one in came.values()] == [4, 4, 4]


def test_whoever_may_survive_has_no_more_than_that_takes(told: Tell) -> None:
    told(lambda *_: False)

    one = hunted_here("completed-means-cancelled")["completed-means-cancelled"]

    assert one.shots == len(seeds_of_turns(STAGES[1]))


def test_given_seeds_are_all_that_there_are(told: Tell) -> None:
    orders = told(lambda *_: False)

    one = hunted_here(SOME[0], seeds=range(100, 117))[SOME[0]]

    assert one.shots == 17
    assert {seed for order in orders for seed in order.seeds} == set(range(100, 117))
    assert [order.compares for order in orders] == [False] * 3 + [True] * 3


def test_whoever_may_survive_is_compared_with_nobody(told: Tell) -> None:
    orders = told(lambda *_: False)

    hunted_here(NONE, "completed-means-cancelled", seeds=range(5))

    assert not any(order.compares for order in orders)
    assert [order.mutant for order in orders] == [None, "completed-means-cancelled"]


def test_orders_share_out_the_same_seeds_to_all() -> None:
    orders = list(orders_for(SOME[:2], range(25)))

    for name in SOME[:2]:
        seeds = [seed for order in orders if order.mutant == name for seed in order.seeds]
        assert seeds == list(range(25))


def test_no_more_orders_are_out_than_workers_need_however_long_they_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(Here):
        out = 0

        def submit(self, _job: Any, _asked: Any) -> Future[Any]:
            self.out += 1
            return Future()

    pool, looks = Slow(), count(1)
    hunt = Hunt(SOME, pool, seeds=range(10_000_000))

    def look(*_: object) -> tuple[set[Any], set[Any]]:
        if next(looks) == 5:
            hunt.interrupt()
        return set(), set()

    monkeypatch.setattr(hunting, "wait", look)
    hunt.go()

    assert pool.out == AHEAD * pool.jobs


def test_progress_tells_of_all_shots(told: Tell) -> None:
    told(lambda *_: True)
    shown: list[tuple[int, int]] = []

    Hunt(SOME, Here(), progress=lambda *how_far: shown.append(how_far)).go()

    assert shown[-1] == (3 * STAGES[0] * len(portfolio()),) * 2


def test_an_interrupted_hunt_tells_what_it_knows(told: Tell) -> None:
    told(lambda *_: True)
    hunt = Hunt(SOME, Here())
    hunt._progress = lambda made, _: hunt.interrupt() if made > 20 else None

    came = hunt.go()

    assert [one.name for one in came] == list(SOME)
    assert 0 < came[0].shots < STAGES[0] * len(portfolio())


def test_a_worker_that_fails_ends_the_hunt(told: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Here):
        def submit(self, job: Any, asked: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(RuntimeError("gone"))
            return future

    with pytest.raises(RuntimeError, match="gone"):
        Hunt(SOME, Failing()).go()


# All of them ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_mutant_is_found_and_nothing_else(soak: bool) -> None:
    if not soak:
        # It takes many minutes; the others here hunt some of them every time.
        pytest.skip("hunts for many minutes, for TWOPHASE_SOAK=1 only")

    came = Hunt(tuple(MUTANTS), Here()).go()

    assert [one.name for one in came if not one.ok] == []
    means = sorted(one.mean.seeds for one in came if one.mean is not None)
    assert means[len(means) // 2] <= MEDIAN_MAX
    assert means[-1] <= WORST_MAX


def test_a_world_is_given_what_a_mutant_needs() -> None:
    drawn = World("bank", {"workload.accounts": "3", "network.loss": "0.2"})

    assert drawn.having({"network.late": "0.1"}) == World(
        "bank", {**drawn.settings, "network.late": "0.1"}
    )
    other = drawn.having({"scenario": "indexes", "workload.teams": "1"})
    assert other == World("indexes", {"network.loss": "0.2", "workload.teams": "1"})
    assert other.scenario().workload == "task_list"


def test_a_world_lists_no_requests_for_clients_that_a_mutant_has_no_room_for() -> None:
    drawn = World("one-transaction", {"workload.requests": "k1: get a\nk2: get a\nk1: get b"})

    having = drawn.having({"workload.clients": "1"})

    assert having.settings["workload.requests"] == "k1: get a\nk1: get b"


def test_every_world_can_be_had_with_what_any_mutant_needs() -> None:
    needs = {tuple(sorted(one.needs.items())) for one in MUTANTS.values()}
    worlds = [strategy_of(seed).world_of(seed) for seed in range(2 * len(portfolio()))]

    for world in worlds:
        for some in needs:
            assert world.having(dict(some)).scenario().workload


@pytest.mark.parametrize("is_asked", [True, False])
def test_whoever_ends_a_hunt_may_end_its_workers_as_well(
    is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    hunt = Hunt(SOME, Here())

    def killed(_: Order) -> tuple[Shot, ...]:
        if is_asked:
            hunt.interrupt()
        raise BrokenExecutor("a worker is gone")

    monkeypatch.setattr(hunting, "carry_out", killed)
    with nullcontext() if is_asked else pytest.raises(BrokenExecutor):
        assert {one.verdict for one in hunt.go()} == {UNTRIED}
