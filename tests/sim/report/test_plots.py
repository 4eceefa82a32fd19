"""Plots: each counts all of what it counts, and nothing twice."""

from collections import Counter
from itertools import pairwise
from typing import Any

from sim.figures import figures_of
from sim.report.inside import Inside
from sim.report.plots import POINTS_MAX, SPANS, latency_of, messages_of, over_time, plots_of
from sim.report.plots import points_of as thinned
from sim.report.recording import Recording
from tests.sim.report.builders import recording

TROUBLE = {"network.loss": "0.1", "faults.crashes": "4", "workload.transactions": "120"}
ENDS = ("committed", "cancelled", "unknown")


def shown() -> tuple[Recording, Any]:
    found = recording("bank", 1, TROUBLE)
    return found, plots_of(found, Inside(found))


def test_both_plots_of_outcomes_count_every_transaction_once() -> None:
    found, plots = shown()

    for bars in (plots["latency"], plots["over_time"]):
        sums = {end: sum(bar[end] for bar in bars) for end in ENDS}
        assert sums == dict(figures_of(found.operations).outcomes)


def test_a_latency_is_counted_between_its_ends() -> None:
    found, plots = shown()
    took = [one.returned_us - one.invoked_us for one in found.operations if one.is_transaction]

    for bar in plots["latency"]:
        inside = sum(bar["from_us"] <= us < bar["to_us"] for us in took)
        assert inside == sum(bar[end] for end in ENDS)


def test_spans_of_time_follow_each_other_to_the_end() -> None:
    _, plots = shown()
    bars = plots["over_time"]

    assert len(bars) <= SPANS
    assert all(one["to_us"] == other["from_us"] for one, other in pairwise(bars))


def test_conflicts_by_item_add_up_to_conflicts_by_reason() -> None:
    _, plots = shown()
    reasons = {one["code"]: one["count"] for one in plots["reasons"]}

    conflicts = sum(one["conflicts"] for one in plots["items"]["hottest"])

    assert plots["items"]["count"] == len(plots["items"]["hottest"]) == 8
    assert conflicts == reasons["TransactionConflict"] + reasons["TransactionConflictException"]


def test_the_hottest_item_comes_first() -> None:
    _, plots = shown()
    counts = [one["conflicts"] for one in plots["items"]["hottest"]]

    assert counts == sorted(counts, reverse=True)


def test_messages_count_every_transaction_once() -> None:
    found, plots = shown()
    names = Counter(one.name for one in found.operations if one.is_transaction)

    assert sum(bar["writes"] for bar in plots["messages"]) == names["TransactWriteItems"]
    assert sum(bar["reads"] for bar in plots["messages"]) == names["TransactGetItems"]


def test_very_many_points_are_thinned_and_it_is_said() -> None:
    operations = [*recording("bank", 1, TROUBLE).operations] * 20

    points = thinned(operations)

    assert len(points["us"]) <= POINTS_MAX
    assert points["stride"] == -(-len(operations) // POINTS_MAX)
    assert thinned(operations[:5])["stride"] == 1


def test_nothing_is_drawn_of_nothing() -> None:
    assert latency_of([]) == []
    assert over_time([]) == []
    assert messages_of([], {}) == []
    assert thinned([])["us"] == []


def test_every_stale_read_is_a_point_and_only_runs_with_followers_have_them() -> None:
    found = recording("stale-reads", 1, {"workload.transactions": "60"})
    assert found.result is not None
    assert found.result.staleness is not None
    ages = found.result.staleness.ages_us

    staleness = plots_of(found, Inside(found))["staleness"]

    assert sorted(staleness["age_us"]) == ages
    assert staleness["stale"] == len(ages) > 0
    assert staleness["answered"] == len(found.result.staleness.points)
    assert all(node.startswith("f") for node in staleness["node"])
    assert "staleness" not in shown()[1]
