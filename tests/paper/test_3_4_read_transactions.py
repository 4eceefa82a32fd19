"""§3.4: read transactions, two rounds that write nothing."""

from dataclasses import replace
from typing import Any

import pytest

from coordinator.options import CoordinatorOptions
from coordinator.read import in_the_way
from network.ids import TransactionId
from network.messages import Commit, Prepare, Read, Reading, Readings
from partition import reads
from sim.history import Operation
from sim.settings import Settings
from tests.builders import (
    SECOND_US,
    Partition,
    Stage,
    check,
    codes,
    commit,
    delete,
    item,
    json_add,
    json_check,
    json_delete,
    json_put,
    prepare,
    put,
    read,
    single,
    transaction,
    write,
)

ITEM, T1 = item("a"), TransactionId("t1")


def reading(partition: Partition, name: str = "a") -> Reading:
    (found,) = partition.ask(read(name)).readings
    assert isinstance(found, Reading)
    return found


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        (Reading(ITEM, 3, None), Reading(ITEM, 3, None), False),
        (Reading(ITEM, 3, None), Reading(ITEM, 4, None), True),
        (Reading(ITEM, 3, None), Reading(ITEM, 3, T1), True),
        (Reading(ITEM, 3, T1), Reading(ITEM, 3, None), False),
        (Reading(None, 3, None), Reading(None, 3, None), False),
        (Reading(None, 3, None), Reading(None, 4, None), True),
        (Reading(ITEM, 3, None), Reading(None, 3, None), True),
        (Reading(None, 3, None), Reading(ITEM, 3, None), True),
    ],
)
def test_an_item_is_in_the_way_if_it_changed_or_is_about_to(
    first: Reading, second: Reading, wrong: bool
) -> None:
    """§3.4: found and missing have LSNs of different kinds."""
    assert in_the_way(first, second) is wrong


def test_every_write_of_an_item_gives_it_a_higher_lsn() -> None:
    """§3.4: also across a delete, whose LSN the missing item has."""
    partition = Partition()
    shown = [reading(partition).lsn]

    for action in (put("a", 1), put("a", 2), delete("a"), put("a", 3)):
        partition.ask(write(action))
        shown.append(reading(partition).lsn)

    assert shown == sorted(set(shown))


def test_an_item_that_came_and_went_has_left_an_lsn() -> None:
    """§3.4: else a read transaction would take it for never having been there."""
    partition = Partition()
    before = reading(partition)

    partition.ask_each(write(put("a")), write(delete("a")))

    assert in_the_way(before, reading(partition))


def test_a_delete_of_nothing_disturbs_no_reader() -> None:
    """§3.4."""
    partition = Partition()
    before = reading(partition)

    partition.ask(write(delete("a")))

    assert reading(partition) == before


def test_lsns_go_on_after_a_restart() -> None:
    """§3.4."""
    partition = Partition()
    partition.ask_each(write(put("a")), write(delete("a")))
    before = reading(partition).lsn

    partition.restart()
    partition.ask(write(put("a"), incarnation=2))

    assert reading(partition).lsn > before


def test_a_check_disturbs_no_reader_once_it_is_over() -> None:
    """§3.4."""
    partition = Partition()
    partition.ask(write(put("a")))
    before = reading(partition)

    partition.ask_each(prepare(check("a"), us=10**9), commit("a"))

    assert not in_the_way(before, reading(partition))


def test_a_reader_sees_who_is_ongoing_also_on_a_missing_item() -> None:
    """§3.4."""
    partition = Partition()

    partition.ask(prepare(put("a")))

    assert reading(partition) == Reading(None, 0, T1)


def test_a_missing_record_reads_like_a_placeholder() -> None:
    """§3.3, §3.4."""
    partition = Partition()
    state = partition.state()

    assert reads.read(None, state) == reads.read(state.missing(), state)


# Two rounds ---------------------------------------------------------------------------------------


def far_apart(**settings: Any) -> tuple[Stage, str, str]:
    """Return a cluster with an item of value 1 on each of two partitions, and their names."""
    plain = Stage().cluster.settings
    options = replace(plain.coordinator, **settings)
    stage = Stage(
        coordinators=1,
        settings=Settings(weather=plain.weather, client=plain.client, coordinator=options),
    )
    (one,), (other,) = (stage.names_on(node) for node in ("p1", "p2"))
    stage.write(json_put(one, 1), json_put(other, 1))
    stage.run_for(SECOND_US)
    return stage, one, other


def begin_read(stage: Stage, *names: str, client: str = "k1") -> Any:
    entries = [{"Get": single(json_delete(name))} for name in names]
    return stage.begin("TransactGetItems", {"TransactItems": entries}, client=client)


def rounds(stage: Stage) -> list[int]:
    """Return the rounds of all read questions of transactions, as they arrived."""
    return [one.round for _, _, one in stage.heard if isinstance(one, Read) and one.round]


