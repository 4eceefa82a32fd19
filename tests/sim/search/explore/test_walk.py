"""The walk of tiny worlds: it is complete, finds nothing wrong, and every mutant that is."""

import os
import re
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from sim.checkers.all import data_of
from sim.cluster_run import Run
from sim.history import Operation
from sim.mutants.catalogue import MUTANTS, applied
from sim.scenario import load
from sim.search.explore import notes
from sim.search.explore.walk import Bounds, Walk, Walked, explore
from sim.search.explore.world import SINGLE, Limits, World, world_of
from sim.search.explore.worlds import WORLDS
from tests.tidy import ROOT

SOAK = bool(os.environ.get("TWOPHASE_SOAK"))
LARGE = ("two-writers-crashed", "comes-and-goes", "made-anew")  # Some seconds each.
SMALL = tuple(name for name in WORLDS if name not in LARGE)

# Where each mutant of the list shows first, and how long its shortest schedule is in that list.  (A
# mutant that stands for two of them is here once.)
SHORTEST = (
    ("prepare-ignores-timestamps", "copied", 13),
    ("only-the-same-is-too-late", "older-writer", 18),
    ("equal-is-in-time", "copied", 13),
    ("checks-leave-no-promise", "checked", 16),
    ("checks-leave-no-timestamp", "checked-later", 14),
    ("one-accept-is-enough", "refused", 8),
    ("answers-precede-commits", "looked-at", 9),
    ("reads-have-one-round", "read", 11),
    ("reads-ignore-the-ongoing", "read", 13),
    ("second-rounds-ignore-the-ongoing", "read", 13),
    ("reads-compare-no-lsns", "read", 13),
    ("new-items-restart-their-lsn", "made-anew", 23),
    ("singletons-ignore-the-ongoing", "written-into", 9),
    ("deletes-take-promises-along", "deleted-into", 9),
    ("singletons-trust-their-clock", "written-into", 14),
    ("deletes-leave-no-timestamp", "put-and-deleted", 14),
    ("deletes-lower-the-mark", "older-put", 9),
    ("orders-ask-for-no-owner", "two-writers", 10),
    ("decisions-compare-nothing", "zombie", 15),
    ("commits-precede-their-decision", "copied", 12),
    ("recovery-always-cancels", "crashed", 12),
    ("partitions-give-up-promises", "crashed", 9),
    ("tokens-are-forgotten", "asked-again", 18),
    ("placeholders-hold-nobody-up", "two-new", 14),
    ("cancels-remove-the-item", "refused", 8),
    ("readers-see-placeholders", "looked-at", 9),
    ("silence-is-consent", "impatient", 8),
    ("nothing-to-commit-is-failure", "crashed", 12),
    ("rounds-are-item-by-item", "read", 13),
    ("orphans-are-left", "impatient", 8),
    ("nobody-recovers", "crashed", 7),
    ("recovery-presumes-commit", "refused-taken-over", 9),
)
M17 = 16  # One rule stands against two of the list; of the other one, this is the harm.
MORE = 3  # Steps that ours may be longer.
# Others that a tiny world is enough for.
ALSO = (
    ("conditions-are-not-judged", "refused"),
    ("the-latest-prepare-takes-over", "two-writers"),
    ("commits-leave-no-timestamp", "copied"),
    ("commits-leave-the-lsn", "copied"),
    ("crashes-lose-promises", "crashed"),
    ("copies-are-carried-out", "copied-put"),
    ("copies-outlive-a-crash", "copied-put"),
    ("readers-see-promises", "looked-at"),
    ("promised-deletes-hide-the-item", "perhaps-deleted"),
    ("the-last-vote-is-not-counted", "impatient"),
    ("silence-is-taken-for-done", "hastily-looked-at"),
    ("refused-calls-begin-anew", "refused-asked-again"),
    ("entries-are-purged-at-once", "asked-again"),
    ("recovery-stamps-anew", "crashed"),
    ("partitions-keep-quiet", "impatient"),
    ("the-old-item-is-not-shown", "refused"),
    ("reasons-come-by-partition", "refused"),
)


