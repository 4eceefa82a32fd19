"""UpdateTable, and the protection from being deleted."""

from typing import Any

import pytest

from items.errors import RESOURCE_IN_USE, RESOURCE_NOT_FOUND, VALIDATION
from network.settings import TableSettings, Throughput
from partition.server import PartitionServer
from sim.settings import Shape
from tests.router.harness import World

Json = dict[str, Any]

NAMED: Json = {"TableName": "pets"}
PETS: Json = {
    **NAMED,
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
FIVES: Json = {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
INVALID = "One or more parameter values were invalid: "
ON_DEMAND = (
    f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
    " when BillingMode is PAY_PER_REQUEST"
)


def made(**more: Any) -> World:
    world = World()
    world.ok("CreateTable", {**PETS, **more})
    world.wait_for_status("pets", "ACTIVE")
    return world


def provisioned() -> World:
    return made(BillingMode="PROVISIONED", **FIVES)


def described(world: World, **how: Any) -> Any:
    return world.ok("DescribeTable", NAMED, **how)["Table"]


def test_other_units_are_told_from_now_on() -> None:
    world = provisioned()
    units = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3}

    answer = world.ok("UpdateTable", {**NAMED, "ProvisionedThroughput": units})

    assert answer["TableDescription"]["TableStatus"] == "UPDATING"
    assert answer["TableDescription"]["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 0,
        **units,
    }
    world.wait_for_status("pets", "ACTIVE")
    assert described(world, router="r2") == {**answer["TableDescription"], "TableStatus": "ACTIVE"}


def test_a_table_that_was_made_on_demand_tells_so_when_it_is_provisioned() -> None:
    world = made()

    world.ok("UpdateTable", {**NAMED, "BillingMode": "PROVISIONED", **FIVES})

    found = described(world)
    assert found["BillingModeSummary"] == {
        "BillingMode": "PROVISIONED",
        "LastUpdateToPayPerRequestDateTime": found["CreationDateTime"],
    }


def test_a_table_comes_to_be_paid_for_on_demand_and_back() -> None:
    world = provisioned()

    world.ok("UpdateTable", {**NAMED, "BillingMode": "PAY_PER_REQUEST"})
    on_demand = described(world)
    world.ok("UpdateTable", {**NAMED, "BillingMode": "PROVISIONED", **FIVES})
    back = described(world)

    summary = on_demand["BillingModeSummary"]
    assert summary["BillingMode"] == "PAY_PER_REQUEST"
    assert summary["LastUpdateToPayPerRequestDateTime"] >= on_demand["CreationDateTime"]
    assert on_demand["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert back["BillingModeSummary"] == {**summary, "BillingMode": "PROVISIONED"}
    assert back["ProvisionedThroughput"]["ReadCapacityUnits"] == 5


def test_a_class_is_told_once_it_was_asked_for() -> None:
    world = made(TableClass="STANDARD_INFREQUENT_ACCESS")

    first = described(world)
    answer = world.ok("UpdateTable", {**NAMED, "TableClass": "STANDARD"})

    assert first["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert answer["TableDescription"]["TableClassSummary"] == {"TableClass": "STANDARD"}
    assert answer["TableDescription"]["TableStatus"] == "ACTIVE"


def test_items_stay_when_a_table_changes() -> None:
    world = made()
    world.put({"pk": {"S": "a"}})

    world.ok("UpdateTable", {**NAMED, "BillingMode": "PROVISIONED", **FIVES})

    assert world.get({"pk": {"S": "a"}}) == {"pk": {"S": "a"}}


PROTECTED = (
    VALIDATION.name,
    "Resource cannot be deleted as it is currently protected against deletion."
    " Disable deletion protection first.",
)


def test_a_protected_table_is_not_deleted_until_the_protection_is_gone() -> None:
    world = made(DeletionProtectionEnabled=True)

    refused = world.error("DeleteTable", NAMED)
    status = described(world)["TableStatus"]
    world.ok("UpdateTable", {**NAMED, "DeletionProtectionEnabled": False})
    world.ok("DeleteTable", NAMED)
    world.wait_for_status("pets", "GONE")

    assert (refused, status) == (PROTECTED, "ACTIVE")


def test_a_table_can_be_protected_later() -> None:
    world = made()

    answer = world.ok("UpdateTable", {**NAMED, "DeletionProtectionEnabled": True})

    assert answer["TableDescription"]["DeletionProtectionEnabled"] is True
    assert described(world)["DeletionProtectionEnabled"] is True
    assert world.error("DeleteTable", NAMED) == PROTECTED


@pytest.mark.parametrize("head_start_us", range(0, 9_000, 1_000))
def test_of_a_deletion_and_a_protection_at_once_only_one_succeeds(head_start_us: int) -> None:
    world = made()

    async def delete() -> Any:
        await world.host.sleep(1 + head_start_us)
        return await world.asked("DeleteTable", NAMED)

    async def protect() -> Any:
        await world.host.sleep(4_000)
        body = {**NAMED, "DeletionProtectionEnabled": True}
        return await world.asked("UpdateTable", body, router="r2")

    answers = world.await_all(delete(), protect())

    assert sorted(answer.status for answer in answers) == [200, 400]


def test_changes_at_once_are_all_made() -> None:
    world = provisioned()
    changes: list[tuple[str, Json]] = [
        ("UpdateTable", {"DeletionProtectionEnabled": True}),
        ("UpdateTable", {"TableClass": "STANDARD"}),
        ("UpdateTimeToLive", {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "t"}}),
    ]

    answers = world.await_all(
        *(
            world.asked(operation, {**NAMED, **change}, router=router)
            for (operation, change), router in zip(changes, ("r1", "r2", "r1"), strict=True)
        )
    )

    table = described(world)
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert table["DeletionProtectionEnabled"] is True
    assert table["TableClassSummary"] == {"TableClass": "STANDARD"}
    told = world.ok("DescribeTimeToLive", NAMED)["TimeToLiveDescription"]
    assert told["TimeToLiveStatus"] == "ENABLED"


def test_while_partitions_are_told_of_a_change_the_table_serves_and_takes_no_other() -> None:
    world = provisioned()
    world.cluster.crash("p1")
    nine = {"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}}

    world.ok("UpdateTable", {**NAMED, **nine})
    world.loop.run_for(100_000)
    updating = described(world, router="r2")
    refused = world.error("UpdateTable", {**NAMED, "TableClass": "STANDARD"}, router="r2")
    world.cluster.start("p1")
    world.wait_for_status("pets", "ACTIVE")

    assert updating["TableStatus"] == "UPDATING"
    assert refused[0] == "ResourceInUseException"
    assert refused[1].endswith("Table is being updated: pets")
    assert settings_of(world) == {TableSettings(1, Throughput(9, 9))}


def test_whoever_meets_a_table_whose_update_stands_still_ends_it() -> None:
    world = provisioned()
    nine = {"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}}

    world.ok("UpdateTable", {**NAMED, **nine}, router="r1")
    world.cluster.crash("r1")
    assert described(world, router="r2")["TableStatus"] == "UPDATING"
    world.loop.run_for(100_000)

    assert described(world, router="r2")["TableStatus"] == "ACTIVE"
    assert settings_of(world) == {TableSettings(1, Throughput(9, 9))}


def settings_of(world: World) -> set[TableSettings]:
    """Return what the partitions were told of the table; one, if all were told the same."""
    name = described(world, router="r2")["TableId"]
    told = set()
    for one in world.cluster.partitions:
        server = world.cluster.servers[one]
        assert isinstance(server, PartitionServer)
        told.add(server.machine._tables[name].state.settings)
    return told


def test_a_change_is_made_once_though_the_ledger_node_came_back_in_between() -> None:
    world = made()
    world.cluster.crash("l1")
    world.cluster.start("l1")

    answer = world.ok("UpdateTable", {**NAMED, "DeletionProtectionEnabled": True})

    assert answer["TableDescription"]["DeletionProtectionEnabled"] is True


NO_CHANGE = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled,"
    " GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, NO_CHANGE),
        ({"GlobalSecondaryIndexUpdates": []}, NO_CHANGE),
        (
            {"TableName": None, "BillingMode": "FREE"},
            "The parameter 'TableName' is required but was not present in the request",
        ),
        (
            {"TableName": "my pets", "BillingMode": "FREE"},
            "2 validation errors detected: Value 'my pets' at 'tableName' failed to satisfy"
            " constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+;"
            " Value 'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy"
            " enum value set: [PROVISIONED, PAY_PER_REQUEST]",
        ),
        ({"BillingMode": "PAY_PER_REQUEST", **FIVES}, ON_DEMAND),
        (
            FIVES,
            "The provisioned throughput for the table will not change. The requested value equals"
            " the current value. Current ReadCapacityUnits provisioned for the table: 5."
            " Requested ReadCapacityUnits: 5. Current WriteCapacityUnits provisioned for the"
            " table: 5. Requested WriteCapacityUnits: 5. Refer to the Amazon DynamoDB Developer"
            " Guide for current limits and how to request higher limits.",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 10**13, "WriteCapacityUnits": 1}},
            "Given value 10000000000000 for ReadCapacityUnits is out of bounds",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            f"{INVALID}StreamViewType is required when StreamEnabled is true",
        ),
        (
            {"SSESpecification": {"Enabled": True}},
            "SSESpecification is not supported by twophase",
        ),
        (
            {"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]},
            "ReplicaUpdates are not supported by twophase",
        ),
    ],
)
def test_a_change_that_cannot_be_is_refused(change: Json, message: str) -> None:
    world = provisioned()
    before = described(world)

    assert world.error("UpdateTable", {**NAMED, **change}) == (VALIDATION.name, message)
    assert described(world) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (FIVES, ON_DEMAND),
        (
            {"BillingMode": "PROVISIONED"},
            f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED",
        ),
    ],
)
def test_a_table_on_demand_needs_units_and_their_mode_together(change: Json, message: str) -> None:
    assert made().error("UpdateTable", {**NAMED, **change}) == (VALIDATION.name, message)


