"""Query and Scan on secondary indexes: what is in them, in which order, and what is shown."""

from typing import Any

import pytest

from tests.router.harness import World
from tests.router.indexed import Json, index, listed, query, table, texts

OWNED = table(
    "pk",
    "sk",
    types={"pk": "S", "sk": "S", "human": "S", "born": "S", "mood": "S"},
    local=[
        index("by-mood", "pk", "mood", shows="KEYS_ONLY"),
        index("by-birth", "pk", "born"),
    ],
    remote=[
        index("by-human", "human", "born", shows="INCLUDE", included=["name"]),
        index("by-day", "born"),
    ],
)


def world_with(*items: Json) -> World:
    world = World()
    world.ok("CreateTable", OWNED)
    world.wait_for_status("pets", "ACTIVE")
    for item in items:
        world.put(item)
    world.loop.run_for(200_000)
    return world


def found(world: World, body: Json, operation: str = "Query") -> list[dict[str, str]]:
    items = world.ok(operation, body)["Items"]
    return [{name: value["S"] for name, value in item.items()} for item in items]


REX = texts(pk="dogs", sk="1", human="ann", born="2020", mood="z", name="Rex", food="bones")
TIM = texts(pk="dogs", sk="2", human="ann", born="2019", mood="y", name="Tim", food="beef")
KIM = texts(pk="cats", sk="1", human="ann", born="2021", name="Kim", food="fish")
STRAY = texts(pk="cats", sk="2", name="Stray")


def test_a_global_index_gives_its_items_in_its_order_with_what_it_shows() -> None:
    world = world_with(REX, TIM, KIM, STRAY)

    shown = found(world, query("by-human", "human", "ann"))

    assert shown == [
        {"pk": "dogs", "sk": "2", "human": "ann", "born": "2019", "name": "Tim"},
        {"pk": "dogs", "sk": "1", "human": "ann", "born": "2020", "name": "Rex"},
        {"pk": "cats", "sk": "1", "human": "ann", "born": "2021", "name": "Kim"},
    ]


def test_a_local_index_gives_one_partition_keys_items_in_its_order() -> None:
    world = world_with(REX, TIM, KIM)

    shown = found(world, query("by-mood", "pk", "dogs", ConsistentRead=True))

    assert shown == [
        {"pk": "dogs", "sk": "2", "mood": "y"},
        {"pk": "dogs", "sk": "1", "mood": "z"},
    ]
    assert found(world, query("by-mood", "pk", "cats")) == []  # Kim has no mood.


def test_a_local_index_reads_the_table_for_what_it_does_not_show() -> None:
    world = world_with(REX, TIM)

    everything = found(world, query("by-mood", "pk", "dogs", Select="ALL_ATTRIBUTES"))
    one = found(world, query("by-mood", "pk", "dogs", ProjectionExpression="food"))

    assert everything == [{n: v["S"] for n, v in item.items()} for item in (TIM, REX)]
    assert one == [{"food": "beef"}, {"food": "bones"}]


def test_an_item_whose_index_key_changes_moves() -> None:
    world = world_with(REX)
    world.ok(
        "UpdateItem",
        {
            "TableName": "pets",
            "Key": texts(pk="dogs", sk="1"),
            "UpdateExpression": "SET human = :o, born = :b",
            "ExpressionAttributeValues": texts(**{":o": "bob", ":b": "2000"}),
        },
    )
    world.loop.run_for(200_000)

    assert found(world, query("by-human", "human", "ann")) == []
    assert [one["name"] for one in found(world, query("by-human", "human", "bob"))] == ["Rex"]
    assert [one["name"] for one in found(world, query("by-day", "born", "2000"))] == ["Rex"]
    assert found(world, query("by-birth", "pk", "dogs")) == [
        {**{n: v["S"] for n, v in REX.items()}, "human": "bob", "born": "2000"}
    ]


def test_an_item_that_goes_leaves_its_indexes() -> None:
    world = world_with(REX, TIM)
    world.ok("DeleteItem", {"TableName": "pets", "Key": texts(pk="dogs", sk="1")})
    world.loop.run_for(200_000)

    assert [one["name"] for one in found(world, query("by-human", "human", "ann"))] == ["Tim"]
    assert [one["sk"] for one in found(world, query("by-mood", "pk", "dogs"))] == ["2"]