@cache
def walked(name: str, mutant: str = "", *, at_ends: bool = False) -> Walked:
    """Walk one of the worlds, with one rule broken if that is asked for."""
    with applied(MUTANTS[mutant]) if mutant else nullcontext():
        return explore(WORLDS[name], Bounds(at_ends=at_ends))[1]


@pytest.mark.parametrize("name", WORLDS if SOAK else SMALL)
def test_a_walk_of_the_unbroken_protocol_is_complete_and_finds_nothing(name: str) -> None:
    found = walked(name)

    assert found.findings == ()
    assert found.is_complete
    assert found.stopped_by == ""
    assert found.transitions >= found.states - 1
    assert found.schedules is not None
    assert found.schedules > 1
    assert found.ends > 1


@pytest.mark.parametrize(
    "requests",
    [
        "k1: add a 1\nk1: get a",
        "k1: add z 1\nk2: add z 2",
        "k1: add a 1 if = 7 showing\nk2: delete a if exists showing",
        "k1: put a 1 if missing showing\nk1: update a 2 if = 0 showing",
        "k1: write add(a, 1) check(d if = 0 showing)\nk2: add d 2",
    ],
)
def test_a_walk_of_every_kind_of_request_gives_the_answer_that_it_asks_for(requests: str) -> None:
    found = explore(world_of("w", "", requests, there="a=0 d=0", limits=SINGLE))[1]

    assert found.findings == ()
    assert found.is_complete


def test_two_writers_have_tens_of_thousands_of_schedules_in_a_thousand_states() -> None:
    found = walked("two-writers")

    assert found.schedules == 54_912
    assert found.states < 1_000


@pytest.mark.parametrize(("mutant", "name", "listed"), SHORTEST)
def test_a_mutant_is_found_by_a_schedule_about_as_short_as_the_list_has_it(
    mutant: str, name: str, listed: int
) -> None:
    found = walked(name, mutant)

    assert found.schedule is not None
    assert 1 <= len(found.schedule.steps) <= listed + MORE


@pytest.mark.parametrize(("mutant", "name", "listed"), SHORTEST)
def test_the_page_has_how_long_the_shortest_schedules_are(
    mutant: str, name: str, listed: int
) -> None:
    page = (ROOT / "docs" / "explore.md").read_text(encoding="utf-8")
    row = re.search(
        rf"^\| `{mutant}` \(M.*?\) \| `(\S+)` \| (\d+): (.*?) \| .* \| (\d+) \|$",
        page,
        re.MULTILINE,
    )
    found = walked(name, mutant)

    assert row is not None
    assert found.schedule is not None
    assert row.groups() == (
        *(name, str(len(found.schedule.steps)), found.findings[0].kind, str(listed)),
    )


@pytest.mark.parametrize(("mutant", "name", "listed"), SHORTEST)
def test_the_harm_that_a_mutant_does_is_found_at_an_end(
    mutant: str, name: str, listed: int
) -> None:
    if name in LARGE and not SOAK:
        # It takes some seconds; smaller worlds show the same every time.
        pytest.skip("a large world takes some seconds: for TWOPHASE_SOAK=1 only")
    at_once, at_ends = walked(name, mutant), walked(name, mutant, at_ends=True)

    assert at_once.schedule is not None
    assert at_ends.schedule is not None
    longest = M17 if mutant == "orders-ask-for-no-owner" else listed
    assert len(at_once.schedule.steps) <= len(at_ends.schedule.steps) <= longest + MORE


@pytest.mark.skipif(not SOAK, reason="takes ten seconds: for TWOPHASE_SOAK=1 only")
def test_an_item_that_comes_and_goes_unseen_is_found() -> None:
    found = walked("comes-and-goes", "missing-items-have-no-lsn")

    assert [one.kind for one in found.findings] == ["read refuted"]
    assert found.schedule is not None
    assert len(found.schedule.steps) <= 23 + MORE


