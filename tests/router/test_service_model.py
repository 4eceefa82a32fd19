"""What the API takes and gives, beside AWS's own description of the service.

The description comes with botocore, which every Python client of the service carries.  A parameter
that the service has and this project neither knows nor leaves out on purpose is found here, and so
is an answer with a member that no client would look at.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest

from items.limits import TRANSACTION_ACTIONS_MAX
from router import parameters, stream_parameters, table_operations, table_parameters
from router.api import OPERATIONS, WITHOUT_BODY
from router.http import OF_STREAMS
from router.left_out import LEFT_OUT
from router.shapes import ATTRIBUTES, FLAG, Listed, Mapped, Shape, Structure
from tests.router.harness import World
from tests.router.service_model import (
    Json,
    input_of,
    misfits,
    model,
    output_of,
    shape_of,
    without_output,
)
from tests.tidy import ROOT

NOTHING = Structure("Nothing", {})
INPUTS: dict[str, Structure] = {
    "BatchGetItem": parameters.BATCH_GET_ITEM,
    "BatchWriteItem": parameters.BATCH_WRITE_ITEM,
    "CreateTable": table_parameters.CREATE_TABLE,
    "DeleteItem": parameters.DELETE_ITEM,
    "DeleteTable": table_parameters.ONE_TABLE,
    "DescribeEndpoints": NOTHING,
    "DescribeLimits": NOTHING,
    "DescribeStream": stream_parameters.DESCRIBE_STREAM,
    "DescribeTable": table_parameters.ONE_TABLE,
    "DescribeTimeToLive": table_parameters.ONE_TABLE,
    "GetItem": parameters.GET_ITEM,
    "GetRecords": stream_parameters.GET_RECORDS,
    "GetShardIterator": stream_parameters.GET_SHARD_ITERATOR,
    "ListStreams": stream_parameters.LIST_STREAMS,
    "ListTables": table_operations.LIST_TABLES,
    "ListTagsOfResource": table_parameters.LIST_TAGS,
    "PutItem": parameters.PUT_ITEM,
    "Query": parameters.QUERY,
    "Scan": parameters.SCAN,
    "TagResource": table_parameters.TAG_RESOURCE,
    "TransactGetItems": parameters.transact_get_items(TRANSACTION_ACTIONS_MAX),
    "TransactWriteItems": parameters.transact_write_items(TRANSACTION_ACTIONS_MAX),
    "UntagResource": table_parameters.UNTAG_RESOURCE,
    "UpdateItem": parameters.UPDATE_ITEM,
    "UpdateTable": table_parameters.UPDATE_TABLE,
    "UpdateTimeToLive": table_parameters.UPDATE_TIME_TO_LIVE,
}

# Taken and without meaning here, because they hang on money, speed or a key of one's own.
MEANINGLESS = (
    "WarmThroughput",
    "OnDemandThroughput",
    "GlobalTableSettingsReplicationMode",
    "MultiRegionConsistency",
    "SSEType",
    "KMSMasterKeyId",
    "DisassociationProtectionEnabled",
)


def unlike(ours: Shape, theirs: str, place: str) -> Iterator[str]:
    """Give what one of our shapes has otherwise than the service's."""
    shape = shape_of(theirs)
    if isinstance(ours, Structure):
        members = shape["members"]
        yield from (f"{place}.{name} is ours alone" for name in ours.fields if name not in members)
        for name, member in members.items():
            if name in ours.fields:
                yield from unlike(ours.fields[name], member["shape"], f"{place}.{name}")
            elif name not in (*table_parameters.UNSUPPORTED, *MEANINGLESS):
                yield f"{place}.{name} is not known"
        required = set(shape.get("required", ()))
        if place != "CreateTable" and set(ours.required) != required:
            yield f"{place} requires {sorted(required)}, ours {sorted(ours.required)}"
    elif isinstance(ours, Listed):
        assert shape["type"] == "list"
        yield from unlike(ours.member, shape["member"]["shape"], f"{place}[]")
    elif isinstance(ours, Mapped):
        assert shape["type"] == "map"
        yield from unlike(ours.member, shape["value"]["shape"], f"{place}{{}}")
    else:
        yield from unlike_leaf(ours, shape, place)


