"""Provisioned tables in a partition: who is let through, what it costs, what is never judged."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from items.actions import Action, Check, Put
from items.errors import PROVISIONED_THROUGHPUT_EXCEEDED, PROVISIONED_THROUGHPUT_EXCEEDED_REASON
from items.units import HALVES
from network.ids import NEVER, TableId
from network.messages import (
    Accept,
    Done,
    DropTable,
    OpenTable,
    Read,
    Readings,
    Reject,
    Scan,
    SetTable,
    Throttled,
    Votes,
    WriteRefused,
    Written,
)
from network.placement import HASHES, LEDGER_TABLE, Range
from network.settings import TableSettings, Throughput
from partition import singletons
from partition.capacity import HALF_GRAINS
from partition.meters import Meter
from partition.record import TableState
from partition.storage import Changes, Contents
from tests.builders import (
    EVERYTHING,
    SCHEMA,
    SECOND_US,
    TABLE,
    Partition,
    add,
    at,
    cancel,
    check,
    commit,
    delete,
    key,
    prepare,
    put,
    write,
)
from tests.partition.halves import HIGH, LOW, both

EXCEEDED = PROVISIONED_THROUGHPUT_EXCEEDED_REASON
OTHER = "u"


def provisioned(units: int = 1, revision: int = 1) -> TableSettings:
    return TableSettings(revision, Throughput(units, units))


def disk() -> Contents:
    """Make a disk with the table `t`, on demand; whoever restarts from it has nothing saved."""
    contents = Contents()
    states = (TableState(TABLE, SCHEMA), TableState(OTHER, SCHEMA))
    contents.take(Changes("born", NEVER, (), states, 0))
    return contents


def partition(units: int = 1, owned: Range = EVERYTHING) -> Partition:
    """Return a partition that holds `t` to so many units a second, and has a second's to give."""
    made = Partition(owned, disk())
    made.ask(SetTable(TABLE, provisioned(units)))
    return made


def spent(units: int = 1) -> Partition:
    """Return one that has nothing left."""
    made = partition(units)
    meter(made).take_writes(units * HALVES)
    meter(made).take_reads(units * HALVES)
    return made


def meter(made: Partition, table: str = TABLE) -> Meter:
    assert made.machine.meters is not None
    return made.machine.meters.all[table]


def written(made: Partition) -> float:
    return meter(made).write_halves / HALVES


def have_read(made: Partition) -> float:
    return meter(made).read_halves / HALVES


def reading(*names: str, round_: int = 0, eventual: bool = False) -> Read:
    return Read(tuple(at(name) for name in names), round_, "k1#1", eventual)


def page(filter_: str | None = None) -> Scan:
    return Scan(TABLE, None, None, None, True, 100, filter_, {}, {}, "k1#1")


def big(name: str, kilobytes: int) -> Put:
    """Put an item that weighs so many KB."""
    text = "x" * (1024 * kilobytes - len(name) - 2)
    return Put(TABLE, key(name), {"k": ("S", name), "t": ("S", text)})


def codes(votes: Votes) -> list[str]:
    return [vote.reason.code if isinstance(vote, Reject) else "" for vote in votes.votes]


# On demand ----------------------------------------------------------------------------------------


def test_a_table_on_demand_has_no_meter_at_all() -> None:
    made = Partition()

    made.ask(write(put("a")))

    assert made.machine.meters is None


def test_a_table_that_comes_to_be_on_demand_again_is_held_to_nothing() -> None:
    made = spent()

    made.ask(SetTable(TABLE, TableSettings(2)))

    assert isinstance(made.ask(write(put("a"))), Written)


def test_a_late_revision_changes_nothing() -> None:
    made = spent()

    made.ask(SetTable(TABLE, provisioned(1000, revision=0)))

    assert isinstance(made.ask(write(put("a"))), WriteRefused)


# Singletons ---------------------------------------------------------------------------------------


def test_a_write_too_many_is_refused_as_the_service_does_and_changes_nothing() -> None:
    made = spent()

    refused = made.ask(write(put("a")))

    kind = PROVISIONED_THROUGHPUT_EXCEEDED
    assert refused == WriteRefused(kind.name, kind.message, None)
    assert made.last.changes is None
    assert meter(made).write_throttles == 1
    assert written(made) == 1.0  # What `spent` took.


