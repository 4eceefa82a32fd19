"""Tables with secondary indexes: what may be asked for, and how an index comes and goes."""

from typing import Any

import pytest

from items.errors import DynamoDBError
from router.index_definitions import check_updates
from router.options import RouterOptions
from sim.settings import Shape
from tests.router.harness import World
from tests.router.indexed import Json, definitions, index, listed, query, table, texts

INVALID = "One or more parameter values were invalid:"
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
TWO = {"pk": "S", "sk": "S"}
THREE = {**TWO, "born": "N"}


def by_birth(world: World, number: int) -> list[str]:
    body = query("by-birth", "born", "x")
    body["ExpressionAttributeValues"] = {":v": {"N": str(number)}}
    return sorted(item["sk"]["S"] for item in world.ok("Query", body)["Items"])


def pet(sk: int, born: int) -> Json:
    return {**texts(pk=f"pet {sk % 7}", sk=str(sk)), "born": {"N": str(born)}}


def create(name: str = "by-birth", *keys: str, **more: Any) -> Json:
    wanted = {**index(name, *(keys or ("born",))), **more}
    return {
        "TableName": "pets",
        "AttributeDefinitions": definitions(**THREE),
        "GlobalSecondaryIndexUpdates": [{"Create": wanted}],
    }


def described(world: World) -> Json:
    shown: Json = listed(world.ok("DescribeTable", {"TableName": "pets"})["Table"])
    return shown


def test_a_table_tells_of_its_indexes() -> None:
    world = World()
    local, remote = index("by-age", "pk", "age"), index("all", "age", shows="KEYS_ONLY")
    body = table("pk", "sk", types={**TWO, "age": "N"}, local=[local], remote=[remote])
    body["BillingMode"], body["ProvisionedThroughput"] = "PROVISIONED", UNITS
    body["GlobalSecondaryIndexes"] = [{**remote, "ProvisionedThroughput": UNITS}]

    made = world.ok("CreateTable", body)["TableDescription"]
    assert [one["IndexStatus"] for one in made["GlobalSecondaryIndexes"]] == ["CREATING"]
    world.wait_for_status("pets", "ACTIVE")

    shown = described(world)
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/pets/index/"
    counts = {"ItemCount": 0, "IndexSizeBytes": 0}
    assert shown["LocalSecondaryIndexes"] == [{**local, **counts, "IndexArn": f"{arn}by-age"}]
    assert shown["GlobalSecondaryIndexes"] == [
        {
            **remote,
            **counts,
            "IndexArn": f"{arn}all",
            "IndexStatus": "ACTIVE",
            "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **UNITS},
        }
    ]
    assert shown["AttributeDefinitions"] == definitions(age="N", pk="S", sk="S")
    assert list(world.ok("ListTables", {})["TableNames"]) == ["pets"]


@pytest.mark.parametrize("partitions", [1, 4])
def test_an_index_made_later_has_the_items_of_before(partitions: int) -> None:
    world = World(shape=Shape(clients=0, partitions=partitions))
    world.ok("CreateTable", table("pk", "sk", types=TWO))
    world.wait_for_status("pets", "ACTIVE")
    for n in range(40):
        world.put(pet(n, n % 3))
    world.put(texts(pk="odd", sk="1", born="never"))  # No number: older than the index may be.

    made = world.ok("UpdateTable", create())["TableDescription"]
    assert made["TableStatus"] == "UPDATING"
    (shown,) = made["GlobalSecondaryIndexes"]
    assert (shown["IndexStatus"], shown["Backfilling"]) == ("CREATING", True)
    body = {**query("by-birth", "born", "x"), "ExpressionAttributeValues": {":v": {"N": "1"}}}
    assert world.error("Query", body)[1] in (
        "Cannot read from backfilling global secondary index: by-birth",
        "The table does not have the specified index: by-birth",  # By what is in the cache.
    )
    world.wait_for_status("pets", "ACTIVE")
    world.loop.run_for(RouterOptions().table_cache_us)

    (shown,) = described(world)["GlobalSecondaryIndexes"]
    assert shown["IndexStatus"] == "ACTIVE"
    assert "Backfilling" not in shown
    for born in range(3):
        assert by_birth(world, born) == sorted(str(n) for n in range(40) if n % 3 == born)


def test_what_is_written_during_a_backfill_is_in_the_index() -> None:
    world = World()
    world.ok("CreateTable", table("pk", "sk", types=TWO))
    world.wait_for_status("pets", "ACTIVE")
    for n in range(20):
        world.put(pet(n, 1))
    puts = [world.asked("PutItem", {"TableName": "pets", "Item": pet(n, 2)}) for n in range(5, 25)]
    world.await_all(world.asked("UpdateTable", create()), *puts)
    world.wait_for_status("pets", "ACTIVE")
    world.loop.run_for(2_000_000)

    assert by_birth(world, 1) == sorted(map(str, range(5)))
    assert by_birth(world, 2) == sorted(map(str, range(5, 25)))


