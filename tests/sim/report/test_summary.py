"""The summary: the figures of the run, and no more than a trace can say."""

from dataclasses import replace

from network.events import FAULTS
from sim.report.summary import SHOWN, summary_of
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


def test_a_trace_tells_of_the_faults_that_it_shows() -> None:
    kinds = ("crashes", "pauses", "clock_jumps", "one_way_cuts", "holds", "splits", "throttles")
    keys = {f"faults.{kind}": "1" for kind in (*kinds, "clogs", "full_disks", "slow_disks")}
    keys |= {"faults.steps": '["lose the second vote"]', "network.late": "0.01"}
    known = recording("bank", 1, SETTINGS | keys)

    of_run, told = summary_of(known, ""), summary_of(replace(known, result=None, witness=None), "")

    for fault in ("1 pause", "1 clock jump", "1 split", "1 throttle", "1 clog", "1 slow disk"):
        assert fault in of_run["faults"]
        assert fault in told["faults"]
    for fault in ("1 link cut", "1 link held", "1 full disk", "1 fault on a step"):
        assert fault in told["faults"]
    late = next(one for one in of_run["faults"] if "late" in one)
    assert late in told["faults"]
    assert told["steps"] == of_run["steps"]


def test_every_line_of_a_fault_is_counted_or_is_its_end_or_comes_with_another() -> None:
    ends = {"host.resumed", "link.healed", "link.released", "links.unclogged", "network.united"}
    ends |= {"disk.hastened", "disk.cleared", "partition.relented"}
    beside = {"host.started", "append.failed", "write.dropped"}

    assert set(FAULTS) - set(SHOWN) == ends | beside


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
