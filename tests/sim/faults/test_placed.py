"""Faults on steps: each comes where it is placed, once, or is told never to have come."""

import pytest

from network.ids import incarnation_of
from network.messages import Commit, Prepare, Votes, Write, from_frame
from network.placement import LEDGER_TABLE
from sim.run import run
from sim.scenario import load
from sim.trace import Event
from tests.sim.faults.small import SMALL, names, small, stepped


def kind_of(event: Event) -> type:
    return type(from_frame(event.fields["frame"]).message)


def arrivals(events: list[Event], sent: Event) -> list[int]:
    """Return when the copies of a message arrived."""
    name = sent.fields["link"], sent.fields["number"]
    return [
        event.us
        for event in events
        if event.name == "message.delivered"
        and (event.fields["link"], event.fields["number"]) == name
    ]


def link_of(event: Event) -> str:
    return f"{event.fields['link'].source}>{event.fields['link'].target}"


# Messages -----------------------------------------------------------------------------------------


def test_a_lost_message_is_the_one_that_was_named() -> None:
    result, events = stepped("lose the second vote")

    (lost,) = [event for event in events if event.name == "message.lost"]
    votes = [event for event in events if event.name == "message.sent" and kind_of(event) is Votes]
    assert kind_of(lost) is Votes
    assert lost.fields["frame"] in [vote.fields["frame"] for vote in votes]
    assert result.messages["lost"] == result.faults["steps"] == 1
    assert result.ok


def test_messages_are_counted_from_when_the_trouble_began() -> None:
    """Before it the first client opens accounts, which takes votes as well."""
    _, events = stepped("lose the first vote")

    (lost,) = [n for n, event in enumerate(events) if event.name == "message.lost"]
    before = [
        event for event in events[:lost] if event.name == "message.sent" and kind_of(event) is Votes
    ]
    assert len(before) > 1


def test_a_message_is_named_by_its_link_and_number() -> None:
    result, events = stepped("lose c1>p1 #3", "lose c2>* #1")

    lost = [event for event in events if event.name == "message.lost"]
    assert [told.happened for told in result.steps] == [True, True]
    assert sorted(link_of(event)[:3] for event in lost) == ["c1>", "c2>"]


def test_a_delayed_message_comes_so_much_later() -> None:
    _, events = stepped("delay commit #1 by 30ms")

    at = next(n for n, e in enumerate(events) if e.name == "step.happened")
    sent = events[at - 1]
    assert arrivals(events, sent)[0] - sent.us >= 30_000


def test_a_repeated_message_arrives_twice() -> None:
    result, events = stepped("repeat prepare #1 9ms later")

    at = next(n for n, e in enumerate(events) if e.name == "step.happened")
    came = arrivals(events, events[at - 1])
    assert len(came) == 2
    assert came[1] - came[0] == 9_000
    assert result.messages["repeated"] == 1


def test_a_corrupt_message_is_dropped_as_it_arrives() -> None:
    _, events = stepped("corrupt commit #1")

    (lost,) = [event for event in events if event.name == "message.lost"]
    assert lost.fields["because"] == "corrupt"
    assert kind_of(lost) is Commit


# Crashes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "sent"), [("before", 0), ("after", 1)])
def test_a_coordinator_may_crash_in_the_middle_of_its_fan_out(when: str, sent: int) -> None:
    """What it has not sent yet is not sent any more."""
    result, events = stepped(f"crash c1 {when} its first commit is sent")

    crash = next(n for n, e in enumerate(events) if e.name == "host.crashed")
    commits = [
        event
        for event in events[:crash]
        if event.name == "message.sent" and kind_of(event) is Commit and link_of(event)[:2] == "c1"
    ]
    setting_up = [e for e in commits if e.us < events[crash].us]
    assert len(commits) - len(setting_up) == sent
    assert not [
        event
        for event in events[crash:]
        if event.name == "message.sent"
        and link_of(event).startswith("c1>")
        and incarnation_of(from_frame(event.fields["frame"]).number) == 1
    ]
    assert result.ok


def test_a_crash_before_a_message_arrives_loses_it() -> None:
    _, events = stepped("crash p1 before *>p1 commit #1 is delivered")

    crash = next(n for n, e in enumerate(events) if e.name == "host.crashed")
    lost = next(e for e in events[crash:] if e.name == "message.lost")
    assert (lost.fields["because"], kind_of(lost)) == ("host down", Commit)
    assert lost.us == events[crash].us


def test_a_crash_after_a_message_arrived_comes_in_the_same_moment() -> None:
    _, events = stepped("crash p1 after *>p1 commit #1 is delivered")

    crash = next(n for n, e in enumerate(events) if e.name == "host.crashed")
    came = [e for e in events[:crash] if e.name == "message.delivered"][-1]
    assert kind_of(came) is Commit
    assert came.us == events[crash].us


def test_a_crashed_host_comes_back_after_so_long() -> None:
    _, events = stepped("crash p1 for 300ms after *>p1 commit #1 is delivered")

    crash = next(e.us for e in events if e.name == "host.crashed")
    start = next(e.us for e in events if e.name == "host.started" and e.us > crash)
    assert start - crash == 300_000


@pytest.mark.parametrize(("when", "durable"), [("before", 0), ("during", 0), ("after", 1)])
def test_a_crash_at_a_write_is_exactly_there(when: str, durable: int) -> None:
    end = "" if when == "during" else " is durable"
    result, events = stepped(f"crash p1 {when} its 4th write{end}", "lose c1>p1 #900")

    crash = next(n for n, e in enumerate(events) if e.name == "host.crashed")
    opening = next(e.us for e in events if e.name == "message.sent" and link_of(e) == "k2>r1")
    written = [
        e
        for e in events[:crash]
        if e.name == "change.durable" and e.fields["host"] == "p1" and e.us > opening
    ]
    assert len(written) == 3 + durable
    assert (
        ("write.torn" in names(events)) == ("write.dropped" in names(events)) == (when == "during")
    )
    assert result.ok