@pytest.mark.parametrize(
    ("name", "key", "value"), [("by-human", "human", "ann"), ("by-birth", "pk", "dogs")]
)
@pytest.mark.parametrize("forward", [True, False])
def test_pages_of_an_index_are_its_whole(name: str, key: str, value: str, forward: bool) -> None:
    pups = [
        texts(pk="dogs", sk=str(n), human="ann", born=str(2000 + n // 3), name=f"pup {n}")
        for n in range(10)
    ]
    world = world_with(*pups)
    body = query(name, key, value, ScanIndexForward=forward)
    whole = found(world, body)

    pages: list[dict[str, str]] = []
    more: dict[str, Any] = {}
    while True:
        page = world.ok("Query", {**body, "Limit": 3, **more})
        pages += [{n: v["S"] for n, v in item.items()} for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        names = {"pk", "sk", "born"} | ({"human"} if name == "by-human" else set())
        assert set(page["LastEvaluatedKey"]) == names
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    assert pages == whole
    assert len(whole) == 10


def test_a_scan_of_an_index_finds_what_is_in_it() -> None:
    world = world_with(REX, TIM, KIM, STRAY)
    for name in ("by-human", "by-birth"):
        body = {"TableName": "pets", "IndexName": name}
        names = [one["name"] for one in found(world, body, "Scan")]
        assert sorted(names) == ["Kim", "Rex", "Tim"]
    filtered: dict[str, Any] = {"TableName": "pets", "IndexName": "by-birth"}
    filtered["FilterExpression"] = "food = :f"
    filtered["ExpressionAttributeValues"] = texts(**{":f": "fish"})
    assert [one["name"] for one in found(world, filtered, "Scan")] == ["Kim"]


def test_a_scan_filters_by_what_an_index_shows_and_no_more() -> None:
    world = world_with(REX, TIM)
    body = {
        "TableName": "pets",
        "IndexName": "by-mood",
        "FilterExpression": "contains(food, :f)",
        "ExpressionAttributeValues": texts(**{":f": "b"}),
    }

    assert found(world, body, "Scan") == []
    assert len(found(world, {**body, "Select": "ALL_ATTRIBUTES"}, "Scan")) == 2


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            query("by-human", "human", "ann", ConsistentRead=True),
            "Consistent reads are not supported on global secondary indexes",
        ),
        (query("nothing", "pk", "x"), "The table does not have the specified index: nothing"),
        (
            query("by-human", "human", "ann", Select="ALL_ATTRIBUTES"),
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not"
            " supported for global secondary index by-human because its projection type is not ALL",
        ),
        (
            query("by-human", "human", "ann", ProjectionExpression="food, sk"),
            "One or more parameter values were invalid: Global secondary index by-human does not"
            " project [food]",
        ),
        (
            query("by-human", "human", "ann", FilterExpression="attribute_exists(food.bones)"),
            "One or more parameter values were invalid: Secondary index by-human does not"
            " project one or more filter attributes: [food]",
        ),
        (
            query(
                "by-mood",
                "pk",
                "dogs",
                FilterExpression="food = #n OR food = human OR sk = human",
                ExpressionAttributeNames={"#n": "name"},
                Select="ALL_ATTRIBUTES",
            ),
            "One or more parameter values were invalid: Secondary index by-mood does not"
            " project one or more filter attributes: [food, name, human]",
        ),
        (
            query("by-human", "pk", "ann"),
            "Query condition missed key schema element: human",
        ),
        (
            query("by-human", "human", "ann", ExclusiveStartKey=texts(pk="dogs", sk="1")),
            "The provided starting key is invalid",
        ),
        (
            query(
                "by-human", "human", "ann", ExclusiveStartKey=texts(pk="a", sk="1", a="b", born="c")
            ),
            "The provided starting key is invalid",
        ),
        (
            query("by-human", "human", "ann", FilterExpression="born = :v"),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute:"
            " born",
        ),
    ],
    ids=[
        "strong",
        "unknown",
        "all",
        "unprojected",
        "unseen",
        "unseen here",
        "keys",
        "start size",
        "start",
        "filter",
    ],
)
def test_an_index_refuses_what_it_cannot_answer(body: Json, text: str) -> None:
    assert world_with().error("Query", body) == ("ValidationException", text)


# What it costs, and how much there is ------------------------------------------------------------

