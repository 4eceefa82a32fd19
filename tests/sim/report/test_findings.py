"""Findings: who must come before whom as a graph, the story, and the nearest run that passes."""

from dataclasses import replace
from typing import Any

from sim.checkers.finding import Finding
from sim.report.findings import SHOWN_MAX, findings_of, lines_in, told
from sim.report.inside import Inside
from sim.report.recording import Recording
from sim.search.shrink.failure import Failure
from tests.sim.report.builders import recording
from tests.sim.search.diff.failures import decided_twice


def found_in(shown: Recording) -> Any:
    return findings_of(shown, Inside(shown))


def broken_reads() -> Recording:
    return recording("bank", 3, mutant="reads-have-one-round")


def test_a_cycle_is_drawn_head_to_tail() -> None:
    first = found_in(broken_reads())["found"][0]

    edges = first["graph"]["edges"]
    nodes = {node["call"] for node in first["graph"]["nodes"]}
    assert first["kind"] == "G-single"
    assert [edge["kind"] for edge in edges] == ["rw", "wr"]
    following = [*edges[1:], edges[0]]
    assert all(one["to"] == other["from"] for one, other in zip(edges, following, strict=True))
    assert {edge["from"] for edge in edges} == nodes


def test_each_edge_says_why_as_the_explanation_does() -> None:
    first = found_in(broken_reads())["found"][0]

    for edge in first["graph"]["edges"]:
        said = f"{edge['from']} must precede {edge['to']}, because {edge['because']}"
        assert said in first["explanation"]
        assert edge["means"].startswith(edge["kind"])
    assert all(node["did"] in first["explanation"] for node in first["graph"]["nodes"])


def test_nodes_are_calls_that_the_page_knows() -> None:
    shown = broken_reads()

    for finding in found_in(shown)["found"]:
        for call in finding["calls"]:
            assert shown.calls.of_name(call) == call


def test_an_entry_of_a_batch_leads_to_its_call() -> None:
    small = {"workload.transactions": "30"}
    shown = recording("bulk-load", 1, small, mutant="batches-are-answered-early")
    calls = {one.call for one in shown.operations}

    found = found_in(shown)["found"]

    assert any(one["kind"] == "write lost" for one in found)
    assert all({*one["calls"]} <= calls for one in found)


def test_what_has_a_graph_comes_first() -> None:
    graphs = [one["graph"] is not None for one in found_in(broken_reads())["found"]]

    assert graphs == sorted(graphs, reverse=True)
    assert any(graphs)


def test_an_order_that_real_time_contradicts_is_drawn() -> None:
    shown = recording("bank", 3, {"faults.lying_disks": "1", "faults.crashes": "0"})
    found = [one for one in found_in(shown)["found"] if one["checker"] == "items"]

    assert found
    first, second = found[0]["graph"]["edges"]
    assert first["kind"] in ("ww", "wr", "rw")
    assert second["kind"] == "rt"
    assert (first["from"], first["to"]) == (second["to"], second["from"])


def test_where_all_holds_only_the_checks_are_told() -> None:
    told = found_in(recording("bank", 1, {"workload.transactions": "40"}))

    assert told["found"] == []
    assert told["story"] == []
    assert told["nearest"] is None
    assert "items" in told["checks"]


def test_of_a_trace_nobody_knows_what_was_checked() -> None:
    shown = recording("bank", 1, {"workload.transactions": "40"})

    assert found_in(replace(shown, result=None))["checks"] is None


def of_failure(failure: Failure) -> Recording:
    """A failure's run, with a story."""
    shown = recording("bank", 3, mutant="reads-have-one-round")
    origin = replace(shown.origin, failure=failure, comments=("First this.", "Then that."))
    return replace(shown, origin=origin, moments=shown.moments[:100])


def test_a_failure_has_its_story_and_the_nearest_run_that_passes() -> None:
    told = found_in(of_failure(decided_twice()))

    assert told["story"] == ["First this.", "Then that."]
    nearest = told["nearest"]
    assert nearest["what"].startswith("without")
    rows = nearest["rows"]
    assert all(row["same"] for row in rows[: nearest["before"]])
    assert any(row["failing"] is None or row["passing"] is None for row in rows)


def test_a_long_run_is_shown_without_the_nearest_one() -> None:
    shown = of_failure(decided_twice())
    longer = replace(shown, moments=[*broken_reads().moments, *broken_reads().moments])

    assert found_in(longer)["nearest"] is None


def test_many_findings_are_counted_and_not_all_told() -> None:
    shown = broken_reads()
    assert shown.result is not None
    many = (Finding("items", "late write", "one", ()),) * (SHOWN_MAX + 3)

    told = found_in(replace(shown, result=replace(shown.result, findings=many)))

    assert len(told["found"]) == SHOWN_MAX
    assert told["left_out"] == 3


def test_a_finding_without_steps_has_no_graph() -> None:
    one = Finding("outcomes", "lost", "k1/12 is gone", ("k1/12",))

    assert told(one, Inside(broken_reads()))["graph"] is None


def test_what_each_did_is_read_from_the_indented_lines_alone() -> None:
    text = "  k1/1: read x; wrote y\nk1/1 must precede k2/1, because: of that"

    assert lines_in(text) == {"k1/1": "read x; wrote y"}
