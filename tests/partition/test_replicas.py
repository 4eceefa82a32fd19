"""Another region's writes in a partition: the later one wins, whatever comes when."""

from itertools import permutations

import pytest

from items.keys import placement_hash
from items.values import Item
from network.ids import Version
from network.messages import (
    Done,
    DropTable,
    NotMine,
    OpenTable,
    ReadStream,
    Replica,
    Replicate,
    Split,
    StreamPage,
    Throttled,
    WriteRefused,
)
from network.placement import HASHES, NOTHING, Placement
from network.settings import StreamSettings, TableSettings
from partition import replicas
from partition.storage import Contents
from sim.mutants.catalogue import applied, find
from tests.builders import (
    SCHEMA,
    TABLE,
    Partition,
    at,
    check,
    commit,
    delete,
    item,
    key,
    prepare,
    put,
    write,
)

US, EU = "us-east-1", "eu-west-1"
SETTINGS = TableSettings(stream=StreamSettings("s", "NEW_AND_OLD_IMAGES", "things", US))
AT = HASHES // 2
HIGH = next(name for name in "abcdefghijklm" if placement_hash(key(name)) >= AT)


def region() -> Partition:
    """Make a partition in us-east-1 with one global table."""
    partition = Partition(contents=Contents())
    partition.ask(OpenTable(TABLE, SCHEMA, SETTINGS))
    return partition


def arrive(value: int | None, us: int, region: str = EU, name: str = "a") -> Replicate:
    """Write what another region did: put an item with this value, or delete it."""
    kept: Item | None = None if value is None else item(name, value)
    return Replicate(TABLE, Replica(key(name), kept, Version(us, region, "c1")))


def version(partition: Partition, name: str = "a") -> Version:
    record = partition.contents.records[replicas.versions_of(TABLE), key(name)]
    return replicas.version_in(record)


def test_a_later_write_of_another_region_is_kept_and_an_earlier_one_is_not() -> None:
    partition = region()

    assert partition.ask(arrive(1, us=10)) == Done((True,))
    assert partition.ask(arrive(2, us=9)) == Done((False,))
    assert partition.ask(arrive(3, us=11)) == Done((True,))
    assert partition.value() == 3
    assert version(partition) == Version(11, EU, "c1")


def test_what_comes_again_changes_nothing_and_takes_no_number() -> None:
    partition = region()
    partition.ask(arrive(1, us=10))
    lsn = partition.record().lsn

    assert partition.ask(arrive(1, us=10)) == Done((False,))
    assert partition.last.changes is None
    assert partition.record().lsn == lsn


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_in_whatever_order_writes_arrive_they_leave_the_same(order: tuple[int, ...]) -> None:
    writes = [arrive(1, 10), arrive(2, 10, "ap-southeast-2"), arrive(None, 20), arrive(3, 15)]
    partition = region()

    partition.ask_each(*(writes[n] for n in order))

    assert partition.value() is None
    assert version(partition) == Version(20, EU, "c1")


def test_on_a_tie_of_time_the_region_decides_and_then_the_node() -> None:
    assert Version(10, "eu", "c2") < Version(10, "us", "c1") < Version(10, "us", "c2")
    assert replicas.wins(Version(10, "us", "c1"), Version(10, "eu", "c2"))
    assert not replicas.wins(Version(10, "eu", "c2"), Version(10, "us", "c1"))


def test_an_older_write_does_not_bring_a_deleted_item_back() -> None:
    def late(partition: Partition) -> Done:
        partition.clock_us = 20
        partition.ask_each(write(put("a", 2)), write(delete()))
        reply: Done = partition.ask(arrive(1, us=5))
        return reply

    unbroken = region()
    assert late(unbroken) == Done((False,))
    assert unbroken.value() is None

    with applied(find("tombstones-are-forgotten")):
        broken = region()
        assert late(broken) == Done((True,))
        assert broken.value() == 1