WIDE = table(
    "pk",
    "sk",
    types={"pk": "S", "sk": "S", "human": "S", "mood": "S"},
    local=[index("by-mood", "pk", "mood", shows="KEYS_ONLY")],
    remote=[index("by-human", "human")],
)
PLACED = texts(pk="dogs", sk="1")


def wide() -> World:
    world = World()
    world.ok("CreateTable", WIDE)
    world.wait_for_status("pets", "ACTIVE")
    return world


def test_an_item_with_its_entries_is_no_larger_than_an_item_may_be() -> None:
    world = World()
    world.ok("CreateTable", OWNED)
    world.wait_for_status("pets", "ACTIVE")
    wide = texts(pk="dogs", sk="1", born="2020", note="x" * 300_000)
    too_large = ("ValidationException", "Item size has exceeded the maximum allowed size")
    never = "attribute_exists(nothing)"

    assert world.error("PutItem", {"TableName": "pets", "Item": wide}) == too_large
    put = {"TableName": "pets", "Item": wide, "ConditionExpression": never}
    assert world.error("PutItem", put) == too_large
    batch = {"RequestItems": {"pets": [{"PutRequest": {"Item": wide}}]}}
    assert world.error("BatchWriteItem", batch) == too_large
    world.put({name: value for name, value in wide.items() if name != "born"})


def costs(consumed: Any) -> dict[str, Any]:
    """Write a ConsumedCapacity as what each part of it cost."""
    parts = {"total": consumed["CapacityUnits"]}
    if "Table" in consumed:
        parts["table"] = consumed["Table"]["CapacityUnits"]
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for name, one in consumed.get(kind, {}).items():
            parts[name] = one["CapacityUnits"]
    return parts


def written(world: World, form: str, item: Json) -> dict[str, Any]:
    body = {"TableName": "pets", "Item": item, "ReturnConsumedCapacity": form}
    return costs(world.ok("PutItem", body)["ConsumedCapacity"])


def test_a_write_costs_what_it_does_to_indexes_as_well() -> None:
    world = wide()
    note = "x" * 1500

    new = written(world, "INDEXES", texts(pk="dogs", sk="1", human="ann", mood="z", note=note))
    same = written(world, "INDEXES", texts(pk="dogs", sk="1", human="ann", mood="z", note=note))
    moved = written(world, "INDEXES", texts(pk="dogs", sk="1", human="bob", mood="z", note=note))
    told = written(world, "TOTAL", texts(pk="dogs", sk="1", note=note))

    assert new == {"total": 5.0, "table": 2.0, "by-mood": 1.0, "by-human": 2.0}
    assert same == {"total": 2.0, "table": 2.0}
    assert moved == {"total": 6.0, "table": 2.0, "by-human": 4.0}
    assert told == {"total": 5.0}


def test_in_a_transaction_the_table_is_written_twice_and_an_index_once() -> None:
    world = wide()
    put = {"TableName": "pets", "Item": texts(pk="dogs", sk="1", human="ann")}
    body = {"TransactItems": [{"Put": put}], "ReturnConsumedCapacity": "INDEXES"}

    (consumed,) = world.ok("TransactWriteItems", body)["ConsumedCapacity"]

    assert costs(consumed) == {"total": 3.0, "table": 2.0, "by-human": 1.0}
    assert consumed["GlobalSecondaryIndexes"]["by-human"]["WriteCapacityUnits"] == 1.0


def test_a_batch_costs_what_its_writes_do() -> None:
    world = wide()
    puts = [{"PutRequest": {"Item": texts(pk="dogs", sk=str(n), human="ann")}} for n in range(3)]
    body = {"RequestItems": {"pets": puts}, "ReturnConsumedCapacity": "INDEXES"}

    (consumed,) = world.ok("BatchWriteItem", body)["ConsumedCapacity"]

    assert costs(consumed) == {"total": 6.0, "table": 3.0, "by-human": 3.0}


def test_a_page_of_an_index_costs_the_index_and_what_is_fetched_the_table() -> None:
    world = wide()
    for n in range(3):
        world.put(texts(pk="dogs", sk=str(n), human="ann", mood="z"))
    world.loop.run_for(200_000)
    weighed = {"ReturnConsumedCapacity": "INDEXES"}

    remote = world.ok("Query", query("by-human", "human", "ann", **weighed))
    local = world.ok("Query", query("by-mood", "pk", "dogs", ConsistentRead=True, **weighed))
    whole = world.ok("Query", query("by-mood", "pk", "dogs", Select="ALL_ATTRIBUTES", **weighed))

    assert costs(remote["ConsumedCapacity"]) == {"total": 0.5, "table": 0.0, "by-human": 0.5}
    assert costs(local["ConsumedCapacity"]) == {"total": 1.0, "table": 0.0, "by-mood": 1.0}
    assert costs(whole["ConsumedCapacity"]) == {"total": 2.0, "table": 1.5, "by-mood": 0.5}