def test_an_index_goes_and_comes_back_as_another() -> None:
    world = World(options=RouterOptions(table_cache_us=0))
    body = table("pk", "sk", types=THREE, remote=[index("by-birth", "born")])
    world.ok("CreateTable", body)
    world.wait_for_status("pets", "ACTIVE")
    world.put(pet(1, 1))
    gone = {
        "TableName": "pets",
        "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-birth"}}],
    }

    shown = world.ok("UpdateTable", gone)["TableDescription"]
    assert [one["IndexStatus"] for one in shown["GlobalSecondaryIndexes"]] == ["DELETING"]
    world.wait_for_status("pets", "ACTIVE")
    assert "GlobalSecondaryIndexes" not in described(world)
    body = {**query("by-birth", "born", "x"), "ExpressionAttributeValues": {":v": {"N": "1"}}}
    assert world.error("Query", body)[1].endswith("does not have the specified index: by-birth")
    world.ok("DeleteItem", {"TableName": "pets", "Key": texts(pk="pet 1", sk="1")})
    world.put(pet(2, 1))

    world.ok("UpdateTable", create())
    world.wait_for_status("pets", "ACTIVE")
    assert by_birth(world, 1) == ["2"]


def test_a_dropped_table_takes_its_indexes_along() -> None:
    world = World()
    body = table("pk", "sk", types=THREE, remote=[index("by-birth", "born")])
    world.ok("CreateTable", body)
    world.wait_for_status("pets", "ACTIVE")
    world.put(pet(1, 1))
    world.ok("DeleteTable", {"TableName": "pets"})
    world.wait_for_status("pets", "GONE")

    for name in world.cluster.partitions:
        contents = world.cluster.disks[name].contents
        assert not [key for key in contents.records if not key[0].startswith("$")]
        assert all(state.dropped for state in contents.tables.values() if state.id[0] != "$")


LOCAL = index("abc", "pk", "born")


def with_indexes(**more: Any) -> dict[str, Any]:
    return table("pk", "sk", types=THREE, **more)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({**with_indexes(), "LocalSecondaryIndexes": []}, "List of LocalSecondaryIndexes is empty"),
        (
            {**with_indexes(), "GlobalSecondaryIndexes": []},
            "List of GlobalSecondaryIndexes is empty",
        ),
        (
            table("pk", types={"pk": "S", "born": "N"}, local=[LOCAL]),
            "Table KeySchema does not have a range key, which is required when specifying a"
            " LocalSecondaryIndex",
        ),
        (
            with_indexes(local=[index("abc", "pk")]),
            "Index KeySchema does not have a range key for index: abc",
        ),
        (
            with_indexes(local=[index("abc", "sk", "born")]),
            "Index KeySchema does not have the same leading hash key as table KeySchema for"
            " index: abc. index hash key: sk, table hash key: pk",
        ),
        (
            with_indexes(local=[index(f"a-{n}", "pk", "born") for n in range(6)]),
            "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
        ),
        (
            with_indexes(remote=[index(f"a-{n}", "born") for n in range(21)]),
            "GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ),
        (
            with_indexes(local=[index("abc", "pk", "born")], remote=[index("abc", "born")]),
            "Duplicate index name: abc",
        ),
        (
            with_indexes(remote=[index("abc", "age")]),
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [age],"
            " AttributeDefinitions: [pk, sk, born]",
        ),
        (
            with_indexes(remote=[index("abc", "sk")]),
            "Some AttributeDefinitions are not used. AttributeDefinitions: [pk, sk, born], keys"
            " used: [pk, sk]",
        ),
        (
            with_indexes(remote=[index("abc", "born", shows="INCLUDE")]),
            "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            with_indexes(remote=[index("abc", "born", shows="ALL", included=["name"])]),
            "ProjectionType is ALL, but NonKeyAttributes is specified",
        ),
        (
            with_indexes(remote=[{**index("abc", "born"), "Projection": {}}]),
            "Unknown ProjectionType: null",
        ),
        (
            with_indexes(remote=[{**index("abc", "born"), "ProvisionedThroughput": UNITS}]),
            "ProvisionedThroughput should not be specified for index: abc when BillingMode is"
            " PAY_PER_REQUEST",
        ),
        (
            with_indexes(
                remote=[
                    index(
                        f"a-{n}", "born", shows="INCLUDE", included=[f"x{n}-{m}" for m in range(20)]
                    )
                    for n in range(6)
                ]
            ),
            "Number of NonKeyAttributes across all indexes exceeds the per-table limit of 100: 120",
        ),
    ],
)
def test_indexes_that_cannot_be_are_refused(body: Json, text: str) -> None:
    assert World().error("CreateTable", body) == ("ValidationException", f"{INVALID} {text}")