def unlike_leaf(ours: Shape, shape: Json, place: str) -> Iterator[str]:
    for good in shape.get("enum", ()):
        if not ours.fits(good):
            yield f"{place} does not take {good}"
    if "enum" in shape and ours.fits("NONSENSE"):
        yield f"{place} takes nonsense"
    if shape["type"] == "boolean" and ours is not FLAG:
        yield f"{place} is a flag"
    if shape["type"] in ("integer", "long") and ours.fits(shape.get("min", 0) - 1):
        yield f"{place} takes less than {shape.get('min')}"
    if shape["type"] == "string" and "max" in shape and ours.fits("x" * (shape["max"] + 1)):
        yield f"{place} takes more than {shape['max']} characters"
    if shape["type"] == "map" and ours is not ATTRIBUTES:
        yield f"{place} is a map"


def is_judged_elsewhere(difference: str) -> bool:
    """CreateTable looks at a new name before all constraints, expressions look at their names."""
    return difference == "CreateTable.TableName takes more than 1024 characters" or (
        difference.endswith("ExpressionAttributeNames{} takes more than 65535 characters")
    )


def test_every_operation_has_its_parameters_looked_at_here() -> None:
    assert INPUTS.keys() == OPERATIONS.keys()


def test_the_services_other_operations_are_known_as_left_out() -> None:
    assert model()["operations"].keys() - OPERATIONS.keys() == LEFT_OUT
    refused = World().ask("ListBackups", {})
    assert refused.body["message"] == "ListBackups is not supported by twophase"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_parameters_are_the_services(operation: str) -> None:
    differences = unlike(INPUTS[operation], input_of(operation), operation)

    assert [one for one in differences if not is_judged_elsewhere(one)] == []


def test_a_parameter_that_is_not_the_services_is_found() -> None:
    planted = Structure("X", {"TableName": FLAG, "Tabel": FLAG})

    found = list(unlike(planted, input_of("DeleteTable"), "X"))

    assert found == ["X.Tabel is ours alone", "X requires ['TableName'], ours []"]


# Answers ------------------------------------------------------------------------------------------

