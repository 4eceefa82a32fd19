"""§3.3: two-phase commit, as in Listings 2, 3 and 4."""

from typing import Any

import pytest

from coordinator.write import reasons_for
from items.actions import Action, Update
from items.errors import TRANSACTION_CONFLICT_REASON, validation_reason
from items.limits import ITEM_SIZE_BYTES_MAX
from network.messages import (
    Accept,
    Cancel,
    Commit,
    Done,
    Finished,
    NotMine,
    Prepare,
    Reject,
    Write,
    Written,
)
from network.placement import HASHES, Range
from partition import rules
from tests.builders import (
    SECOND_US,
    TABLE,
    Partition,
    Stage,
    add,
    cancel,
    check,
    codes,
    commit,
    delete,
    json_add,
    json_put,
    key,
    prepare,
    put,
    record,
    ts,
    write,
)

ACCEPT = Accept()
MISSING = "attribute_not_exists(k)"


def votes(partition: Partition, *actions: Action, **more: Any) -> list[str]:
    """Return the votes on a prepare, by their codes."""
    found = partition.ask(prepare(*actions, **more)).votes
    return ["accept" if vote == ACCEPT else vote.reason.code for vote in found]


def partition_with(*actions: Action) -> Partition:
    """Return a partition on which these were committed at µs 5."""
    partition = Partition()
    partition.ask(prepare(*actions, transaction="t0", us=5))
    partition.ask(commit(*(str(one.key[0][1]) for one in actions), transaction="t0"))
    return partition


def oversized() -> Update:
    values = {":n": ("S", "x" * ITEM_SIZE_BYTES_MAX)}
    return Update(TABLE, key("a"), ("k",), "SET big = :n", None, {}, values)


# Listing 3: prepare -------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [put(), add(), delete(), check("a", MISSING)])
def test_an_accept_is_a_promise(action: Action) -> None:
    """Listing 3: of a check as well."""
    partition = Partition()

    assert votes(partition, action) == ["accept"]

    ongoing = partition.record("a").ongoing
    assert ongoing is not None
    assert (ongoing.transaction, ongoing.timestamp, ongoing.action) == ("t1", ts(10), action)


def test_a_promise_is_durable_before_it_is_told() -> None:
    """§3.3."""
    partition = Partition()
    partition.ask(prepare(put("a")))

    partition.restart()

    assert partition.record("a").ongoing is not None


def test_a_promise_changes_nothing_that_was_there() -> None:
    """§3.3."""
    partition = partition_with(put("a", 1))
    before = partition.record("a")

    partition.ask(prepare(put("a", 2)))

    after = partition.record("a")
    assert (after.item, after.timestamp, after.lsn) == (before.item, before.timestamp, before.lsn)
    assert after.item is before.item


@pytest.mark.parametrize("action", [put(), delete(), check()], ids=["put", "delete", "check"])
def test_an_item_has_one_ongoing_transaction_at_most(action: Action) -> None:
    """Listing 3: also where both only look."""
    partition = partition_with(put("a"))
    partition.ask(prepare(check("a")))

    assert votes(partition, action, transaction="t2", us=20) == ["TransactionConflict"]


def test_a_missing_item_has_one_ongoing_transaction_at_most() -> None:
    """§3.3: else two could both create it."""
    partition = Partition()
    partition.ask(prepare(put("a", 1, MISSING)))

    assert votes(partition, put("a", 2, MISSING), transaction="t2", us=20) == [
        "TransactionConflict"
    ]


def test_what_is_ongoing_is_judged_before_the_condition() -> None:
    """§3.3: the item's value is in flux."""
    partition = Partition()
    partition.ask(prepare(put("a")))

    assert votes(partition, check("a"), transaction="t2", us=20) == ["TransactionConflict"]


def test_the_timestamp_is_judged_before_the_condition() -> None:
    """§3.2, §3.3."""
    partition = partition_with(put("a"))

    assert votes(partition, put("a", 2, MISSING), us=3) == ["TransactionConflict"]


def test_a_false_condition_is_a_rejection() -> None:
    """Listing 3."""
    assert votes(partition_with(put("a")), put("a", 2, MISSING)) == ["ConditionalCheckFailed"]


def test_an_item_that_would_be_too_large_is_a_rejection() -> None:
    """Listing 3: the limits of the item that would result."""
    assert votes(partition_with(put("a")), oversized()) == ["ValidationError"]


def test_the_limits_are_judged_before_the_condition() -> None:
    """§3.3."""
    action = Update(TABLE, key("a"), ("k",), "ADD k :n", MISSING, {}, {":n": ("N", "1")})

    assert votes(partition_with(put("a")), action) == ["ValidationError"]


