"""Golden scripts of shrunk failures: they hold unbroken, and with their mutant they differ."""

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from sim.faults.steps import parse
from sim.mutants.catalogue import MUTANTS
from sim.run import run
from sim.scenario import load
from sim.script import Player, rewrite
from sim.script_check import judged
from sim.search.broken import broken
from sim.search.shrink import scripted as scripting
from sim.search.shrink.failure import Failure, found
from sim.search.shrink.script_text import crowded, letters_of
from sim.search.shrink.scripted import (
    Scripted,
    comments,
    nudged,
    nudged_steps,
    scripted,
    tried,
)
from sim.search.shrink.shrink import Shrunk, shrink
from sim.search.shrink.story import Action, Request, Story, scenario_of
from sim.search.shrink.timeline import Timeline, timeline
from tests.sim.search.shrink.shrinkable import SHRINKABLE

# One with a step and repeats, one whose moments are nudged, one that nothing goes wrong in, and
# one about a token.
FEW = (
    "reads-have-one-round",
    "the-latest-prepare-takes-over",
    "conditions-are-not-judged",
    "requests-are-not-compared",
)
NAMES = SHRINKABLE if "TWOPHASE_SOAK" in os.environ else FEW


@cache
def shrunk(name: str) -> Shrunk:
    mutant = MUTANTS[name]
    failure = found(load(mutant.hint.scenario, mutant.hint.settings), mutant.seed, name)
    assert failure is not None
    return shrink(failure)


@cache
def script(name: str) -> Scripted:
    short = shrunk(name)
    return scripted(short.failure, short.story)


@pytest.mark.parametrize("name", NAMES)
def test_a_shrunk_failures_script_holds_unbroken_and_differs_broken(name: str) -> None:
    golden = script(name)
    if name in FEW:
        assert golden.is_found
    if not golden.text:
        assert golden.why_not
        return
    player = Player()

    assert rewrite(golden.text, player) == golden.text
    assert judged(player) == ([], [])
    with broken(name):
        try:
            spoilt = rewrite(golden.text)
        except Exception:  # noqa: BLE001  # A mutant may stop a node.
            return
    assert spoilt != golden.text


def test_the_same_anomaly_is_found_in_what_the_mutant_makes_of_a_script() -> None:
    text, player = script(FEW[0]).text, Player()
    with broken(FEW[0]):
        rewrite(text, player)
        _, findings = judged(player)

    assert shrunk(FEW[0]).failure.is_seen(findings)


def test_a_script_begins_with_its_story_and_its_mutant() -> None:
    lines = script(FEW[0]).text.splitlines()
    head = [line for line in lines if line.startswith("# ")]

    assert lines[: len(head)] == head
    assert FEW[0] in head[0]
    assert any("is lost" in line for line in head)
    assert "The check instants finds: read refuted." in head[-1]
    assert any(line.startswith("lose c1>p2 ") for line in lines)
    assert max(map(len, head)) <= 100


def test_the_story_names_items_as_the_script_does() -> None:
    story = story_with()

    assert " put(m, 2)" in str(scenario_of(story).workload_keys["requests"])
    assert "At 0.0 ms k1 asks for a write transaction: put a to 1, put b to 2." in "".join(
        comments(failure(None), story)
    )


def test_a_script_that_says_the_same_with_its_mutant_is_none() -> None:
    short = shrunk(FEW[2]).failure

    assert tried("# Why.\nk1: get a\n", short) == Scripted("", "")


def test_a_script_in_which_the_unbroken_protocol_fails_is_none() -> None:
    golden = tried(
        "k1: put a 1\n\nk1: put a 1\n\nk1: write check(a if = 1)\n\ncrash p1\nnonsense\n",
        shrunk(FEW[2]).failure,
    )

    assert not golden.text
    assert "a script cannot say it: 'nonsense': no such command" in golden.why_not


def test_where_nothing_shows_it_is_said_why(monkeypatch: pytest.MonkeyPatch) -> None:
    short = shrunk(FEW[2])
    other = replace(short.failure, mutant="reads-have-one-round")
    monkeypatch.setattr(scripting, "MANNERS", scripting.MANNERS[:2])
    monkeypatch.setattr(scripting, "NUDGES_MAX", 2)

    assert scripted(other, short.story) == Scripted("", scripting.UNSEEN)


