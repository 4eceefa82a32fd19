"""ReturnConsumedCapacity: units by size, halves and doubles, in three forms."""

from typing import Any

import pytest

from router.capacity import read_units, write_units
from tests.router.harness import World

Json = dict[str, Any]

KEY: Json = {"pk": {"S": "a"}}
TOTAL: Json = {"ReturnConsumedCapacity": "TOTAL"}
INDEXES: Json = {"ReturnConsumedCapacity": "INDEXES"}


def big(kilobytes: int, name: str = "a") -> Json:
    """Make an item a little larger than this."""
    return {"pk": {"S": name}, "text": {"S": "x" * 1024 * kilobytes}}


@pytest.fixture
def world() -> World:
    world = World()
    world.table()
    return world


def units(world: World, operation: str, body: Json) -> float:
    consumed = world.ok(operation, {"TableName": "pets", **body, **TOTAL})["ConsumedCapacity"]
    assert consumed["TableName"] == "pets"
    assert consumed.keys() == {"TableName", "CapacityUnits"}
    return float(consumed["CapacityUnits"])


@pytest.mark.parametrize(
    ("size", "weak", "strong", "write"),
    [(0, 0.5, 1, 1), (1024, 0.5, 1, 1), (1025, 0.5, 1, 2), (4096, 0.5, 1, 4), (4097, 1, 2, 5)],
)
def test_units_are_begun_blocks(size: int, weak: float, strong: float, write: float) -> None:
    assert read_units(size, strong=False) == weak
    assert read_units(size, strong=True) == strong
    item = {"a": ("S", "x" * (size - 1))} if size else None
    assert write_units(item, None) == write_units(None, item) == write


@pytest.mark.parametrize(
    ("form", "more"),
    [
        ("TOTAL", {}),
        ("INDEXES", {"Table": {"CapacityUnits": 1.0}}),
    ],
)
def test_an_operation_tells_its_capacity_in_the_form_that_is_asked_for(
    world: World, form: str, more: Json
) -> None:
    body = {"TableName": "pets", "Item": KEY, "ReturnConsumedCapacity": form}

    consumed = {"TableName": "pets", "CapacityUnits": 1.0, **more}
    assert world.ok("PutItem", body) == {"ConsumedCapacity": consumed}


@pytest.mark.parametrize("more", [{}, {"ReturnConsumedCapacity": "NONE"}])
def test_nothing_is_told_unless_it_is_asked_for(world: World, more: Json) -> None:
    assert world.ok("PutItem", {"TableName": "pets", "Item": KEY, **more}) == {}
    assert world.ok("Scan", {"TableName": "pets", **more}).keys() == {
        "Items",
        "Count",
        "ScannedCount",
    }


def test_the_table_is_named_as_the_request_names_it(world: World) -> None:
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/pets"

    answer = world.ok("GetItem", {"TableName": arn, "Key": KEY, **TOTAL})

    assert answer == {"ConsumedCapacity": {"TableName": arn, "CapacityUnits": 0.5}}


def test_a_read_is_weighed_whole_whatever_is_shown(world: World) -> None:
    world.put(big(5))

    assert units(world, "GetItem", {"Key": KEY}) == 1.0
    assert units(world, "GetItem", {"Key": KEY, "ConsistentRead": True}) == 2.0
    assert units(world, "GetItem", {"Key": KEY, "ProjectionExpression": "pk"}) == 1.0


def test_a_write_is_weighed_by_the_larger_of_before_and_after(world: World) -> None:
    assert units(world, "PutItem", {"Item": big(3)}) == 4.0
    assert units(world, "PutItem", {"Item": KEY}) == 4.0
    assert units(world, "PutItem", {"Item": KEY}) == 1.0
    grow = {
        "Key": KEY,
        "UpdateExpression": "SET t = :t",
        "ExpressionAttributeValues": {":t": {"S": "x" * 2048}},
    }
    assert units(world, "UpdateItem", grow) == 3.0
    assert units(world, "UpdateItem", {"Key": KEY, "UpdateExpression": "REMOVE t"}) == 3.0
    assert units(world, "DeleteItem", {"Key": KEY}) == 1.0
    assert units(world, "DeleteItem", {"Key": KEY}) == 1.0