@pytest.mark.parametrize("late", [5, 4])
def test_a_late_transaction_is_rejected(late: int) -> None:
    """Listing 3."""
    assert votes(partition_with(put("a")), put("a", 2), us=late) == ["TransactionConflict"]


@pytest.mark.parametrize("late", [5, 4])
def test_a_transaction_older_than_a_delete_is_rejected(late: int) -> None:
    """§3.3: the max delete timestamp stands for the items that are missing."""
    partition = partition_with(delete("b"))

    assert votes(partition, put("a"), us=late) == ["TransactionConflict"]
    assert votes(partition, put("a"), us=6) == ["accept"]


def test_a_rejection_returns_the_very_record() -> None:
    """Listing 3."""
    before = record(1, us=50)

    after, vote = rules.prepare(before, prepare(put(), us=10), put())

    assert after is before
    assert isinstance(vote, Reject)


def test_a_partition_promises_all_or_nothing() -> None:
    """§3.3: an accept beside a rejection is no promise."""
    partition = partition_with(put("b"))

    assert votes(partition, put("a"), put("b", 2, MISSING), put("c")) == [
        *("accept", "ConditionalCheckFailed", "accept")
    ]

    assert partition.last.changes is None
    assert partition.record("a").ongoing is None


def test_a_repeated_prepare_is_accepted_unjudged() -> None:
    """§3.5: judged afresh, the item would be in its own way."""
    partition = Partition()
    partition.ask(prepare(put("a", 1, MISSING)))

    assert votes(partition, put("a", 1, MISSING)) == ["accept"]
    assert partition.last.changes is None


def test_a_late_copy_of_a_prepare_is_rejected_after_the_commit() -> None:
    """§3.3: the timestamp is the fence; without it the transaction would be applied twice."""
    partition = Partition()
    partition.ask_each(prepare(add("a", 1)), commit("a"))

    assert votes(partition, add("a", 1)) == ["TransactionConflict"]
    partition.ask(commit("a"))
    assert partition.value("a") == 1


def test_a_late_copy_of_a_delete_is_rejected_after_the_commit() -> None:
    """§3.3: by the max delete timestamp, also when the item has come back."""
    partition = partition_with(put("a"))
    partition.ask_each(prepare(delete("a"), us=10), commit("a"))
    assert votes(partition, delete("a"), us=10) == ["TransactionConflict"]

    partition.clock_us = 3
    partition.ask(write(put("a", 7)))

    assert votes(partition, delete("a"), us=10) == ["TransactionConflict"]
    assert partition.value("a") == 7


# Listing 4: commit and cancel ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "value"), [(put("a", 7), 7), (add("a", 7), 8), (delete("a"), None), (check(), 1)]
)
def test_a_commit_does_what_was_promised(action: Action, value: int | None) -> None:
    """Listing 4."""
    partition = partition_with(put("a", 1))

    partition.ask_each(prepare(action), commit("a"))

    assert partition.value("a") == value
    assert partition.record("a").ongoing is None
    assert partition.record("a").timestamp == ts(10)


def test_a_commit_is_applied_once() -> None:
    """Listing 4: whose transaction is not ongoing does nothing."""
    partition = Partition()
    partition.ask(prepare(add("a", 1)))

    assert partition.ask_each(commit("a"), commit("a")) == [Done((True,)), Done((False,))]
    assert partition.value("a") == 1


@pytest.mark.parametrize("order", [commit, cancel])
def test_an_order_of_another_transaction_touches_nothing(order: Any) -> None:
    """Listing 4."""
    partition = Partition()
    partition.ask(prepare(put("a")))
    before = partition.record("a")

    assert partition.ask(order("a", transaction="t2")) == Done((False,))
    assert partition.record("a") is before


def test_a_commit_gives_a_new_lsn() -> None:
    """§3.4."""
    partition = partition_with(put("a"))
    before = partition.record("a").lsn

    partition.ask_each(prepare(put("a", 2)), commit("a"))

    assert partition.record("a").lsn > before


def test_a_check_moves_the_timestamp_and_leaves_the_lsn() -> None:
    """§3.3, §3.4: nobody may write before it any more, and no reader is disturbed."""
    partition = partition_with(put("a"))
    before = partition.record("a")

    partition.ask_each(prepare(check("a")), commit("a"))

    after = partition.record("a")
    assert (after.item, after.lsn, after.timestamp) == (before.item, before.lsn, ts(10))


