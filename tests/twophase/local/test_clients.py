"""Unmodified clients over a real socket: boto3 in both its layers, aiobotocore, PynamoDB, aws."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aiobotocore.session import get_session
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

from twophase.testing import LocalDynamoDB

EXISTS = {"Delay": 1, "MaxAttempts": 10}


@pytest.fixture(scope="module")
def client(dynamodb: LocalDynamoDB) -> Iterator[Any]:
    client = dynamodb.client()
    yield client
    client.close()


def made(client: Any, name: str, sort: str = "") -> str:
    """Make a table with the key pk, and perhaps a sort key, and wait as boto3 does."""
    keys = ["pk", sort] if sort else ["pk"]
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": key, "KeyType": role}
            for key, role in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    while client.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        pass
    return name


def test_boto3s_client_writes_reads_and_deletes(client: Any) -> None:
    table = made(client, "plain")

    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "b": {"B": b"\0\1"}})
    found = client.get_item(TableName=table, Key={"pk": {"S": "a"}})
    old = client.delete_item(TableName=table, Key={"pk": {"S": "a"}}, ReturnValues="ALL_OLD")

    assert found["Item"] == old["Attributes"] == {"pk": {"S": "a"}, "b": {"B": b"\0\1"}}
    assert "Item" not in client.get_item(TableName=table, Key={"pk": {"S": "a"}})
    assert found["ResponseMetadata"]["RetryAttempts"] == 0  # The checksum was right.


def test_boto3_reads_the_reasons_of_a_cancelled_transaction(client: Any) -> None:
    table = made(client, "reasons")
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": {"N": "1"}})
    put = {"TableName": table, "Item": {"pk": {"S": "a"}}}
    condition = {
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }

    with pytest.raises(client.exceptions.TransactionCanceledException) as refused:
        client.transact_write_items(
            TransactItems=[
                {"Put": {**put, **condition}},
                {"Put": {"TableName": table, "Item": {"pk": {"S": "b"}}}},
            ]
        )

    response = refused.value.response
    assert response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons"
        " [ConditionalCheckFailed, None]"
    )
    assert response["CancellationReasons"] == [
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": {"pk": {"S": "a"}, "v": {"N": "1"}},
        },
        {"Code": "None"},
    ]
    assert "Item" not in client.get_item(TableName=table, Key={"pk": {"S": "b"}})


def test_boto3s_waiters_and_paginators_come_to_an_end(client: Any) -> None:
    table = made(client, "pages", sort="sk")
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig=EXISTS)
    for n in range(7):
        client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": f"{n}"}})

    pages = list(client.get_paginator("scan").paginate(TableName=table, Limit=3))
    client.delete_table(TableName=table)
    client.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig=EXISTS)

    assert [len(page["Items"]) for page in pages] == [3, 3, 1]
    assert table not in client.list_tables()["TableNames"]


def test_an_error_has_its_class_in_boto3(client: Any) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.get_item(TableName="nowhere", Key={"pk": {"S": "a"}})

    assert refused.value.response["Error"]["Message"] == "Requested resource not found"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_boto3s_resource_layer_works(dynamodb: LocalDynamoDB, client: Any) -> None:
    made(client, "resource", sort="sk")
    table = dynamodb.resource().Table("resource")

    with table.batch_writer() as batch:
        for n in range(30):
            batch.put_item(Item={"pk": "a", "sk": f"{n:02}", "n": n, "tags": {"x", "y"}})
    table.update_item(
        Key={"pk": "a", "sk": "03"},
        UpdateExpression="SET n = n + :one",
        ConditionExpression=Attr("n").eq(3),
        ExpressionAttributeValues={":one": 1},
    )
    found = table.query(
        KeyConditionExpression=Key("pk").eq("a") & Key("sk").between("02", "04"),
        FilterExpression=Attr("n").gt(2),
    )

    assert [(one["sk"], int(one["n"])) for one in found["Items"]] == [("03", 4), ("04", 4)]
    assert found["Items"][0]["tags"] == {"x", "y"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.put_item(Item={"pk": "a", "sk": "00"}, ConditionExpression=Attr("pk").not_exists())
    table.meta.client.close()


def test_aiobotocore_asks_many_things_at_once(dynamodb: LocalDynamoDB, client: Any) -> None:
    table = made(client, "async")

    async def ask() -> list[Any]:
        async with get_session().create_client("dynamodb", **dynamodb.settings()) as asking:
            puts = [asking.put_item(TableName=table, Item={"pk": {"S": f"{n}"}}) for n in range(20)]
            await asyncio.gather(*puts)
            found = await asking.transact_get_items(
                TransactItems=[
                    {"Get": {"TableName": table, "Key": {"pk": {"S": f"{n}"}}}} for n in range(20)
                ]
            )
            return list(found["Responses"])

    assert asyncio.run(ask()) == [{"Item": {"pk": {"S": f"{n}"}}} for n in range(20)]


def test_pynamodbs_models_and_transactions_work(
    dynamodb: LocalDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")

    class Account(Model):
        class Meta:
            table_name, host, region = "pynamodb", dynamodb.url, "us-east-1"

        name = UnicodeAttribute(hash_key=True)
        balance = NumberAttribute(default=0)

    Account.create_table(billing_mode="PAY_PER_REQUEST", wait=True)
    connection = Connection(region="us-east-1", host=dynamodb.url)
    with TransactWrite(connection=connection) as writing:
        writing.save(Account("a", balance=5), condition=Account.name.does_not_exist())
        writing.save(Account("b", balance=7))
    with TransactGet(connection=connection) as reading:
        first, second = reading.get(Account, "a"), reading.get(Account, "b")

    assert (first.get().balance, second.get().balance) == (5, 7)
    again = TransactWrite(connection=connection)
    again.save(Account("c"))
    again.save(Account("a"), condition=Account.name.does_not_exist())
    with pytest.raises(TransactWriteError) as refused:
        again._commit()
    reasons = refused.value.cancellation_reasons
    assert [reason.code if reason else None for reason in reasons] == [
        None,
        "ConditionalCheckFailed",
    ]
    connection.client.close()


@pytest.mark.slow
def test_the_aws_command_works_as_the_tutorials_have_it(dynamodb: LocalDynamoDB) -> None:
    def aws(*words: str) -> subprocess.CompletedProcess[str]:
        # What the script `aws` does; that does not start in a directory with a blank in its name.
        command = (sys.executable, "-P", "-m", "awscli")
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": dynamodb.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_PAGER": "",
        }
        return subprocess.run(
            [*command, "dynamodb", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    created = aws(
        *("create-table", "--table-name", "Orders", "--billing-mode", "PAY_PER_REQUEST"),
        *("--attribute-definitions", "AttributeName=OrderID,AttributeType=S"),
        *("--key-schema", "AttributeName=OrderID,KeyType=HASH"),
    )
    assert json.loads(created.stdout)["TableDescription"]["TableStatus"] == "CREATING"
    assert aws("wait", "table-exists", "--table-name", "Orders").returncode == 0
    items = json.dumps([{"Put": {"TableName": "Orders", "Item": {"OrderID": {"S": "1"}}}}])
    assert aws("transact-write-items", "--transact-items", items).returncode == 0
    condition = items.replace(
        '"Item"', '"ConditionExpression": "attribute_not_exists(OrderID)", "Item"'
    )
    refused = aws("transact-write-items", "--transact-items", condition)
    assert refused.returncode != 0
    assert "[ConditionalCheckFailed]" in refused.stderr
