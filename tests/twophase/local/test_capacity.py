"""Provisioned tables over a real socket: boto3 unmodified, /metrics and `twophase status`."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from click.testing import CliRunner

from partition.options import PartitionOptions
from tests.twophase.local.test_clients import made
from twophase.cli.main import main
from twophase.local.cluster import Nodes
from twophase.testing import LocalDynamoDB, local_dynamodb

EXCEEDED = "ProvisionedThroughputExceededException"
TEXT = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing"
    " your provisioning level with the UpdateTable API."
)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDynamoDB]:
    nodes = Nodes(partition=PartitionOptions(burst_us=1_000_000))
    with local_dynamodb(seed=1, control=True, metrics=True, nodes=nodes) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LocalDynamoDB) -> Iterator[Any]:
    """Return a client that asks once."""
    client = server.client(config=Config(retries={"max_attempts": 0}))
    yield client
    client.close()


def provisioned(client: Any, name: str, units: int = 1) -> str:
    """Make a table that gets so many units a second, and may save no more than that."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": units, "WriteCapacityUnits": units},
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return name


def key(name: str = "a") -> Json:
    return {"pk": {"S": name}}


def big(name: str = "a", kilobytes: int = 100) -> Json:
    return {**key(name), "t": {"S": "x" * 1024 * kilobytes}}


def spent(client: Any, name: str) -> str:
    """Make a table of one unit a second whose item `a` has used up those of some minutes."""
    table = provisioned(client, name)
    client.put_item(TableName=table, Item=big())
    client.get_item(TableName=table, Key=key(), ConsistentRead=True)
    return table


def refusal(call: Callable[..., Any], **request: Any) -> Json:
    with pytest.raises(ClientError) as refused:
        call(**request)
    response: Json = dict(refused.value.response)
    return response


def test_a_write_beyond_the_burst_is_refused_and_changes_nothing(client: Any) -> None:
    table = spent(client, "writes")

    response = refusal(client.put_item, TableName=table, Item=key())

    assert response["Error"] == {"Code": EXCEEDED, "Message": TEXT}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_more_units_end_it(client: Any) -> None:
    table = spent(client, "more")
    units = {"ReadCapacityUnits": 500, "WriteCapacityUnits": 500}

    client.update_table(TableName=table, ProvisionedThroughput=units)

    client.put_item(TableName=table, Item=key())


def test_a_table_that_comes_to_be_on_demand_is_not_held_to_anything(client: Any) -> None:
    table = spent(client, "on-demand")

    client.update_table(TableName=table, BillingMode="PAY_PER_REQUEST")

    for _ in range(3):
        client.put_item(TableName=table, Item=big())


def test_reads_queries_and_scans_are_refused_as_well(client: Any) -> None:
    table = spent(client, "reads")

    for call, request in (
        (client.get_item, {"Key": key()}),
        (client.scan, {}),
        (
            client.query,
            {
                "KeyConditionExpression": "pk = :a",
                "ExpressionAttributeValues": {":a": {"S": "a"}},
            },
        ),
    ):
        assert refusal(call, TableName=table, **request)["Error"]["Code"] == EXCEEDED
    gets = [{"Get": {"TableName": table, "Key": key()}}]
    assert refusal(client.transact_get_items, TransactItems=gets)["Error"]["Code"] == EXCEEDED


def test_a_transaction_says_which_item_was_too_much_and_does_nothing(client: Any) -> None:
    table, other = spent(client, "reasons-a"), made(client, "reasons-b")
    puts = [{"Put": {"TableName": name, "Item": key()}} for name in (other, table)]

    response = refusal(client.transact_write_items, TransactItems=puts)

    assert response["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ProvisionedThroughputExceeded", "Message": TEXT},
    ]
    assert "Item" not in client.get_item(TableName=other, Key=key())