def test_a_check_of_a_missing_item_leaves_no_ghost() -> None:
    """§3.3: nothing but the max delete timestamp, which remembers it."""
    partition = Partition()

    partition.ask_each(prepare(check("a", MISSING)), commit("a"))

    assert partition.contents.records == {}
    assert partition.state().max_delete_timestamp == ts(10)
    assert partition.state().delete_lsn == 0


@pytest.mark.parametrize("there", [True, False])
def test_a_delete_raises_the_max_delete_timestamp(there: bool) -> None:
    """§3.3: also where there was nothing to delete."""
    partition = partition_with(put("a")) if there else Partition()

    partition.ask_each(prepare(delete("a")), commit("a"))

    assert partition.contents.records == {}
    assert partition.state().max_delete_timestamp == ts(10)


def test_the_max_delete_timestamp_never_falls() -> None:
    """§3.3."""
    partition = Partition()
    partition.ask(prepare(delete("a"), transaction="t1", us=10))
    partition.ask(prepare(delete("b"), transaction="t2", us=20))

    partition.ask_each(commit("b", transaction="t2"), commit("a", transaction="t1"))

    assert partition.state().max_delete_timestamp == ts(20)


def test_a_singleton_delete_raises_the_max_delete_timestamp() -> None:
    """§3.3 'singleton writes'."""
    partition = partition_with(put("a"))
    partition.clock_us = 3

    partition.ask(write(delete("a")))

    assert partition.state().max_delete_timestamp == ts(6, "p1")


def test_the_marks_of_a_table_survive_a_restart() -> None:
    """§3.3."""
    partition = partition_with(delete("a"))

    partition.restart()

    assert votes(partition, put("a"), us=5) == ["TransactionConflict"]


def test_a_cancel_leaves_an_item_as_it_was() -> None:
    """Listing 4: value, timestamp and LSN."""
    partition = partition_with(put("a", 1))
    before = partition.record("a")

    partition.ask_each(prepare(delete("a")), cancel("a"))

    assert partition.record("a") == before


def test_a_cancel_takes_a_placeholder_away() -> None:
    """Listing 4: an item that the prepare created."""
    partition = Partition()

    partition.ask_each(prepare(put("a")), cancel("a"))

    assert partition.contents.records == {}
    assert partition.record("a").timestamp == partition.state().max_delete_timestamp


def test_a_cancel_before_its_prepare_does_nothing() -> None:
    """§3.5: and the prepare leaves an orphan."""
    partition = Partition()

    assert partition.ask(cancel("a")) == Done((False,))
    assert votes(partition, put("a")) == ["accept"]


@pytest.mark.parametrize("order", [prepare(put("a")), commit("a"), cancel("a")])
def test_a_partition_that_does_not_own_a_key_does_nothing(order: Any) -> None:
    """§3.1."""
    nothing = Range(0, 0)
    partition = Partition(nothing)

    assert partition.ask(order) == NotMine("")
    assert nothing.end < HASHES


# Listing 2: the coordinator -----------------------------------------------------------------------


def stage_for(*names: str) -> tuple[Stage, Any]:
    """Let a transaction of these names begin, on one coordinator."""
    stage = Stage(coordinators=1)
    return stage, stage.begin(
        "TransactWriteItems", {"TransactItems": [json_put(n, 1) for n in names]}
    )


def test_the_ledger_knows_a_transaction_before_its_partitions_do() -> None:
    """§3.5, Listing 2."""
    stage, asked = stage_for("a", "b")
    stage.cluster.network.hold("c1", "l1")
    stage.run_for(SECOND_US)
    assert not stage.has_heard(Prepare)

    stage.cluster.network.release("c1", "l1")

    assert asked.answer().outcome == "committed"


def test_no_commit_is_sent_before_the_decision_is_durable() -> None:
    """Listing 2."""
    stage, asked = stage_for("a", "b")
    stage.run_until(lambda: stage.has_heard(Prepare))
    stage.cluster.network.hold("l1", "c1")
    stage.run_for(SECOND_US)
    assert not stage.has_heard(Commit)

    stage.cluster.network.release("l1", "c1")

    assert asked.answer().outcome == "committed"


def test_every_vote_is_awaited_also_after_a_rejection() -> None:
    """Listing 2: a client is told every reason."""
    stage = Stage(coordinators=1)
    (near,), (far,) = (stage.names_on(node) for node in ("p1", "p2"))
    stage.cluster.network.hold("p2", "c1")
    entries = [json_put(near, 1, "attribute_exists(k)"), json_put(far, 1)]
    asked = stage.begin("TransactWriteItems", {"TransactItems": entries})

    stage.run_for(SECOND_US)
    assert not stage.has_heard(Cancel)
    stage.cluster.network.release("p2", "c1")

    assert codes(asked.answer()) == ["ConditionalCheckFailed", "None"]


