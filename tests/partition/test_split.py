"""A partition that splits, asked directly: what it serves when, and what its child must know."""

from dataclasses import replace
from typing import Any

import pytest

from items.keys import placement_hash
from network.ids import NEVER, first_number
from network.messages import (
    Accept,
    Carry,
    Done,
    DropTable,
    Envelope,
    Forgotten,
    Message,
    NotMine,
    OfRange,
    OpenTable,
    Page,
    Reject,
    Scan,
    Serve,
    Split,
    Written,
)
from network.placement import HASHES, PLACEMENT_TABLE, Range
from partition import parts, split
from partition.now import Now
from partition.options import PartitionOptions
from partition.record import TableState
from partition.storage import Changes, Contents
from tests.builders import (
    EVERYTHING,
    SCHEMA,
    TABLE,
    Partition,
    add,
    cancel,
    check,
    commit,
    delete,
    key,
    prepare,
    put,
    read,
    ts,
    write,
)
from tests.partition.halves import (
    AT,
    CONFIGURED,
    GIVEN,
    HIGH,
    HIGHER,
    LOW,
    Child,
    both,
    carry,
    looks,
    settle,
)


def leaving() -> Partition:
    """Return a partition with an item on either side that has begun to split between them."""
    parent = Partition()
    parent.ask_each(write(put(LOW)), write(put(HIGH)))
    assert parent.ask(Split(AT, "p2")) == Done(())
    return parent


def scan(limit: int = 10) -> Scan:
    return Scan(TABLE, None, None, None, True, limit, None, {}, {}, "")


# The parent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after a restart"])
def test_what_leaves_is_served_no_more(again: bool) -> None:
    """§3.3: from before the first copy on, and durably."""
    parent = leaving()
    if again:
        parent.restart()
    number = parent.machine.incarnation

    asked: list[Message] = [prepare(put(HIGH)), commit(HIGH), cancel(HIGH), read(HIGH)]
    asked.append(write(put(HIGH), incarnation=number))

    assert parent.ask_each(*asked) == [NotMine("")] * 5
    assert parent.value(LOW) == 1
    assert parent.machine.holding.range == Range(0, AT)


def test_while_a_range_leaves_nobody_knows_what_is_left() -> None:
    """§3.3: a table that was opened now would be missing at the child."""
    parent = leaving()
    questions: list[Message] = [scan(), OpenTable(TABLE, SCHEMA), DropTable(TABLE)]

    assert parent.ask_each(*questions) == [NotMine("")] * 3
    for owned in (EVERYTHING, Range(0, AT)):
        assert parent.ask(OfRange(owned, scan())) == NotMine("")