def test_units_come_back_with_time() -> None:
    made = spent()
    made.elapsed_us = 1

    assert isinstance(made.ask(write(put("a"))), Written)
    assert isinstance(made.ask(write(put("b"))), WriteRefused)
    made.elapsed_us += 2 * SECOND_US
    assert isinstance(made.ask(write(put("b"))), Written)


def test_the_clock_gives_nothing() -> None:
    made = spent()

    made.clock_us += 10**12

    assert isinstance(made.ask(write(put("a"))), WriteRefused)


def test_a_write_costs_the_larger_of_before_and_after() -> None:
    made = partition(100)

    made.ask_each(write(big("a", 3)), write(put("a")), write(put("a")))

    assert written(made) == 3 + 3 + 1


def test_an_item_larger_than_all_units_is_let_through_and_owed_for() -> None:
    made = partition(1)

    assert isinstance(made.ask(write(big("a", 300))), Written)
    made.elapsed_us += 299 * SECOND_US
    assert isinstance(made.ask(write(put("b"))), WriteRefused)
    made.elapsed_us += SECOND_US
    assert isinstance(made.ask(write(put("b"))), Written)


def test_a_failed_condition_costs_what_the_write_would_have_cost() -> None:
    made = partition(100)
    made.ask(write(big("a", 2)))

    refused = made.ask(write(put("a", condition="attribute_not_exists(k)")))

    assert refused.error == "ConditionalCheckFailedException"
    assert written(made) == 2 + 2


def test_what_cannot_be_done_to_an_item_costs_what_was_looked_at() -> None:
    made = partition(100)
    made.ask(write(Put(TABLE, key("a"), {"k": ("S", "a"), "v": ("S", "no number")})))

    assert made.ask(write(add("a"))).error == "ValidationException"
    assert written(made) == 1 + 1


def test_a_conflict_costs_nothing() -> None:
    made = partition(100)
    made.ask(prepare(put("a")))
    before = written(made)

    refused = made.ask(write(put("a", 2)))

    assert refused.error == "TransactionConflictException"
    assert written(made) == before


def test_a_copy_of_a_write_is_answered_from_memory_and_costs_nothing() -> None:
    made = partition(1)
    first = made.ask(write(put("a")), number=7)
    meter(made).take_writes(10)
    before = written(made)

    assert made.ask(write(put("a")), number=7) == first
    assert written(made) == before


def test_a_refused_write_and_its_copy_are_refused_whatever_comes_in_meanwhile() -> None:
    made = spent()
    refused = made.ask(write(put("a")), number=7)

    made.elapsed_us += 10 * SECOND_US

    assert made.ask(write(put("a")), number=7) == refused
    assert made.value("a") is None


# Write transactions -------------------------------------------------------------------------------


def test_a_first_prepare_too_many_is_refused_and_promises_nothing() -> None:
    made = spent()

    votes = made.ask(prepare(put("a"), check("b")))

    assert votes == Votes((Reject(EXCEEDED, None),) * 2)
    assert made.last.changes is None
    assert made.record("a").ongoing is None
    assert meter(made).write_throttles == 2


def test_a_promise_is_paid_for_twice_one_write_to_prepare_and_one_to_commit() -> None:
    made = partition(100)

    made.ask_each(prepare(put("a"), big("b", 3)), commit("a", "b"))

    assert written(made) == 2 * (1 + 3)


def test_a_check_costs_what_a_write_costs() -> None:
    made = partition(100)
    made.ask(write(put("a")))

    made.ask(prepare(check("a"), transaction="t2", us=10**9))

    assert written(made) == 1 + 2


def test_a_cancel_gives_nothing_back_it_is_a_write_as_well() -> None:
    made = partition(100)

    made.ask_each(prepare(put("a")), cancel("a"))

    assert written(made) == 2.0


def test_a_rejected_prepare_costs_the_one_write_that_it_took_to_judge_it() -> None:
    made = partition(100)

    votes = made.ask(prepare(put("a"), put("b", condition="attribute_exists(k)")))

    assert codes(votes) == ["", "ConditionalCheckFailed"]
    assert written(made) == 1 + 1


