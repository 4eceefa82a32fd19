"""§3.5: recovery, which takes what nobody finishes to its end."""

from typing import Any

import pytest

from network.messages import (
    Cancel,
    Commit,
    Done,
    Finished,
    Prepare,
    Recover,
    Stalled,
    Votes,
    to_frame,
)
from tests.builders import SECOND_US, Partition, Stage, cancel, commit, json_put, prepare, put


def begun(*, coordinators: int = 2) -> tuple[Stage, Any, str, str]:
    """Let a transaction on both partitions begin; return it, and the names of its items."""
    stage = Stage(coordinators=coordinators)
    (one,), (other,) = (stage.names_on(node) for node in ("p1", "p2"))
    entries = [json_put(one, 1), json_put(other, 1)]
    return stage, stage.begin("TransactWriteItems", {"TransactItems": entries}), one, other


def coordinator(stage: Stage) -> str:
    """Return who drives the transaction."""
    return next(source for source, _, message in stage.said if isinstance(message, Prepare))


def both(stage: Stage, one: str, other: str) -> list[int | None]:
    return [stage.get(one), stage.get(other)]


def settle(stage: Stage) -> None:
    stage.run_for(60 * SECOND_US)
    assert stage.ongoing() == []
    assert set(stage.entries()) <= {"COMPLETED"}


@pytest.mark.parametrize("kind", [Prepare, Votes, Commit])
def test_a_coordinator_may_crash_at_any_point(kind: type) -> None:
    """§3.5: its transaction happens as a whole or not at all."""
    stage, asked, one, other = begun()
    stage.run_until(lambda: stage.has_heard(kind))

    stage.cluster.crash(coordinator(stage))
    settle(stage)
    stage.cluster.start("c1")
    stage.cluster.start("c2")

    assert both(stage, one, other) in ([1, 1], [None, None])
    assert asked.answer().outcome == "committed"


def test_a_decided_transaction_is_carried_out_whoever_is_left() -> None:
    """§3.5: the commit point is the ledger's."""
    stage, _, one, other = begun()
    stage.run_until(lambda: "COMMITTING" in stage.entries())

    stage.cluster.crash(coordinator(stage))
    settle(stage)

    assert both(stage, one, other) == [1, 1]


def test_an_undecided_transaction_is_asked_for_its_votes_again() -> None:
    """§3.5: under its id and its timestamp."""
    stage, _, one, other = begun()
    stage.run_until(lambda: len(stage.heard_kinds(Prepare)) == 2)

    stage.cluster.crash(coordinator(stage))
    settle(stage)

    prepares = {
        (message.transaction, message.timestamp)
        for _, _, message in stage.said
        if isinstance(message, Prepare)
    }
    assert len(prepares) == 1
    assert stage.marks["recovery.committed"] == 1
    assert stage.marks["vote.repeated"] >= 1
    assert both(stage, one, other) == [1, 1]


def test_a_partition_keeps_its_promise_for_ever() -> None:
    """§3.5: it never decides by itself."""
    partition = Partition()
    partition.ask(prepare(put("a")))

    partition.elapsed_us = 10**12
    partition.machine.stalled(partition.elapsed_us)

    assert partition.record("a").ongoing is not None


def test_a_partition_reports_what_is_ongoing_for_too_long() -> None:
    """§3.5."""
    partition = Partition()
    partition.ask(prepare(put("a"), put("b")))

    assert partition.machine.stalled(5 * SECOND_US - 1) == ()
    (found,) = partition.machine.stalled(5 * SECOND_US)

    assert isinstance(found, Stalled)
    assert found.transaction == "t1"
    assert found.entry == "entry t1"
    assert [key[1][0][1] for key in found.keys] == ["a", "b"]


def test_a_partition_reports_what_it_meets_at_a_request() -> None:
    """§3.5."""
    partition = Partition()
    partition.ask(prepare(put("a")))
    partition.elapsed_us = 6 * SECOND_US

    partition.ask(prepare(put("a"), transaction="t2", us=20))

    assert [found.transaction for found in partition.last.stalled] == ["t1"]


def test_a_promise_counts_afresh_after_a_restart() -> None:
    """§3.5: durations are of one observer's timer."""
    partition = Partition()
    partition.ask(prepare(put("a")))
    partition.elapsed_us = 4 * SECOND_US

    partition.restart()

    assert partition.machine.stalled(8 * SECOND_US) == ()
    assert partition.machine.stalled(9 * SECOND_US) != ()


def test_two_coordinators_may_finish_one_transaction() -> None:
    """§3.5: the ledger lets one of them decide."""
    stage, asked, one, other = begun()
    stage.run_until(lambda: len(stage.heard_kinds(Prepare)) == 2)
    slow = coordinator(stage)
    for node in stage.cluster.partitions:
        stage.cluster.network.hold(node, slow)

    stage.run_until(lambda: "COMPLETED" in stage.entries())
    for node in stage.cluster.partitions:
        stage.cluster.network.release(node, slow)
    settle(stage)

    assert stage.marks["coordinators.met"] >= 1
    assert asked.answer().outcome == "committed"
    assert both(stage, one, other) == [1, 1]


