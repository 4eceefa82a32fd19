"""§3.1: request routers find the storage node that owns an item, and it is asked nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.keys import placement_hash
from network.ids import TableId
from network.messages import (
    Cancel,
    Commit,
    NotMine,
    OpenTable,
    Prepare,
    Read,
    RecordKey,
    Request,
    Scan,
    Write,
    WriteTransaction,
)
from network.placement import HASHES, LEDGER_TABLE, TABLES_TABLE, Placement, Range
from tests.builders import (
    CREATE_TABLE,
    SCHEMA,
    SECOND_US,
    TABLE,
    TABLE_NAME,
    Partition,
    Stage,
    at,
    cancel,
    codes,
    commit,
    json_add,
    json_check,
    json_delete,
    json_key,
    json_put,
    key,
    prepare,
    put,
    read,
    single,
    write,
)

NAMES = [f"i{n}" for n in range(24)]


def kept(stage: Stage, table: str = "") -> dict[str, list[str]]:
    """Return the partition keys of the items on each node's disk, of user tables or of this one."""
    return {
        node: sorted(
            place[0][1]
            for (name, place), record in disk.contents.records.items()
            if record.item is not None and (name == table or (not table and name[0] != "$"))
        )
        for node, disk in stage.cluster.disks.items()
    }


def targets(stage: Stage, kind: type) -> set[str]:
    """Return whom messages of a type were sent to."""
    return {target for _, target, message in stage.said if isinstance(message, kind)}


# Placement ----------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.text(max_size=5))
def test_every_item_has_one_owner(count: int, name: str) -> None:
    """§3.1: also where ranges are not all of one size."""
    placement = Placement([f"p{n}" for n in range(count)], ["l1"])

    owners = [node for node in placement.partitions if placement.range_of(node).has(key(name))]

    assert owners == [placement.owner(TABLE, key(name))]


def test_items_are_kept_where_their_placement_says() -> None:
    """§3.1: by whatever operation they came."""
    stage = Stage(partitions=5)
    for name in NAMES[:12]:
        stage.do("PutItem", single(json_put(name, 1)))
    stage.write(*(json_add(name, 1) for name in NAMES[12:]))

    found = kept(stage)

    assert sorted(name for names in found.values() for name in names) == sorted(NAMES)
    assert {name: node for node, names in found.items() for name in names} == {
        name: stage.owner(name) for name in NAMES
    }
    assert len(set(map(stage.owner, NAMES))) == 5


def test_items_with_one_partition_key_are_on_one_node() -> None:
    """§3.1: only the partition key is hashed."""
    stage = Stage(partitions=5)
    schema = [
        {"AttributeName": "k", "KeyType": "HASH"},
        {"AttributeName": "n", "KeyType": "RANGE"},
    ]
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in "kn"]
    table = {"TableName": "orders", "KeySchema": schema, "AttributeDefinitions": kinds}
    stage.do("CreateTable", {**CREATE_TABLE, **table})
    stage.run_for(SECOND_US)

    for n in range(10):
        item = {"k": {"S": "ann"}, "n": {"S": str(n)}}
        stage.do("PutItem", {"TableName": "orders", "Item": item})

    assert [names for names in kept(stage).values() if names] == [["ann"] * 10]


def test_the_ledger_is_spread_over_its_nodes() -> None:
    """§3.1, §3.5: a table like any other."""
    stage = Stage(ledgers=3)
    for n in range(12):
        stage.write(json_put(f"i{n}", 1), token=f"token {n}")

    found = kept(stage, LEDGER_TABLE)

    placed = {name: node for node, names in found.items() for name in names}
    assert len(placed) == 12
    for token, node in placed.items():
        assert stage.cluster.placement.owner(LEDGER_TABLE, (("S", token),)) == node
    assert [len(found[node]) > 0 for node in stage.cluster.ledgers] == [True] * 3


@pytest.mark.parametrize("name", [LEDGER_TABLE, TABLES_TABLE])
def test_no_client_reaches_an_internal_table(name: str) -> None:
    """§3.1: it has no name that a client could say, and by its ARN there is none."""
    stage = Stage()
    stage.write(json_put("a", 1), token="T")

    named = stage.do("GetItem", {"TableName": name, "Key": {"Entry": {"S": "T"}}})
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}"
    found = stage.do("GetItem", {"TableName": arn, "Key": {"Entry": {"S": "T"}}})
    made = stage.do("CreateTable", {**CREATE_TABLE, "TableName": name})

    assert (named.error, named.outcome) == ("ValidationException", "cancelled")
    assert (found.error, found.outcome) == ("ResourceNotFoundException", "cancelled")
    assert made.error == "ValidationException"


