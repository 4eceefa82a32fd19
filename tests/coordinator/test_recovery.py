"""Recovery managers: how long an entry has stood as it is, told by LSNs."""

from coordinator.read import is_ongoing
from network.ids import TransactionId
from network.messages import Reading, Recover, Scan
from tests.builders import SECOND_US, Stage, json_put, transaction


def test_a_manager_looks_through_the_ledger_again_and_again() -> None:
    stage = Stage()

    stage.run_for(20 * SECOND_US)

    assert len(stage.heard_kinds(Scan)) >= 6


def test_a_transaction_that_is_under_way_for_a_short_time_is_left_alone() -> None:
    stage = Stage(coordinators=1)
    stage.cluster.network.hold("p1", "c1")
    stage.cluster.network.hold("p2", "c1")
    stage.begin("TransactWriteItems", transaction(json_put("a", 1)))

    stage.run_for(4 * SECOND_US)

    assert not stage.has_heard(Recover)


def test_a_transaction_that_stands_still_is_handed_to_a_coordinator() -> None:
    stage = Stage(coordinators=1)
    stage.cluster.network.hold("p1", "c1")
    stage.cluster.network.hold("p2", "c1")
    stage.begin("TransactWriteItems", transaction(json_put("a", 1)))

    stage.run_for(12 * SECOND_US)

    assert stage.has_heard(Recover)
    assert stage.marks["recovery.began"] >= 1


def test_finished_transactions_are_left_alone() -> None:
    stage = Stage()
    stage.write(json_put("a", 1))

    stage.run_for(100 * SECOND_US)

    assert not stage.has_heard(Recover)


def test_ongoing_is_what_names_a_transaction() -> None:
    assert is_ongoing(Reading(None, 0, TransactionId("t1")))
    assert not is_ongoing(Reading(None, 0, None))
