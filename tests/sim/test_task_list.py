"""The list of tasks: what its clients ask for, and what its indexes show them."""

import pytest

from sim.checkers.calm import check_calm, is_settled
from sim.cluster_run import Run
from sim.keys import ScenarioError
from sim.result import outcomes
from sim.run import run
from sim.scenario import load
from sim.workloads.registry import make

SEEDS, SEEDS_SOAK = 4, 1_000
# Everything that a copy of a message may survive, and tombstones that go meanwhile.
HARD = {
    "workload.transactions": "80",
    "workload.deletes": "0.3",
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "network.late": "0.05",
    "faults.crashes": "4",
    "faults.partition_splits": "4",
    "faults.torn_writes": "2",
    "protocol.tombstones_kept_us": "2_500_000",
}


@pytest.fixture(scope="module")
def ran() -> Run:
    going = Run(load("indexes"), 1)
    assert going.go().ok
    return going


def test_every_kind_of_request_is_asked_for_and_answered(ran: Run) -> None:
    done = {one.name for one in ran.history if one.outcome == "committed"}

    assert {"TransactWriteItems", "TransactGetItems", "Query", "Scan"} <= done
    assert {"PutItem", "UpdateItem", "DeleteItem"} <= done


def test_each_index_is_looked_at_and_shows_something(ran: Run) -> None:
    shown: dict[str, int] = {}
    for one in ran.history:
        if one.name in ("Query", "Scan"):
            name = one.request["IndexName"]
            shown[name] = shown.get(name, 0) + len(one.answer.get("Items", ()))

    assert set(shown) == {"by-due", "by-person", "by-progress"}
    assert all(count > 10 for count in shown.values())


def test_pages_are_followed(ran: Run) -> None:
    assert any("ExclusiveStartKey" in one.request for one in ran.history if one.name == "Query")


def test_every_check_holds_and_the_indexes_are_among_them(soak: bool) -> None:
    scenario, marks = load("indexes", HARD), dict.fromkeys(("entry.outdated",), 0)
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = run(scenario, seed)
        assert result.findings == (), seed
        assert "indexes" in result.checks
        for mark in marks:
            marks[mark] += result.marks.get(mark, 0)
    assert all(marks.values()), marks


def test_without_indexes_nobody_looks_at_them() -> None:
    assert "indexes" not in run(load("bank", {"workload.transactions": "5"}), 1).checks


def test_a_run_gets_somewhere() -> None:
    ends, codes = outcomes(run(load("indexes", {"workload.transactions": "120"}), 1).history)

    assert ends["committed"] > 30
    assert codes["TransactionConflict"] > 0


def test_what_waits_for_an_index_is_unfinished() -> None:
    going = Run(load("indexes", {"workload.transactions": "20"}), 1)
    going.go()
    cluster = going.cluster
    assert is_settled(cluster)
    contents = cluster.disks["p1"].contents
    ((table, key), record) = next(
        one for one in contents.records.items() if "#" in one[0][0] and one[1].item
    )
    contents.records[f"{table.partition('#')[0]}#outbox", key] = record

    assert not is_settled(cluster)
    (finding,) = check_calm(cluster, {})
    assert finding.explanation == "p1: 1 entries wait for their place in an index"


def test_tombstones_must_outlive_the_copies_of_what_they_are_against() -> None:
    with pytest.raises(
        ScenarioError, match=r"protocol.tombstones_kept_us must be longer .*2156000"
    ):
        load("indexes", {"protocol.tombstones_kept_us": "2156000"})
    load("indexes", {"protocol.tombstones_kept_us": "2156001"})
    with pytest.raises(ScenarioError, match="tombstones"):
        load("indexes", {"protocol.tombstones_kept_us": "2200000", "faults.pauses": "1"})


@pytest.mark.parametrize(
    ("key", "value"),
    [("teams", 0), ("tasks", 1), ("people", 0), ("deletes", 1.5), ("looks", "often")],
)
def test_a_wrong_key_is_named(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        make("task_list", {key: value})  # type: ignore[dict-item]  # As a file might have it.