def test_a_conflict_of_a_prepare_costs_nothing_beside_what_was_judged() -> None:
    made = partition(100)
    made.ask(prepare(put("a")))
    before = written(made)

    votes = made.ask(prepare(put("a"), put("b"), transaction="t2", us=20))

    assert codes(votes) == ["TransactionConflict", ""]
    assert written(made) - before == 1.0


def test_a_repeated_prepare_is_neither_judged_nor_charged_again() -> None:
    made, order = partition(1), prepare(put("a"))
    made.ask(order)
    assert meter(made).writes is not None
    before = written(made)

    for _ in range(3):
        assert made.ask(order) == Votes((Accept(),))

    assert written(made) == before


def test_commits_and_cancels_are_never_judged() -> None:
    made = partition(1)
    made.ask_each(prepare(put("a", 3)), prepare(put("b"), transaction="t2"))
    made.elapsed_us += 10 * SECOND_US
    made.ask(prepare(put("b"), transaction="t2"))
    meter(made).take_writes(1_000)

    assert made.ask(commit("a")) == Done((True,))
    assert made.ask(cancel("b", transaction="t2")) == Done((True,))
    meter(made).take_reads(-1_000)
    assert made.value("a") == 3


def test_only_the_actions_on_the_table_that_is_spent_are_refused_and_nothing_is_promised() -> None:
    made = spent()
    made.ask(SetTable(TableId(OTHER), provisioned()))
    other = Put(OTHER, key("a"), {"k": ("S", "a")})

    votes = made.ask(prepare(other, put("b")))

    assert codes(votes) == ["", EXCEEDED.code]
    assert made.last.changes is None
    assert meter(made, OTHER).write_halves == HALVES, "what is not promised is not paid for twice"


def test_a_prepare_that_was_refused_is_judged_anew_later() -> None:
    made = spent()
    made.ask(prepare(put("a")))

    made.elapsed_us += 10 * SECOND_US

    assert made.ask(prepare(put("a"))) == Votes((Accept(),))


# Reads --------------------------------------------------------------------------------------------


def test_reads_cost_a_unit_half_a_unit_or_two() -> None:
    for message, units in (
        (reading("a"), 1.0),
        (reading("a", eventual=True), 0.5),
        (reading("a", round_=1), 2.0),
        (reading("a", round_=2), 0.0),
        (reading("a", "b", "c"), 3.0),
    ):
        made = partition(100)
        made.ask(message)

        assert have_read(made) == units


def test_a_read_too_many_is_refused_and_costs_nothing() -> None:
    made = spent()

    assert made.ask(reading("a", "b")) == Throttled()
    assert made.ask(reading("a", round_=1)) == Throttled()
    assert made.ask(page()) == Throttled()

    assert have_read(made) == 1.0  # What `spent` took.
    assert meter(made).read_throttles == 4


def test_round_2_ends_what_round_1_has_paid_for() -> None:
    assert isinstance(spent().ask(reading("a", round_=2)), Readings)


def test_a_read_that_no_client_asked_for_is_free() -> None:
    made = spent()

    assert isinstance(made.ask(Read((at("a"),), 0, "")), Readings)
    assert have_read(made) == 1.0


def test_a_page_costs_what_was_looked_at_whatever_its_filter_leaves_out() -> None:
    made = partition(100)
    made.ask_each(*(write(big(name, 3)) for name in "abcd"))

    made.ask(page())
    assert have_read(made) == 3.0
    assert made.ask(page("attribute_not_exists(k)")).items == ()
    assert have_read(made) == 6.0


# Tables -------------------------------------------------------------------------------------------


def test_a_new_table_has_a_full_bucket() -> None:
    made = Partition()
    made.ask(OpenTable(TableId("new"), SCHEMA, provisioned(2)))

    bucket = meter(made, "new").writes
    assert bucket is not None
    assert bucket.level == bucket.full == 2 * 300 * HALVES * HALF_GRAINS


