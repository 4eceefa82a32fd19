"""The nearest run that passes: what is tried, which one it is, and both side by side."""

from dataclasses import replace

import pytest

from network.ids import TransactionId
from network.messages import Cancel, Commit, to_frame
from sim.faults.steps import parse
from sim.search.diff import nearest as finding
from sim.search.diff.apart import apart
from sim.search.diff.nearest import NothingPassesError, nearest
from sim.search.diff.rows import aligned, first_events, rows_of
from sim.search.diff.seen import SeenEvent, shows_us, watch
from sim.search.diff.variants import Variant, flips, other_seeds, requests_of, unbroken
from sim.search.shrink.failure import found
from tests.sim.search.diff.failures import decided_twice, scenario_twice

# What is tried.


def test_each_step_each_fault_and_each_request_is_left_out_once() -> None:
    failure = decided_twice()
    lossy = {**failure.scenario.keys, "network.loss": 0.01}
    failure = replace(failure, scenario=replace(failure.scenario, keys=lossy))

    tried = {variant.what: variant.scenario for variant in flips(failure)}

    assert list(tried) == [
        "without 'lose l1>c1 written #1'",
        "without network.loss=0.01",
        "without 'k1: write update(a, 1)'",
        "without 'k2: read b'",
    ]
    assert tried["without 'lose l1>c1 written #1'"].steps == ()
    assert tried["without network.loss=0.01"].keys["network.loss"] == 0
    assert requests_of(tried["without 'k2: read b'"]) == ["k1: write update(a, 1)"]


def test_steps_about_later_requests_follow_when_one_is_left_out() -> None:
    failure = decided_twice()
    lines = "k1: read a\nk2: read a\nk1: write put(b, 1)"
    steps = tuple(
        parse(f"lose c1>p1 prepare of {request} #1") for request in ("k1.1", "k1.2", "k2.1")
    )
    scenario = replace(failure.scenario, workload_keys={"requests": lines}, steps=steps)

    variants = [v for v in flips(replace(failure, scenario=scenario)) if "k1: read a" in v.what]

    (variant,) = variants
    assert [str(step) for step in variant.scenario.steps] == [
        "lose c1>p1 prepare of k1.1 #1",
        "lose c1>p1 prepare of k2.1 #1",
    ]


def test_the_only_request_is_not_left_out() -> None:
    failure = decided_twice()
    scenario = replace(failure.scenario, workload_keys={"requests": "k1: read a"}, steps=())

    assert list(flips(replace(failure, scenario=scenario))) == []


def test_the_rule_is_put_in_force_and_other_seeds_are_others() -> None:
    failure = decided_twice()

    (whole,) = unbroken(failure)

    assert (whole.mutant, whole.seed) == (None, failure.seed)
    assert list(unbroken(replace(failure, mutant=None))) == []
    assert failure.seed not in [variant.seed for variant in other_seeds(failure)]


# Which one is nearest.


def test_the_nearest_run_is_that_without_the_loss_and_parts_there() -> None:
    near = nearest(decided_twice())

    assert near.passing.variant.what == "without 'lose l1>c1 written #1'"
    assert near.passing.result.ok
    assert near.failing.result.digest == decided_twice().digest
    failing, passing = first_events(near)
    assert failing is not None
    assert passing is not None
    assert failing.said.endswith("lost: written")
    assert failing.said.replace(", lost", "") == passing.said
    assert near.failing.events[: near.prefix] == near.passing.events[: near.prefix]


def test_of_two_that_pass_the_one_that_parts_later_is_nearest() -> None:
    # Without the request there is nothing to decide: it passes, and parts at once.
    failure = decided_twice()

    passing = [one for one in map(watch, flips(failure)) if one is not None and one.result.ok]

    assert len(passing) == 2
    near = nearest(failure)
    assert near.prefix == max(finding.common(near.failing, one) for one in passing)
    assert near.prefix > min(finding.common(near.failing, one) for one in passing)


def test_with_the_rule_in_force_they_part_where_it_is_asked() -> None:
    near = nearest(decided_twice(), with_the_rule=True)

    failing, passing = first_events(near)
    assert near.prefix > nearest(decided_twice()).prefix
    assert failing is not None
    assert passing is not None
    assert failing.said == passing.said
    assert "COMMITTING" in failing.said
    assert apart(failing, passing).startswith("action.condition is")


def test_where_no_flip_passes_the_rule_is_put_in_force() -> None:
    scenario = scenario_twice()
    alone = {**scenario.workload_keys, "requests": "k1: write update(a, 1)", "there": "a=0"}
    failure = found(
        replace(scenario, workload_keys=alone, steps=()), 0, "commits-are-never-applied"
    )
    assert failure is not None

    assert nearest(failure).passing.variant.what == "without the mutant commits-are-never-applied"


def test_that_nothing_passes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = decided_twice()
    failing = watch(Variant("as it is", failure.scenario, failure.seed, failure.mutant))
    monkeypatch.setattr(finding, "watch", lambda _: failing)

    with pytest.raises(NothingPassesError, match="whatever is left out, it fails"):
        nearest(failure)


# Side by side.


def seen(us: int, said: str, exact: str = "") -> SeenEvent:
    return SeenEvent(us, said, exact)


def test_events_are_put_beside_each_other_by_what_they_say() -> None:
    failing = (seen(5, "sent c1 → p1 #2: prepare t1 @5ms.c1: put a"), seen(9, "host.crashed c1"))
    passing = (seen(7, "sent c1 → p1 #1: prepare t1 @7ms.c1: put a"),)

    rows = list(aligned(failing, passing))

    assert [(row.failing, row.passing) for row in rows] == [
        (failing[0], passing[0]),
        (failing[1], None),
    ]


def test_rows_begin_before_the_parting_and_leave_out_what_only_arrives() -> None:
    near = nearest(decided_twice())

    rows = rows_of(near)

    assert [row.failing for row in rows[:3]] == list(
        near.failing.events[near.prefix - 3 : near.prefix]
    )
    after = [one.said for row in rows[3:] for one in (row.failing, row.passing) if one is not None]
    assert near.failing.events[near.prefix].said in after
    assert [said for said in after if said.startswith("delivered ")] == []
    assert any("COMMITTING" in said for said in after)
    assert any("CANCELLING" in said for said in after)


def test_what_is_left_unfinished_shows_at_the_very_end() -> None:
    failure = found(scenario_twice(), 0, "nobody-recovers")
    assert failure is None  # Nobody needs recovery there: so one who does.
    scenario = replace(scenario_twice(), steps=(parse("crash c1 after c1>p1 prepare #1 is sent"),))
    watched = watch(Variant("", scenario, 0, "nobody-recovers"))

    assert watched is not None
    assert {one.checker for one in watched.result.findings} == {"calm"}
    assert shows_us(watched.result) == watched.result.virtual_us
    assert watched.shows == len(watched.events)


def test_messages_of_the_same_words_are_told_apart_by_a_field() -> None:
    one, other, third = (
        to_frame("c1", 1, 0, order(TransactionId(name), ())).hex()
        for order, name in ((Commit, "t1"), (Commit, "t2"), (Cancel, "t1"))
    )

    assert apart(seen(1, "x", one), seen(1, "x", other)) == (
        "transaction is 't1', and 't2' where it passes"
    )
    assert apart(seen(1, "x", one), seen(1, "x", one)) == ""
    assert apart(seen(1, "x", one), seen(1, "y", other)) == ""
    assert apart(seen(1, "x", "5"), seen(1, "x", "7")) == ""
    assert "is Commit(" in apart(seen(1, "x", one), seen(1, "x", third))