def test_the_size_of_an_item_collection_is_told() -> None:
    world = wide()
    sized = {"ReturnItemCollectionMetrics": "SIZE"}
    metric = {"ItemCollectionKey": texts(pk="dogs"), "SizeEstimateRangeGB": [0.0, 1.0]}
    put = {"TableName": "pets", "Item": PLACED}

    alone = world.ok("PutItem", {**put, **sized})
    in_batch = world.ok(
        "BatchWriteItem", {"RequestItems": {"pets": [{"PutRequest": {"Item": PLACED}}]}, **sized}
    )
    in_transaction = world.ok("TransactWriteItems", {"TransactItems": [{"Put": put}], **sized})

    assert listed(alone["ItemCollectionMetrics"]) == metric
    assert listed(in_batch["ItemCollectionMetrics"]) == {"pets": [metric]}
    assert listed(in_transaction["ItemCollectionMetrics"]) == {"pets": [metric]}
    assert "ItemCollectionMetrics" not in world.ok("PutItem", put)


def test_a_table_without_local_indexes_has_no_collections() -> None:
    world = World()
    world.table()
    put = {"TableName": "pets", "Item": texts(pk="1"), "ReturnItemCollectionMetrics": "SIZE"}

    assert world.ok("PutItem", put) == {}


# What a transaction shows in an index -----------------------------------------------


def test_an_index_shows_parts_of_a_transaction_and_all_of_it_in_the_end() -> None:
    world = world_with(REX, TIM)
    cluster = world.cluster
    first, second, keeper = [
        cluster.placement.owner("t", (("S", value),)) for value in ("dogs", "cats", "bob")
    ]
    assert first != second != keeper, "one transaction, two partitions, and the index elsewhere"
    held = cluster.network.link(second, keeper)
    held.cut = True
    actions = [
        {"Put": {"TableName": "pets", "Item": {**item, **texts(human="bob")}}}
        for item in (REX, KIM)
    ]

    world.ok("TransactWriteItems", {"TransactItems": actions})
    world.loop.run_for(200_000)
    partly = [one["name"] for one in found(world, query("by-human", "human", "bob"))]
    held.cut = False
    world.loop.run_for(5_000_000)
    wholly = [one["name"] for one in found(world, query("by-human", "human", "bob"))]

    assert partly == ["Rex"]
    assert wholly == ["Rex", "Kim"]


def test_a_batch_with_an_item_that_no_index_could_hold_writes_nothing() -> None:
    world = wide()
    items = [PLACED, {**PLACED, **texts(sk="2"), "human": {"N": "1"}}]
    body = {"RequestItems": {"pets": [{"PutRequest": {"Item": item}} for item in items]}}
    text = (
        "One or more parameter values were invalid: Type mismatch for Index Key human Expected: S"
        " Actual: N IndexName: by-human"
    )

    assert world.error("BatchWriteItem", body) == ("ValidationException", text)
    assert world.ok("Scan", {"TableName": "pets"})["Count"] == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"N": "1"}, "The provided key element does not match the schema"),
        (
            {"S": ""},
            "One or more parameter values are not valid. The AttributeValue for a key attribute"
            " cannot contain an empty string value. Key: pk",
        ),
    ],
)
def test_a_batch_tells_of_the_tables_key_before_an_index_that_has_it_too(
    value: Json, text: str
) -> None:
    body = {"RequestItems": {"pets": [{"PutRequest": {"Item": {**PLACED, "pk": value}}}]}}

    assert wide().error("BatchWriteItem", body) == ("ValidationException", text)


def test_what_no_index_could_hold_is_refused_before_a_condition_is_judged() -> None:
    world = wide()
    put = {"TableName": "pets", "Item": {**PLACED, "human": {"N": "1"}}}
    put["ConditionExpression"] = "attribute_exists(pk)"

    assert world.error("PutItem", put)[0] == "ValidationException"