def test_a_restart_forgets_what_was_saved_and_what_was_owed() -> None:
    for before in (-500, 500):
        made = partition(5)
        made.elapsed_us += 300 * SECOND_US
        meter(made).take_writes(before)

        made.restart()

        bucket = meter(made).writes
        assert bucket is not None
        assert bucket.level == 5 * HALVES * HALF_GRAINS


def test_more_units_end_a_debt_at_once() -> None:
    made = spent()
    meter(made).take_writes(100)

    made.ask(SetTable(TABLE, provisioned(50, revision=2)))

    assert isinstance(made.ask(write(put("a"))), Written)


def test_a_change_of_something_else_leaves_a_bucket_as_it_is() -> None:
    made = spent()

    made.ask(SetTable(TABLE, provisioned(1, revision=2)))

    assert isinstance(made.ask(write(put("a"))), WriteRefused)


def test_a_dropped_table_has_no_meter() -> None:
    made = partition()

    made.ask(DropTable(TABLE))

    assert made.machine.meters is not None
    assert TABLE not in made.machine.meters.all


def test_a_partition_lets_its_share_through() -> None:
    made = partition(100, Range(0, HASHES // 4))

    bucket = meter(made).writes
    assert bucket is not None
    assert bucket.level == 25 * HALVES * HALF_GRAINS


def test_after_a_split_parent_and_child_get_together_what_the_parent_got() -> None:
    parent, child = both(SetTable(TABLE, provisioned(8)))
    for made in (parent, child):
        meter(made).take_writes(1_000)
        owed = level(made)

        made.elapsed_us += SECOND_US
        refused = made.ask(write(put(LOW if made is parent else HIGH)))

        assert isinstance(refused, WriteRefused)
        assert level(made) - owed == 4 * HALVES * HALF_GRAINS


def level(made: Partition) -> int:
    bucket = meter(made).writes
    assert bucket is not None
    return bucket.level


# Never --------------------------------------------------------------------------------------------


def test_internal_tables_are_never_judged() -> None:
    made = Partition(EVERYTHING, Contents())
    made.ask(OpenTable(TableId(LEDGER_TABLE), SCHEMA, provisioned(1)))

    for number in range(10):
        put_entry = Put(LEDGER_TABLE, key(str(number)), {"k": ("S", str(number))})
        assert isinstance(made.ask(write(put_entry)), Written)

    assert made.machine.meters is None


# Any order ----------------------------------------------------------------------------------------

NAMES = ("a", "b", "c")
ACTIONS: tuple[Action, ...] = tuple(
    action for name in NAMES for action in (put(name), big(name, 3), delete(name), check(name))
)
ORDERS = st.one_of(
    st.builds(write, st.sampled_from([one for one in ACTIONS if not isinstance(one, Check)])),
    st.builds(reading, st.sampled_from(NAMES), round_=st.integers(0, 2), eventual=st.booleans()),
    st.tuples(st.sampled_from(ACTIONS[:4]), st.sampled_from(ACTIONS[4:])),
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.tuples(ORDERS, st.integers(0, 2 * SECOND_US)), max_size=25))
def test_what_is_in_the_bucket_is_what_came_in_less_what_was_charged(orders: Any) -> None:
    """And nobody is refused while there is anything, nor let through when there is nothing."""
    made = partition(2)
    full = 2 * 300 * HALVES * HALF_GRAINS
    expected = 2 * HALVES * HALF_GRAINS
    for number, (order, waited_us) in enumerate(orders):
        made.elapsed_us += waited_us
        expected = min(full, expected + 2 * HASHES * waited_us)
        charged = meter(made).write_halves
        message = order
        if isinstance(order, tuple):
            message = prepare(*order, transaction=f"t{number}", us=10**9 * (number + 1))
        reply = made.ask(message)
        refused = reply == singletons.THROTTLED or (
            isinstance(reply, Votes) and EXCEEDED.code in codes(reply)
        )
        if not isinstance(message, Read):
            assert refused == (expected <= 0)
        expected -= (meter(made).write_halves - charged) * HALF_GRAINS
        if isinstance(order, tuple):
            made.ask(commit(*(action.key[0][1] for action in order), transaction=f"t{number}"))
        if not isinstance(message, Read):
            assert level(made) == expected