def test_a_partition_that_stays_silent_is_a_throttling_error() -> None:
    """§3.3: the transaction is cancelled, and those that voted are free."""
    stage = Stage(coordinators=1)
    (near,), (far,) = (stage.names_on(node) for node in ("p1", "p2"))
    stage.cluster.crash("p2")
    entries = [json_put(near, 1), json_put(far, 1)]

    stage.begin("TransactWriteItems", {"TransactItems": entries})
    stage.run_for(40 * SECOND_US)

    finished = [message for _, _, message in stage.said if isinstance(message, Finished)]
    assert [reason.code for reason in finished[0].reasons] == ["None", "ThrottlingError"]
    assert stage.ongoing() == []


def test_whoever_is_told_committed_reads_what_was_written() -> None:
    """§3.3: the answer waits until every commit is applied."""
    stage, asked = stage_for("a", "b", "c", "d")
    stage.run_until(lambda: stage.has_heard(Prepare))
    stage.cluster.network.hold("c1", "p2")
    stage.run_for(SECOND_US)
    assert not asked.is_answered

    stage.cluster.network.release("c1", "p2")

    assert asked.answer().outcome == "committed"
    assert [stage.get(name) for name in "abcd"] == [1, 1, 1, 1]


def test_orders_are_repeated_until_they_are_acknowledged() -> None:
    """Listing 2: a lost vote, commit or acknowledgement costs time only."""
    stage, asked = stage_for("a", "b", "c", "d")
    for source, target in (("c1", "p1"), ("p2", "c1"), ("c1", "l1")):
        stage.cluster.network.link(source, target).cut = True
    stage.run_for(SECOND_US)

    for source, target in (("c1", "p1"), ("p2", "c1"), ("c1", "l1")):
        stage.cluster.network.link(source, target).cut = False

    assert asked.answer().outcome == "committed"
    assert [stage.get(name) for name in "abcd"] == [1, 1, 1, 1]


def test_a_finished_transaction_is_completed_in_the_ledger() -> None:
    """Listing 2."""
    stage, asked = stage_for("a", "b")
    asked.answer()

    stage.run_for(SECOND_US)

    assert stage.entries() == ["COMPLETED"]
    assert stage.ongoing() == []


def test_a_transaction_takes_one_prepare_and_one_commit_a_partition() -> None:
    """§3.3."""
    stage, asked = stage_for("a", "b", "c", "d", "e", "f")
    asked.answer()

    nodes = {stage.owner(name) for name in "abcdef"}
    assert len(stage.heard_kinds(Prepare)) == len(stage.heard_kinds(Commit)) == len(nodes)
    assert {Write, Written} <= {type(message) for _, _, message in stage.heard}


def test_everyone_must_accept() -> None:
    """Listing 2."""
    rejection = Reject(TRANSACTION_CONFLICT_REASON, None)

    assert reasons_for([ACCEPT, ACCEPT]) == ()
    assert [one.code for one in reasons_for([ACCEPT, rejection])] == ["None", "TransactionConflict"]


def test_of_several_validation_errors_the_first_is_told() -> None:
    """§2.3."""
    first, second = (Reject(validation_reason(text), None) for text in ("one", "two"))
    conflict = Reject(TRANSACTION_CONFLICT_REASON, None)

    reasons = reasons_for([conflict, first, ACCEPT, second])

    assert [one.message for one in reasons] == [None, "one", None, None]


# Singletons ---------------------------------------------------------------------------------------


def test_a_copy_of_a_singleton_write_is_answered_from_memory() -> None:
    """§3.3 'singleton writes': it has no transaction to be known by."""
    partition = Partition()
    partition.ask(write(add("a", 1)), number=77)

    assert partition.ask(write(add("a", 1)), number=77) == Written(None)
    assert partition.value("a") == 1


def test_a_singleton_write_makes_an_older_transaction_too_late() -> None:
    """§3.3 'singleton writes'."""
    partition = Partition()
    partition.clock_us = 50
    partition.ask(write(put("a")))

    assert votes(partition, put("a"), us=49) == ["TransactionConflict"]
    assert votes(partition, put("a"), us=51) == ["accept"]


def test_adding_under_load_loses_nothing() -> None:
    """§3.3: every acknowledged ADD is in the sum."""
    stage = Stage()
    asked = [
        stage.begin("TransactWriteItems", {"TransactItems": [json_add("a", 1)]}, client=client)
        for client in ("k1", "k2") * 10
    ]
    done = [one.answer().outcome for one in asked]

    assert stage.get("a") == done.count("committed") > 0
