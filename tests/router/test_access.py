"""Access: which permissions each operation needs, and that one that is missing refuses it whole."""

from dataclasses import replace
from typing import Any

import pytest

from items.errors import DynamoDBError
from router import parameters
from router.access import OF_ACTIONS, OURSELVES, UnreadableError, needs, refuse_unless_allowed
from router.api import OPERATIONS
from router.options import RouterOptions
from router.policies import Patterns, Permissions, Principal, Statement
from router.stream_iterators import iterator_of, text_of
from sim.settings import Shape
from tests.router.harness import World

Json = dict[str, Any]

TABLES = "arn:aws:dynamodb:us-east-1:000000000000:table/"
STREAM = f"{TABLES}Orders/stream/2026-11-22T08:00:38.000"
KEY = {"id": {"S": "1"}}


def put(table: str) -> Json:
    return {"Put": {"TableName": table, "Item": KEY}}


def delete(table: str) -> Json:
    return {"Delete": {"TableName": table, "Key": KEY}}


def permissions(*allowed: tuple[str, str], denied: str = "") -> Permissions:
    """Let 'app' do these actions on these tables."""
    statements = [
        Statement(True, Patterns((f"dynamodb:{action}".lower(),)), Patterns((resource,)))
        for action, resource in allowed
    ]
    if denied:
        everywhere = Patterns(("*",))
        statements.append(Statement(False, Patterns((denied.lower(),)), everywhere))
    return Permissions({"APP": Principal("app", "APP", tuple(statements))})


def refusal(given: Permissions, operation: str, body: Json, caller: str = "APP") -> str:
    with pytest.raises(DynamoDBError) as refused:
        refuse_unless_allowed(given, caller, operation, body)
    return f"{refused.value.kind.name}: {refused.value.message}"


# What is needed.


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        ("PutItem", {"TableName": "Orders"}, ["PutItem Orders"]),
        ("GetItem", {"TableName": f"{TABLES}Orders"}, ["GetItem Orders"]),
        ("GetItem", {"TableName": "arn:aws:dynamodb:x:1:table/Orders"}, ["GetItem Orders"]),
        ("Query", {"TableName": "Orders"}, ["Query Orders"]),
        (
            "Query",
            {"TableName": "Orders", "IndexName": "ByDate"},
            ["Query Orders/index/ByDate"],
        ),
        ("Scan", {"TableName": "Orders", "IndexName": "ByDate"}, ["Scan Orders/index/ByDate"]),
        ("Scan", {"TableName": "Orders", "IndexName": None}, ["Scan Orders"]),
        (
            "BatchGetItem",
            {"RequestItems": {"Orders": {}, f"{TABLES}Payments": {}}},
            ["BatchGetItem Orders", "BatchGetItem Payments"],
        ),
        ("BatchWriteItem", {"RequestItems": {"Orders": []}}, ["BatchWriteItem Orders"]),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    put("Orders"),
                    delete("Orders"),
                    put("Orders"),
                    {"Update": {"TableName": "Payments"}},
                    {"ConditionCheck": {"TableName": f"{TABLES}Customers"}},
                ]
            },
            [
                "PutItem Orders",
                "DeleteItem Orders",
                "UpdateItem Payments",
                "ConditionCheckItem Customers",
            ],
        ),
        (
            "TransactWriteItems",  # Refused later; but not before both of its actions are allowed.
            {"TransactItems": [{**put("Orders"), **delete("Payments"), "Update": None}]},
            ["PutItem Orders", "DeleteItem Payments"],
        ),
        (
            "TransactGetItems",
            {"TransactItems": [{"Get": {"TableName": "Orders"}}] * 2},
            ["GetItem Orders"],
        ),
        ("TransactWriteItems", {"TransactItems": []}, []),
        ("CreateTable", {"TableName": "Orders"}, ["CreateTable Orders"]),
        (
            "CreateTable",
            {"TableName": "Orders", "Tags": [{}]},
            ["CreateTable Orders", "TagResource Orders"],
        ),
        ("TagResource", {"ResourceArn": f"{TABLES}Orders"}, ["TagResource Orders"]),
        ("ListTables", {}, ["ListTables *"]),
        ("DescribeLimits", {"TableName": "Orders"}, ["DescribeLimits *"]),
        ("DescribeEndpoints", {}, ["DescribeEndpoints *"]),
        ("ListStreams", {"TableName": "Orders"}, ["ListStreams *"]),
        ("DescribeStream", {"StreamArn": STREAM}, [f"DescribeStream {STREAM}"]),
        ("GetShardIterator", {"StreamArn": STREAM}, [f"GetShardIterator {STREAM}"]),
        ("GetRecords", {"ShardIterator": f"{STREAM}|1|AAAA"}, [f"GetRecords {STREAM}"]),
        # What an operation does not look at says nothing about what it is about.
        (
            "PutItem",
            {"TableName": "Payments", "ResourceArn": f"{TABLES}Orders"},
            ["PutItem Payments"],
        ),
        ("Query", {"TableName": "Payments", "StreamArn": "Orders"}, ["Query Payments"]),
        (
            "DeleteTable",
            {"TableName": "Payments", "ShardIterator": f"{TABLES}Orders|1|AAAA"},
            ["DeleteTable Payments"],
        ),
        (
            "UntagResource",
            {"ResourceArn": f"{TABLES}Payments", "StreamArn": "Orders", "TableName": "Orders"},
            ["UntagResource Payments"],
        ),
        (
            "GetRecords",
            {"ShardIterator": f"{STREAM}|1|AAAA", "StreamArn": f"{TABLES}Mine/stream/M"},
            [f"GetRecords {STREAM}"],
        ),
        (
            "GetRecords",  # Whoever reads it takes the last table before the stream.
            {"ShardIterator": f"{TABLES}Mine|x:table/Orders/stream/L:table/Mine/stream/M|1|AAAA"},
            ["GetRecords Orders/stream/L:table/Mine/stream/M"],
        ),
    ],
)
def test_an_operation_needs_what_it_does(operation: str, body: Json, expected: list[str]) -> None:
    found = dict.fromkeys(needs(operation, body))

    shown = [
        f"{action.removeprefix('dynamodb:')} {resource.removeprefix(TABLES)}"
        for action, resource in found
    ]
    assert shown == [one.replace(TABLES, "") for one in expected]


