"""What a walk is made of: copies of nodes, notes in their order, coordinators told again."""

import subprocess
import sys

import pytest

from coordinator import server
from items.actions import Put
from network.ids import NEVER, Timestamp
from network.messages import Envelope, Write
from partition import rules
from partition.machine import Machine
from partition.now import Now
from partition.record import Record
from sim.search.explore.frozen import frozen, twin
from sim.search.explore.graph import Graph
from sim.search.explore.notes import Answered, Invoked, Notes
from sim.search.explore.packing import Packing
from sim.search.explore.states import States
from sim.search.explore.world import ITEMS, Limits, WorldError, world_of
from sim.search.explore.worlds import WORLDS
from sim.witness import Decision, Landed, Promised

A = (ITEMS, (("S", "a"),))


def machine() -> Machine:
    known = States(WORLDS["refused"]).known
    return known.storages.all[known.storages.born("p1")].machine


def put(value: str, number: int) -> Envelope:
    action = Put(*A, {"key": ("S", "a"), "value": ("S", value)})
    return Envelope("k1", number, 0, Write(action, "NONE", 1, "k1#1"))


# Copies.


def test_a_twin_goes_its_own_way() -> None:
    first = machine()
    second = twin(first)

    second.step(put("1", 1), Now(5, 0))

    assert second.record(*A).item is not None
    assert first.record(*A).item is None
    assert first.census().lsn == 0


def test_two_nodes_are_equal_where_they_remember_the_same_and_only_there() -> None:
    first, second = machine(), twin(machine())
    assert frozen(vars(first)["_tables"]) == frozen(vars(second)["_tables"])

    second.step(put("1", 1), Now(5, 0))
    assert frozen(vars(first)["_tables"]) != frozen(vars(second)["_tables"])
    assert frozen(vars(first)["_once"]) != frozen(vars(second)["_once"])

    first.step(put("1", 1), Now(5, 0))
    assert frozen(vars(first)["_tables"]) == frozen(vars(second)["_tables"])
    assert frozen(vars(first)["_once"]) == frozen(vars(second)["_once"])


def test_what_differs_in_one_field_is_not_equal() -> None:
    record = Record(None, NEVER, 1)

    assert frozen(record) == frozen(Record(None, NEVER, 1))
    assert frozen(record) != frozen(Record(None, NEVER, 2))
    assert frozen(record) != frozen(Record(None, Timestamp(1, "c1"), 1))
    assert frozen([1, 2]) != frozen([2, 1])
    assert frozen({"a": 1, "b": 2}) == frozen({"b": 2, "a": 1})


def test_a_restart_keeps_the_disk_and_forgets_the_memory() -> None:
    known = States(WORLDS["copied-put"]).known
    storages = known.storages
    born = storages.born("p1")
    message = put("1", 1)
    after = storages.take(born, 7, message, forgets=False, clock_us=9).storage

    again = storages.restarted(after)

    assert storages.all[again].items == storages.all[after].items != ()
    assert storages.all[again].incarnation == 2
    assert storages.all[after].remembered == {"k1"}
    assert storages.all[again].remembered == set()


def test_an_answer_that_nobody_can_ask_for_again_is_forgotten() -> None:
    known = States(WORLDS["copied-put"]).known
    storages = known.storages
    born = storages.born("p1")

    kept = storages.take(born, 7, put("1", 1), forgets=False, clock_us=9)
    forgotten = storages.take(born, 7, put("1", 1), forgets=True, clock_us=9)

    assert kept.reply == forgotten.reply
    assert kept.storage != forgotten.storage
    assert storages.all[forgotten.storage].remembered == set()


# Notes.


def decision(call: str, transaction: str, *, commits: bool = True) -> Decision:
    return Decision(0, transaction, f"{call}/token", call, 1, "c1", commits)


def test_notes_about_different_items_have_no_order() -> None:
    world = world_of("w", "", "k1: write put(a, 1)\nk2: write put(d, 2)")
    notes = Notes(world)
    one, other = notes.note(decision("k1/1", "t1")), notes.note(decision("k2/1", "t2"))

    first = notes.add(notes.add(notes.nothing, one), other)
    second = notes.add(notes.add(notes.nothing, other), one)

    assert first == second


def test_notes_about_one_item_keep_their_order() -> None:
    world = world_of("w", "", "k1: write put(a, 1)\nk2: write put(a, 2)")
    notes = Notes(world)
    one, other = notes.note(decision("k1/1", "t1")), notes.note(decision("k2/1", "t2"))

    first = notes.add(notes.add(notes.nothing, one), other)
    second = notes.add(notes.add(notes.nothing, other), one)

    assert first != second


def test_who_was_answered_before_who_asked_is_kept() -> None:
    world = world_of("w", "", "k1: write put(a, 1)\nk2: write put(d, 2)")
    notes = Notes(world)
    asks, is_told = notes.note(Invoked("k2/1")), notes.note(Answered("k1/1", 200, {}))
    began = notes.add(notes.nothing, notes.note(Invoked("k1/1")))

    before = notes.evidence(notes.add(notes.add(began, is_told), asks)).operations
    after = notes.evidence(notes.add(notes.add(began, asks), is_told)).operations

    assert [one.call for one in before] == [one.call for one in after] == ["k1/1", "k2/1"]
    assert before[0].returned_us < before[1].invoked_us
    assert after[0].returned_us > after[1].invoked_us
    assert before[1].is_unknown