def test_the_constraints_of_an_index_are_told_together() -> None:
    wanted = {"IndexName": "a", "Projection": {"ProjectionType": "SOME"}}
    name, text = World().error("CreateTable", with_indexes(remote=[wanted]))

    assert name == "ValidationException"
    assert text.startswith("3 validation errors detected: ")
    assert "'globalSecondaryIndexes.1.member.indexName'" in text
    assert "'globalSecondaryIndexes.1.member.keySchema'" in text
    assert "'globalSecondaryIndexes.1.member.projection.projectionType'" in text


@pytest.mark.parametrize(
    ("updates", "error"),
    [
        ([{"Delete": {"IndexName": "none"}}], "ResourceNotFoundException"),
        ([{"Create": index("by-birth", "born")}], "ValidationException"),
        ([{}], "ValidationException"),
        (
            [{"Create": index("one", "born")}, {"Create": index("two", "born")}],
            "LimitExceededException",
        ),
        ([{"Update": {"IndexName": "by-birth"}}], "ValidationException"),
        ([{"Delete": {"IndexName": "by-birth"}}] * 2, "ValidationException"),
    ],
)
def test_changes_of_indexes_that_cannot_be_are_refused(updates: list[Json], error: str) -> None:
    world = World()
    world.ok("CreateTable", with_indexes(remote=[index("by-birth", "born")]))
    world.wait_for_status("pets", "ACTIVE")
    body = {**create(), "GlobalSecondaryIndexUpdates": updates}
    if "Update" in updates[0]:
        updates[0]["Update"]["ProvisionedThroughput"] = UNITS

    assert world.error("UpdateTable", body)[0] == error
    assert described(world)["TableStatus"] == "ACTIVE"


@pytest.mark.parametrize(
    ("name", "defined", "other"), [("pk", "S", "N"), ("born", "N", "S")], ids=["table", "index"]
)
def test_a_new_index_gives_no_key_another_type(name: str, defined: str, other: str) -> None:
    """The second definition is taken, and the first one holds."""
    world = World()
    world.ok("CreateTable", with_indexes(remote=[index("by-birth", "born")]))
    world.wait_for_status("pets", "ACTIVE")
    body = {**create("again", name), "AttributeDefinitions": definitions(**{name: other})}

    world.ok("UpdateTable", body)
    world.wait_for_status("pets", "ACTIVE")
    found = described(world)["AttributeDefinitions"]
    assert {"AttributeName": name, "AttributeType": defined} in found
    assert len(found) == len({one["AttributeName"] for one in found})
    world.ok("PutItem", {"TableName": "pets", "Item": pet(1, 2020)})


@pytest.mark.parametrize("more", [{}, {"remote": [index("by-birth", "born")]}])
def test_an_attribute_is_defined_with_one_type(more: Json) -> None:
    body = with_indexes(**more)
    body["AttributeDefinitions"].append({"AttributeName": "pk", "AttributeType": "B"})

    text = "Attribute pk is defined as S and cannot be defined as B as well"
    assert World().error("CreateTable", body) == ("ValidationException", f"{INVALID} {text}")


def filling() -> World:
    """Return a world in which an index is being made of sixty items, by router r1."""
    world = World(options=RouterOptions(table_cache_us=0), shape=Shape(clients=0, routers=2))
    world.ok("CreateTable", table("pk", "sk", types=TWO))
    world.wait_for_status("pets", "ACTIVE")
    for n in range(60):
        world.put(pet(n, n % 3))
    world.ok("UpdateTable", create())
    world.loop.run_for(3_000)
    assert described_by(world, "r2")["TableStatus"] == "UPDATING"
    return world


def described_by(world: World, router: str) -> Json:
    answer = world.ok("DescribeTable", {"TableName": "pets"}, router=router)
    shown: Json = listed(answer["Table"])
    return shown


def wait_for_index(world: World) -> None:
    for _ in range(200):
        (one,) = described_by(world, "r2")["GlobalSecondaryIndexes"]
        if one["IndexStatus"] == "ACTIVE":
            return
        world.loop.run_for(50_000)
    raise AssertionError("the index never was ACTIVE")


def of_all(world: World) -> list[list[str]]:
    """Return what the index has, by the year of birth; r1 may be down."""
    found = []
    for born in range(3):
        body = query("by-birth", "born", "x")
        body["ExpressionAttributeValues"] = {":v": {"N": str(born)}}
        items = world.ok("Query", body, router="r2")["Items"]
        found.append(sorted(item["sk"]["S"] for item in items))
    return found


EVERYBODY = [sorted(str(n) for n in range(60) if n % 3 == born) for born in range(3)]