UNREADABLE: list[tuple[str, Any]] = [
    ("PutItem", {}),
    ("PutItem", {"TableName": 5}),
    ("PutItem", {"TableName": None}),
    ("Query", {"TableName": "Orders", "IndexName": ["ByDate"]}),
    ("BatchGetItem", {}),
    ("BatchGetItem", {"RequestItems": ["Orders"]}),
    ("TransactWriteItems", {}),
    ("TransactWriteItems", {"TransactItems": {"Put": {}}}),
    ("TransactWriteItems", {"TransactItems": [put("Orders"), "Delete"]}),
    ("TransactWriteItems", {"TransactItems": [put("Orders"), {"Delete": {}}]}),
    ("TransactWriteItems", {"TransactItems": [put("Orders"), {"Delete": "Orders"}]}),
    ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": ["Orders"]}}]}),
    ("DescribeTable", {"TableName": {}}),
    ("DescribeTable", {"TableName": TABLES + "x" * 2_048}),
    ("BatchGetItem", {"RequestItems": {"x" * 2_049: {"Keys": [KEY]}}}),
    ("Query", {"TableName": "Orders", "IndexName": "x" * 2_049}),
    ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "x" * 2_049, "Key": KEY}}]}),
    ("GetRecords", {"ShardIterator": STREAM + "x" * 2_048}),
    ("ListTagsOfResource", {"ResourceArn": TABLES + "x" * 2_048}),
]


