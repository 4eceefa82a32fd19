"""The summary: the figures of the run, and no more than a trace can say."""

from dataclasses import replace

from sim.report.summary import summary_of
from tests.sim.report.builders import recording

SETTINGS = {"workload.transactions": "40"}


def test_the_figures_are_those_of_the_result() -> None:
    found = recording("bank", 1, SETTINGS)
    assert found.result is not None

    told = summary_of(found, "")

    assert sum(told["outcomes"].values()) == 40
    assert told["messages"] == dict(found.result.messages)
    assert told["checks"] == list(found.result.checks)
    assert told["digest"] == found.result.digest
    assert told["findings"] == 0
    assert told["command"] == "twophase simulate bank --seed 1"
    assert told["cluster"][0] == "8 clients"
    assert told["calls"] > 40, "writes and reads outside transactions are calls as well"


def test_faults_are_in_words() -> None:
    told = summary_of(recording("bank", 1, SETTINGS | {"faults.crashes": "1"}), "")

    assert told["faults"] == ["1 crash"]


def test_a_fault_on_a_step_says_whether_it_came() -> None:
    steps = '["lose the second vote", "lose the 900th vote"]'

    told = summary_of(recording("bank", 1, SETTINGS | {"faults.steps": steps}), "")

    assert [one["came"] for one in told["steps"]] == [True, False]


def test_a_trace_does_not_know_what_was_checked() -> None:
    known = recording("bank", 1, SETTINGS)
    assert known.result is not None

    told = summary_of(replace(known, result=None, witness=None), "half of it")

    assert told["checks"] is None
    assert told["findings"] is None
    assert told["digest"] == ""
    assert told["left_out"] == "half of it"
    assert told["messages"] == dict(known.result.messages)
    assert {one["event"]: one["count"] for one in told["marks"]} == dict(known.result.marks)