def test_a_promise_that_is_made_twice_is_noted_once_and_a_landing_twice() -> None:
    notes = Notes(WORLDS["refused"])
    promise = notes.note(Promised("t1", (A,)))
    landing = notes.note(Landed(5, "t1", "p1", ((A, 1, 2),)))

    once = notes.add(notes.nothing, promise)
    twice = notes.add(notes.add(once, landing), landing)

    assert notes.add(once, promise) == once
    assert len(notes.evidence(twice).landed) == 2


# Coordinators.


def test_the_answers_to_one_fan_out_may_come_in_any_order() -> None:
    states = States(WORLDS["two-writers"])
    state = states.first()
    state, _ = states.after(state, next(states.steps(state)))
    arriving = [step for step in states.steps(state) if step.kind == "arrive"]
    assert len(arriving) == 2

    ends = []
    for first, second in (arriving, reversed(arriving)):
        middle, _ = states.after(state, first)
        ends.append(states.after(middle, second)[0])

    assert ends[0] == ends[1]


def test_a_coordinator_that_nothing_can_hurry_does_not_give_up() -> None:
    states = States(WORLDS["impatient"])
    state = states.first()
    state, _ = states.after(state, next(states.steps(state)))
    assert any(step.kind == "give up" for step in states.steps(state))
    for _ in range(2):  # Both votes: what follows is the decision, which is waited for, for ever.
        step = next(step for step in states.steps(state) if step.kind == "arrive")
        state, _ = states.after(state, step)

    assert [states.known.coordinators.give_up(one) for one in state.coordinators] == [None]


def test_a_node_that_raises_is_a_bug_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("of no use")

    monkeypatch.setattr(server, "drive", broken)
    states = States(WORLDS["refused"])
    state = states.first()

    _, bugs = states.after(state, next(states.steps(state)))

    assert [bug.kind for bug in bugs] == ["failed"]
    assert "AssertionError: of no use" in bugs[0].text


def test_a_partition_that_raises_is_a_bug_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("nobody")

    monkeypatch.setattr(rules, "prepare", broken)
    states = States(WORLDS["refused"])
    state, _ = states.after(states.first(), next(states.steps(states.first())))
    arriving = next(step for step in states.steps(state) if step.kind == "arrive")

    _, bugs = states.after(state, arriving)

    assert [bug.kind for bug in bugs] == ["failed"]
    assert "KeyError" in bugs[0].text


# Graphs and numbers.


def graph(*onward: tuple[int, ...]) -> Graph:
    found = Graph()
    for source, targets in enumerate(onward):
        found.look_at(source)
        for target in targets:
            found.lead_to(target)
    return found


def test_a_state_that_leads_to_no_end_is_found() -> None:
    round_and_round = graph((1, 2), (), (3,), (2,))

    assert round_and_round.lost([1]) == 2
    assert round_and_round.ways() is None  # Any number.
    assert graph((1, 2), (), (1,)).lost([1]) is None


def test_the_ways_through_a_graph_are_counted() -> None:
    assert graph((1, 2), (3,), (3, 3), (4,), ()).ways() == 3
    assert graph((1, 2), (), ()).ways() == 2


def test_a_packed_state_comes_back() -> None:
    states, packing = States(WORLDS["copied"]), Packing()
    state = states.first()
    seen = {packing.packed(state): state}
    for step in list(states.steps(state)):
        after, _ = states.after(state, step)
        seen[packing.packed(after)] = after

    assert len(seen) > 1
    assert all(packing.unpacked(packed) == one for packed, one in seen.items())


# Worlds.


@pytest.mark.parametrize(
    ("requests", "why"),
    [
        ("", "1 to 8 requests, not 0"),
        ("\n".join(["k1: get a"] * 9), "1 to 8 requests, not 9"),
        ("write put(a, 1)", "a request is like"),
        ("k1: write put(a, 1) [token=T]", "a token of its own"),
        ("k1: write put(a)", "put takes a value"),
        ("k1: dance a", "no operation: 'dance'"),
    ],
)
def test_what_makes_no_world_is_named(requests: str, why: str) -> None:
    with pytest.raises(WorldError, match=why):
        world_of("w", "", requests)


def test_what_may_go_wrong_is_said() -> None:
    assert str(Limits()) == "nothing goes wrong"
    assert str(Limits(crashes=1, losses=2)) == "1 crash, 2 losses"
    assert str(Limits(crashes=1, losses=2, troubles=2)) == "1 crash, 2 losses; 2 of them at most"
    assert str(Limits(crashes=1, losses=1, troubles=1)) == "one crash or loss"


FIGURES = (
    "from sim.search.explore.walk import explore;"
    "from sim.search.explore.worlds import WORLDS;"
    "found = [explore(WORLDS[name])[1] for name in ('copied', 'read')];"
    "print([(one.states, one.transitions, one.schedules, one.ends) for one in found])"
)


def test_a_walk_is_the_same_in_any_process() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", FIGURES],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(told) == 1