@pytest.mark.parametrize(("operation", "body"), UNREADABLE)
def test_a_request_that_does_not_say_what_it_is_about_is_told_so(operation: str, body: Any) -> None:
    with pytest.raises(UnreadableError):
        list(needs(operation, body))

    told = refusal(permissions(("*", f"{TABLES}Orders")), operation, body)

    assert told.startswith(("ValidationException: ", "SerializationException: "))


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_nobody_gets_by_with_any_operation(operation: str) -> None:
    nothing = permissions()
    bodies: list[Json] = [
        {},
        {"TableName": "Orders", "Key": KEY, "Item": KEY, "ResourceArn": f"{TABLES}Orders"},
        {"RequestItems": {"Orders": {"Keys": [KEY]}}, "TableName": "Orders"},
        {"TransactItems": [put("Orders")], "TableName": "Orders"},
        {"TransactItems": [{"Get": {"TableName": "Orders", "Key": KEY}}], "TableName": "Orders"},
        {"StreamArn": STREAM, "ShardIterator": f"{STREAM}|1|AAAA"},
    ]

    told = [refusal(nothing, operation, body) for body in bodies if does_something(operation, body)]

    assert any(one.startswith("AccessDeniedException: ") for one in told)


def does_something(operation: str, body: Json) -> bool:
    try:
        return bool(list(needs(operation, body)))
    except UnreadableError:  # It does something, and does not say to what.
        return True


def test_each_action_of_a_transaction_has_its_permission() -> None:
    for operation, shape in (
        ("TransactWriteItems", parameters.TRANSACT_WRITE_ITEM),
        ("TransactGetItems", parameters.TRANSACT_GET_ITEM),
    ):
        assert set(OF_ACTIONS[operation]) == set(shape.fields)


# What is refused.


def test_a_transaction_with_one_action_that_is_not_allowed_is_refused_whole() -> None:
    puts = permissions(("PutItem", f"{TABLES}*"))
    refuse_unless_allowed(puts, "APP", "TransactWriteItems", {"TransactItems": [put("Orders")] * 3})

    told = refusal(puts, "TransactWriteItems", {"TransactItems": [put("Orders"), delete("Orders")]})

    assert told == (
        "AccessDeniedException: User: arn:aws:iam::000000000000:user/app is not authorized to"
        f" perform: dynamodb:DeleteItem on resource: {TABLES}Orders because no identity-based"
        " policy allows the dynamodb:DeleteItem action"
    )


def test_a_deny_is_told_as_one() -> None:
    careful = permissions(("*", "*"), denied="dynamodb:Delete*")

    assert refusal(careful, "DeleteItem", {"TableName": "Orders"}) == (
        "AccessDeniedException: User: arn:aws:iam::000000000000:user/app is not authorized to"
        f" perform: dynamodb:DeleteItem on resource: {TABLES}Orders"
        " with an explicit deny in an identity-based policy"
    )


def test_what_is_about_no_table_needs_every_resource() -> None:
    assert refusal(permissions(("*", f"{TABLES}*")), "ListTables", {}).startswith("AccessDenied")
    refuse_unless_allowed(permissions(("ListTables", "*")), "APP", "ListTables", {})


def test_a_table_is_not_its_index() -> None:
    query = {"TableName": "Orders", "IndexName": "ByDate"}

    assert refusal(permissions(("Query", f"{TABLES}Orders")), "Query", query).startswith("Access")
    refuse_unless_allowed(permissions(("Query", f"{TABLES}Orders/index/*")), "APP", "Query", query)


def test_a_batch_needs_the_batchs_own_permission() -> None:
    batch: Json = {"RequestItems": {"Orders": [{"PutRequest": {"Item": KEY}}]}}

    assert refusal(permissions(("PutItem", "*")), "BatchWriteItem", batch).startswith("Access")
    refuse_unless_allowed(permissions(("BatchWriteItem", "*")), "APP", "BatchWriteItem", batch)


def test_who_is_unknown_may_do_nothing() -> None:
    everything = permissions(("*", "*"))

    for stranger in ("", "app", "NOBODY"):
        told = refusal(everything, "ListTables", {}, stranger)
        assert told.startswith("UnrecognizedClientException: ")
    refuse_unless_allowed(everything, OURSELVES, "ListTables", {})


# In a cluster.


