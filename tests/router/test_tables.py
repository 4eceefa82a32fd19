from typing import Any

import pytest

from items.errors import INTERNAL_SERVER_ERROR, RESOURCE_IN_USE, RESOURCE_NOT_FOUND, VALIDATION
from network.messages import Response
from network.placement import TABLES_TABLE
from router.options import RouterOptions
from sim.settings import Shape
from tests.router.harness import World

PETS: dict[str, Any] = {
    "TableName": "pets",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
NAMED = {"TableName": "pets"}


def test_a_table_is_creating_and_then_active() -> None:
    world = World()

    created = world.ok("CreateTable", PETS)["TableDescription"]
    world.wait_for_status("pets", "ACTIVE")
    active = world.ok("DescribeTable", NAMED)["Table"]

    assert created["TableStatus"] == "CREATING"
    assert active == {
        "AttributeDefinitions": ({"AttributeName": "pk", "AttributeType": "S"},),
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "CreationDateTime": created["CreationDateTime"],
        "DeletionProtectionEnabled": False,
        "ItemCount": 0,
        "KeySchema": ({"AttributeName": "pk", "KeyType": "HASH"},),
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 0,
            "WriteCapacityUnits": 0,
        },
        "TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/pets",
        "TableId": created["TableId"],
        "TableName": "pets",
        "TableSizeBytes": 0,
        "TableStatus": "ACTIVE",
    }
    assert 1_700_000_000 <= active["CreationDateTime"] < 1_700_000_060


@pytest.mark.parametrize("units", [3, 3_000_000_000, 1_000_000_000_000])
def test_provisioned_throughput_is_told_as_it_was_asked_for(units: int) -> None:
    world = World()
    throughput = {"ReadCapacityUnits": units, "WriteCapacityUnits": 4}
    body = {**PETS, "BillingMode": "PROVISIONED", "ProvisionedThroughput": throughput}

    described = world.ok("CreateTable", body)["TableDescription"]

    assert described["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **throughput}
    assert "BillingModeSummary" not in described


def test_a_table_with_a_sort_key_has_both_keys() -> None:
    world = World()
    world.table(sort="age", key_type="N")

    described = world.ok("DescribeTable", NAMED)["Table"]

    assert described["KeySchema"] == (
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "age", "KeyType": "RANGE"},
    )
    assert described["AttributeDefinitions"] == (
        {"AttributeName": "age", "AttributeType": "N"},
        {"AttributeName": "pk", "AttributeType": "N"},
    )


def test_a_table_is_made_once() -> None:
    world = World()
    world.table()

    assert world.error("CreateTable", PETS, router="r2") == (
        RESOURCE_IN_USE.name,
        "Table already exists: pets",
    )


def test_of_two_who_make_a_table_at_once_one_does() -> None:
    world = World()

    answers: list[Response] = world.await_all(
        *(world.asked("CreateTable", PETS, router=router) for router in ("r1", "r2"))
    )

    assert sorted(answer.status for answer in answers) == [200, 400]


def test_nobody_knows_whether_a_ledger_node_that_came_back_had_made_the_table() -> None:
    world = World()
    world.table("cars")
    world.cluster.crash("l1")
    world.cluster.start("l1")

    first, _ = world.error("CreateTable", PETS)
    second = world.ok("CreateTable", PETS)

    assert first == INTERNAL_SERVER_ERROR.name
    assert second["TableDescription"]["TableStatus"] == "CREATING"


def test_a_deletion_is_asked_for_again_after_a_ledger_node_came_back() -> None:
    world = World()
    world.table()
    world.cluster.crash("l1")
    world.cluster.start("l1")

    assert world.ok("DeleteTable", NAMED)["TableDescription"]["TableStatus"] == "DELETING"
    world.wait_for_status("pets", "GONE")


def test_a_table_that_is_not_active_keeps_no_items() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.cluster.crash("p1")
    world.ok("CreateTable", PETS)

    error, message = world.error("PutItem", {**NAMED, "Item": {"pk": {"S": "a"}}})

    assert (error, message) == (RESOURCE_NOT_FOUND.name, "Requested resource not found")


def test_a_table_that_is_being_made_is_not_deleted() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.cluster.crash("p1")
    world.ok("CreateTable", PETS)

    assert world.error("DeleteTable", NAMED) == (
        RESOURCE_IN_USE.name,
        "Attempt to change a resource which is still in use: Table is being created: pets",
    )


def test_a_table_whose_router_crashed_is_finished_by_whoever_describes_it() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.cluster.crash("p1")
    world.ok("CreateTable", PETS)
    world.cluster.crash("r1")
    world.cluster.start("p1")
    world.loop.run_for(5_000_000)

    statuses = []
    for _ in range(2):
        described = world.ok("DescribeTable", NAMED, router="r2")
        statuses.append(described["Table"]["TableStatus"])
        world.loop.run_for(5_000_000)

    assert statuses == ["CREATING", "ACTIVE"]