@pytest.mark.parametrize(("mutant", "name"), ALSO)
def test_other_mutants_are_found_as_well(mutant: str, name: str) -> None:
    assert walked(name, mutant).findings


@pytest.mark.parametrize(
    ("mutant", "name"),
    [
        ("first-rounds-ignore-the-ongoing", "read"),
        ("repeated-prepares-are-judged-afresh", "copied"),
        ("repeated-prepares-are-judged-afresh", "crashed"),
        ("completed-means-cancelled", "copied"),
        ("completed-means-cancelled", "crashed"),
    ],
)
def test_an_equivalent_mutant_survives_a_complete_walk(mutant: str, name: str) -> None:
    found = walked(name, mutant)

    assert found.findings == ()
    assert found.is_complete


def test_a_rule_that_does_not_show_in_a_world_is_not_found_there() -> None:
    assert walked("refused", "reads-have-one-round").ok


# The schedule that is told.


@pytest.mark.parametrize(("mutant", "name"), [("orphans-are-left", "impatient"), ALSO[4]])
def test_a_schedule_leads_from_the_first_state_step_by_step(mutant: str, name: str) -> None:
    with applied(MUTANTS[mutant]):
        walk, found = explore(WORLDS[name])
        assert found.schedule is not None
        path = [found.schedule.first, *(state for _, state in found.schedule.steps)]
        steps = [step for step, _ in found.schedule.steps]

        assert path[0] == walk.states.first()
        for (before, after), step in zip(pairwise(path), steps, strict=True):
            assert step in list(walk.states.steps(before))
            assert walk.states.after(before, step)[0] == after


def test_a_breadth_first_walk_finds_no_shorter_schedule_when_it_may_go_less_deep() -> None:
    with applied(MUTANTS["one-accept-is-enough"]):
        found = explore(WORLDS["refused"])[1]
        assert found.schedule is not None
        length = len(found.schedule.steps)
        assert explore(WORLDS["refused"], Bounds(depth=length - 1))[1].ok
        assert not explore(WORLDS["refused"], Bounds(depth=length + 1))[1].ok


# Independence.


def in_all_orders(world: World, monkeypatch: pytest.MonkeyPatch) -> Walked:
    """Walk a world as if each note had its place among all others, whoever could tell it."""
    monkeypatch.setattr(notes, "_are_dependent", lambda *_: True)
    return explore(world)[1]


