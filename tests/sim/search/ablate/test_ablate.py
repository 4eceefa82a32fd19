"""Mechanisms taken away: what breaks, what does not, and the shortest story."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from functools import cache
from typing import cast

import pytest

from sim.mutants.catalogue import MUTANTS, applied, find
from sim.run import run
from sim.scenario import load
from sim.search.ablate import ablation
from sim.search.ablate.ablation import LOOKED_AT, Ablated, Ablation, Tell, chosen, length
from sim.search.ablate.mechanisms import MECHANISMS, Mechanism, UnknownMechanismError
from sim.search.ablate.mechanisms import find_mechanism as mechanism
from sim.search.hunt import hunting
from sim.search.hunt.hunted import FOUND, SURVIVED
from sim.search.hunt.shots import Shot
from sim.search.hunt.strategies import portfolio
from sim.search.shrink.failure import found
from sim.search.shrink.shrink import Shrunk
from tests.sim.search.jobs import Here
from tests.sim.search.steps.test_steps import Alone

TURN = range(len(portfolio()))  # Every strategy has a turn.


@cache
def without(name: str, *, with_stories: bool = True) -> Ablated:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablation, "STORIES", 1)  # One is shrunk as well as three are.
        going = Ablation([mechanism(name)], Alone(), seeds=TURN, with_stories=with_stories)
        (ablated,) = going.go()
    return ablated


# The list.


@pytest.mark.parametrize("one", MECHANISMS, ids=lambda one: one.name)
def test_a_mechanism_says_what_it_is_and_can_be_taken_away(one: Mechanism) -> None:
    assert one.section.startswith("§")
    assert one.rule.endswith(".")
    assert one.purpose.endswith(".")
    assert set(one.mutants) <= MUTANTS.keys()
    assert one.taken_away().name == one.mutant


def test_there_are_enough_and_each_is_one_of_its_own() -> None:
    assert len(MECHANISMS) >= 20
    for told in (lambda one: one.name, lambda one: one.rule, lambda one: one.mutant):
        assert len(set(map(told, MECHANISMS))) == len(MECHANISMS)


def test_a_name_that_no_mechanism_has_is_told_the_nearest() -> None:
    with pytest.raises(UnknownMechanismError, match="did you mean timestamp-test"):
        mechanism("timestamptest")
    with pytest.raises(UnknownMechanismError, match="there are timestamp-test, ongoing-marker"):
        mechanism("xyzzy")


# Several mutants at once.


def test_mutants_together_break_all_their_rules_and_put_them_back() -> None:
    scenario = load("one-transaction")
    calm = run(scenario, 1).digest
    both = find("partitions-keep-quiet+commits-are-never-applied")

    with applied(both):
        kinds = {finding.kind for finding in run(scenario, 1).findings}

    assert kinds & set(find("commits-are-never-applied").kinds)
    assert set(both.kinds) == {*find("partitions-keep-quiet").kinds, "data differ", "read refuted"}
    assert run(scenario, 1).digest == calm


def test_mutants_that_are_equivalent_are_so_together() -> None:
    first, second = "first-rounds-ignore-the-ongoing", "completed-means-cancelled"

    assert find(f"{first}+{second}").is_equivalent
    assert not find(f"{first}+reads-have-one-round").is_equivalent


# What comes of it.


@pytest.mark.slow
def test_without_the_timestamp_test_something_breaks_and_has_a_story() -> None:
    ablated = without("timestamp-test")

    assert ablated.hunted.verdict == FOUND
    assert ablated.bound is None
    short = ablated.shrunk
    assert short is not None
    assert short.transactions <= 4
    assert short.choices <= 4
    again = found(short.failure.scenario, short.failure.seed, "prepare-ignores-timestamps")
    assert again is not None
    assert again.digest == short.failure.digest


@pytest.mark.slow
def test_without_the_first_rounds_check_nothing_breaks_and_what_that_shows_is_said() -> None:
    ablated = without("first-round-check")

    assert ablated.hunted.verdict == SURVIVED
    assert ablated.shrunk is None
    assert ablated.bound == "0.35"  # 1 - 0.05 ** (1 / 7), rounded up.


@pytest.mark.slow
def test_nobody_who_asks_for_no_story_waits_for_one() -> None:
    ablated = without("every-vote", with_stories=False)

    assert ablated.hunted.found
    assert ablated.shrunk is None


# Interrupted.


def hits_at_once(monkeypatch: pytest.MonkeyPatch, tell: Callable[[Tell], Shrunk | None]) -> None:
    """No runs: every seed is a finding, and stories are told so."""
    monkeypatch.setattr(
        hunting, "carry_out", lambda order: tuple(shot(seed, "swarm") for seed in order.seeds)
    )
    monkeypatch.setattr(ablation, "tell", tell)


def test_interrupted_in_its_runs_it_tells_no_story_and_says_who_was_not_done_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hits_at_once(monkeypatch, lambda _: pytest.fail("whoever interrupts does not wait for it"))
    names = ("every-vote", "token", "recovery")
    made: list[int] = []

    def interrupt(what: str, done: int, total: int) -> None:
        made.append(done)
        if len(made) == 4:  # Orders of seven seeds, taking turns: one, two, three, one.
            going.interrupt()

    going = Ablation(
        [mechanism(one) for one in names], Alone(), seeds=range(14), progress=interrupt
    )
    came = going.go()

    assert going.is_interrupted
    assert [one.hunted.shots for one in came] == [14, 7, 7]
    assert [one.is_finished for one in came] == [True, False, False]
    assert [one.shrunk for one in came] == [None] * 3


@pytest.mark.parametrize("dies", [False, True])
def test_interrupted_in_its_stories_it_keeps_those_that_are_told(
    monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    first, story = mechanism("every-vote"), cast(Shrunk, object())  # Nobody looks into it.

    def tell(asked: Tell) -> Shrunk:
        if asked.mutant == first.mutant:
            return story
        going.interrupt()
        if dies:
            raise BrokenExecutor("a worker is gone")
        return story

    hits_at_once(monkeypatch, tell)
    going = Ablation([first, mechanism("token")], Here(), seeds=range(7))
    told, untold = going.go()

    assert going.is_interrupted
    assert told.is_finished
    assert untold.is_finished
    assert told.shrunk is story
    assert (untold.shrunk is None) == dies


def shot(seed: int, strategy: str, *, hits: bool = True) -> Shot:
    kinds = (("timestamps", "data differ"),) if hits else ()
    return Shot(seed, strategy, 0.1, kinds, is_set_up=True, is_changed=None)


def test_the_findings_that_are_shrunk_are_of_different_strategies_if_there_are_so_many() -> None:
    shots = [shot(0, "a", hits=False), shot(1, "a"), shot(2, "a"), shot(3, "b"), shot(4, "a")]

    some = chosen({one.seed: one for one in shots})

    assert [one.seed for one in some] == [1, 3, 2, 4]
    assert len(chosen({seed: shot(seed, "a") for seed in range(50)})) == LOOKED_AT
    assert chosen({0: shots[0]}) == []
    small = chosen({1: shot(1, "swarm"), 2: shot(2, "placed")})
    assert [one.strategy for one in small] == ["placed", "swarm"]  # Nearly a story already.


@pytest.mark.slow
def test_a_story_that_is_told_is_shorter_than_one_that_is_not() -> None:
    short = without("timestamp-test").shrunk
    assert short is not None

    assert length(short) < length(replace(short, is_told=False, transactions=0, choices=0))
    assert length(short) < length(replace(short, transactions=short.transactions + 1))
    structure = replace(short.failure, kinds=(("structure", "half a transaction"),))
    assert length(short) < length(replace(short, failure=structure, transactions=0, choices=0))