# Not mine -----------------------------------------------------------------------------------------


def half() -> tuple[Partition, str, str]:
    """Return a partition that owns half of everything, and names of its own and of another item."""
    owned = Range(0, HASHES // 2)
    mine = next(name for name in NAMES if owned.has(key(name)))
    other = next(name for name in NAMES if not owned.has(key(name)))
    return Partition(owned), mine, other


def asked_of(name: str) -> list[Any]:
    return [prepare(put(name)), commit(name), cancel(name), read(name), write(put(name))]


@pytest.mark.parametrize("n", range(5))
def test_a_storage_node_answers_for_its_own_items_only(n: int) -> None:
    """§3.1."""
    partition, mine, other = half()

    assert partition.ask(asked_of(other)[n]) == NotMine("")
    assert not isinstance(partition.ask(asked_of(mine)[n]), NotMine)


@pytest.mark.parametrize("kind", [prepare, read, commit, cancel])
def test_one_item_of_another_refuses_the_whole_question(kind: Any) -> None:
    """§3.1: half an answer would be taken for a whole one."""
    partition, mine, other = half()
    partition.ask(prepare(put(mine)))
    before = partition.record(mine)
    wrap = put if kind is prepare else str

    assert partition.ask(kind(wrap(mine), wrap(other))) == NotMine("")
    assert partition.last.changes is None
    assert partition.record(mine) is before


@pytest.mark.parametrize("n", [0, 3, 4])
def test_nobody_keeps_items_of_a_table_that_is_unknown(n: int) -> None:
    """§3.1: the table is named, so that whoever asked looks it up again."""
    partition = Partition()
    action = type(put())(TableId("unknown"), key(), put().item)
    unknown: list[Any] = [prepare(action), None, None, Read((at(table="unknown"),), 0, "")]
    unknown.append(write(action))

    assert partition.ask(unknown[n]) == NotMine("unknown")
    assert partition.last.changes is None


def test_an_order_about_a_table_that_is_gone_is_carried_out() -> None:
    """§3.1, Listing 4: nothing is ongoing there any more."""
    partition = Partition()
    keys: tuple[RecordKey, ...] = (at(table="unknown"),)
    name = prepare().transaction

    assert partition.ask(Commit(name, keys)).changed == (False,)
    assert partition.ask(Cancel(name, keys)).changed == (False,)


def test_an_open_table_is_known_from_then_on() -> None:
    """§3.1."""
    partition = Partition()
    question = Read((at(table="new"),), 0, "")
    assert partition.ask(question) == NotMine("new")

    partition.ask(OpenTable(TableId("new"), SCHEMA))
    partition.restart()

    assert partition.ask(question).readings[0].item is None


def test_a_vote_that_nobody_can_give_cancels() -> None:
    """§3.1, Listing 2: 'not mine' is no yes, whoever else accepts."""
    stage = Stage()
    (one,), (other,) = (stage.names_on(node) for node in ("p1", "p2"))
    drop_on(stage, "p2")

    found = stage.write(json_put(one, 1), json_put(other, 1))

    assert found.error == "ResourceNotFoundException"
    assert stage.get(one) is None
    assert stage.ongoing() == []


def drop_on(stage: Stage, node: str) -> None:
    """Let one partition lose its table, as no router would ask it to."""
    machine = stage.cluster.machine(node)
    assert machine is not None
    for table in [name for name in machine._tables if name[0] != "$"]:
        del machine._tables[table]


# Routers ------------------------------------------------------------------------------------------


def test_whoever_routes_asks_the_owner() -> None:
    """§3.1: each item's, and nobody else."""
    stage = Stage(partitions=5)
    (mine,) = stage.names_on("p4")
    stage.do("PutItem", single(json_put(mine, 1)))
    stage.get(mine)
    stage.do("UpdateItem", single(json_add(mine, 1)))
    stage.read(mine)
    stage.write(json_add(mine, 1))
    stage.do("DeleteItem", single(json_delete(mine)))

    for kind in (Read, Prepare, Commit):
        assert targets(stage, kind) - set(stage.cluster.ledgers) == {"p4"}
    assert targets(stage, Write) - set(stage.cluster.ledgers) == {"p4"}


def test_a_transactions_items_are_asked_of_their_owners() -> None:
    """§3.1, §3.3: one prepare a partition, with that partition's actions."""
    stage = Stage(partitions=4)
    stage.write(*(json_put(name, 1) for name in NAMES))

    asked = {
        target: [action.key[0][1] for action in message.actions]
        for _, target, message in stage.said
        if isinstance(message, Prepare)
    }

    assert asked == {
        node: [name for name in NAMES if stage.owner(name) == node]
        for node in stage.cluster.partitions
    }


def test_every_router_finds_every_item() -> None:
    """§3.1: routers agree, because they keep nothing."""
    stage = Stage(routers=3, partitions=4)
    for name in NAMES:
        stage.do("PutItem", single(json_put(name, 1)))
        stage.do("UpdateItem", single(json_add(name, 1)), client="k2")

    assert [stage.get(name) for name in NAMES] == [2] * len(NAMES)
    assert targets(stage, Request) == {"r1", "r2", "r3"}


def test_every_coordinator_serves_every_transaction() -> None:
    """§3.1: one is chosen for each, whatever its items are."""
    stage = Stage(coordinators=3, partitions=4)
    for _ in range(20):
        assert stage.write(*(json_add(name, 1) for name in NAMES[:5])).outcome == "committed"

    assert targets(stage, WriteTransaction) == {"c1", "c2", "c3"}
    assert [stage.get(name) for name in NAMES[:5]] == [20] * 5


def test_a_router_that_comes_back_knows_the_way() -> None:
    """§3.1: it has no state to lose."""
    stage = Stage(routers=1)
    stage.write(*(json_put(name, 1) for name in NAMES[:6]))

    stage.cluster.crash("r1")
    stage.cluster.start("r1")
    stage.get("a")  # The first question is refused: it means the router that was.

    assert [stage.get(name) for name in NAMES[:6]] == [1] * 6


@pytest.mark.parametrize("down", [1, 2, 3])
def test_an_item_needs_its_own_storage_node_only(down: int) -> None:
    """§3.1, §3.3: a dead node is in nobody's way but its items'."""
    stage = Stage(partitions=3)
    stage.cluster.crash(f"p{down}")
    names = [name for name in NAMES if stage.owner(name) != f"p{down}"]

    assert stage.write(*(json_put(name, 1) for name in names)).outcome == "committed"
    assert stage.read(*names).outcome == "committed"


def test_a_scan_asks_all_storage_nodes_in_the_order_of_their_ranges() -> None:
    """§3.1, §2.2."""
    stage = Stage(partitions=4)
    stage.write(*(json_put(name, 1) for name in NAMES))
    stage.run_for(SECOND_US)
    before = len(stage.said)

    found = stage.do("Scan", {"TableName": TABLE_NAME})

    asked = [
        target
        for source, target, message in stage.said[before:]
        if isinstance(message, Scan) and source == "r1" and target[0] == "p"
    ]
    assert asked == ["p1", "p2", "p3", "p4"]
    shown = [item["k"]["S"] for item in found.answer["Items"]]
    assert shown == sorted(NAMES, key=lambda name: placement_hash(key(name)))


def test_a_query_asks_one_storage_node() -> None:
    """§3.1, §2.2."""
    stage = Stage(partitions=4)
    (name,) = stage.names_on("p3")
    stage.write(json_put(name, 5))

    values = {":k": json_key(name)["k"]}
    condition = {"KeyConditionExpression": "k = :k", "ExpressionAttributeValues": values}
    found = stage.do("Query", {"TableName": TABLE_NAME, **condition})

    assert [item["v"]["N"] for item in found.answer["Items"]] == ["5"]
    asked = {
        target
        for source, target, message in stage.said
        if isinstance(message, Scan) and source == "r1" and target[0] == "p"
    }
    assert asked == {"p3"}


def test_a_name_that_stands_for_a_new_table_is_looked_up_again() -> None:
    """§3.1: a router's memory of a table is a hint, the storage node knows."""
    stage = Stage(routers=2)
    assert [stage.get("a") for _ in range(6)] == [None] * 6  # Both have it in mind now.
    stage.do("DeleteTable", {"TableName": TABLE_NAME})
    stage.run_for(50_000)
    stage.do("CreateTable", CREATE_TABLE)
    stage.run_for(50_000)

    found = stage.do("PutItem", single(json_put("a", 1)), client="k2")
    others = [stage.get("a") for _ in range(6)]

    assert found.outcome == "committed"
    assert others == [1] * 6


def test_a_check_is_routed_like_a_write() -> None:
    """§3.1, §2.3."""
    stage = Stage(partitions=4)
    (one,), (other,) = (stage.names_on(node) for node in ("p1", "p3"))
    stage.write(json_put(one, 1))

    found = stage.write(json_check(one), json_check(other))

    assert codes(found) == ["None", "ConditionalCheckFailed"]