def test_whatever_is_written_here_afterwards_has_a_later_version() -> None:
    partition = region()
    partition.clock_us = 5  # Behind the other region's.
    partition.ask(arrive(1, us=1_000))

    partition.ask(write(put("a", 2)))

    assert version(partition).region == US
    assert version(partition) > Version(1_000, EU, "c1")


def test_also_after_a_delete_that_came_from_another_region() -> None:
    partition = region()
    partition.ask_each(arrive(1, us=900), arrive(None, us=1_000))

    partition.ask(write(put("a", 2)))

    assert version(partition) > Version(1_000, EU, "c1")


def test_a_write_waits_for_the_transaction_that_is_ongoing_on_its_item() -> None:
    partition = region()
    partition.ask(prepare(put("a", 7)))

    refused = partition.ask(arrive(1, us=1_000))
    partition.ask(commit("a"))

    assert isinstance(refused, WriteRefused)
    assert partition.value() == 7
    assert partition.ask(arrive(1, us=1_000)) == Done((True,))
    assert partition.value() == 1


def test_a_version_is_that_of_the_last_change_and_not_of_a_check() -> None:
    partition = region()
    partition.ask(write(put("a", 1)))
    before = version(partition)

    partition.ask_each(prepare(check(), us=500), commit("a"))

    assert partition.record().timestamp.us == 500
    assert version(partition) == before
    # Else this one, later than the change, would be kept elsewhere and not here.
    assert partition.ask(arrive(2, us=400)) == Done((True,))


def test_a_put_of_the_very_same_item_is_no_change_and_has_no_version() -> None:
    partition = region()
    partition.ask(write(put("a", 1)))
    before = version(partition)

    partition.ask(write(put("a", 1)))

    assert version(partition) == before


def test_a_stream_tells_by_the_stamp_what_came_from_another_region() -> None:
    partition = region()
    partition.ask_each(write(put("a", 1)), arrive(2, us=1_000))

    page = partition.ask(ReadStream(next(iter(partition.contents.shards)), 0, 10, 10**6))

    assert isinstance(page, StreamPage)
    assert [record.timestamp.node for record in page.records] == ["p1", EU]


def test_versions_and_tombstones_outlive_a_restart() -> None:
    partition = region()
    partition.ask_each(arrive(1, us=10), arrive(None, us=20), arrive(4, us=30, name="b"))

    partition.restart()

    assert partition.ask(arrive(1, us=15)) == Done((False,))
    assert partition.ask(arrive(1, us=15, name="b")) == Done((False,))


def test_versions_go_where_their_items_go_when_a_partition_splits() -> None:
    parent = region()
    parent.ask_each(arrive(1, us=10, name=HIGH), arrive(None, us=20, name=HIGH))
    parent.machine.may_split = True
    given = Placement(["p1"], ["l1"]).record.split("p1", AT, "p2")
    parent.ask(Split(AT, "p2"))
    child = Partition(owned=NOTHING, contents=Contents())

    for carry in parent.machine.carries():
        child.ask(carry, source="p1")
    changes = child.machine.take_up(given, 0)

    assert changes is not None
    assert child.ask(arrive(1, us=15, name=HIGH)) == Done((False,))
    assert child.ask(arrive(3, us=25, name=HIGH)) == Done((True,))


def test_with_its_table_go_its_versions() -> None:
    partition = region()
    partition.ask(arrive(1, us=10))

    partition.ask(DropTable(TABLE))

    assert not partition.contents.records
    assert partition.ask(arrive(1, us=20)) == NotMine(TABLE)


def test_of_a_table_of_one_region_another_one_writes_nothing() -> None:
    partition = Partition()

    assert partition.ask(arrive(1, us=10)) == NotMine(TABLE)
    assert partition.contents.records == {}


def test_a_throttled_partition_takes_in_nothing() -> None:
    partition = region()
    partition.machine.throttled = True

    assert partition.ask(arrive(1, us=10)) == Throttled()


def test_a_table_of_one_region_keeps_no_versions() -> None:
    partition = Partition()
    partition.ask(write(put("a", 1)))

    assert list(partition.contents.records) == [at("a")]
    assert list(partition.contents.tables) == [TABLE]