KEY: Json = {"pk": {"S": "a"}}
NAMED: Json = {"TableName": "pets"}
UNITS: Json = {"ReturnConsumedCapacity": "INDEXES"}
ARN: Json = {"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/pets"}
ITEM: Json = {
    **KEY,
    "n": {"N": "1"},
    "b": {"B": "AA=="},
    "l": {"L": [{"BOOL": True}, {"NULL": True}]},
    "m": {"M": {"ns": {"NS": ["1"]}, "bs": {"BS": ["AA=="]}, "ss": {"SS": ["x"]}}},
}
EQUAL: Json = {"ComparisonOperator": "EQ", "AttributeValueList": [KEY["pk"]]}
CALLS: tuple[tuple[str, Json], ...] = (
    ("DescribeTable", NAMED),
    ("UpdateTable", {**NAMED, "TableClass": "STANDARD", "DeletionProtectionEnabled": True}),
    (
        "UpdateTable",
        {
            **NAMED,
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        },
    ),
    ("UpdateTable", {**NAMED, "BillingMode": "PAY_PER_REQUEST"}),
    ("DescribeTable", NAMED),
    ("ListTables", {"Limit": 1}),
    ("DescribeLimits", {}),
    ("DescribeEndpoints", {}),
    ("TagResource", {**ARN, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("ListTagsOfResource", ARN),
    ("UntagResource", {**ARN, "TagKeys": ["a"]}),
    (
        "UpdateTimeToLive",
        {**NAMED, "TimeToLiveSpecification": {"AttributeName": "x", "Enabled": True}},
    ),
    ("DescribeTimeToLive", NAMED),
    ("PutItem", {**NAMED, "Item": ITEM, **UNITS}),
    ("PutItem", {**NAMED, "Item": ITEM, "ReturnValues": "ALL_OLD", **UNITS}),
    ("GetItem", {**NAMED, "Key": KEY, **UNITS}),
    ("Query", {**NAMED, "KeyConditions": {"pk": EQUAL}, "Limit": 1, **UNITS}),
    ("Scan", {**NAMED, "Limit": 1, **UNITS}),
    ("BatchGetItem", {"RequestItems": {"pets": {"Keys": [KEY]}}, **UNITS}),
    ("BatchWriteItem", {"RequestItems": {"pets": [{"PutRequest": {"Item": ITEM}}]}, **UNITS}),
    ("TransactWriteItems", {"TransactItems": [{"Put": {**NAMED, "Item": ITEM}}], **UNITS}),
    ("TransactGetItems", {"TransactItems": [{"Get": {**NAMED, "Key": KEY}}], **UNITS}),
    (
        "UpdateItem",
        {
            **NAMED,
            "Key": KEY,
            "AttributeUpdates": {"n": {"Action": "DELETE"}},
            "ReturnValues": "ALL_NEW",
            **UNITS,
        },
    ),
    ("DeleteItem", {**NAMED, "Key": KEY, "ReturnValues": "ALL_OLD", **UNITS}),
    ("UpdateTable", {**NAMED, "DeletionProtectionEnabled": False}),
    ("DeleteTable", NAMED),
)


def test_every_operation_is_called_here() -> None:
    called = {operation for operation, _ in CALLS} | {"CreateTable"}
    assert called | set(OF_STREAMS) == OPERATIONS.keys()


def test_answers_have_no_member_that_the_service_has_not() -> None:
    world = World()
    world.table()

    found = [
        misfit
        for operation, body in CALLS
        for misfit in misfits(done(world, operation, body), output_of(operation), operation)
    ]

    assert found == []


def test_answers_about_streams_have_one_member_that_the_service_has_not() -> None:
    """What the announcement names and the description lacks: whose transaction it was."""
    world = World()
    world.table()
    on = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    done(world, "UpdateTable", {**NAMED, "StreamSpecification": on})
    world.ok("TransactWriteItems", {"TransactItems": [{"Put": {**NAMED, "Item": ITEM}}]})
    arn = world.ok("DescribeTable", NAMED)["Table"]["LatestStreamArn"]
    answers = [("ListStreams", world.ok("ListStreams", {}))]
    answers.append(("DescribeStream", world.ok("DescribeStream", {"StreamArn": arn})))
    for shard in answers[1][1]["StreamDescription"]["Shards"]:
        begin = {"StreamArn": arn, "ShardIteratorType": "TRIM_HORIZON"}
        answers.append(
            (
                "GetShardIterator",
                world.ok("GetShardIterator", {**begin, "ShardId": shard["ShardId"]}),
            )
        )
        answers.append(("GetRecords", world.ok("GetRecords", answers[-1][1])))

    found = [
        misfit
        for operation, answer in answers
        for misfit in misfits(answer, output_of(operation), operation)
    ]

    assert found == ["GetRecords.Records[].TransactionId is not known"]


def done(world: World, operation: str, body: Json) -> Mapping[str, Any]:
    answer = world.ok(operation, body)
    if operation == "UpdateTable":
        world.wait_for_status("pets", "ACTIVE")
    return answer


def test_two_operations_have_no_answer_but_that_they_are_done() -> None:
    assert set(WITHOUT_BODY) == without_output() & OPERATIONS.keys()


def test_a_member_that_the_service_has_not_is_found() -> None:
    planted: Mapping[str, Any] = {"Items": [{"pk": {"S": 3}}], "Cuont": 1, "Count": "1"}

    found = list(misfits(planted, "QueryOutput", "Query"))

    assert found == [
        "Query.Items[]{}.S is 3, and no string",
        "Query.Cuont is not known",
        "Query.Count is '1', and no integer",
    ]


# The page -----------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Operations", OPERATIONS),
        ("Refused", (*table_parameters.UNSUPPORTED, "SSESpecification")),
        ("Taken, and without meaning", MEANINGLESS),
        (
            "Expressions, and the parameters before them",
            (*parameters.LEGACY_UPDATE, *parameters.LEGACY_QUERY, *parameters.LEGACY_SCAN),
        ),
    ],
)
def test_the_page_of_the_api_names_them_all(heading: str, names: Collection[str]) -> None:
    _, _, section = PAGE.partition(f"\n## {heading}\n")
    section, _, _ = section.partition("\n## ")

    assert [name for name in names if f"`{name}`" not in section] == []