def test_a_ledger_write_is_named_by_who_asked_for_it() -> None:
    result, events = stepped("crash c2 after its second ledger write")

    at = next(n for n, e in enumerate(events) if e.name == "host.crashed")
    assert events[at].fields["host"] == "c2"
    durable = [e for e in events[:at] if e.name == "change.durable"][-1]
    assert durable.fields["host"] == "l1"
    assert all(table == LEDGER_TABLE for (table, _), _ in durable.fields["changes"].records)
    asked = [
        e
        for e in events[:at]
        if e.name == "message.delivered"
        and link_of(e) == "c2>l1"
        and kind_of(e) is Write
        and from_frame(e.fields["frame"]).message.incarnation  # type: ignore[union-attr]  # A Write.
    ]
    assert len(asked) >= 2
    assert result.ok


# Pauses, links, clocks and the rest ---------------------------------------------------------------


def test_a_pause_in_the_middle_of_a_fan_out_says_the_rest_when_it_ends() -> None:
    result, events = stepped("pause c1 for 500ms before its first prepare is sent")

    pause = next(n for n, e in enumerate(events) if e.name == "host.paused")
    said = next(
        e
        for e in events[pause:]
        if e.name == "message.sent" and link_of(e).startswith("c1>") and kind_of(e) is Prepare
    )
    assert said.us - events[pause].us == 500_000
    assert not [
        e
        for e in events[pause:]
        if e.name in ("message.sent", "message.delivered")
        and "c1" in link_of(e).split(">")[e.name == "message.delivered"]
        and events[pause].us < e.us < said.us
    ]
    assert result.ok


def test_a_link_is_cut_and_healed_at_steps() -> None:
    result, events = stepped("cut c1<>p1 after c1>p1 prepare #1", "heal c1<>p1 after c1>* #12")

    assert names(events).count("link.cut") == names(events).count("link.healed") == 2
    assert {e.fields["because"] for e in events if e.name == "message.lost"} == {"link cut"}
    assert result.ok


def test_a_link_is_held_and_released_at_steps() -> None:
    result, events = stepped(
        "hold p1>c1 before p1>c1 vote #1 is sent",
        "release p1>c1 newest first after c1>p1 #4 is sent",
    )

    assert "message.held" in names(events)
    assert [told.happened for told in result.steps] == [True, True]
    assert result.ok


def test_a_clock_jumps_at_a_step() -> None:
    result, events = stepped("clock c1 -2s after its first prepare")

    (jump,) = [e for e in events if e.name == "clock.jumped"]
    assert jump.fields == {"host": "c1", "by_us": -2_000_000}
    assert result.ok


@pytest.mark.parametrize(
    ("step", "event"),
    [
        ("throttle p1 for 100ms at the first prepare", "partition.throttled"),
        ("slow l1 for 100ms after its second write", "disk.slowed"),
        ("fill l1 for 100ms after its second write", "append.failed"),
        ("restart p1 after commit #9", "host.started"),
    ],
)
def test_what_else_a_step_can_do_is_done(step: str, event: str) -> None:
    result, events = stepped("crash p1 for 100s after *>p1 commit #2", step)

    assert event in names(events)
    assert result.ok


# Once, or never -----------------------------------------------------------------------------------


def test_a_step_that_never_comes_is_told() -> None:
    result, _ = stepped("lose vote #1", "lose vote #900", "crash p1 after its write #900")

    assert [(told.step, told.happened) for told in result.steps] == [
        ("lose vote #1", True),
        ("lose vote #900", False),
        ("crash p1 after p1's write #900 is durable", False),
    ]
    assert result.faults["steps"] == 1


def test_a_step_happens_once() -> None:
    _, events = stepped("crash c1 for 1ms after the first prepare is sent")

    assert names(events).count("step.happened") == 1


def test_a_step_shifts_nothing_before_it() -> None:
    plain, _ = stepped()
    late, events = stepped("lose vote #4")

    at = next(n for n, e in enumerate(events) if e.name == "step.happened")
    again: list[Event] = []
    run(load("bank", SMALL), 1, listeners=(again.append,))
    told = [(e.us, e.name) for e in events[: at - 2]]
    assert [(e.us, e.name) for e in again[: len(told)]] == told
    assert plain.digest == small().digest != late.digest


def test_steps_that_never_come_change_no_digest() -> None:
    watched, _ = stepped("lose vote #900", "crash p1 after its write #900")

    assert watched.digest == small().digest


def test_steps_are_the_same_run_each_time() -> None:
    steps = ("crash c1 after its ledger write", "repeat vote #2", "pause p1 at vote #3")

    assert stepped(*steps)[0].digest == stepped(*steps)[0].digest


def test_no_step_comes_in_the_calm() -> None:
    """A transaction that is left for recovery takes messages in the calm: they are not lost."""
    crash = "crash c1 for 100s after its ledger write"
    more = {"workload.transactions": "8", "client.attempts_max": "1"}
    recovered, events = stepped(crash, more=more)
    calm = [e for e in events if e.name == "message.sent" and link_of(e).startswith("m1>")]
    assert calm

    result, _ = stepped(crash, "lose recover #1", more=more)

    assert [told.happened for told in result.steps] == [True, False]
    assert result.digest == recovered.digest