def test_an_order_to_split_comes_twice() -> None:
    """§3.3: a copy changes nothing, a second child is refused."""
    parent = leaving()

    assert parent.ask(Split(AT, "p2")) == Done(())
    assert parent.last.changes is None
    assert parent.ask(Split(AT // 2, "p3")) == NotMine("")
    assert parent.machine.holding.attempts == 1


@pytest.mark.parametrize("at", [0, HASHES])
def test_a_split_leaves_something_on_either_side(at: int) -> None:
    partition = Partition()

    assert partition.ask(Split(at, "p2")) == NotMine("")
    assert partition.last.changes is None


def test_a_parent_drops_what_has_left() -> None:
    parent, _ = both(write(put(LOW)), write(put(HIGH)))

    assert [record_key[1] for record_key in parent.contents.records] == [key(LOW)]
    assert parent.ask(read(HIGH)) == NotMine("", GIVEN)
    parent.restart()
    assert parent.ask(read(HIGH)) == NotMine("", GIVEN)
    assert parent.value(LOW) == 1


def test_a_split_that_is_undone_changes_nothing() -> None:
    parent = leaving()

    settle(parent, CONFIGURED.unchanged())

    assert (parent.value(LOW), parent.value(HIGH)) == (1, 1)
    assert parent.machine.holding.range == EVERYTHING
    parent.restart()
    assert parent.value(HIGH) == 1


def test_what_is_ongoing_where_a_range_leaves_is_reported_when_it_is_back() -> None:
    """§3.5: and not while nobody could end it here."""
    parent = Partition()
    parent.ask_each(prepare(put(HIGH)), Split(AT, "p2"))
    late_us = 2 * PartitionOptions().stalled_after_us
    assert parent.machine.stalled(late_us) == ()

    parent.machine.settle(CONFIGURED.unchanged(), late_us)

    assert parent.machine.stalled(late_us) == ()
    assert len(parent.machine.stalled(2 * late_us)) == 1


def test_the_placement_itself_never_moves() -> None:
    """§3.1: everybody knows where it is."""
    contents = Contents()
    contents.take(Changes("born", NEVER, (), (TableState(PLACEMENT_TABLE, SCHEMA),), 0))
    home = Partition(Range(0, HASHES), contents)
    action = replace(put(HIGH), table=PLACEMENT_TABLE)
    home.ask_each(write(action), Split(AT, "p2"))

    carried = [split.carried(message) for message in home.machine.carries()]
    settle(home, GIVEN)
    home.restart()

    assert carried == [((), ())]
    assert isinstance(home.ask(write(action, incarnation=2)), Written)


# What names no keys -------------------------------------------------------------------------------


def test_a_scan_names_the_range_that_it_means() -> None:
    """§3.1: who asks the parent for all of its old range would miss what has left."""
    parent, child = both(write(put(LOW)), write(put(HIGH)))

    assert parent.ask(scan()) == NotMine("", GIVEN)
    assert parent.ask(OfRange(EVERYTHING, scan())) == NotMine("", GIVEN)
    found = [
        parent.ask(OfRange(Range(0, AT), scan())),
        child.ask(OfRange(Range(AT, HASHES), scan())),
    ]

    assert all(isinstance(page, Page) for page in found)
    assert [item["k"][1] for page in found for item in page.items] == [LOW, HIGH]


def test_a_partition_that_has_not_split_answers_for_the_range_that_it_began_with() -> None:
    partition = Partition()

    assert isinstance(partition.ask(OfRange(EVERYTHING, scan())), Page)
    assert partition.ask(OfRange(Range(0, AT), scan())) == NotMine("")


# The child ----------------------------------------------------------------------------------------


def test_a_child_serves_nothing_before_the_placement_says_so() -> None:
    """§3.3: neither at first, nor with its records, nor after a restart with them."""
    parent, child = leaving(), Child()
    questions: list[Message] = [read(HIGH), prepare(put(HIGH)), commit(HIGH), scan()]
    questions.append(Split(AT, "p3"))
    assert child.ask_each(*questions) == [NotMine("")] * 5

    carry(parent, child)
    assert child.ask_each(*questions) == [NotMine("")] * 5
    child.restart()
    assert child.ask_each(*questions) == [NotMine("")] * 5
    child.ask(Serve(CONFIGURED.unchanged()))
    assert child.ask_each(*questions) == [NotMine("")] * 5

    child.ask(Serve(GIVEN))
    assert child.value(HIGH) == 1
    child.restart()
    assert child.value(HIGH) == 1


def test_a_child_finds_out_from_the_placement_as_well() -> None:
    parent, child = leaving(), Child()
    carry(parent, child)

    assert child.machine.take_up(CONFIGURED, 0) is None
    changes = child.machine.take_up(GIVEN, 0)

    assert changes is not None
    child.contents.take(changes)
    child.restart()
    assert child.value(HIGH) == 1


def test_a_child_that_looks_late_does_not_decide_its_own_split() -> None:
    """§3.3: it serves by now, and a part of its range is leaving already."""
    _, child = both(write(put(HIGH)))
    child.ask(Split(AT + 1, "p3"))

    assert child.machine.take_up(GIVEN, 0) is None
    assert child.machine.holding.leaving is not None


def test_a_promise_moves_along() -> None:
    """§3.3: a repeat finds it, a commit ends it."""
    _, child = both(prepare(put(HIGH, 7)))

    assert child.ask(prepare(put(HIGH, 7))).votes == (Accept(),)
    assert child.last.changes is None
    assert child.ask(commit(HIGH)) == Done((True,))
    assert child.value(HIGH) == 7


def test_a_placeholder_moves_along_and_stays_invisible() -> None:
    _, child = both(prepare(check(HIGH, "attribute_not_exists(k)")))

    assert child.value(HIGH) is None
    assert child.ask(OfRange(Range(AT, HASHES), scan())).scanned_count == 0
    assert child.ask(cancel(HIGH)) == Done((True,))


def test_the_max_delete_timestamp_moves_along() -> None:
    """§3.3: also of what was deleted elsewhere in the range."""
    _, child = both(
        prepare(put(HIGH), us=50), commit(HIGH), prepare(delete(HIGH), us=60), commit(HIGH)
    )

    assert isinstance(child.ask(prepare(put(HIGH), transaction="t2", us=60)).votes[0], Reject)
    assert child.ask(prepare(put(HIGH), transaction="t3", us=61)).votes == (Accept(),)


def test_a_childs_lsns_begin_above_its_parents() -> None:
    """§3.4: for an item, and for the delete of one."""
    _, child = both(*(write(add(HIGH)) for _ in range(5)), write(put(HIGHER)))

    child.ask(write(add(HIGHER)))

    assert child.record(HIGHER).lsn == 7
    child.ask(write(delete(HIGHER)))
    assert child.state().delete_lsn == 8


def test_a_dropped_table_stays_dropped_at_the_child() -> None:
    """§3.1: a late copy of its opening comes to the child now."""
    _, child = both(DropTable(TABLE))

    child.ask(OfRange(Range(AT, HASHES), OpenTable(TABLE, SCHEMA)))

    assert child.ask(read(HIGH)) == NotMine(TABLE)


def test_what_is_carried_twice_is_kept_once() -> None:
    parent, child = leaving(), Child()
    carry(parent, child)
    kept = dict(child.contents.records)

    carry(parent, child)

    assert child.contents.records == kept


def test_a_late_copy_of_what_was_carried_changes_nothing() -> None:
    """§3.3: the item has changed since."""
    parent, child = leaving(), Child()
    copies = list(parent.machine.carries())
    carry(parent, child)
    child.ask(Serve(GIVEN))
    child.ask(write(put(HIGH, 9)))

    assert [child.ask(copy, source="p1") for copy in copies] == [NotMine("", GIVEN)]
    assert child.value(HIGH) == 9


@pytest.mark.parametrize("other", [{"attempt": 2}, {"range": Range(0, AT)}])
def test_a_child_takes_one_splits_records_in_its_life(other: dict[str, Any]) -> None:
    """§3.3: those of an earlier attempt would be mixed in."""
    parent, child = leaving(), Child()
    carry(parent, child)
    (message,) = parent.machine.carries()

    assert child.ask(replace(message, **other), source="p1") == NotMine("")
    assert child.ask(message, source="p9") == NotMine("")
    assert Partition().ask(message, source="p1") == NotMine("")


def test_many_records_are_carried_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    parent, child = Partition(), Child()
    names = [f"i{n}" for n in range(2 * parts.PART_MAX + 100)]
    names = [name for name in names if placement_hash(key(name)) >= AT]
    parent.ask_each(*(write(put(name)) for name in names), Split(AT, "p2"))

    first, *others = messages = list(parent.machine.carries())
    child.ask(first, source="p1")
    looked_at = looks(monkeypatch)
    for message in others:
        child.ask(message, source="p1")

    assert looked_at == []  # Each part would look at all before it.
    assert [bool(split.carried(message)[0]) for message in messages] == [True, False]
    assert all(len(split.carried(message)[1]) <= parts.PART_MAX for message in messages)
    assert {record_key[1][0][1] for record_key in child.contents.records} == {*names}
    settle(parent, GIVEN)
    assert len(looked_at) >= len(names), "what is given away is looked through"


# Writes that must happen once ---------------------------------------------------------------------


def test_a_copy_of_a_write_is_answered_from_memory_wherever_its_item_is() -> None:
    """§3.3: incarnation, number and floor come before the range.

    'Not mine' lets the router ask the child, and the write was applied.
    """
    parent = Partition()
    number = first_number(1) + 100
    asked = write(add(HIGH))
    parent.ask(asked, number=number)
    parent.ask(Split(AT, "p2"))

    assert parent.ask(asked, number=number) == Written(None)
    assert parent.ask(asked, number=number + 1) == NotMine("")


def test_a_refused_write_stays_refused_when_the_range_is_back() -> None:
    """§3.3: it was asked elsewhere since."""
    parent = leaving()
    number = first_number(1) + 100
    parent.ask(write(add(HIGH)), number=number)
    settle(parent, CONFIGURED.unchanged())

    assert parent.ask(write(add(HIGH)), number=number) == NotMine("")
    assert parent.value(HIGH) == 1


def test_a_write_that_a_child_has_refused_stays_refused_when_it_serves() -> None:
    parent, child = leaving(), Child()
    carry(parent, child)
    number = first_number(1) + 100
    assert child.ask(write(add(HIGH)), number=number) == NotMine("")
    child.ask(Serve(GIVEN))

    assert child.ask(write(add(HIGH)), number=number) == NotMine("")
    assert child.value(HIGH) == 1
    assert not isinstance(child.ask(write(add(HIGH)), number=number + 1), NotMine | Forgotten)


# Properties of the rules --------------------------------------------------------------------------


def test_marks_that_are_carried_twice_never_fall() -> None:
    mine = TableState(TABLE, SCHEMA, ts(9), 4)
    later = TableState(TABLE, SCHEMA, ts(7), 6, dropped=True)

    assert split.merged(None, mine) == mine
    assert split.merged(mine, later) == TableState(TABLE, SCHEMA, ts(9), 6, dropped=True)


def test_a_machine_that_may_not_split_refuses() -> None:
    partition = Partition()
    partition.machine.may_split = False

    assert partition.ask(Split(AT, "p2")) == NotMine("")


def test_a_step_carries_and_replies_in_one_append() -> None:
    parent, child = leaving(), Child()
    (message,) = parent.machine.carries()
    envelope = Envelope("p1", 1, 0, message)

    output = child.machine.step(envelope, Now(0, 0))

    assert isinstance(message, Carry)
    assert output.reply == Done(())
    assert output.changes is not None
    assert output.changes.holding is not None
    assert [one[1] for one, _ in output.changes.records] == [key(HIGH)]