def values(found: Operation) -> list[int]:
    return [int(one["Item"]["v"]["N"]) for one in found.answer["Responses"]]


def test_all_items_are_read_twice() -> None:
    """§3.4."""
    stage, one, other = far_apart()

    assert values(stage.read(one, other)) == [1, 1]
    assert rounds(stage) == [1, 1, 2, 2]


def test_answers_stand_in_the_order_of_the_request() -> None:
    """§3.4."""
    stage, one, other = far_apart()
    stage.write(json_add(other, 6))

    assert values(stage.read(other, one)) == [7, 1]
    assert values(stage.read(one, other)) == [1, 7]


def test_the_second_round_begins_when_the_first_has_ended_for_all() -> None:
    """§3.4: item by item, the moment that the answer speaks of would be lost."""
    stage, one, other = far_apart()
    stage.cluster.network.hold("p2", "c1")
    asked = begin_read(stage, one, other)

    stage.run_for(SECOND_US)
    assert set(rounds(stage)) == {1}
    stage.cluster.network.release("p2", "c1")

    assert values(asked.answer()) == [1, 1]


def test_a_read_transaction_writes_nothing() -> None:
    """§3.4."""
    stage, one, other = far_apart()
    before = {name: disk.contents.lsn for name, disk in stage.cluster.disks.items()}
    entries = stage.entries()

    stage.read(one, other)

    assert {name: disk.contents.lsn for name, disk in stage.cluster.disks.items()} == before
    assert stage.entries() == entries


def test_a_write_between_the_rounds_is_met() -> None:
    """§3.4: another LSN."""
    stage, one, other = far_apart()
    stage.cluster.network.hold("p2", "c1")
    asked = begin_read(stage, one, other)
    stage.run_for(10_000)

    stage.do("UpdateItem", single(json_add(one, 1)), client="k2")
    stage.cluster.network.release("p2", "c1")

    assert codes(asked.answer()) == ["TransactionConflict", "None"]
    assert stage.marks["read.met_change"] == 1


def test_a_half_applied_transaction_is_in_the_way_of_a_read_transaction() -> None:
    """§3.4: it is seen as a whole or not at all; GetItem is not so particular."""
    stage, one, other = far_apart()
    stage.begin("TransactWriteItems", transaction(json_add(one, 1), json_add(other, 1)))
    stage.run_until(lambda: len(stage.heard_kinds(Prepare)) == 4)
    stage.cluster.network.link("c1", "p2").cut = True
    stage.run_until(lambda: len(stage.heard_kinds(Commit)) == 3)
    stage.run_for(5_000)
    stage.cluster.crash("c1")
    stage.cluster.network.link("c1", "p2").cut = False
    stage.cluster.start("c1")

    torn = begin_read(stage, one, other, client="k2").answer()

    assert codes(torn) == ["None", "TransactionConflict"]
    assert stage.marks["read.met_ongoing"] == 1
    assert [stage.get(one), stage.get(other)] == [2, 1]
    stage.run_for(20 * SECOND_US)
    assert values(stage.read(one, other)) == [2, 2]


def test_a_check_that_is_ongoing_is_in_the_way_as_well() -> None:
    """§3.4: any ongoing transaction."""
    stage, one, other = far_apart()
    stage.cluster.network.hold("p2", "c1")
    entries = [json_check(one), json_put(other, 2)]
    stage.begin("TransactWriteItems", {"TransactItems": entries})
    stage.run_until(lambda: len(stage.heard_kinds(Prepare)) == 4)
    stage.run_for(5_000)

    found = stage.do("TransactGetItems", begin_request(one), client="k2")

    assert codes(found) == ["TransactionConflict"]
    assert stage.marks["read.met_ongoing"] == 1


def begin_request(*names: str) -> dict[str, Any]:
    return {"TransactItems": [{"Get": single(json_delete(name))} for name in names]}


def test_a_read_that_met_a_conflict_is_not_tried_again_by_default() -> None:
    """§3.4, §5.4: the paper's conflict rates are without."""
    assert CoordinatorOptions().read_redrives == 0


def test_a_redrive_compares_with_the_newest_round() -> None:
    """§3.4: the last round serves as the first of the next."""
    stage, one, other = far_apart(read_redrives=2)
    stage.cluster.network.hold("p2", "c1")
    asked = begin_read(stage, one, other)
    stage.run_for(10_000)
    stage.do("UpdateItem", single(json_add(one, 1)), client="k2")

    stage.cluster.network.release("p2", "c1")

    assert values(asked.answer()) == [2, 1]
    assert stage.marks["read.met_change"] == 1


def test_missing_items_are_read_as_of_one_moment_too() -> None:
    """§3.4."""
    stage, one, _ = far_apart()

    found = stage.read(one, "nothing")

    assert list(found.answer["Responses"])[1] == {}
    assert stage.has_heard(Readings)
