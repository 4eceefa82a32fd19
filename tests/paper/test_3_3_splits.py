"""§3.3: a partition splits, with whatever is going on; nobody who asks for items can tell."""

from collections.abc import Callable
from typing import Any

import pytest

from items.keys import partition_hash, placement_hash
from network.messages import (
    Carry,
    NotMine,
    OpenTable,
    Prepare,
    Readings,
    Serve,
    Split,
    Written,
)
from network.placement import LEDGER_TABLE, NODES_MAX, PLACEMENT_TABLE, TABLES_TABLE
from tests.builders import (
    CREATE_TABLE,
    SECOND_US,
    TABLE_NAME,
    Stage,
    codes,
    json_add,
    json_check,
    json_delete,
    json_key,
    json_put,
    key,
    single,
)

NAMES = [f"i{n}" for n in range(40)]


class Splitting(Stage):
    """A cluster of which p1 gives the upper half of its range to p3."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.child = ""

    def split(self, parent: str = "p1", *, start: bool = True) -> None:
        """Order a split in the middle of a range, and wait for nothing."""
        owned = self.cluster.placement_now().range_of(parent)
        self.child = self.cluster.add_for_split(parent)
        if start:
            self.cluster.start(self.child)
        assert self.cluster.split(parent, (owned.first + owned.end) // 2, self.child)

    def has_moved(self) -> bool:
        machine = self.cluster.machine(self.child)
        return machine is not None and machine.holding.range.end > 0

    def split_whole(self, parent: str = "p1") -> None:
        self.split(parent)
        self.run_until(self.has_moved)

    def moving(self, count: int = 1, parent: str = "p1") -> list[str]:
        """Return names of items that are to move when this partition splits."""
        owned = self.cluster.placement_now().range_of(parent)
        middle = (owned.first + owned.end) // 2
        found = (f"m{n}" for n in range(10_000))
        upper = (name for name in found if middle <= placement_hash(key(name)) < owned.end)
        return [next(upper) for _ in range(count)]

    def staying(self, parent: str = "p1") -> str:
        owned = self.cluster.placement_now().range_of(parent)
        middle = (owned.first + owned.end) // 2
        found = (f"s{n}" for n in range(10_000))
        return next(name for name in found if owned.first <= placement_hash(key(name)) < middle)

    def owner_now(self, name: str) -> str:
        return self.cluster.placement_now().owner(TABLE_NAME, key(name))

    def strays(self) -> int:
        return sum(isinstance(message, NotMine) for _, _, message in self.said)


def put_all(stage: Stage, names: list[str]) -> None:
    for n, name in enumerate(names):
        stage.do("PutItem", single(json_put(name, n)))


def kept(stage: Stage, table: str = TABLE_NAME) -> dict[str, list[str]]:
    """Return the names of the items on each disk."""
    ids = {one for one, name in stage.witness.table_names.items() if name == table}
    return {
        node: [place[0][1] for (own, place), _ in stage.cluster.records_of(node) if own in ids]
        for node in stage.cluster.disks
    }


# What clients see ---------------------------------------------------------------------------------


def test_items_are_where_the_placement_says_after_a_split() -> None:
    """§3.1, §3.3: each on one node, and everybody finds it."""
    stage = Splitting()
    put_all(stage, NAMES)

    stage.split_whole()

    placement = stage.cluster.placement_now()
    where = {name: node for node, names in kept(stage).items() for name in names}
    assert where == {name: placement.owner(TABLE_NAME, key(name)) for name in NAMES}
    assert set(where.values()) == {"p1", "p2", "p3"}
    assert [stage.get(name) for name in NAMES] == list(range(40))
    assert stage.marks["partition.split_committed"] == 1


@pytest.mark.parametrize(
    ("name", "entry", "left"),
    [
        ("PutItem", lambda item: json_put(item, 5), 5),
        ("UpdateItem", lambda item: json_add(item, 5), 5),
        ("DeleteItem", json_delete, None),
    ],
)
def test_a_singleton_write_finds_its_item_after_a_split(
    name: str, entry: Callable[[str], Any], left: int | None
) -> None:
    """§3.3: 'not mine' is definite, so it is asked again elsewhere."""
    stage = Splitting()
    (item,) = stage.moving()
    put_all(stage, [item])
    stage.split_whole()

    done = stage.do(name, single(entry(item)))

    assert done.outcome == "committed"
    assert stage.get(item) == left


def test_a_write_waits_for_a_range_on_its_way() -> None:
    """§3.3: nobody serves it for a moment."""
    stage = Splitting()
    (item,) = stage.moving()
    stage.split()
    stage.run_until(lambda: stage.has_heard(Split))

    done = stage.do("UpdateItem", single(json_add(item, 3)))

    assert done.outcome == "committed"
    assert stage.strays() > 0
    assert stage.get(item) == 3


def test_a_transaction_with_items_of_parent_and_child_is_one_transaction() -> None:
    """§3.3: what was one prepare is two, and a vote an item as ever."""
    stage = Splitting()
    (item,) = stage.moving()
    stays = stage.staying()
    stage.split_whole()

    good = stage.write(json_put(item, 1), json_put(stays, 2))
    bad = stage.write(json_put(item, 3), json_check(stays, "attribute_not_exists(k)"))

    assert good.outcome == "committed"
    assert codes(bad) == ["None", "ConditionalCheckFailed"]
    assert (stage.get(item), stage.get(stays)) == (1, 2)
    assert stage.read(item, stays).outcome == "committed"


def test_reads_of_several_items_find_parent_and_child() -> None:
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split_whole()
    keys = [json_key(name) for name in NAMES]

    found = stage.do("BatchGetItem", {"RequestItems": {TABLE_NAME: {"Keys": keys}}})

    items = found.answer["Responses"][TABLE_NAME]
    assert sorted(int(item["v"]["N"]) for item in items) == list(range(40))


def test_a_batch_of_writes_goes_to_parent_and_child() -> None:
    stage = Splitting()
    stage.split_whole()
    entries = [
        {"PutRequest": {"Item": json_put(name, n)["Put"]["Item"]}}
        for n, name in enumerate(NAMES[:25])
    ]

    done = stage.do("BatchWriteItem", {"RequestItems": {TABLE_NAME: entries}})

    assert done.answer == {"UnprocessedItems": {}}
    assert [stage.get(name) for name in NAMES[:25]] == list(range(25))


# Pages --------------------------------------------------------------------------------------------


def pages(
    stage: Stage, between: Callable[[], None] = lambda: None, **more: Any
) -> list[dict[str, Any]]:
    """Scan the table page by page, and let something happen after the first page."""
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"TableName": TABLE_NAME, **more}
    while True:
        answer = stage.do("Scan", asked).answer
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return found
        if "ExclusiveStartKey" not in asked:
            between()
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def values(items: list[dict[str, Any]]) -> list[int]:
    return sorted(int(item["v"]["N"]) for item in items)


@pytest.mark.parametrize("limit", [1, 7, 13])
def test_a_page_token_survives_a_split(limit: int) -> None:
    """§3.1: nothing comes twice, nothing is left out."""
    stage = Splitting()
    put_all(stage, NAMES)

    found = pages(stage, stage.split_whole, Limit=limit)

    assert values(found) == list(range(40))
    order = [partition_hash(("S", item["k"]["S"])) for item in found]
    assert order == sorted(order)


def test_one_page_of_everything_has_the_items_of_parent_and_child() -> None:
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split_whole()

    assert values(pages(stage)) == list(range(40))


def test_a_scan_in_the_middle_of_a_split_waits_and_has_everything() -> None:
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split()
    stage.run_until(lambda: stage.has_heard(Split))

    assert values(pages(stage)) == list(range(40))
    assert stage.strays() > 0


def test_segments_stay_what_they_are_when_partitions_split() -> None:
    """§3.1: one begun before a split and one begun after it have no item in common."""
    stage = Splitting()
    put_all(stage, NAMES)
    first = pages(stage, stage.split_whole, Segment=0, TotalSegments=2, Limit=3)

    second = pages(stage, Segment=1, TotalSegments=2)

    assert len(first) > 0
    assert values(first + second) == list(range(40))


def test_a_query_finds_its_partition_key_after_a_split() -> None:
    stage = Splitting()
    (item,) = stage.moving()
    put_all(stage, [item])
    stage.split_whole()

    found = stage.do(
        "Query",
        {
            "TableName": TABLE_NAME,
            "KeyConditionExpression": "k = :k",
            "ExpressionAttributeValues": {":k": {"S": item}},
        },
    )

    assert found.answer["Count"] == 1


# Tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [Split, Carry, Serve])
def test_a_table_that_is_made_in_the_middle_of_a_split_is_known_everywhere(moment: type) -> None:
    """§3.1: also at the child, which is no partition yet when the table is defined."""
    stage = Splitting(partitions=1)
    stage.split()
    stage.run_until(lambda: stage.has_heard(moment))
    stage.do("CreateTable", {**CREATE_TABLE, "TableName": "others"})
    stage.run_for(2 * SECOND_US)

    done = [
        stage.do("PutItem", {"TableName": "others", "Item": {"k": {"S": name}}}) for name in NAMES
    ]

    assert {one.outcome for one in done} == {"committed"}
    assert all(kept(stage, "others")[node] for node in ("p1", "p2"))


def test_a_table_that_is_dropped_in_the_middle_of_a_split_is_gone_everywhere() -> None:
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split()
    stage.run_until(lambda: stage.has_heard(Carry))
    stage.do("DeleteTable", {"TableName": TABLE_NAME})
    stage.run_for(2 * SECOND_US)

    assert not stage.do("ListTables", {}).answer["TableNames"]
    assert not any(kept(stage).values())
    assert stage.do("GetItem", {"TableName": TABLE_NAME, "Key": json_key("i0")}).error


# The ledger ---------------------------------------------------------------------------------------


def test_the_ledger_splits_as_well() -> None:
    """§3.5: it is a table; each entry is found where it is, and each token remembers."""
    stage = Splitting()
    tokens = [f"token {n}" for n in range(20)]
    for n, token in enumerate(tokens):
        stage.write(json_add(f"i{n}", 1), token=token)
    stage.split_whole("l1")

    again = [stage.write(json_add(f"i{n}", 1), token=token) for n, token in enumerate(tokens)]
    new = stage.write(json_add("i0", 1), token="another")

    assert {one.outcome for one in (*again, new)} == {"committed"}
    assert [stage.get(f"i{n}") for n in range(20)] == [2, *[1] * 19]
    entries = {
        node: [
            place for (table, place), _ in stage.cluster.records_of(node) if table == LEDGER_TABLE
        ]
        for node in stage.cluster.ledgers
    }
    assert all(entries[node] for node in ("l1", "l2"))
    assert sum(map(len, entries.values())) == 21
    assert stage.entries() == ["COMPLETED"] * 21


def test_definitions_of_tables_move_with_the_ledgers_range() -> None:
    stage = Splitting()
    names = sorted(f"table{n}" for n in range(8))
    for name in names:
        stage.do("CreateTable", {**CREATE_TABLE, "TableName": name})
    stage.run_for(SECOND_US)
    stage.split_whole("l1")

    assert [*stage.do("ListTables", {}).answer["TableNames"]] == [*names, TABLE_NAME]
    owners = {
        node
        for node in stage.cluster.ledgers
        for (table, _), _ in stage.cluster.records_of(node)
        if table == TABLES_TABLE
    }
    assert owners == {"l1", "l2"}


def test_recovery_managers_look_through_a_ledger_node_that_was_born_of_a_split() -> None:
    """§3.5: a transaction that nobody drives is found wherever its entry has gone."""
    stage = Splitting(coordinators=1)
    items = stage.names_on("p1", 1)
    owned = stage.cluster.placement.range_of("l1")
    tokens = (f"token {n}" for n in range(100))
    token = next(
        one for one in tokens if partition_hash(("S", one)) >= (owned.first + owned.end) // 2
    )
    asked = stage.begin(
        "TransactWriteItems",
        {"TransactItems": [json_put(items[0], 1)], "ClientRequestToken": token},
    )
    stage.run_until(lambda: stage.has_heard(Prepare))
    stage.cluster.crash("c1")
    stage.split_whole("l1")

    stage.cluster.start("c1")
    stage.run_for(30 * SECOND_US)

    assert stage.get(items[0]) == 1
    assert set(stage.entries()) == {"COMPLETED"}
    assert asked.is_answered


def test_a_ledger_node_splits_that_is_not_the_placements_home() -> None:
    stage = Splitting(ledgers=2)
    stage.split_whole("l2")

    done = [stage.write(json_add(name, 1), token=f"token {name}") for name in NAMES]

    assert {one.outcome for one in done} == {"committed"}
    assert stage.cluster.placement_now().ledgers == ("l1", "l2", "l3")


# Trouble in the middle ----------------------------------------------------------------------------


def is_set(stage: Stage) -> bool:
    return any(
        isinstance(message, Written) and {source, target} == {"l1", "p1"}
        for source, target, message in stage.said
    )


MOMENTS: dict[str, Callable[[Splitting], bool]] = {
    "ordered": lambda stage: stage.has_heard(Split),
    "carried": lambda stage: stage.has_heard(Carry),
    "decided": is_set,
    "told": lambda stage: stage.has_heard(Serve),
}


@pytest.mark.parametrize("victim", ["p1", "p3", "l1"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_split_comes_to_its_end_whoever_crashes(moment: str, victim: str) -> None:
    """§3.3: in one way or the other, and each item has one owner in the end."""
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split()
    stage.run_until(lambda: MOMENTS[moment](stage))

    stage.cluster.crash(victim)
    stage.run_for(SECOND_US)
    stage.cluster.start(victim)
    stage.run_for(20 * SECOND_US)

    for n, name in enumerate(NAMES):
        assert stage.write(json_add(name, 100), token=name).outcome == "committed"
        assert stage.get(name) == n + 100
    holdings = [stage.cluster.disks[name].contents.holding for name in ("p1", "p3")]
    assert [one for one in holdings if one is not None and one.leaving is not None] == []


def test_a_child_that_does_not_come_is_given_up() -> None:
    """§3.3: and the parent serves its whole range again."""
    stage = Splitting()
    (item,) = stage.moving()
    put_all(stage, [item])
    stage.split(start=False)
    stage.run_for(8 * SECOND_US)

    assert stage.marks["partition.split_undone"] == 1
    assert stage.get(item) == 0
    stage.cluster.start("p3")
    stage.run_for(5 * SECOND_US)
    assert stage.do("UpdateItem", single(json_add(item, 1))).outcome == "committed"
    assert stage.cluster.placement_now().record.number == 1
    assert kept(stage)["p3"] == []


def test_a_partition_splits_again_and_so_does_its_child() -> None:
    stage = Splitting()
    put_all(stage, NAMES)
    for parent in ("p1", "p1", "p3", "p2"):
        stage.split_whole(parent)

    assert len(stage.cluster.placement_now().partitions) == 6
    assert [stage.get(name) for name in NAMES] == list(range(40))


def test_a_partition_splits_again_while_its_first_child_is_away() -> None:
    """§3.3: it has only to be told; the next range must not wait for that."""
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split()
    stage.run_until(lambda: is_set(stage))
    stage.cluster.crash("p3")
    stage.run_for(SECOND_US)

    stage.split("p1")
    stage.run_for(SECOND_US)

    assert stage.cluster.placement_now().partitions == ("p1", "p4", "p3", "p2")
    assert stage.get(stage.staying()) is None
    assert stage.get(next(name for name in NAMES if stage.owner_now(name) == "p4")) is not None


def test_partitions_crash_and_come_back_with_what_they_own() -> None:
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split_whole()
    for name in ("p1", "p3", "l1", "r1"):
        stage.cluster.crash(name)
        stage.cluster.start(name)

    assert values(pages(stage)) == list(range(40))


def test_who_asks_for_a_range_that_stays_away_is_told_in_the_end() -> None:
    """§3.3: that nobody knows; with the placement out of reach the range is nobody's."""
    stage = Splitting()
    (item,) = stage.moving()
    put_all(stage, [item])
    stage.cluster.network.hold("l1", "p1")
    stage.split()
    stage.run_until(lambda: stage.has_heard(Carry))

    read = stage.do("GetItem", {"TableName": TABLE_NAME, "Key": json_key(item)})
    written = stage.do("UpdateItem", single(json_add(item, 1)))
    assert (read.is_unknown, written.is_unknown) == (True, True)

    stage.cluster.network.release("l1", "p1")
    stage.run_for(10 * SECOND_US)
    assert stage.get(item) in (0, 1)  # The router was still asking: it may have been written.