def test_a_script_that_is_too_long_to_be_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripting, "LINES_MAX", 10)
    monkeypatch.setattr(scripting, "NUDGES_MAX", 0)
    golden = scripted(shrunk(FEW[2]).failure, shrunk(FEW[2]).story)

    assert not golden.text
    assert "a script of more than 10 lines" in golden.why_not


# What cannot be told -----------------------------------------------------------------------------


def story_with(keys: Mapping[str, int] | None = None) -> Story:
    actions = (Action("put", 1, 1), Action("put", 2, 2))
    story = Story((Request(1, "k1", 0, "write", actions),), {1: 1, 2: 2}, (), ())
    return story.setting(keys or {})


def failure(mutant: str | None = FEW[0]) -> Failure:
    result = run(load("one-transaction"), 1)
    return Failure(result.scenario, 1, mutant, (("instants", "read refuted"),), "")


def test_a_failure_of_the_unbroken_protocol_gets_no_script() -> None:
    assert "no rule is broken on purpose" in scripted(failure(None), story_with()).why_not


def test_a_failure_that_is_not_told_gets_no_script() -> None:
    assert "list of requests" in scripted(failure(), None).why_not


def test_a_fault_that_is_left_to_chance_gets_no_script() -> None:
    why = scripted(failure(), story_with({"faults.partition_splits": 1})).why_not

    assert why.startswith("faults.partition_splits is left to chance in it")


def test_more_items_on_a_partition_than_letters_get_no_script() -> None:
    def story(items: int) -> Story:
        actions = tuple(Action("put", item, item) for item in range(1, items + 1))
        request = Request(1, "k1", 0, "write", actions)
        keys = {"cluster.partitions": 8}
        return Story((request,), dict.fromkeys(range(1, items + 1), 8), (), ()).setting(keys)

    assert letters_of(story(3)) == {1: "h", 2: "p", 3: "x"}
    assert not crowded(story(3))
    why = scripted(failure(), story(4)).why_not
    assert why == "it has more items on p8 than a script has letters for"


# How it is told ----------------------------------------------------------------------------------


def test_items_keep_their_partitions_in_a_script() -> None:
    assert letters_of(story_with({"cluster.partitions": 2})) == {1: "a", 2: "d"}
    assert letters_of(story_with({"cluster.partitions": 1})) == {1: "a", 2: "b"}
    homes = [
        ord(one) - ord("a") for one in letters_of(story_with({"cluster.partitions": 3})).values()
    ]
    assert [home % 3 for home in homes] == [0, 1]


def test_a_timeline_hears_when_each_request_was_made_and_through_whom() -> None:
    story = story_with({"cluster.coordinators": 1})
    actions = (Action("get", 1), Action("get", 2))
    later = Request(2, "k1", 30_000, "read", actions)
    heard = timeline(replace(story, requests=(*story.requests, later)), 1)

    assert heard.asked_us == {"k1.1": 0, "k1.2": 30_000}
    assert heard.via == {"k1.1": "c1", "k1.2": "c1"}
    assert heard.recovery == ""
    assert heard.lasts_us > 30_000


def test_messages_of_steps_may_be_a_little_later_or_sooner_but_not_before_they_leave() -> None:
    steps = (parse("lose vote #1"), parse("repeat k1>r1 request #2 3ms later"))
    tried = [str(other) for _, other in nudged_steps(steps)]

    assert tried[:2] == [f"repeat k1>r1 request #2 {ms}ms later" for ms in (4, 2)]
    assert len(tried) == len(set(tried)) == 12 + 2
    assert list(nudged_steps((parse("crash c1 for 1ms at vote #1"),))) == []


def test_a_request_may_be_a_little_later_or_sooner() -> None:
    shifted = [one.asked_us for one in nudged(Timeline({"k1.1": 0, "k2.1": 5_000}, {}, "", 0))]

    assert shifted[0] == {"k1.1": 1_000, "k2.1": 5_000}
    assert {"k1.1": 0, "k2.1": 3_000} in shifted
    assert {"k1.1": 0, "k2.1": 5_000} not in shifted