def test_switching_off_what_there_is_not_changes_nothing() -> None:
    off = {"SSESpecification": {"Enabled": False}}

    assert made().ok("UpdateTable", {**NAMED, **off})["TableDescription"]["TableName"] == "pets"


def test_a_table_that_is_not_there_or_not_ready_is_not_changed() -> None:
    world = World(shape=Shape(partitions=1, clients=0))
    change = {**NAMED, "DeletionProtectionEnabled": True}

    missing = world.error("UpdateTable", change)
    world.cluster.crash("p1")
    world.ok("CreateTable", PETS)
    creating = world.error("UpdateTable", change)

    assert missing == (
        RESOURCE_NOT_FOUND.name,
        "Requested resource not found: Table: pets not found",
    )
    assert creating == (
        RESOURCE_IN_USE.name,
        "Attempt to change a resource which is still in use: Table is being created: pets",
    )


@pytest.mark.parametrize("head_start_us", range(0, 9_000, 1_000))
def test_a_table_is_not_deleted_while_partitions_are_told_of_a_change(head_start_us: int) -> None:
    world = provisioned()
    world.cluster.crash("p1")
    nine = {"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}}

    async def delete() -> Any:
        await world.host.sleep(1 + head_start_us)
        return await world.asked("DeleteTable", NAMED)

    async def change() -> Any:
        await world.host.sleep(4_000)
        return await world.asked("UpdateTable", {**NAMED, **nine}, router="r2")

    answers = world.await_all(delete(), change())
    status = described(world)["TableStatus"]

    assert [answer.status for answer in answers] in ([200, 400], [400, 200])
    assert status == ("DELETING" if answers[0].status == 200 else "UPDATING")