@pytest.mark.parametrize(
    ("return_values", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", {**KEY, "coins": {"N": "5"}}),
        ("ALL_NEW", {**KEY, "coins": {"N": "6"}}),
        ("UPDATED_OLD", {"coins": {"N": "5"}}),
        ("UPDATED_NEW", {"coins": {"N": "6"}}),
    ],
)
def test_a_weighed_update_returns_what_it_is_asked_for(
    world: World, return_values: str, attributes: Json | None
) -> None:
    world.put({**KEY, "coins": {"N": "5"}})
    body = {
        "TableName": "pets",
        "Key": KEY,
        "UpdateExpression": "ADD #c :one",
        "ExpressionAttributeNames": {"#c": "coins"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": return_values,
        **TOTAL,
    }

    assert world.ok("UpdateItem", body).get("Attributes") == attributes


def test_a_weighed_put_and_delete_return_what_was_there(world: World) -> None:
    old = {"TableName": "pets", "ReturnValues": "ALL_OLD", **TOTAL}

    assert "Attributes" not in world.ok("PutItem", {**old, "Item": KEY})
    assert world.ok("PutItem", {**old, "Item": KEY})["Attributes"] == KEY
    assert world.ok("DeleteItem", {**old, "Key": KEY})["Attributes"] == KEY
    assert "Attributes" not in world.ok("DeleteItem", {**old, "Key": KEY})


def test_a_batch_is_weighed_item_by_item_and_told_table_by_table(world: World) -> None:
    world.table("cars")
    puts = [{"PutRequest": {"Item": big(size, name)}} for size, name in ((1, "a"), (5, "b"))]
    written = world.ok("BatchWriteItem", {"RequestItems": {"pets": puts, "cars": puts}, **TOTAL})
    keys = {"Keys": [{"pk": {"S": name}} for name in "abc"]}

    read = world.ok(
        "BatchGetItem",
        {"RequestItems": {"pets": keys, "cars": {**keys, "ConsistentRead": True}}, **INDEXES},
    )

    assert written["ConsumedCapacity"] == (
        {"TableName": "pets", "CapacityUnits": 8.0},
        {"TableName": "cars", "CapacityUnits": 8.0},
    )
    assert read["ConsumedCapacity"] == (
        {"TableName": "pets", "CapacityUnits": 2.0, "Table": {"CapacityUnits": 2.0}},
        {"TableName": "cars", "CapacityUnits": 4.0, "Table": {"CapacityUnits": 4.0}},
    )


def transaction(world: World, *entries: Json, **more: Any) -> Any:
    return world.ok("TransactWriteItems", {"TransactItems": entries, **TOTAL, **more}).get(
        "ConsumedCapacity"
    )


def test_a_write_transaction_costs_the_double(world: World) -> None:
    world.put(big(3, "b"))
    put = {"Put": {"TableName": "pets", "Item": KEY}}
    delete = {"Delete": {"TableName": "pets", "Key": {"pk": {"S": "b"}}}}
    check = {
        "ConditionCheck": {
            "TableName": "pets",
            "Key": {"pk": {"S": "c"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }

    (consumed,) = transaction(world, put, delete, check, ReturnConsumedCapacity="INDEXES")

    shares = {"WriteCapacityUnits": 12.0, "CapacityUnits": 12.0}
    assert consumed == {"TableName": "pets", **shares, "Table": shares}


def test_two_small_puts_in_a_transaction_cost_four(world: World) -> None:
    puts = [{"Put": {"TableName": "pets", "Item": {"pk": {"S": name}}}} for name in "ab"]

    (consumed,) = transaction(world, *puts)

    assert consumed == {"TableName": "pets", "WriteCapacityUnits": 4.0, "CapacityUnits": 4.0}


def test_an_update_in_a_transaction_is_weighed_by_what_it_makes(world: World) -> None:
    update = {
        "TableName": "pets",
        "Key": KEY,
        "UpdateExpression": "SET t = :t",
        "ExpressionAttributeValues": {":t": {"S": "x" * 2048}},
    }

    (consumed,) = transaction(world, {"Update": update})

    assert consumed["CapacityUnits"] == 6.0


def test_a_transaction_that_was_carried_out_before_costs_a_read(world: World) -> None:
    put = {"Put": {"TableName": "pets", "Item": big(5)}}

    first, second = (transaction(world, put, ClientRequestToken="t") for _ in range(2))

    assert first == ({"TableName": "pets", "WriteCapacityUnits": 12.0, "CapacityUnits": 12.0},)
    assert second == ({"TableName": "pets", "ReadCapacityUnits": 4.0, "CapacityUnits": 4.0},)


def test_the_capacity_is_no_part_of_what_a_token_stands_for(world: World) -> None:
    put = {"Put": {"TableName": "pets", "Item": KEY}}
    body = {"TransactItems": [put], "ClientRequestToken": "t"}

    world.ok("TransactWriteItems", body)

    assert "ConsumedCapacity" in world.ok("TransactWriteItems", {**body, **TOTAL})


def test_a_read_transaction_costs_the_double_also_for_what_is_missing(world: World) -> None:
    world.put(big(5))
    gets = [{"Get": {"TableName": "pets", "Key": {"pk": {"S": name}}}} for name in "ab"]

    answer = world.ok("TransactGetItems", {"TransactItems": gets, **TOTAL})

    assert answer["ConsumedCapacity"] == (
        {"TableName": "pets", "ReadCapacityUnits": 6.0, "CapacityUnits": 6.0},
    )


def test_a_page_is_weighed_by_what_was_looked_at(world: World) -> None:
    for name in "abcd":
        world.put(big(3, name))
    hidden: Json = {
        "FilterExpression": "pk = :none",
        "ExpressionAttributeValues": {":none": {"S": "none"}},
    }
    one: Json = {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "a"}},
    }
    values = {":p": {"S": "a"}, ":none": {"S": "x"}}
    filtered = {**one, "FilterExpression": "t = :none", "ExpressionAttributeValues": values}

    assert units(world, "Scan", {}) == 2.0  # 12 KB and a bit are four blocks of 4 KB.
    assert units(world, "Scan", {"ConsistentRead": True, "Select": "COUNT"}) == 4.0
    assert units(world, "Scan", hidden) == 2.0
    assert units(world, "Query", one) == 0.5
    assert units(world, "Query", filtered) == 0.5
    nothing = {":p": {"S": "nobody"}}
    assert units(world, "Query", {**one, "ExpressionAttributeValues": nothing}) == 0.5


def test_a_filter_lets_the_same_through_whether_or_not_the_page_is_weighed(world: World) -> None:
    for number in range(6):
        world.put({"pk": {"S": str(number)}, "odd": {"BOOL": number % 2 == 1}})
    body: Json = {
        "TableName": "pets",
        "FilterExpression": "#o = :t",
        "ExpressionAttributeNames": {"#o": "odd"},
        "ExpressionAttributeValues": {":t": {"BOOL": True}},
    }

    plain, weighed = world.ok("Scan", body), world.ok("Scan", {**body, **TOTAL})

    assert plain["Count"] == 3
    assert {**plain, "ConsumedCapacity": weighed["ConsumedCapacity"]} == weighed


def test_a_refused_write_tells_no_capacity(world: World) -> None:
    body = {"TableName": "pets", "Item": KEY, "ConditionExpression": "attribute_exists(pk)"}

    assert world.ask("PutItem", {**body, **TOTAL}).body.keys() == {"__type", "message"}


def test_metrics_of_item_collections_are_taken_and_there_are_none(world: World) -> None:
    body = {"TableName": "pets", "Item": KEY, "ReturnItemCollectionMetrics": "SIZE"}

    assert world.ok("PutItem", body) == {}