def test_a_batch_gives_back_what_is_too_much(client: Any) -> None:
    table, other = spent(client, "batch-a"), made(client, "batch-b")
    put: Json = {"PutRequest": {"Item": key()}}

    written = client.batch_write_item(RequestItems={table: [put], other: [put]})
    found = client.batch_get_item(
        RequestItems={table: {"Keys": [key()]}, other: {"Keys": [key()], "ConsistentRead": True}}
    )

    assert written["UnprocessedItems"] == {table: [put]}
    assert found["UnprocessedKeys"] == {table: {"Keys": [key()]}}
    assert found["Responses"] == {table: [], other: [key()]}


def test_a_batch_of_which_all_is_too_much_is_refused(client: Any) -> None:
    table = spent(client, "batch-c")
    puts = {table: [{"PutRequest": {"Item": key()}}]}

    assert refusal(client.batch_write_item, RequestItems=puts)["Error"]["Code"] == EXCEEDED
    keys = {table: {"Keys": [key()]}}
    assert refusal(client.batch_get_item, RequestItems=keys)["Error"]["Code"] == EXCEEDED


def test_boto3_asks_again_by_itself_until_there_are_units(
    server: LocalDynamoDB, client: Any
) -> None:
    table = provisioned(client, "patient", units=200)
    patient = server.client(config=Config(retries={"max_attempts": 9, "mode": "standard"}))

    answers = [patient.put_item(TableName=table, Item=big()) for _ in range(4)]

    patient.close()
    assert sum(answer["ResponseMetadata"]["RetryAttempts"] for answer in answers) > 0


# What is told of it -------------------------------------------------------------------------------


def metric(server: LocalDynamoDB, name: str, **labels: str) -> float:
    """Return one figure of /metrics."""
    with urlopen(f"{server.url}/metrics") as answer:  # A server of our own.
        lines = answer.read().decode().splitlines()
    wanted = ",".join(f'{label}="{value}"' for label, value in labels.items())
    line = f"twophase_{name}{{{wanted}}} " if labels else f"twophase_{name} "
    (found,) = [one for one in lines if one.startswith(line)]
    return float(found.removeprefix(line))


def test_what_is_told_is_what_is_charged(server: LocalDynamoDB, client: Any) -> None:
    """Each operation tells its units; together they are what the partitions have counted."""
    table = provisioned(client, "told", units=100_000)
    told: Json = {"ReturnConsumedCapacity": "TOTAL"}
    put: Json = {"Put": {"TableName": table, "Item": big("b", 3)}}
    check = {
        "TableName": table,
        "Key": key(),
        "ConditionExpression": "attribute_exists(pk)",
    }
    answers = [
        client.put_item(TableName=table, Item=big(kilobytes=2), **told),
        client.put_item(TableName=table, Item=key(), **told),
        client.delete_item(TableName=table, Key=key("none"), **told),
        client.transact_write_items(TransactItems=[put, {"ConditionCheck": check}], **told),
        client.get_item(TableName=table, Key=key("b"), **told),
        client.get_item(TableName=table, Key=key("b"), ConsistentRead=True, **told),
        client.transact_get_items(
            TransactItems=[{"Get": {"TableName": table, "Key": key(n)}} for n in "ab"], **told
        ),
        client.batch_get_item(RequestItems={table: {"Keys": [key("a"), key("b")]}}, **told),
        client.query(
            TableName=table,
            KeyConditionExpression="pk = :b",
            ExpressionAttributeValues={":b": {"S": "b"}},
            **told,
        ),
    ]

    shares = [answer["ConsumedCapacity"] for answer in answers]
    units = [(one[0] if isinstance(one, list) else one)["CapacityUnits"] for one in shares]
    assert units == [3.0, 3.0, 1.0, 2 * (4 + 1), 0.5, 1.0, 2 * (1 + 1), 0.5 + 0.5, 0.5]
    writes = metric(server, "ConsumedWriteCapacityUnits_total", TableName=table)
    reads = metric(server, "ConsumedReadCapacityUnits_total", TableName=table)
    assert (writes, reads) == (sum(units[:4]), sum(units[4:]))


def test_the_units_of_tables_on_demand_are_counted_as_well(
    server: LocalDynamoDB, client: Any
) -> None:
    table = made(client, "counted")

    client.put_item(TableName=table, Item=big(kilobytes=2))

    assert metric(server, "ConsumedWriteCapacityUnits_total", TableName=table) == 3