def test_a_deletion_whose_router_crashed_is_finished_by_whoever_describes_the_table() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.table()
    world.cluster.crash("p1")
    world.ok("DeleteTable", NAMED)
    world.cluster.crash("r1")
    world.cluster.start("p1")

    described = world.ok("DescribeTable", NAMED, router="r2")
    world.loop.run_for(5_000_000)

    assert described["Table"]["TableStatus"] == "DELETING"
    assert world.error("DescribeTable", NAMED, router="r2")[0] == RESOURCE_NOT_FOUND.name


def test_a_deleted_table_is_gone_with_its_items() -> None:
    world = World()
    world.table()
    world.put({"pk": {"S": "a"}})

    deleted = world.ok("DeleteTable", NAMED)["TableDescription"]
    world.wait_for_status("pets", "GONE")
    world.table()

    assert deleted["TableStatus"] == "DELETING"
    assert world.get({"pk": {"S": "a"}}) is None


def test_deleting_twice_is_no_error_until_the_table_is_gone() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    world.table()
    world.cluster.crash("p1")

    statuses = [world.ok("DeleteTable", NAMED)["TableDescription"]["TableStatus"] for _ in range(2)]

    assert statuses == ["DELETING", "DELETING"]


@pytest.mark.parametrize("operation", ["DescribeTable", "DeleteTable"])
def test_a_table_that_nobody_made_is_not_found(operation: str) -> None:
    assert World().error(operation, NAMED) == (
        RESOURCE_NOT_FOUND.name,
        "Requested resource not found: Table: pets not found",
    )


def test_tables_are_listed_by_name_a_page_at_a_time() -> None:
    world = World(shape=Shape(ledgers=3, clients=0))
    for name in ("pets", "cars", "houses"):
        world.table(name)

    whole = world.ok("ListTables", {})
    first = world.ok("ListTables", {"Limit": 2})
    rest = world.ok(
        "ListTables", {"Limit": 2, "ExclusiveStartTableName": first["LastEvaluatedTableName"]}
    )

    assert whole == {"TableNames": ("cars", "houses", "pets")}
    assert first == {"TableNames": ("cars", "houses"), "LastEvaluatedTableName": "houses"}
    assert rest == {"TableNames": ("pets",)}


def test_a_definition_is_read_once_while_it_is_trusted() -> None:
    world = World()
    world.table()
    ledger = world.cluster.network.link("r1", "l1")
    world.get({"pk": {"S": "a"}})
    before = ledger.sent

    world.get({"pk": {"S": "a"}})
    trusted = ledger.sent
    world.loop.run_for(2_000_000)
    world.get({"pk": {"S": "a"}})

    assert (trusted, ledger.sent) == (before, before + 1)


NULL = "failed to satisfy constraint: Member must not be null"
INVALID = "One or more parameter values were invalid:"
SORTED = {
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
}
SORT_DEFINED = {
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
    ]
}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"TableName": None},
            "The parameter 'TableName' is required but was not present in the request",
        ),
        (
            {"TableName": "t", "KeySchema": None},
            "TableName must be at least 3 characters long and at most 255 characters long",
        ),
        (
            {"TableName": "a b"},
            "1 validation error detected: Value 'a b' at 'tableName' failed to satisfy constraint:"
            " Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            {"TableName": "$tables"},
            "1 validation error detected: Value '$tables' at 'tableName' failed to satisfy"
            " constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            {"KeySchema": None, "AttributeDefinitions": None},
            f"2 validation errors detected: Value null at 'keySchema' {NULL};"
            f" Value null at 'attributeDefinitions' {NULL}",
        ),
        (
            {"BillingMode": None},
            f"{INVALID} ReadCapacityUnits and WriteCapacityUnits must both be specified"
            " when BillingMode is PROVISIONED",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
            f"{INVALID} Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
            " when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]},
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "HASH"},
                ],
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                ],
            },
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            {
                "KeySchema": PETS["KeySchema"] * 2,
                "AttributeDefinitions": PETS["AttributeDefinitions"] * 2,
            },
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (
            {"KeySchema": PETS["KeySchema"] * 2},
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            {"AttributeDefinitions": PETS["AttributeDefinitions"] * 2},
            f"{INVALID} Number of attributes in KeySchema does not exactly match number of"
            " attributes defined in AttributeDefinitions",
        ),
        (
            {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]},
            f"{INVALID} Some index key attributes are not defined in AttributeDefinitions."
            " Keys: [id], AttributeDefinitions: [pk]",
        ),
        (SORTED, "Invalid KeySchema: Some index key attribute have no definition"),
        (
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": {
                    "ReadCapacityUnits": 1_000_000_000_001,
                    "WriteCapacityUnits": 1_000_000_000_002,
                },
            },
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        ({"ResourcePolicy": "{}"}, "ResourcePolicy is not supported by twophase"),
        (
            {"SSESpecification": {"Enabled": True}},
            "SSESpecification is not supported by twophase",
        ),
        (
            {"StreamSpecification": {}},
            "1 validation error detected: Value null at 'streamSpecification.streamEnabled'"
            f" {NULL}",
        ),
        (
            {"TableClass": "CHEAP"},
            "1 validation error detected: Value 'CHEAP' at 'tableClass' failed to satisfy"
            " constraint: Member must satisfy enum value set:"
            " [STANDARD, STANDARD_INFREQUENT_ACCESS]",
        ),
        (
            SORT_DEFINED,
            f"{INVALID} Number of attributes in KeySchema does not exactly match"
            " number of attributes defined in AttributeDefinitions",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            f"{INVALID} StreamViewType is required when StreamEnabled is true",
        ),
    ],
)
def test_a_table_that_cannot_be_is_refused(more: dict[str, Any], message: str) -> None:
    assert World().error("CreateTable", {**PETS, **more}) == (VALIDATION.name, message)