def test_two_splits_at_one_time_both_happen() -> None:
    """§3.1: the one that comes second to the placement looks again."""
    stage = Splitting()
    put_all(stage, NAMES)
    stage.split("p1")
    stage.split("p2")
    stage.run_for(5 * SECOND_US)

    assert stage.cluster.placement_now().record.number == 2
    assert [stage.get(name) for name in NAMES] == list(range(40))


# What it costs ------------------------------------------------------------------------------------


def test_nobody_asks_for_the_placement_where_nothing_has_split() -> None:
    stage = Stage()
    stage.write(json_put("a", 1), token="T")
    stage.run_for(20 * SECOND_US)

    assert not stage.cluster.disks["l1"].contents.records.get((PLACEMENT_TABLE, key("placement")))
    assert not any(
        isinstance(message, NotMine | Carry | Serve | Split) for _, _, message in stage.said
    )


def test_who_has_asked_once_asks_the_owner_from_then_on() -> None:
    stage = Splitting()
    (item,) = stage.moving()
    put_all(stage, [item])
    stage.split_whole()
    stage.get(item)
    before = stage.strays()

    stage.get(item)

    assert stage.strays() == before
    assert [target for _, target, message in stage.said if isinstance(message, Readings)]


def test_there_is_a_limit_of_partitions() -> None:
    stage = Splitting()
    stage.cluster.partitions += [f"p{n}" for n in range(3, NODES_MAX + 1)]

    assert stage.cluster.add_for_split("p1") == ""


def test_open_tables_are_asked_by_their_range_after_a_split() -> None:
    """§3.1: who knows of no split asks as before one, and is told."""
    stage = Splitting()
    stage.split_whole()
    stage.do("CreateTable", {**CREATE_TABLE, "TableName": "others"})
    stage.run_for(2 * SECOND_US)

    assert stage.has_heard(OpenTable)
    assert stage.do("DescribeTable", {"TableName": "others"}).answer["Table"]["TableStatus"] == (
        "ACTIVE"
    )
