"""The Chrome trace: JSON whose slices end and whose arrows arrive."""

import json
from collections import Counter
from typing import Any

from sim.report.exports.chosen import moments_of
from sim.report.exports.perfetto import perfetto_json
from sim.report.exports.spoken import Spoken
from sim.report.inside import Inside
from tests.sim.report.builders import recording

SETTINGS = {"workload.transactions": "20", "network.loss": "0.1", "faults.crashes": "3"}


def events(call: str | None = None) -> list[dict[str, Any]]:
    found = recording("bank", 1, SETTINGS)
    inside = Inside(found)
    lines = perfetto_json(found, inside, moments_of(found, call), Spoken(found, inside))
    document = json.loads("\n".join(lines))
    assert document["displayTimeUnit"] == "ms"
    return list(document["traceEvents"])


def test_every_event_is_on_a_node_that_has_a_name() -> None:
    names = {one["pid"]: one["args"]["name"] for one in events() if one["name"] == "process_name"}

    assert {"k1", "r1", "c1", "l1", "p1", "m1"} <= {*names.values()}
    assert all(one["pid"] in names for one in events())


def test_what_begins_ends_once_and_not_before() -> None:
    begun = {one["id"]: one for one in events() if one["ph"] == "b"}
    ended = [one for one in events() if one["ph"] == "e"]

    assert len(begun) == len(ended) > 20
    for one in ended:
        assert one["ts"] >= begun[one["id"]]["ts"]
        assert one["pid"] == begun[one["id"]]["pid"]
        assert one["name"] == begun[one["id"]]["name"]


def test_states_promises_calls_and_crashes_last() -> None:
    names = " ".join(one["name"] for one in events() if one["ph"] == "b")

    for what in ("t1 PREPARING", "t1 COMMITTING", "t1 ongoing on accounts account0", "down"):
        assert what in names
    assert "COMPLETED" not in names
    assert "k1/12 TransactWriteItems: committed" in names


def test_each_arrow_has_one_beginning_and_one_end() -> None:
    out = Counter(one["bind_id"] for one in events() if "flow_out" in one)
    into = Counter(one["bind_id"] for one in events() if "flow_in" in one)

    assert out == into
    assert {*out.values()} == {1}
    lost = [one for one in events() if one["name"].startswith("lost (")]
    assert lost


def test_one_call_alone_is_a_trace_as_well() -> None:
    few = events("k1/12")

    assert {one["ph"] for one in few} >= {"M", "X", "b", "e", "i"}
    assert len(few) < len(events()) / 5
