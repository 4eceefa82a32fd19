"""Shrinking: what is left fails as the failure did, is short, and is the same each time."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from sim.checkers.finding import Finding
from sim.cluster_run import Run
from sim.faults.steps import MessageAt
from sim.mutants.catalogue import MUTANTS
from sim.run import run
from sim.scenario import Scenario, load, parse
from sim.search.broken import broken
from sim.search.shrink.failure import Failure, class_of, found, text_of
from sim.search.shrink.named import numbered
from sim.search.shrink.shrink import Shrunk, choices_of, shrink
from sim.search.shrink.story import scenario_of
from sim.search.shrink.translate import Translation
from sim.search.shrink.trials import BudgetSpentError, TooDearError, Trials
from tests.sim.search.shrink.shrinkable import SHRINKABLE

SOAK = "TWOPHASE_SOAK" in os.environ
# One of a kind: no fault at all, a clock, a crash, a message that is lost, reasons, a repeat.
FEW = (
    "one-accept-is-enough",
    "only-the-same-is-too-late",
    "restarts-forget-lsns",
    "reads-have-one-round",
    "only-the-first-reason-is-told",
    "equal-is-in-time",
    "requests-are-not-compared",
)
LISTED = """
k1: write update(a, 1) update(d, 1)
k2: read a d
k1: write update(d, 2) update(a, 2)
k2: update a 3
"""


@cache
def failure_of(name: str) -> Failure:
    mutant = MUTANTS[name]
    failure = found(load(mutant.hint.scenario, mutant.hint.settings), mutant.seed, name)
    assert failure is not None
    return failure


@cache
def shrunk(name: str) -> Shrunk:
    return shrink(failure_of(name))


# A listed world, said choice by choice -----------------------------------------------------------


def in_weather(**more: str) -> Scenario:
    settings = {
        "workload.requests": LISTED,
        "workload.there": "a=0 d=0",
        "workload.clients": "2",
        "cluster.coordinators": "2",
        "network.loss": "0.1",
        "network.late": "0.1",
        "client.think_us": "1",
        "network.delay_us": "200..2000",
    }
    return load("one-transaction", {**settings, **more})


def cut_short() -> Scenario:
    """Return it cut after its first transaction, as shrinking cuts: no name changes then."""
    weather = in_weather()
    return replace(weather, keys={**weather.keys, "workload.transactions": 1})


def told(scenario: Scenario, seed: int) -> list[tuple[object, ...]]:
    """Return what the clients of a run were told, and when, since its trouble began."""
    going, began = Run(scenario, seed), [0]
    going.listen_to_phases(
        lambda phase: began.__setitem__(0, going.loop.now_us) if phase == "setting up" else None
    )
    history = going.go().history
    return [
        (one.client, one.name, one.invoked_us - began[0], one.returned_us - began[0], one.answer)
        for one in history
        if one.invoked_us >= began[0]
    ]


@pytest.mark.parametrize("seed", range(5))
def test_weather_said_choice_by_choice_is_the_same_run(seed: int) -> None:
    weather = cut_short()
    story = Translation(weather, seed).go().story
    calm = scenario_of(story)

    assert {calm.keys[f"network.{one}"] for one in ("loss", "late")} == {0}
    assert len(story.choices) > 10
    assert told(calm, seed) == told(weather, seed)
    assert all(one.happened for one in run(calm, seed).steps)


@pytest.mark.parametrize("seed", range(5))
def test_names_by_number_are_the_same_run_as_names_by_request(seed: int) -> None:
    scenario = scenario_of(Translation(cut_short(), seed).go().story)
    by_number = numbered(scenario, seed)

    assert all(isinstance(one.what, MessageAt) and not one.what.of for one in by_number.steps)
    assert told(by_number, seed) == told(scenario, seed)


def test_a_crash_is_said_with_its_moment_and_its_length() -> None:
    weather = in_weather(**{"faults.crashes": "2", "workload.transactions": "4"})
    acts = [
        choice.step
        for seed in range(4)
        for choice in Translation(weather, seed).go().story.choices
        if choice.step.act == "crash"
    ]

    assert acts
    assert all(step.us is not None and step.us > 0 for step in acts)


# Shrinking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHRINKABLE if SOAK else FEW)
def test_a_mutants_failure_becomes_a_short_story_of_the_same_anomaly(name: str) -> None:
    failure, short = failure_of(name), shrunk(name)

    assert failure.is_seen([Finding("", kind, "", ()) for _, kind in short.failure.kinds])
    assert class_of(short.failure.leading[1]) & failure.anomaly
    if not SOAK:
        assert short.is_told
        assert short.transactions <= 6
        assert short.choices <= 6
    again = parse(text_of(short.failure), "story", {})
    with broken(name):
        assert run(again, short.failure.seed).digest == short.failure.digest
    assert short.choices == choices_of(again)


def test_each_choice_that_is_left_is_needed() -> None:
    short = shrunk("only-the-same-is-too-late")

    assert len(short.flips) == short.choices == 1
    assert all(passes for _, passes in short.flips)


def test_what_is_left_is_shorter_than_any_pass_has_found_it() -> None:
    """A pass may add choices to take out a key; the shortest of all is kept, not the first."""
    short = shrunk("only-the-same-is-too-late")

    assert short.failure.scenario.keys["cluster.clock_skew_us"] == 0
    (step,) = short.failure.scenario.steps
    assert str(step).startswith("clock c1 -")
    assert "if" not in str(short.failure.scenario.workload_keys["requests"])


def test_the_unbroken_protocol_holds_in_every_short_story() -> None:
    """Else the story would be about something else than the rule that is broken."""
    for name in ("one-accept-is-enough", "reads-have-one-round"):
        short = shrunk(name).failure
        assert run(short.scenario, short.seed).ok


def test_the_same_failure_has_the_same_story() -> None:
    again = shrink(failure_of("one-accept-is-enough"))

    assert replace(again, cpu_s=0) == replace(shrunk("one-accept-is-enough"), cpu_s=0)


def test_a_story_is_told_in_a_few_sentences_that_end_with_the_finding() -> None:
    short = shrunk("reads-have-one-round")

    assert 4 <= len(short.sentences) <= 12
    assert short.sentences[0].startswith("At 0.0 ms k")
    assert any("asks for a read transaction of " in one for one in short.sentences)
    assert any("is lost" in one or "longer" in one for one in short.sentences)
    assert short.sentences[-1].startswith("The check instants finds: read refuted: ")


def test_requests_under_one_token_are_told_with_it() -> None:
    short = shrunk("requests-are-not-compared")

    assert short.is_told
    assert str(short.failure.scenario.workload_keys["requests"]).splitlines() == [
        "k1: write put(a, 1) [token=T1]",
        "k1: write put(a, 2) [token=T1]",
    ]
    assert (
        sum("a write transaction under the token T1: put a to" in one for one in short.sentences)
        == 2
    )


def test_what_fails_before_the_trouble_took_messages_as_well() -> None:
    assert shrunk("followers-skip-gaps").events > 0


def test_a_listed_world_can_be_shrunk_once_more() -> None:
    short = shrunk("reads-have-one-round")
    again = shrink(short.failure)

    assert again.transactions <= short.transactions
    assert again.choices <= short.choices


# Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runs", [0, 1, 20, 60])
def test_with_few_runs_it_is_the_smallest_so_far(runs: int) -> None:
    failure = failure_of("reads-have-one-round")
    short = shrink(failure, budget_runs=runs)

    assert short.runs <= runs
    assert class_of(short.failure.leading[1]) & failure.anomaly


def test_progress_is_told_run_by_run() -> None:
    seen: list[tuple[int, int, int]] = []
    short = shrink(failure_of("one-accept-is-enough"), progress=lambda *now: seen.append(now))

    assert [runs for runs, _, _ in seen] == list(range(1, short.runs + 1))
    assert seen[-1][1] <= 3


def test_what_does_not_fail_the_same_way_is_no_failure() -> None:
    failure = replace(failure_of("one-accept-is-enough"), kinds=(("items", "stale read"),))
    trials = Trials(failure)
    with broken(failure.mutant):
        assert not trials.fails(failure.scenario, failure.seed)
    assert trials.runs == 1


def test_the_same_trial_is_made_once() -> None:
    trials = Trials(failure_of("one-accept-is-enough"), budget_runs=1)
    scenario = load("one-transaction")

    assert not trials.fails(scenario, 1)
    assert not trials.fails(scenario, 1)
    assert trials.runs == 1
    with pytest.raises(BudgetSpentError):
        trials.fails(scenario, 2)


def test_a_limit_on_messages_holds_for_as_long_as_it_is_set() -> None:
    trials = Trials(failure_of("one-accept-is-enough"))
    scenario = load("one-transaction")
    trials.messages_max = 1

    assert not trials.fails(scenario, 1)
    assert trials.messages > 1
    with pytest.raises(TooDearError):
        trials.fails(scenario, 2)
    trials.messages_max = None
    assert not trials.fails(scenario, 2)


def test_what_would_be_too_dear_to_tell_stays_a_world_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.search.shrink.shrink.TELLING_MESSAGES", 0)
    failure = failure_of("one-accept-is-enough")
    short = shrink(failure)

    assert not short.is_told
    assert short.transactions == short.failure.scenario.number("workload.transactions") <= 4
    assert class_of(short.failure.leading[1]) & failure.anomaly


@pytest.fixture(autouse=True)
def _unbroken() -> Iterator[None]:
    """No rule stays broken when a shrinking is over."""
    yield
    assert run(load("one-transaction"), 1).ok
