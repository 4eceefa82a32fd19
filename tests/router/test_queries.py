from typing import Any

import pytest

from items.errors import RESOURCE_NOT_FOUND, VALIDATION
from items.keys import KeyAttribute, KeySchema, partition_hash
from items.limits import PAGE_BYTES_MAX
from items.values import Item, size_bytes
from network.ids import TableId
from network.messages import Page
from router.queries import Found, joined
from router.sources import Source
from tests.router.harness import World

ALL = [(pk, sk) for pk in "abcdefgh" for sk in range(1, 6)]


@pytest.fixture(scope="module")
def world() -> World:
    """Make a table with 8 partition keys of 5 items each; nobody changes it."""
    world = World()
    world.ok(
        "CreateTable",
        {
            "TableName": "pets",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    world.wait_for_status("pets", "ACTIVE")
    for pk, sk in ALL:
        world.put({**key(pk, sk), "odd": {"BOOL": sk % 2 == 1}})
    return world


def key(pk: str, sk: int) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


def query(text: str, pk: str = "c", **more: Any) -> dict[str, Any]:
    values = {":p": {"S": pk}, **more.pop("values", {})}
    return {
        "TableName": "pets",
        "KeyConditionExpression": text,
        "ExpressionAttributeValues": values,
        **more,
    }


def found(answer: Any) -> list[tuple[str, int]]:
    return [(item["pk"]["S"], int(item["sk"]["N"])) for item in answer["Items"]]


def pages(world: World, operation: str, body: dict[str, Any]) -> list[Any]:
    answers = [world.ok(operation, body)]
    while "LastEvaluatedKey" in answers[-1]:
        body = {**body, "ExclusiveStartKey": answers[-1]["LastEvaluatedKey"]}
        answers.append(world.ok(operation, body))
    return answers


def test_a_query_finds_one_partition_key_in_order(world: World) -> None:
    answer = world.ok("Query", query("pk = :p"))

    assert found(answer) == [("c", n) for n in range(1, 6)]
    assert (answer["Count"], answer["ScannedCount"]) == (5, 5)
    assert "LastEvaluatedKey" not in answer


@pytest.mark.parametrize(
    ("text", "values", "sort_keys"),
    [
        ("pk = :p AND sk = :a", {":a": {"N": "3"}}, [3]),
        ("pk = :p AND sk < :a", {":a": {"N": "3"}}, [1, 2]),
        (":a <= sk AND pk = :p", {":a": {"N": "3"}}, [3, 4, 5]),
        ("pk = :p AND sk BETWEEN :a AND :b", {":a": {"N": "2"}, ":b": {"N": "4"}}, [2, 3, 4]),
        ("pk = :p AND sk > :a", {":a": {"N": "9"}}, []),
    ],
)
def test_a_query_finds_a_range_of_sort_keys(
    world: World, text: str, values: dict[str, Any], sort_keys: list[int]
) -> None:
    assert found(world.ok("Query", query(text, values=values))) == [("c", n) for n in sort_keys]


def test_a_query_for_what_is_too_long_for_a_key_finds_nothing_that_is_remembered(
    world: World,
) -> None:
    before = partition_hash.cache_info().misses

    answer = world.ok("Query", query("pk = :p", "x" * 10_000))

    assert answer["Count"] == 0
    assert partition_hash.cache_info().misses == before


def test_a_query_backwards_begins_at_the_end(world: World) -> None:
    answers = pages(world, "Query", query("pk = :p", ScanIndexForward=False, Limit=2))

    assert [found(answer) for answer in answers] == [
        [("c", 5), ("c", 4)],
        [("c", 3), ("c", 2)],
        [("c", 1)],
    ]


def test_a_full_page_says_where_to_go_on_even_if_nothing_follows(world: World) -> None:
    answer = world.ok("Query", query("pk = :p", Limit=5))

    assert answer["LastEvaluatedKey"] == key("c", 5)


def test_a_filter_hides_items_that_count_as_looked_at(world: World) -> None:
    body = query("pk = :p", FilterExpression="odd = :t", values={":t": {"BOOL": True}}, Limit=4)

    answers = pages(world, "Query", body)

    assert [found(answer) for answer in answers] == [[("c", 1), ("c", 3)], [("c", 5)]]
    assert [(answer["Count"], answer["ScannedCount"]) for answer in answers] == [(2, 4), (1, 1)]


def test_a_count_shows_no_items(world: World) -> None:
    answer = world.ok("Query", query("pk = :p", Select="COUNT"))

    assert answer == {"Count": 5, "ScannedCount": 5}


def test_a_projection_shows_a_part_and_goes_on_by_the_whole_key(world: World) -> None:
    answer = world.ok("Query", query("pk = :p", ProjectionExpression="odd", Limit=1))

    assert answer["Items"] == ({"odd": {"BOOL": True}},)
    assert answer["LastEvaluatedKey"] == key("c", 1)


def test_a_scan_finds_everything_once(world: World) -> None:
    answer = world.ok("Scan", {"TableName": "pets"})

    assert sorted(found(answer)) == ALL
    assert (answer["Count"], answer["ScannedCount"]) == (len(ALL), len(ALL))
    assert "LastEvaluatedKey" not in answer


@pytest.mark.parametrize("limit", [1, 3, 7, 39, 40, 41])
def test_a_scan_in_pages_finds_the_same_in_the_same_order(world: World, limit: int) -> None:
    whole = found(world.ok("Scan", {"TableName": "pets"}))

    answers = pages(world, "Scan", {"TableName": "pets", "Limit": limit})

    assert [one for answer in answers for one in found(answer)] == whole
    assert all(answer["ScannedCount"] <= limit for answer in answers)


def test_a_filtered_scan_goes_on_behind_what_it_looked_at(world: World) -> None:
    body = {
        "TableName": "pets",
        "FilterExpression": "sk = :n",
        "ExpressionAttributeValues": {":n": {"N": "4"}},
        "Limit": 6,
    }

    answers = pages(world, "Scan", body)

    assert sorted(one for answer in answers for one in found(answer)) == [
        (p, 4) for p in "abcdefgh"
    ]
    assert sum(answer["ScannedCount"] for answer in answers) == len(ALL)


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_segments_share_a_table(world: World, count: int) -> None:
    parts = [
        found(world.ok("Scan", {"TableName": "pets", "Segment": n, "TotalSegments": count}))
        for n in range(count)
    ]

    assert sorted(one for part in parts for one in part) == ALL


ALL_PROJECTED = {"TableName": "pets", "Select": "ALL_PROJECTED_ATTRIBUTES"}
SCHEMA_WRONG = "The provided key element does not match the schema"


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        (
            "Query",
            {"TableName": "pets"},
            "Either the KeyConditions or KeyConditionExpression parameter must be specified"
            " in the request.",
        ),
        (
            "Query",
            query("pk = :p", Limit=0),
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint:"
            " Member must have value greater than or equal to 1",
        ),
        (
            "Query",
            query("pk = :p", FilterExpression="size(sk) > :n", values={":n": {"N": "1"}}),
            "Filter Expression can only contain non-primary key attributes:"
            " Primary key attribute: sk",
        ),
        (
            "Query",
            query("pk = :p", ExclusiveStartKey=key("d", 1)),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            "Query",
            query("pk = :p AND sk > :n", values={":n": {"N": "3"}}, ExclusiveStartKey=key("c", 1)),
            "The provided starting key does not match the range key predicate",
        ),
        (
            "Query",
            query("pk = :p", ExclusiveStartKey={"pk": {"S": "c"}}),
            "The provided starting key is invalid",
        ),
        (
            "Query",
            query("pk = :p", ExclusiveStartKey={"pk": {"S": "c"}, "feet": {"N": "1"}}),
            "The provided starting key is invalid",
        ),
        (
            "Query",
            query("pk = :p", ExclusiveStartKey={"pk": {"S": "c"}, "sk": {"S": "1"}}),
            SCHEMA_WRONG,
        ),
        (
            "Query",
            query("pk = :p AND sk > :n", values={":n": {"N": "3"}}, ExclusiveStartKey=key("d", 4)),
            "The query can return at most one row and cannot be restarted",
        ),
        (
            "Scan",
            {"TableName": "pets", "ExclusiveStartKey": {"pk": {"S": "c"}}},
            f"The provided starting key is invalid: {SCHEMA_WRONG}",
        ),
        (
            "Query",
            query("pk = :p", IndexName="by-age"),
            "The table does not have the specified index: by-age",
        ),
        (
            "Scan",
            {"TableName": "pets", "ExclusiveStartKey": {"pk": {"S": "c"}, "feet": {"N": "1"}}},
            f"The provided starting key is invalid: {SCHEMA_WRONG}",
        ),
        (
            "Scan",
            {"TableName": "pets", "Select": "SPECIFIC_ATTRIBUTES"},
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get"
            " SPECIFIC_ATTRIBUTES",
        ),
        (
            "Scan",
            {"TableName": "pets", "Select": "COUNT", "ProjectionExpression": "pk"},
            "Cannot specify the ProjectionExpression when choosing to get only the Count",
        ),
        (
            "Scan",
            {**ALL_PROJECTED, "ProjectionExpression": "pk"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES",
        ),
        (
            "Scan",
            ALL_PROJECTED,
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        ),
        (
            "Scan",
            {"TableName": "pets", "Segment": 1},
            "The TotalSegments parameter is required but was not present in the request"
            " when Segment parameter is present",
        ),
        (
            "Scan",
            {"TableName": "pets", "TotalSegments": 1},
            "The Segment parameter is required but was not present in the request"
            " when parameter TotalSegments is present",
        ),
        (
            "Scan",
            {"TableName": "pets", "Segment": 2, "TotalSegments": 2},
            "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
            " Segment: 2 is not less than TotalSegments: 2",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(
    world: World, operation: str, body: dict[str, Any], message: str
) -> None:
    assert world.error(operation, body) == (VALIDATION.name, message)


def test_a_segment_goes_on_within_itself(world: World) -> None:
    parts = [
        found(world.ok("Scan", {"TableName": "pets", "Segment": n, "TotalSegments": 2}))
        for n in range(2)
    ]
    elsewhere = key(*parts[0][0])
    body = {
        "TableName": "pets",
        "Segment": 1,
        "TotalSegments": 2,
        "ExclusiveStartKey": elsewhere,
    }

    error, message = world.error("Scan", body)

    assert (error, message) == (
        VALIDATION.name,
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use"
        " ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment: 1",
    )


def test_a_table_that_nobody_made_is_not_found(world: World) -> None:
    assert world.error("Scan", {"TableName": "cars"})[0] == RESOURCE_NOT_FOUND.name


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_a_page_holds_about_a_megabyte(operation: str) -> None:
    world = World()
    world.table(sort="sk")
    text = {"S": "x" * 300_000}
    names = [("a" if operation == "Query" else str(n), f"{n}") for n in range(10)]
    for pk, sk in names:
        world.put({"pk": {"S": pk}, "sk": {"S": sk}, "text": text})
    body = query("pk = :p", "a") if operation == "Query" else {"TableName": "pets"}

    answers = pages(world, operation, body)

    assert [answer["Count"] for answer in answers] == [4, 4, 2]
    shown = [(item["pk"]["S"], item["sk"]["S"]) for answer in answers for item in answer["Items"]]
    assert sorted(shown) == names


def test_a_page_holds_about_a_megabyte_of_what_was_looked_at_however_little_is_shown() -> None:
    world = World()
    world.table()
    for number in range(10):
        shown = {"BOOL": number == 9}
        world.put({"pk": {"S": str(number)}, "text": {"S": "x" * 300_000}, "shown": shown})
    body = {
        "TableName": "pets",
        "FilterExpression": "shown = :yes",
        "ExpressionAttributeValues": {":yes": {"BOOL": True}},
    }

    answers = pages(world, "Scan", body)

    assert [answer["ScannedCount"] for answer in answers] == [4, 4, 2]
    assert [item["pk"] for answer in answers for item in answer["Items"]] == [{"S": "9"}]


def test_what_several_partitions_give_is_weighed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed = []

    def counted(item: Item) -> int:
        weighed.append(item)
        return size_bytes(item)

    monkeypatch.setattr("router.queries.size_bytes", counted)
    schema = KeySchema(KeyAttribute("pk", "S"))
    source = Source(TableId("pets"), schema, schema)
    page = Page(({"pk": ("S", "a" * 1_000)},) * 10, (0,) * 10, 10, None, 0)
    found = Found((), 0, None)

    for _ in range(200):
        found = joined(found, page, source, is_filtered=False)
        if found.last is not None:
            break

    assert len(found.items) == found.scanned_count == -(-PAGE_BYTES_MAX // 1_002)
    assert len(weighed) == len(found.items)


def test_an_index_is_looked_for_on_a_table_that_is_there(world: World) -> None:
    body = {"TableName": "cars", "IndexName": "by-age"}

    assert world.error("Scan", body)[0] == RESOURCE_NOT_FOUND.name
    assert world.error("Scan", {**body, "TableName": "pets"}) == (
        VALIDATION.name,
        "The table does not have the specified index: by-age",
    )


def test_a_starting_key_that_is_no_value_is_refused_as_such(world: World) -> None:
    body = {"TableName": "pets", "ExclusiveStartKey": {"pk": {"SS": []}}}

    assert world.error("Scan", body) == (
        VALIDATION.name,
        "The provided starting key is invalid: One or more parameter values were invalid:"
        " An string set  may not be empty",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pk = :p OR sk = :s", "Invalid operator used in KeyConditionExpression: OR"),
        ("pk <> :p AND sk = :s", "Invalid operator used in KeyConditionExpression: <>"),
        (
            "pk = sk AND :p = :s",
            "Invalid condition in KeyConditionExpression:"
            " Multiple attribute names used in one condition",
        ),
    ],
)
def test_what_no_keys_could_answer_is_refused_before_the_table_is_looked_for(
    text: str, told: str
) -> None:
    values = {":p": {"S": "a"}, ":s": {"S": "b"}}
    body = {
        "TableName": "nowhere",
        "KeyConditionExpression": text,
        "ExpressionAttributeValues": values,
    }

    assert World().error("Query", body) == (VALIDATION.name, told)


@pytest.mark.parametrize(
    ("key", "is_bare"),
    [
        ({"N": "b"}, True),
        ({"N": "1" * 39}, True),
        ({"N": "1e200"}, True),
        ({"NS": []}, True),
        ({"SS": ["a", "a"]}, True),
        ({"S": "", "N": "1"}, False),
        ({"NULL": False}, False),
    ],
)
def test_some_wrongs_of_a_starting_key_are_told_as_of_any_item(key: Any, is_bare: bool) -> None:
    world = World()
    world.table()
    error, told = world.error("Scan", {"TableName": "pets", "ExclusiveStartKey": {"pk": key}})

    assert error == VALIDATION.name
    assert told.startswith("The provided starting key is invalid: ") != is_bare
