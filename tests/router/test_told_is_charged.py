"""What operations tell that they have cost is what partitions have charged, to the half unit."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from items.units import HALVES
from router.options import RouterOptions
from tests.router.harness import Json, World

TOLD: Json = {"ReturnConsumedCapacity": "TOTAL"}
TABLES = ("pets", "cars")
NAMES = ("a", "b", "c")
THERE, MISSING = "attribute_exists(pk)", "attribute_not_exists(pk)"


def provisioned() -> World:
    """Return a cluster with two tables that are held to more than anybody will ask for."""
    world = World(RouterOptions(tells_price=True))
    for table in TABLES:
        world.table(table)
        units = {"ReadCapacityUnits": 1_000_000, "WriteCapacityUnits": 1_000_000}
        body = {"TableName": table, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units}
        world.ok("UpdateTable", body)
        world.wait_for_status(table, "ACTIVE")
    world.loop.run_for(2_000_000)  # What a router remembers of a table is old by now.
    return world


def charged(world: World) -> float:
    """Add up what all partitions have charged so far."""
    total = 0
    for name in world.cluster.partitions:
        machine = world.cluster.machine(name)
        assert machine is not None
        assert machine.meters is not None
        total += sum(one.read_halves + one.write_halves for one in machine.meters.all.values())
    return total / HALVES


def told(answer: Json) -> float:
    """Add up what an answer says that it has cost."""
    shares = answer.get("ConsumedCapacity", [])
    each = [shares] if isinstance(shares, dict) else shares
    return float(sum(one["CapacityUnits"] for one in each))


def key(name: str) -> Json:
    return {"pk": {"S": name}}


def item(name: str, size: int) -> Json:
    return {**key(name), "t": {"S": "x" * size}}


def write(kind: str, table: str, name: str, size: int) -> Json:
    """Make one action of a write transaction."""
    if kind == "Put":
        return {kind: {"TableName": table, "Item": item(name, size)}}
    asked = {"TableName": table, "Key": key(name)}
    if kind == "Update":
        change = {":t": {"S": "x" * size}}
        asked |= {"UpdateExpression": "SET t = :t", "ExpressionAttributeValues": change}
    if kind == "ConditionCheck":
        asked["ConditionExpression"] = f"{THERE} OR {MISSING}"
    return {kind: asked}


tables, names = st.sampled_from(TABLES), st.sampled_from(NAMES)
sizes = st.sampled_from((0, 900, 1_100, 4_200, 9_000))
kinds = st.sampled_from(("Put", "Update", "Delete", "ConditionCheck"))
strong = st.booleans()


def singles(entry: Json) -> tuple[str, Json]:
    ((kind, asked),) = entry.items()
    if kind == "ConditionCheck":
        return "GetItem", {"TableName": asked["TableName"], "Key": asked["Key"]}
    return f"{kind}Item", dict(asked)


def several(picked: list[tuple[str, str, int]]) -> tuple[str, Json]:
    unique = {name: (kind, size) for kind, name, size in picked}
    entries = [write(kind, TABLES[0], name, size) for name, (kind, size) in unique.items()]
    return "TransactWriteItems", {"TransactItems": entries}


def gets(picked: list[tuple[str, str]]) -> tuple[str, Json]:
    asked = [{"Get": {"TableName": one, "Key": key(name)}} for one, name in set(picked)]
    asked.sort(key=str)
    return "TransactGetItems", {"TransactItems": asked}


def batch(picked: list[tuple[str, str]], *, consistent: bool) -> tuple[str, Json]:
    wanted: dict[str, Any] = {}
    for table, name in dict.fromkeys(picked):
        wanted.setdefault(table, {"Keys": []})["Keys"].append(key(name))
    wanted[picked[0][0]]["ConsistentRead"] = consistent
    return "BatchGetItem", {"RequestItems": wanted}


def puts(picked: list[tuple[str, str, int]]) -> tuple[str, Json]:
    wanted: dict[str, Any] = {}
    for (table, name), size in {(one, name): size for one, name, size in picked}.items():
        wanted.setdefault(table, []).append({"PutRequest": {"Item": item(name, size)}})
    return "BatchWriteItem", {"RequestItems": wanted}


def query(table: str, name: str, consistent: bool) -> tuple[str, Json]:
    return "Query", {
        "TableName": table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": name}},
        "ConsistentRead": consistent,
    }


operations = st.one_of(
    st.builds(write, kinds, tables, names, sizes).map(singles),
    st.lists(st.tuples(kinds, names, sizes), min_size=1, max_size=3).map(several),
    st.lists(st.tuples(tables, names), min_size=1, max_size=4).map(gets),
    st.builds(
        lambda picked, consistent: batch(picked, consistent=consistent),
        st.lists(st.tuples(tables, names), min_size=1, max_size=5),
        strong,
    ),
    st.lists(st.tuples(tables, names, sizes), min_size=1, max_size=4).map(puts),
    st.builds(query, tables, names, strong),
)


@settings(deadline=None, derandomize=True, max_examples=12)
@given(st.lists(operations, min_size=5, max_size=12))
def test_the_sum_of_what_is_told_is_the_sum_of_what_is_charged(
    asked: list[tuple[str, Json]],
) -> None:
    world = provisioned()
    expected = charged(world)
    for operation, body in asked:
        expected += told(world.ok(operation, {**body, **TOLD}))

        assert charged(world) == expected, (operation, body)


@pytest.mark.parametrize("form", ["TOTAL", "INDEXES", "NONE"])
def test_a_transaction_is_charged_twice_in_whatever_form_it_is_told(form: str) -> None:
    world = provisioned()
    entries = [write("Put", "pets", name, 1_500) for name in "ab"]
    before = charged(world)

    answer = world.ok(
        "TransactWriteItems", {"TransactItems": entries, "ReturnConsumedCapacity": form}
    )

    assert charged(world) - before == 2 * (2 + 2)
    shares = {"WriteCapacityUnits": 8.0, "CapacityUnits": 8.0}
    whole = {"TableName": "pets", **shares}
    expected = {"TOTAL": (whole,), "INDEXES": ({**whole, "Table": shares},), "NONE": None}
    assert answer.get("ConsumedCapacity") == expected[form]


def test_what_a_replay_tells_is_charged_to_nobody() -> None:
    """DynamoDB reads the items again; here the ledger remembers how it ended."""
    world = provisioned()
    body = {"TransactItems": [write("Put", "pets", "a", 0)], "ClientRequestToken": "t", **TOLD}
    world.ok("TransactWriteItems", body)
    before = charged(world)

    assert told(world.ok("TransactWriteItems", body)) == 2.0
    assert charged(world) == before


def test_a_scan_is_charged_by_each_partition_for_what_it_has_begun() -> None:
    """Together they are one page, which tells what that page would have cost."""
    world = provisioned()
    for name in NAMES:
        world.put(item(name, 10))
    before = charged(world)

    answer = world.ok("Scan", {"TableName": "pets", **TOLD})

    assert told(answer) == 0.5
    assert charged(world) - before == 0.5 * len(world.cluster.partitions)