@pytest.fixture(scope="module")
def world() -> World:
    """A cluster in which k1 may put and make tables, and no more."""
    allowed = ("PutItem", "CreateTable", "DescribeTable")
    k1 = permissions(*[(action, "*") for action in allowed]).principals["APP"]
    world = World(RouterOptions(permissions=Permissions({"k1": k1})))
    world.table()
    return world


def test_denied_comes_before_what_is_there(world: World) -> None:
    put = {"TableName": "nowhere", "Item": {"pk": {"S": "a"}}}
    get = {"TableName": "nowhere", "Key": {"pk": {"S": "a"}}}

    assert world.error("GetItem", get)[0] == "AccessDeniedException"
    assert world.error("PutItem", put)[0] == "ResourceNotFoundException"


def test_denied_comes_before_what_is_wrong_with_the_rest(world: World) -> None:
    wrong = {"TableName": "pets", "Key": {}, "ProjectionExpression": "+"}

    assert world.error("GetItem", wrong)[0] == "AccessDeniedException"
    assert world.error("GetItem", {"TableName": 5})[0] == "SerializationException"
    assert world.error("GetItem", {})[0] == "ValidationException"
    assert world.error("NoSuchItem", {})[0] == "UnknownOperationException"


def test_what_a_request_names_besides_opens_no_table() -> None:
    k1 = permissions(("*", f"{TABLES}mine")).principals["APP"]
    world = World(RouterOptions(permissions=Permissions({"k1": k1})))
    besides = {"ResourceArn": f"{TABLES}mine", "StreamArn": f"{TABLES}mine"}

    for operation in ("DescribeTable", "DeleteTable"):
        told = world.error(operation, {"TableName": "theirs", **besides})

        assert told[0] == "AccessDeniedException"


def test_nothing_of_a_refused_transaction_is_applied(world: World) -> None:
    put = {"Put": {"TableName": "pets", "Item": {"pk": {"S": "b"}}}}
    delete = {"Delete": {"TableName": "pets", "Key": {"pk": {"S": "a"}}}}
    world.put({"pk": {"S": "a"}})
    world.ok("TransactWriteItems", {"TransactItems": [put]})
    before = there(world)

    again = {"Put": {"TableName": "pets", "Item": {"pk": {"S": "c"}}}}
    told = world.error("TransactWriteItems", {"TransactItems": [again, delete]})
    world.loop.run_for(1_000_000)

    assert told[0] == "AccessDeniedException"
    assert before == there(world) == ["a", "b"]


def test_an_iterator_of_ones_own_making_opens_no_other_stream() -> None:
    everywhere = [(one, "*") for one in ("*Table", "PutItem", "DescribeStream")]
    k1 = permissions(*everywhere, ("Get*", f"{TABLES}mine/stream/*")).principals["APP"]
    only = Shape(partitions=1, clients=0)  # So that a stream has one shard.
    world = World(RouterOptions(permissions=Permissions({"k1": k1})), only)
    (arn, shard), (_, theirs) = (stream_of(world, name) for name in ("mine", "theirs"))
    begin = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    honest = world.ok("GetShardIterator", begin)["ShardIterator"]
    forged = text_of(replace(iterator_of(honest), shard=theirs))

    assert len(world.ok("GetRecords", {"ShardIterator": honest})["Records"]) == 1
    assert world.error("GetRecords", {"ShardIterator": forged}) == (
        "ValidationException",
        "Invalid ShardIterator",
    )


def stream_of(world: World, name: str) -> tuple[str, str]:
    """Make a table with a stream and one item; return the ARN of the stream, and its shard."""
    body = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    }
    world.ok("CreateTable", body)
    world.wait_for_status(name, "ACTIVE")
    world.put({"pk": {"S": "a"}}, name)
    arn = world.ok("DescribeTable", {"TableName": name})["Table"]["LatestStreamArn"]
    (shard,) = world.ok("DescribeStream", {"StreamArn": arn})["StreamDescription"]["Shards"]
    return arn, shard["ShardId"]


def there(world: World) -> list[str]:
    return sorted(
        key[0][1]
        for name in world.cluster.partitions
        for (_, key), record in world.cluster.disks[name].contents.records.items()
        if record.item is not None
    )
