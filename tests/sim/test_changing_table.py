"""The table that changes: what its clients ask for, and what of it does change."""

from collections import Counter

import pytest

from router.definitions import Status
from sim.checkers.calm import defined_tables
from sim.cluster_run import Run
from sim.run import run
from sim.scenario import load
from sim.workloads.registry import make

SEEDS, SEEDS_SOAK = 6, 1_000
MARKS = (
    "backfill.begun_anew",
    "backfill.met_ongoing",
    "entry.orphaned",
    "stream.ended_waiting",
    "update.unheard",
)

# What is lost is asked again late: a transaction's commits arrive far apart.
APART = {
    "workload.changes": "0.3",
    "workload.transactions": "100",
    "network.loss": "0.05",
    "protocol.repeat_first_us": "500000",
}


@pytest.fixture(scope="module")
def ran() -> Run:
    going = Run(load("changing-table", {"workload.changes": "0.3"}), 1)
    assert going.go().ok
    return going


def changes(ran: Run, outcome: str = "committed") -> Counter[str]:
    """Count the changes of the table that came to this."""
    found: Counter[str] = Counter()
    for one in ran.history:
        if one.name == "UpdateTable" and one.outcome == outcome:
            for update in one.request.get("GlobalSecondaryIndexUpdates", ()):
                found.update(list(update))
            if "StreamSpecification" in one.request:
                found[f"stream {one.request['StreamSpecification']['StreamEnabled']}"] += 1
    return found


def test_indexes_come_and_go_and_the_stream_goes_off_and_on(ran: Run) -> None:
    done = changes(ran)

    assert set(done) == {"Create", "Delete", "stream True", "stream False"}
    assert all(count > 1 for count in done.values())


def test_two_who_want_to_change_it_at_once_are_not_both_heard(ran: Run) -> None:
    assert changes(ran, "cancelled").total() > 0


def test_people_work_on_as_ever(ran: Run) -> None:
    done = {one.name for one in ran.history if one.outcome == "committed"}

    assert {"TransactWriteItems", "TransactGetItems", "Query", "Scan", "DeleteItem"} <= done


def test_indexes_that_come_and_go_are_looked_at_and_show_something(ran: Run) -> None:
    shown: Counter[str] = Counter()
    for one in ran.history:
        if one.name in ("Query", "Scan"):
            shown[one.request["IndexName"]] += len(one.answer.get("Items", ()))

    assert set(shown) == {"by-due", "by-person", "by-progress"}
    assert all(count > 5 for count in shown.values())


def test_the_reader_meets_more_than_one_stream(ran: Run) -> None:
    (reader,) = ran.readers

    assert len({one.arn for one in reader.got}) > 1


def test_the_table_is_active_in_the_end(ran: Run) -> None:
    ((_, table),) = defined_tables(ran.cluster)

    assert table.status is Status.ACTIVE
    assert table.revision > 10


@pytest.mark.slow
def test_every_check_holds_and_what_is_hard_happens(soak: bool) -> None:
    seen: Counter[str] = Counter()
    for more in ({}, APART):
        scenario = load("changing-table", more)
        for seed in range(SEEDS_SOAK if soak else SEEDS):
            result = run(scenario, seed)
            assert result.findings == (), seed
            assert {"tables", "indexes", "streams"} <= set(result.checks)
            seen.update(result.marks)

    assert [mark for mark in MARKS if not seen[mark]] == []


def test_a_provisioned_table_has_units_for_its_new_indexes() -> None:
    units = {"cluster.read_units": "100", "cluster.write_units": "100"}
    going = Run(load("changing-table", {**units, "workload.transactions": "60"}), 2)

    assert going.go().ok
    assert changes(going)["Create"] > 0


def test_without_changes_it_is_a_list_of_tasks() -> None:
    still = {"workload.changes": "0", "workload.transactions": "20"}
    going = Run(load("changing-table", still), 1)
    going.go()

    assert changes(going).keys() <= {"Delete", "Create"}  # The opening's.
    assert changes(going).total() <= 2


@pytest.mark.parametrize(
    ("key", "value"), [("teams", 0), ("looks", "often"), ("changes", 1.5), ("changes", "never")]
)
def test_a_wrong_key_is_named(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        make("changing_table", {key: value})  # type: ignore[dict-item]  # As a file might have it.