def test_metrics_have_cloudwatchs_names_and_dimensions(server: LocalDynamoDB, client: Any) -> None:
    table, other = spent(client, "metrics-a"), made(client, "metrics-b")
    wrong = metric(server, "UserErrors_total")
    refusal(client.put_item, TableName=table, Item=key())
    fails = {"ConditionExpression": "attribute_exists(pk)"}
    refusal(client.put_item, TableName=other, Item=key(), **fails)
    puts: list[Json] = [{"Put": {"TableName": other, "Item": key(n), **fails}} for n in "abc"]
    refusal(client.transact_write_items, TransactItems=puts)
    refusal(
        client.transact_write_items, TransactItems=[{"Put": {**puts[0]["Put"], "TableName": table}}]
    )
    client.put_item(TableName=other, Item=key())
    client.scan(TableName=other)

    for name, labels, value in (
        ("ProvisionedReadCapacityUnits", {"TableName": table}, 1),
        ("ProvisionedWriteCapacityUnits", {"TableName": table}, 1),
        ("WriteThrottleEvents_total", {"TableName": table}, 2),
        ("ReadThrottleEvents_total", {"TableName": table}, 0),
        ("ThrottledRequests_total", {"TableName": table, "Operation": "PutItem"}, 1),
        ("ThrottledRequests_total", {"TableName": table, "Operation": "TransactWriteItems"}, 1),
        ("ConditionalCheckFailedRequests_total", {"TableName": other}, 1 + 3),
        ("ReturnedItemCount_total", {"TableName": other, "Operation": "Scan"}, 1),
        ("SuccessfulRequestLatency_count", {"TableName": other, "Operation": "PutItem"}, 1),
    ):
        assert metric(server, name, **labels) == value, name
    assert metric(server, "UserErrors_total") - wrong == 2  # The two that were cancelled.
    took_ms = metric(server, "SuccessfulRequestLatency_sum", TableName=other, Operation="PutItem")
    assert took_ms > 0
    bucket = {"TableName": other, "Operation": "PutItem", "le": "+Inf"}
    assert metric(server, "SuccessfulRequestLatency_bucket", **bucket) == 1


def test_a_conflict_counts_once_for_every_item_in_the_way(
    server: LocalDynamoDB, client: Any
) -> None:
    table = made(client, "conflicts")
    puts = [{"Put": {"TableName": table, "Item": key(name)}} for name in "ab"]
    server.faults("next TransactWriteItems: conflict 2")
    refusal(client.transact_write_items, TransactItems=puts)
    server.faults("next PutItem: conflict")
    refusal(client.put_item, TableName=table, Item=key())

    assert metric(server, "TransactionConflict_total", TableName=table) == 2


def test_a_table_that_is_gone_drops_out(server: LocalDynamoDB, client: Any) -> None:
    table = made(client, "gone")
    client.put_item(TableName=table, Item=key())

    client.delete_table(TableName=table)
    client.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})

    with urlopen(f"{server.url}/metrics") as answer:  # A server of our own.
        assert f'"{table}"' not in answer.read().decode()


def test_status_shows_what_each_table_may_use_and_has_used(
    server: LocalDynamoDB, client: Any
) -> None:
    table = provisioned(client, "status", units=7)
    client.put_item(TableName=table, Item=key())

    shown = CliRunner().invoke(main, ["status", "--url", server.url])
    status = json.loads(CliRunner().invoke(main, ["status", "--json", "--url", server.url]).stdout)

    (line,) = [
        one.split()
        for one in shown.stdout.splitlines()
        if one.split()[:4] == [table, "0", "of", "7/s"]
    ]
    assert line == [table, "0", "of", "7/s", "1", "of", "7/s", "0", "0", "0"]
    (row,) = [one for one in status["capacity"] if one["table"] == table]
    assert row == {
        "table": table,
        "read_units": 7,
        "write_units": 7,
        "consumed_read": 0.0,
        "consumed_write": 1.0,
        "throttled": 0,
        "conflicts": 0,
        "conditions": 0,
    }
