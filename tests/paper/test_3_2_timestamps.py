"""§3.2: a transaction's place in the serial order is its timestamp."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.timestamps import Timestamps
from network.ids import NEVER, Timestamp
from network.messages import Accept, Prepare, Reject, Write
from tests.builders import (
    SECOND_US,
    Partition,
    Stage,
    commit,
    delete,
    json_add,
    json_put,
    prepare,
    put,
    ts,
    write,
)

HOUR_US = 3_600 * SECOND_US


def vote(partition: Partition, us: int, node: str = "c1") -> Accept | Reject:
    (found,) = partition.ask(prepare(put("a"), transaction="t2", us=us, node=node)).votes
    assert isinstance(found, Accept | Reject)
    return found


@given(st.lists(st.integers(0, 100), min_size=1))
def test_a_coordinators_timestamps_only_rise_whatever_its_clock_does(clock: list[int]) -> None:
    """§3.2."""
    readings = iter(clock)
    stamps = Timestamps("c1", lambda: next(readings))

    made = [stamps.next() for _ in clock]

    assert made == sorted(set(made))
    assert all(stamp.us >= us for stamp, us in zip(made, clock, strict=True))


def test_two_coordinators_never_share_a_timestamp() -> None:
    """§3.2: at one microsecond their names decide."""
    one, other = (Timestamps(node, lambda: 5).next() for node in ("c1", "c2"))

    assert one != other
    assert one < other


def test_a_timestamp_is_later_than_one_that_was_shown() -> None:
    """§3.2: a clock that is fast by an hour costs its neighbours a conflict, not an hour."""
    stamps = Timestamps("c1", lambda: 5)

    stamps.shown(ts(HOUR_US, "c2"))
    stamps.shown(None)
    stamps.shown(ts(1, "c2"))

    assert stamps.next() > ts(HOUR_US, "c2")


@pytest.mark.parametrize(
    ("us", "node", "accepted"),
    [
        (9, "c9", False),
        (10, "c0", False),
        (10, "c1", False),
        (10, "c2", True),
        (11, "c1", True),
    ],
)
def test_only_what_is_later_than_the_item_is_accepted(us: int, node: str, accepted: bool) -> None:
    """§3.2, §3.3: equal is too late."""
    partition = Partition()
    partition.ask_each(prepare(put("a"), us=10, node="c1"), commit("a"))

    assert isinstance(vote(partition, us, node), Accept) is accepted


def test_a_rejection_shows_the_timestamp_in_the_way() -> None:
    """§3.2."""
    partition = Partition()
    partition.ask_each(prepare(put("a"), us=10), commit("a"))

    found = vote(partition, 5)

    assert isinstance(found, Reject)
    assert found.reason.code == "TransactionConflict"
    assert found.in_the_way == ts(10)


def test_a_conflict_with_what_is_ongoing_shows_no_timestamp() -> None:
    """§3.3: nothing is known of the order yet."""
    partition = Partition()
    partition.ask(prepare(put("a"), us=10))

    found = vote(partition, 5)

    assert isinstance(found, Reject)
    assert found.in_the_way is None


def test_a_write_takes_its_partitions_time() -> None:
    """§3.2: all writes have a timestamp, singletons too."""
    partition = Partition()
    partition.clock_us = 77

    partition.ask(write(put("a")))

    assert partition.record("a").timestamp == Timestamp(77, "p1")


def test_a_write_comes_after_the_item_although_the_clock_is_behind() -> None:
    """§3.2."""
    partition = Partition()
    partition.ask_each(prepare(put("a"), us=100), commit("a"))
    partition.clock_us = 3

    partition.ask(write(put("a")))

    assert partition.record("a").timestamp == Timestamp(101, "p1")


def test_a_write_comes_after_the_deletes_although_the_clock_is_behind() -> None:
    """§3.2, §3.3: of a missing item the max delete timestamp is what must be passed."""
    partition = Partition()
    partition.ask_each(prepare(delete("a"), us=100), commit("a"))
    partition.clock_us = 3

    partition.ask(write(put("a")))

    assert partition.record("a").timestamp == Timestamp(101, "p1")


def test_a_late_prepare_is_rejected_although_the_clock_was_behind_at_the_write() -> None:
    """§3.2: with the clock alone, the copy would be applied a second time."""
    partition = Partition()
    partition.ask_each(prepare(put("a", 1), us=100), commit("a"))
    partition.clock_us = 3
    partition.ask(write(put("a", 2)))

    reply = partition.ask(prepare(put("a", 1), us=100))

    assert isinstance(reply.votes[0], Reject)


def test_what_was_never_written_is_before_every_transaction() -> None:
    """§3.2."""
    assert Partition().record("a").timestamp == NEVER
    assert isinstance(vote(Partition(), 1), Accept)


def test_a_transaction_is_stamped_before_it_is_entered_in_the_ledger() -> None:
    """§3.2: by its coordinator's clock, at receipt."""
    stage = Stage(coordinators=1)
    before_us = stage.cluster.hosts["c1"].now_us()
    stage.write(json_put("a", 1))

    (stamp,) = {message.timestamp for _, _, message in stage.said if isinstance(message, Prepare)}
    assert stamp.node == "c1"
    assert before_us < stamp.us < before_us + 10_000
    kinds = stage.heard_kinds(Write, Prepare)
    assert kinds.index(Write) < kinds.index(Prepare)


def test_a_fast_clock_costs_its_neighbours_one_conflict() -> None:
    """§3.2."""
    stage = Stage(coordinators=1)
    stage.cluster.set_clock("c1", HOUR_US)
    stage.write(json_add("a", 1))
    stage.cluster.crash("c1")
    stage.cluster.set_clock("c1", 0)
    stage.cluster.start("c1")

    ends = [stage.write(json_add("a", 1)).outcome for _ in range(3)]

    assert ends == ["cancelled", "committed", "committed"]
    assert stage.get("a") == 3


def test_clocks_that_disagree_cost_no_serializability() -> None:
    """§3.2: accuracy only buys fewer rejections."""
    stage = Stage(coordinators=2)
    stage.cluster.set_clock("c1", 5_000)
    stage.cluster.set_clock("c2", -5_000)

    done = [stage.write(json_add("a", 1)).outcome for _ in range(20)]

    assert stage.get("a") == done.count("committed") > 0
