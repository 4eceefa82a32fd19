from typing import Any

import pytest

from items.errors import INTERNAL_SERVER_ERROR, RESOURCE_NOT_FOUND, VALIDATION, DynamoDBError
from network.messages import NotMine, Written
from router.batch_requests import batch_write_item
from router.batches import unprocessed_of
from sim.settings import Shape
from tests.router.harness import World
from tests.router.indexed import index, table


@pytest.fixture
def world() -> World:
    world = World()
    world.table()
    return world


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": name}, **more}


def put(name: str, **more: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": item(name, **more)}}


def delete(name: str) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": item(name)}}


def writes(*requests: dict[str, Any], table: str = "pets") -> dict[str, Any]:
    return {"RequestItems": {table: list(requests)}}


def gets(*names: str, **more: Any) -> dict[str, Any]:
    return {"RequestItems": {"pets": {"Keys": [item(name) for name in names], **more}}}


def test_a_batch_puts_and_deletes(world: World) -> None:
    world.put(item("a"))

    answer = world.ok("BatchWriteItem", writes(put("b", coins={"N": "1"}), delete("a"), put("c")))

    assert answer == {"UnprocessedItems": {}}
    assert world.ok("BatchGetItem", gets("a", "b", "c")) == {
        "Responses": {"pets": (item("b", coins={"N": "1"}), item("c"))},
        "UnprocessedKeys": {},
    }


def test_a_batch_may_be_about_several_tables(world: World) -> None:
    world.table("cars")
    body = {"RequestItems": {"pets": [put("a")], "cars": [put("a"), put("b")]}}

    world.ok("BatchWriteItem", body)

    found = world.ok(
        "BatchGetItem",
        {"RequestItems": {table: {"Keys": [item("b")]} for table in ("pets", "cars")}},
    )
    assert found["Responses"] == {"pets": (), "cars": (item("b"),)}


def test_a_projection_shows_a_part(world: World) -> None:
    world.put(item("a", coins={"N": "1"}, feet={"N": "4"}))

    answer = world.ok("BatchGetItem", gets("a", ProjectionExpression="feet"))

    assert answer["Responses"] == {"pets": ({"feet": {"N": "4"}},)}


def test_what_meets_an_ongoing_transaction_is_given_back(world: World) -> None:
    placement = world.cluster.placement
    table = world.ok("DescribeTable", {"TableName": "pets"})["Table"]["TableId"]
    partition = placement.owner(table, (("S", "a"),))
    for coordinator in world.cluster.coordinators:
        world.cluster.network.hold(partition, coordinator)  # Promised, and nobody hears of it.
    body = {"TransactItems": [{"Put": {"TableName": "pets", "Item": item("a")}}]}
    world.host.spawn(begin(world, body))
    world.loop.run_for(100_000)

    answer = world.ok("BatchWriteItem", writes(put("a"), put("b")))

    assert answer == {"UnprocessedItems": {"pets": (put("a"),)}}
    assert world.get(item("b")) == item("b")


async def begin(world: World, body: dict[str, Any]) -> None:
    await world.asked("TransactWriteItems", body)


def test_an_unknown_outcome_of_one_is_unknown_of_all() -> None:
    world = World(shape=Shape(partitions=2, clients=0))
    world.table()
    world.cluster.crash("p1")

    error, _ = world.error("BatchWriteItem", writes(*(put(str(n)) for n in range(10))))

    assert error == INTERNAL_SERVER_ERROR.name


def test_a_batch_of_which_something_is_written_and_the_rest_went_astray_is_unknown() -> None:
    entries = batch_write_item(writes(put("a"), put("b")))

    with pytest.raises(DynamoDBError) as refused:
        unprocessed_of(entries, [NotMine("table"), Written(None)])

    assert refused.value.kind is INTERNAL_SERVER_ERROR


def test_a_batch_for_a_table_that_is_a_new_one_asks_again(world: World) -> None:
    world.ok("BatchGetItem", gets("a"), router="r2")
    world.ok("DeleteTable", {"TableName": "pets"})
    world.wait_for_status("pets", "GONE")
    world.table()

    assert world.ok("BatchWriteItem", writes(put("a"), put("b")), router="r2") == {
        "UnprocessedItems": {}
    }
    assert world.ok("BatchGetItem", gets("a", "b"))["Responses"] == {"pets": (item("a"), item("b"))}


def gone(world: World, table: str) -> None:
    """Let r2 know a table that is no more."""
    world.ok("BatchGetItem", {"RequestItems": {table: {"Keys": [item("a")]}}}, router="r2")
    world.ok("DeleteTable", {"TableName": table})
    world.wait_for_status(table, "GONE")


@pytest.mark.parametrize("key_type", ["", "N"])
def test_a_batch_whose_other_table_is_gone_or_another_is_unknown(
    world: World, key_type: str
) -> None:
    world.table("cars")
    gone(world, "cars")
    if key_type:
        world.table("cars", key_type=key_type)
    body = {"RequestItems": {table: [put("a")] for table in ("pets", "cars")}}

    error, _ = world.error("BatchWriteItem", body, router="r2")

    assert error == INTERNAL_SERVER_ERROR.name
    assert world.get(item("a")) == item("a")


@pytest.mark.parametrize(
    ("key_type", "expected"), [("", RESOURCE_NOT_FOUND.name), ("N", VALIDATION.name)]
)
def test_a_batch_of_which_nothing_is_written_is_refused(
    world: World, key_type: str, expected: str
) -> None:
    gone(world, "pets")
    if key_type:
        world.table(key_type=key_type)

    error, _ = world.error("BatchWriteItem", writes(put("a"), put("b")), router="r2")

    assert error == expected


def test_what_a_batch_costs_goes_by_the_table_that_took_it(world: World) -> None:
    gone(world, "pets")
    by_age = index("by-age", "age")
    world.ok("CreateTable", table("pk", types={"pk": "S", "age": "N"}, remote=[by_age]))
    world.wait_for_status("pets", "ACTIVE")
    body = {**writes(put("a", age={"N": "1"})), "ReturnConsumedCapacity": "TOTAL"}

    answer = world.ok("BatchWriteItem", body, router="r2")

    assert answer["ConsumedCapacity"] == ({"TableName": "pets", "CapacityUnits": 2.0},)


def test_a_batch_of_reads_for_a_table_that_is_a_new_one_asks_again(world: World) -> None:
    world.ok("BatchGetItem", gets("a"), router="r2")
    world.ok("DeleteTable", {"TableName": "pets"})
    world.wait_for_status("pets", "GONE")
    world.table()
    world.put(item("a"))

    answer = world.ok("BatchGetItem", gets("a"), router="r2")

    assert answer["Responses"] == {"pets": (item("a"),)}


def test_a_table_that_nobody_made_is_not_found(world: World) -> None:
    error, _ = world.error("BatchWriteItem", writes(put("a"), table="cars"))

    assert error == RESOURCE_NOT_FOUND.name


SHORT = "failed to satisfy constraint: Member must have length"
LENGTHS = (
    "[Member must have length less than or equal to {},"
    " Member must have length greater than or equal to 1]"
)
SCHEMA_WRONG = "The provided key element does not match the schema"


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        (
            "BatchGetItem",
            {"RequestItems": {}},
            "1 validation error detected: Value '{}' at 'requestItems'"
            f" {SHORT} greater than or equal to 1",
        ),
        (
            "BatchGetItem",
            gets(),
            "1 validation error detected: Value '[]' at 'requestItems.pets.member.keys'"
            f" {SHORT} greater than or equal to 1",
        ),
        (
            "BatchWriteItem",
            writes(),
            "1 validation error detected: Value '{pets=[]}' at 'requestItems' failed to satisfy"
            f" constraint: Map value must satisfy constraint: {LENGTHS.format(25)}",
        ),
        (
            "BatchWriteItem",
            {"RequestItems": {"": [{"PutRequest": {}}]}},
            "2 validation errors detected: Value '{=[{PutRequest={}}]}' at 'requestItems' failed to"
            f" satisfy constraint: Map keys must satisfy constraint: {LENGTHS.format(1024)};"
            " Value null at 'requestItems..member.1.member.putRequest.item' failed to satisfy"
            " constraint: Member must not be null",
        ),
        (
            "BatchGetItem",
            gets("a", ProjectionExpression="#x"),
            "Invalid ProjectionExpression: An expression attribute name used in the document path"
            " is not defined; attribute name: #x",
        ),
        ("BatchGetItem", gets("a", "a"), "Provided list of item keys contains duplicates"),
        (
            "BatchWriteItem",
            writes(put("a"), delete("a")),
            "Provided list of item keys contains duplicates",
        ),
        (
            "BatchWriteItem",
            writes({}),
            "Supplied AttributeValue has more than one datatypes set,"
            " must contain exactly one of the supported datatypes",
        ),
        (
            "BatchWriteItem",
            {"RequestItems": {t: [put(str(n)) for n in range(20)] for t in ("pets", "cars")}},
            "Too many items requested for the BatchWriteItem call",
        ),
        (
            "BatchGetItem",
            {
                "RequestItems": {
                    t: {"Keys": [item(str(n)) for n in range(60)]} for t in ("pets", "cars")
                }
            },
            "Too many items requested for the BatchGetItem call",
        ),
        ("BatchGetItem", {"RequestItems": {"pets": {"Keys": [{"x": {"S": "a"}}]}}}, SCHEMA_WRONG),
        (
            "BatchWriteItem",
            writes({"PutRequest": {"Item": {"pk": {"N": "1"}}}}),
            SCHEMA_WRONG,
        ),
        ("BatchWriteItem", writes({"PutRequest": {"Item": {"x": {"S": "a"}}}}), SCHEMA_WRONG),
        (
            "BatchWriteItem",
            writes(put("a", text={"S": "x" * 410_000})),
            "Item size has exceeded the maximum allowed size",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    world: World, operation: str, body: dict[str, Any], message: str
) -> None:
    assert world.error(operation, body) == (VALIDATION.name, message)


def test_a_batch_with_one_item_that_is_too_large_writes_nothing(world: World) -> None:
    error, _ = world.error("BatchWriteItem", writes(put("a"), put("b", text={"S": "x" * 409_600})))

    assert error == VALIDATION.name
    assert world.get(item("a")) is None


def test_a_hundred_keys_are_not_too_many(world: World) -> None:
    answer = world.ok("BatchGetItem", gets(*[str(n) for n in range(100)]))

    assert answer == {"Responses": {"pets": ()}, "UnprocessedKeys": {}}


def test_more_than_25_writes_of_one_table_are_too_many(world: World) -> None:
    error, message = world.error("BatchWriteItem", writes(*[put(str(n)) for n in range(26)]))

    assert error == VALIDATION.name
    assert message.endswith(
        "at 'requestItems' failed to satisfy constraint:"
        f" Map value must satisfy constraint: {LENGTHS.format(25)}"
    )


def test_what_is_too_much_for_one_answer_is_given_back(world: World) -> None:
    names = [str(n) for n in range(45)]
    for name in names:
        world.put(item(name, text={"S": "x" * 390_000}))

    answer = world.ok("BatchGetItem", gets(*names, ConsistentRead=True))

    rest = answer["UnprocessedKeys"]["pets"]
    assert rest["ConsistentRead"] is True
    assert len(answer["Responses"]["pets"]) + len(rest["Keys"]) == len(names)
    assert len(rest["Keys"]) == 2
