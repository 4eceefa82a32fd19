"""What a page leaves out of a long run, and that it says so."""

from collections.abc import Iterable

from network.events import FAULTS
from sim.report.page import run_of
from sim.report.recording import Moment, Noted, Sent
from sim.report.sampling import sampled
from tests.sim.report.builders import recording

SETTINGS = {"workload.transactions": "60", "faults.crashes": "2"}


def test_a_short_run_is_shown_whole() -> None:
    made = recording("bank", 1, SETTINGS)

    sample = sampled(made.moments, [], {})

    assert list(sample.moments) == list(made.moments)
    assert sample.left_out == ""


def test_of_a_long_run_whole_calls_are_left_out() -> None:
    made = recording("bank", 1, SETTINGS)
    sent = [moment for moment in made.moments if isinstance(moment, Sent)]

    sample = sampled(made.moments, [], {}, messages_max=len(sent) // 3)

    kept = [moment for moment in sample.moments if isinstance(moment, Sent)]
    assert len(sent) // 10 < len(kept) <= len(sent) // 3
    for call in sample.calls:
        of_call = [one for one in sent if one.call == call]
        assert [one for one in kept if one.call == call] == of_call
    last = max(one.us for one in kept)
    assert last > max(one.us for one in sent) / 2  # Not the beginning alone.
    assert "calls with" in sample.left_out


def test_faults_are_always_kept() -> None:
    made = recording("bank", 1, SETTINGS)

    sample = sampled(made.moments, [], {}, messages_max=100)

    def faults(moments: Iterable[Moment]) -> list[Moment]:
        return [one for one in moments if isinstance(one, Noted) and one.event in FAULTS]

    assert faults(sample.moments) == faults(made.moments) != []
    assert len(sample.moments) < len(made.moments)


def test_what_a_page_is_about_comes_first_and_what_it_met() -> None:
    made = recording("hot-keys", 1, {"workload.transactions": "60"})
    whole = run_of(made)
    call = next(one for one in whole["calls"] if one["conflicts"])
    met = {whole["calls"][n]["call"] for n in call["conflicts"]}

    run = run_of(made, chosen=call["call"], messages_max=300)

    kept = {one["call"] for one in run["calls"]}
    assert {call["call"], *met} <= kept
    assert len(run["messages"]["us"]) <= 300
    assert run["meta"]["left_out"]


def test_events_that_were_not_recorded_are_told_of() -> None:
    made = recording("bank", 1, SETTINGS)

    assert "1,234 events" in sampled(made.moments, [], {}, 1234).left_out