def test_an_index_is_brought_to_its_end_by_whoever_meets_its_table() -> None:
    world = filling()

    world.cluster.crash("r1")
    wait_for_index(world)

    assert of_all(world) == EVERYBODY


def test_an_index_is_filled_although_a_partition_splits_and_another_crashes() -> None:
    world = filling()
    cluster = world.cluster
    served = cluster.placement.range_of("p2")
    child = cluster.add_for_split("p2")
    cluster.start(child)

    assert cluster.split("p2", (served.first + served.end) // 2, child)
    cluster.crash("p3")
    world.loop.run_for(1_000_000)
    cluster.start("p3")
    wait_for_index(world)

    assert cluster.placement_now().record.number == 1
    assert of_all(world) == EVERYBODY


def test_a_new_index_names_all_its_key_attributes_anew() -> None:
    world = World()
    world.ok("CreateTable", table("pk", "sk", types={"pk": "S", "sk": "N"}))
    world.wait_for_status("pets", "ACTIVE")
    new = {**index("by-place", "sk", "pk")}
    body = {"TableName": "pets", "GlobalSecondaryIndexUpdates": [{"Create": new}]}

    for named in ({}, {"sk": "N"}):
        defined = {"AttributeDefinitions": definitions(**named)} if named else {}
        error, text = world.error("UpdateTable", {**body, **defined})
        assert error == "ValidationException"
        assert "Some index key attributes are not defined in AttributeDefinitions." in text
    world.ok("UpdateTable", {**body, "AttributeDefinitions": definitions(sk="N", pk="S")})


def test_an_index_needs_units_when_its_table_comes_to_have_some() -> None:
    world = World()
    remote = [index("by-born", "born")]
    world.ok("CreateTable", table("pk", types={"pk": "S", "born": "N"}, remote=remote))
    world.wait_for_status("pets", "ACTIVE")
    units = {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
    body = {"TableName": "pets", "BillingMode": "PROVISIONED", **units}

    assert world.error("UpdateTable", body) == (
        "ValidationException",
        "One or more parameter values were invalid:"
        " ProvisionedThroughput must be specified for index: by-born",
    )
    update = {"Update": {"IndexName": "by-born", **units}}
    world.ok("UpdateTable", {**body, "GlobalSecondaryIndexUpdates": [update]})


def refused_updates(*updates: Json) -> tuple[str, str]:
    world = World()
    world.table()
    body = {"TableName": "pets", "GlobalSecondaryIndexUpdates": list(updates)}
    return world.error("UpdateTable", body)


@pytest.mark.parametrize("part", [{}, {"Foo": {}}, {"Foo": {"IndexName": "abc"}}])
def test_what_says_nothing_of_an_index_is_refused(part: Json) -> None:
    assert refused_updates(part) == (
        "ValidationException",
        "One or more parameter values were invalid:"
        " One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create,"
        " GlobalSecondaryIndexUpdate.Delete must not be null",
    )


def test_what_nobody_knows_beside_an_update_is_ignored() -> None:
    part = {"Delete": {"IndexName": "abc"}, "Foo": {}}

    assert refused_updates(part) == (
        "ResourceNotFoundException",
        "Requested resource not found: Index: abc",
    )


def test_an_index_is_updated_once_at_a_time_and_many_updates_are_looked_at_fast() -> None:
    updates = [{"Update": {"IndexName": f"index-{n}"}} for n in range(100_000)]

    check_updates(updates)
    with pytest.raises(DynamoDBError, match=r"allowed simultaneously\. Index: index-7$"):
        check_updates([*updates, updates[7]])


def test_an_index_that_has_its_units_already_is_told_so() -> None:
    world, five = World(), {"ReadCapacityUnits": 5, "WriteCapacityUnits": 4}
    wanted = {**index("by-born", "born"), "ProvisionedThroughput": five}
    body = table("pk", types={"pk": "S", "born": "N"}, remote=[wanted])
    world.ok("CreateTable", {**body, "BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS})
    world.wait_for_status("pets", "ACTIVE")
    update = {"IndexName": "by-born", "ProvisionedThroughput": five}
    body = {"TableName": "pets", "GlobalSecondaryIndexUpdates": [{"Update": update}]}

    assert world.error("UpdateTable", body) == (
        "ValidationException",
        "The provisioned throughput for the index by-born will not change. The requested value"
        " equals the current value. Current ReadCapacityUnits provisioned for the index: 5."
        " Requested ReadCapacityUnits: 5. Current WriteCapacityUnits provisioned for the index: 4."
        " Requested WriteCapacityUnits: 4. Refer to the Amazon DynamoDB Developer Guide for"
        " current limits and how to request higher limits.",
    )
    update["ProvisionedThroughput"] = UNITS
    world.ok("UpdateTable", body)