@pytest.mark.parametrize("name", ["two-writers", "read", "looked-at", "copied-put", "two-new"])
def test_notes_without_an_order_save_states_and_lose_no_verdict(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = walked(name), in_all_orders(WORLDS[name], monkeypatch)

    assert many.ok
    assert many.is_complete
    assert few.states <= many.states
    # Where states are one that nobody can tell apart, as many ways lead through them as ever.
    assert few.schedules == many.schedules


@pytest.mark.parametrize(
    ("mutant", "name"),
    [
        ("reads-compare-no-lsns", "read"),
        ("second-rounds-ignore-the-ongoing", "read"),
        ("answers-precede-commits", "looked-at"),
        ("checks-leave-no-timestamp", "checked-later"),
    ],
)
def test_notes_without_an_order_lose_no_finding_and_no_step(
    mutant: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = walked(name, mutant)
    with applied(MUTANTS[mutant]):
        many = in_all_orders(WORLDS[name], monkeypatch)

    assert few.schedule is not None
    assert many.schedule is not None
    assert len(few.schedule.steps) == len(many.schedule.steps)
    assert {one.kind for one in few.findings} == {one.kind for one in many.findings}


# Beside the simulation.

Ends = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]  # What clients were told; what is there.


def ends_of_walk(*names: str) -> set[Ends]:
    """Return all that two conflicting writers can come to."""
    found = set()
    for name in names:
        walk, _ = explore(WORLDS[name])
        for state in walk.ends():
            answers = walk.states.known.notes.evidence(state.seen).operations
            told = {one.call: ended(one) for one in answers if one.client != "k0"}
            items = [
                (str(key[1][0][1]), str(item["value"][1]))
                for number in state.storages[:-1]
                for key, item in walk.states.known.storages.all[number].items
            ]
            found.add((tuple(told[call] for call in sorted(told)), tuple(sorted(items))))
    return found


def ends_of_runs(seeds: int) -> set[Ends]:
    """Return what the same two come to in the simulation."""
    scenario = load("two-that-conflict", {"cluster.clock_skew_us": "2000"})
    found = set()
    for seed in range(seeds):
        going = Run(scenario, seed)
        result = going.go()
        told = {one.client: ended(one) for one in result.history if one.is_transaction}
        data = data_of(going.cluster, going.witness)
        items = [(str(key[0][1]), str(item["value"][1])) for (_, key), item in data.items()]
        found.add((tuple(told[client] for client in sorted(told)), tuple(sorted(items))))
    return found


def ended(operation: Operation) -> str:
    codes = [reason["Code"] for reason in operation.reasons]
    return f"{operation.outcome} {codes}" if codes else operation.outcome


def test_what_a_run_comes_to_is_among_the_ends_of_the_walk() -> None:
    walked_to = ends_of_walk("two-writers", "older-writer")
    run_to = ends_of_runs(400 if SOAK else 60)

    assert len(run_to) > 3
    assert run_to <= walked_to


# Bounds and limits.


def test_a_walk_that_is_stopped_says_by_what_and_claims_nothing() -> None:
    by_states = explore(WORLDS["two-writers"], Bounds(states=100))[1]
    by_depth = explore(WORLDS["two-writers"], Bounds(depth=3))[1]
    by_time = explore(WORLDS["two-writers"], Bounds(seconds=0))[1]

    assert [one.stopped_by for one in (by_states, by_depth, by_time)] == [
        *("states", "depth", "seconds")
    ]
    assert not any(one.is_complete for one in (by_states, by_depth, by_time))
    assert by_states.schedules is None
    assert by_depth.depth <= 3


def test_a_depth_that_nothing_reaches_leaves_a_walk_complete() -> None:
    assert explore(WORLDS["refused"], Bounds(depth=1_000))[1].is_complete


def test_each_kind_of_trouble_adds_schedules() -> None:
    calm = replace(WORLDS["refused"], limits=Limits())
    states = explore(calm)[1].states
    for kind, _ in Limits().each():
        found = explore(replace(calm, limits=replace(Limits(), **{kind: 1})))[1]
        assert found.ok
        assert found.is_complete
        assert found.states > states, kind


def test_every_single_trouble_is_less_than_all_of_them_together() -> None:
    world = WORLDS["refused"]
    single = explore(replace(world, limits=SINGLE))[1]
    pair = explore(replace(world, limits=Limits(repeats=1, losses=1)))[1]
    either = explore(replace(world, limits=Limits(repeats=1, losses=1, troubles=1)))[1]

    assert single.ok
    assert pair.ok
    assert single.is_complete
    assert either.states < pair.states


@pytest.mark.skipif(not SOAK, reason="takes some minutes: for TWOPHASE_SOAK=1 only")
def test_two_writers_a_crash_and_a_zombie_at_once_are_walked_to_the_end() -> None:
    world = replace(WORLDS["two-writers"], limits=Limits(crashes=1, takeovers=1))

    found = explore(world)[1]

    assert found.findings == ()
    assert found.is_complete


def test_progress_is_told() -> None:
    told: list[tuple[int, int, int]] = []

    Walk(WORLDS["two-writers"], Bounds()).go(lambda *far: told.append(far))

    assert told[0] == (1, 1, 0)