def test_a_slow_coordinator_adopts_the_decision_that_holds() -> None:
    """§3.5: it could not reach the ledger, and recovery has decided meanwhile."""
    stage, asked, one, other = begun()
    stage.run_until(lambda: len(stage.heard_kinds(Prepare)) == 2)
    slow = coordinator(stage)
    stage.cluster.network.hold("l1", slow)
    stage.cluster.network.hold(slow, "l1")
    stage.run_for(30 * SECOND_US)
    (decided,) = set(stage.entries())

    stage.cluster.network.release("l1", slow)
    stage.cluster.network.release(slow, "l1")
    settle(stage)

    assert decided == "COMPLETED"
    assert asked.answer().outcome == "committed"
    assert both(stage, one, other) == [1, 1]


def test_an_orphan_is_ended() -> None:
    """§3.5: a prepare that its own cancel overtook."""
    stage, _, one, other = begun(coordinators=1)
    stage.cluster.network.hold("c1", "p2")
    stage.run_until(lambda: stage.has_heard(Cancel), limit_us=60 * SECOND_US)
    stage.run_for(5_000)  # The other cancel has come as far as the box.

    stage.cluster.network.release("c1", "p2", newest_first=True)
    stage.run_for(20_000)
    assert stage.ongoing() != []
    settle(stage)

    assert stage.marks["orphan.ended"] == 1
    assert both(stage, one, other) == [None, None]


def test_a_promise_whose_entry_is_gone_is_cancelled() -> None:
    """§3.5: the entry is written before the first prepare, and purged when all is over."""
    stage = Stage()
    (name,) = stage.names_on("p1")
    stage.write(json_put(name, 1))
    (table,) = stage.witness.table_names
    source = put(name, 5)
    action = type(source)(table, source.key, source.item)
    stage.cluster.servers["p1"].receive(orphan(action))
    stage.run_for(10_000)
    assert stage.ongoing() != []

    settle(stage)

    assert stage.get(name) == 1


def orphan(action: Any) -> bytes:
    """Return the prepare of a transaction that no ledger knows, in the far future."""
    unknown = "00000009-0001-8000-8000-000000000009"
    return to_frame("c1", 1 << 40, 0, prepare(action, transaction=unknown, us=1 << 60))


def test_a_partition_may_crash_with_its_promise() -> None:
    """§3.5: the promise is durable, and is kept."""
    stage, asked, one, other = begun(coordinators=1)
    stage.run_until(lambda: len(stage.heard_kinds(Prepare)) == 2)
    stage.run_for(3_000)

    stage.cluster.crash("p1")
    stage.run_for(SECOND_US)
    stage.cluster.start("p1")

    assert asked.answer().outcome == "committed"
    assert both(stage, one, other) == [1, 1]


def test_a_ledger_node_may_crash() -> None:
    """§3.5."""
    stage, asked, one, other = begun(coordinators=1)
    stage.run_until(lambda: len(stage.heard_kinds(Prepare)) == 2)

    stage.cluster.crash("l1")
    stage.run_for(SECOND_US)
    stage.cluster.start("l1")

    assert asked.answer().outcome == "committed"
    assert both(stage, one, other) == [1, 1]


def test_recovery_managers_find_what_no_partition_reports() -> None:
    """§3.5: they look through the ledger."""
    stage, _, one, other = begun()
    stage.cluster.network.hold("c1", "p1")
    stage.cluster.network.hold("c1", "p2")
    stage.cluster.network.hold("c2", "p1")
    stage.cluster.network.hold("c2", "p2")
    stage.run_until(lambda: "PREPARING" in stage.entries())
    for node in stage.cluster.coordinators:
        stage.cluster.crash(node)
        for partition in stage.cluster.partitions:
            link = stage.cluster.network.link(node, partition)
            link.held = None
    stage.run_for(SECOND_US)
    for node in stage.cluster.coordinators:
        stage.cluster.start(node)

    settle(stage)

    assert stage.has_heard(Recover)
    assert not stage.has_heard(Stalled)
    assert both(stage, one, other) == [1, 1]


def test_an_entry_is_purged_when_its_token_is_no_longer_valid() -> None:
    """§3.5, §2.3: ten minutes after it was completed at the earliest."""
    stage, asked, *_ = begun()
    asked.answer()

    stage.run_for(590 * SECOND_US)
    assert stage.entries() == ["COMPLETED"]
    stage.run_for(60 * SECOND_US)

    assert stage.entries() == []


def test_a_repeated_order_of_recovery_does_nothing() -> None:
    """§3.5: Listing 4's owner check."""
    partition = Partition()
    partition.ask_each(prepare(put("a", 1)), commit("a"))

    assert partition.ask_each(commit("a"), cancel("a")) == [Done((False,))] * 2
    assert partition.value("a") == 1


def test_a_transaction_with_a_dead_partition_ends_all_the_same() -> None:
    """§3.5: PREPARING has its bound; what it holds elsewhere is free afterwards."""
    stage, _, one, _ = begun()
    stage.cluster.crash("p2")

    stage.run_for(60 * SECOND_US)

    assert stage.ongoing() == []
    ends = {type(message) for _, _, message in stage.said}
    assert Finished in ends
    assert stage.get(one) is None