MINUTE_US = 60_000_000


def test_how_long_a_table_is_creating_and_deleting_is_an_option() -> None:
    options = RouterOptions(table_creating_us=5_000_000, table_deleting_us=3_000_000)
    world = World(options)
    seen = []

    def status() -> str:
        shown = world.ask("DescribeTable", NAMED).body
        return str(shown.get("Table", {}).get("TableStatus", "GONE"))

    world.ok("CreateTable", PETS)
    for wait_us in (4_000_000, 2_000_000):
        world.loop.run_for(wait_us)
        seen.append(status())
    world.ok("DeleteTable", NAMED)
    for wait_us in (2_000_000, 2_000_000):
        world.loop.run_for(wait_us)
        seen.append(status())

    assert seen == ["CREATING", "ACTIVE", "DELETING", "GONE"]


ANSWER_US = 1_000_000


def test_an_answer_may_wait_until_its_table_is_there_or_gone() -> None:
    world = World(RouterOptions(table_answer_us=ANSWER_US))

    created = world.ok("CreateTable", PETS)["TableDescription"]["TableStatus"]
    then = statuses(world)
    deleted = world.ok("DeleteTable", NAMED)["TableDescription"]["TableStatus"]

    assert (created, then) == ("CREATING", ["ACTIVE"])
    assert (deleted, statuses(world)) == ("DELETING", [])


def test_an_answer_does_not_wait_for_a_partition_that_is_down() -> None:
    world = World(RouterOptions(table_answer_us=ANSWER_US), Shape(partitions=1, clients=0))
    world.cluster.crash("p1")
    asked_us = world.loop.now_us

    world.ok("CreateTable", PETS)

    assert ANSWER_US <= world.loop.now_us - asked_us < 2 * ANSWER_US
    assert statuses(world) == ["CREATING"]


def statuses(world: World) -> list[str]:
    """Look into the definitions, so that nobody meets a table by being asked."""
    return [
        record.item["Status"][1]
        for name in world.cluster.ledgers
        if (machine := world.cluster.machine(name)) is not None
        for record in machine._tables[TABLES_TABLE].records.values()
        if record.item is not None
    ]


def stalled_world(options: RouterOptions) -> World:
    """Make one table that is left CREATING and one that is left DELETING by a crashed router."""
    world = World(options, Shape(partitions=1, clients=0))
    world.table("cats")
    world.cluster.crash("p1")
    world.ok("DeleteTable", {"TableName": "cats"})
    world.ok("CreateTable", PETS)
    world.cluster.crash("r1")
    world.cluster.start("p1")
    return world


@pytest.mark.parametrize(("check_us", "left"), [(0, ["CREATING", "DELETING"]), (1, ["ACTIVE"])])
def test_a_router_that_looks_for_stalled_tables_finishes_them(
    check_us: int, left: list[str]
) -> None:
    world = stalled_world(RouterOptions(tables_check_us=check_us * 10_000_000))

    world.loop.run_for(MINUTE_US)

    assert sorted(statuses(world)) == left


def test_a_router_that_could_not_look_for_stalled_tables_looks_again() -> None:
    world = stalled_world(RouterOptions(tables_check_us=10_000_000))
    for name in world.cluster.ledgers:
        world.cluster.crash(name)
    world.loop.run_for(MINUTE_US)
    for name in world.cluster.ledgers:
        world.cluster.start(name)

    assert sorted(statuses(world)) == ["CREATING", "DELETING"]
    world.loop.run_for(MINUTE_US)

    assert statuses(world) == ["ACTIVE"]


def test_a_stalled_table_is_finished_by_whoever_meets_it() -> None:
    world = stalled_world(RouterOptions())

    for name in ("pets", "cats"):
        body = {"TableName": name, "Key": {"pk": {"S": "a"}}}
        assert world.error("GetItem", body, router="r2")[0] == RESOURCE_NOT_FOUND.name
    world.loop.run_for(MINUTE_US)

    assert statuses(world) == ["ACTIVE"]
