"""Permissions at the front door: boto3 unmodified, over a socket, as one principal or another."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
import botocore.auth
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from items.errors import MISSING_AUTHENTICATION_TOKEN
from router.policy_file import PolicyError
from twophase.testing import LocalDynamoDB, local_dynamodb

Json = dict[str, Any]

ORDERS = "arn:aws:dynamodb:*:*:table/Orders"


def principal(name: str, *statements: Json) -> Json:
    return {
        "Name": name,
        "AccessKeyId": f"AKIA{name.upper()}",
        "SecretAccessKey": f"the+secret/of={name}",
        "Policy": {"Version": "2012-10-17", "Statement": list(statements)},
    }


def allow(*actions: str, on: str = ORDERS) -> Json:
    return {
        "Effect": "Allow",
        "Action": [f"dynamodb:{action}" for action in actions],
        "Resource": on,
    }


POLICIES = {
    "Principals": [
        principal("admin", {"Effect": "Allow", "Action": "*", "Resource": "*"}),
        principal("putter", allow("PutItem")),
        principal(
            "keeper",
            allow("*Item", on="arn:aws:dynamodb:us-east-?:*:table/*"),
            {"Sid": "Keep", "Effect": "Deny", "Action": "dynamodb:Delete*", "Resource": ORDERS},
        ),
        principal("follower", allow("*", on=f"{ORDERS}/stream/*")),
        principal("nobody"),
    ]
}
ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDynamoDB]:
    with local_dynamodb(seed=1, policies=POLICIES) as server:
        admin = server.client("admin")
        for table in ("Orders", "Payments"):
            admin.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
            )
        yield server


def key(name: str) -> Json:
    return {"id": {"S": name}}


def put(name: str, table: str = "Orders") -> Json:
    return {"Put": {"TableName": table, "Item": key(name)}}


def delete(name: str, table: str = "Orders") -> Json:
    return {"Delete": {"TableName": table, "Key": key(name)}}


def there(server: LocalDynamoDB, prefix: str) -> list[str]:
    """Return the orders of a test."""
    items = server.client("admin").scan(TableName="Orders", ConsistentRead=True)["Items"]
    return sorted(item["id"]["S"] for item in items if item["id"]["S"].startswith(prefix))


def refusal(ask: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        ask()
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


# Transactions.


def test_who_may_put_can_send_a_transaction_of_puts(server: LocalDynamoDB) -> None:
    putter = server.client("putter")

    putter.transact_write_items(TransactItems=[put("puts/1"), put("puts/2")])

    assert there(server, "puts/") == ["puts/1", "puts/2"]


def test_a_transaction_with_a_delete_is_refused_whole(server: LocalDynamoDB) -> None:
    putter = server.client("putter")
    putter.transact_write_items(TransactItems=[put("whole/1")])
    actions = [put("whole/2"), delete("whole/1")]
    begun = server.cluster.events["transaction.begun"]

    told = refusal(lambda: putter.transact_write_items(TransactItems=actions))

    assert told == (
        "AccessDeniedException: User: arn:aws:iam::000000000000:user/putter is not authorized to"
        " perform: dynamodb:DeleteItem on resource:"
        " arn:aws:dynamodb:us-east-1:000000000000:table/Orders because no identity-based policy"
        " allows the dynamodb:DeleteItem action"
    )
    assert there(server, "whole/") == ["whole/1"]
    assert server.cluster.events["transaction.begun"] == begun  # Nobody else heard of it.


def test_a_refused_transaction_leaves_its_token_unused(server: LocalDynamoDB) -> None:
    again = {"ClientRequestToken": "one-token"}
    actions = [put("token/1"), delete("token/2")]
    told = refusal(
        lambda: server.client("putter").transact_write_items(TransactItems=actions, **again)
    )
    assert told.startswith("AccessDeniedException")

    server.client("admin").transact_write_items(TransactItems=[put("token/3")], **again)

    assert there(server, "token/") == ["token/3"]


def test_reads_in_transactions_need_what_reads_need(server: LocalDynamoDB) -> None:
    gets = [{"Get": {"TableName": "Orders", "Key": key("reads")}}]
    check: Json = {"TableName": "Orders", "Key": key("reads"), "ConditionExpression": "size(id)>:n"}
    check["ExpressionAttributeValues"] = {":n": {"N": "0"}}
    keeper, putter = server.client("keeper"), server.client("putter")
    putter.put_item(TableName="Orders", Item=key("reads"))

    assert keeper.transact_get_items(TransactItems=gets)["Responses"] == [{"Item": key("reads")}]
    keeper.transact_write_items(TransactItems=[{"ConditionCheck": check}, put("reads/2")])
    assert "dynamodb:GetItem on" in refusal(lambda: putter.transact_get_items(TransactItems=gets))
    told = refusal(lambda: putter.transact_write_items(TransactItems=[{"ConditionCheck": check}]))
    assert "dynamodb:ConditionCheckItem on" in told


# Statements.


def test_a_deny_wins_over_every_allow(server: LocalDynamoDB) -> None:
    keeper = server.client("keeper")
    keeper.put_item(TableName="Orders", Item=key("deny"))
    keeper.delete_item(TableName="Payments", Key=key("deny"))

    told = refusal(lambda: keeper.delete_item(TableName="Orders", Key=key("deny")))
    mixed = [delete("deny", "Payments"), delete("deny")]

    assert told.endswith("with an explicit deny in an identity-based policy")
    assert "explicit deny" in refusal(lambda: keeper.transact_write_items(TransactItems=mixed))
    assert there(server, "deny") == ["deny"]


def test_a_resource_is_one_table(server: LocalDynamoDB) -> None:
    putter = server.client("putter")
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Payments"
    actions = [put("tables/1"), put("tables/1", "Payments")]

    for table in ("Payments", arn):
        told = refusal(partial(putter.put_item, TableName=table, Item=key("tables/2")))
        assert f"dynamodb:PutItem on resource: {arn} because" in told
    told = refusal(lambda: putter.transact_write_items(TransactItems=actions))
    assert f"dynamodb:PutItem on resource: {arn} because" in told
    assert there(server, "tables/") == []


def test_who_has_no_policy_may_do_nothing(server: LocalDynamoDB) -> None:
    nobody = server.client("nobody")

    asked: list[Callable[[], Any]] = [
        nobody.list_tables,
        nobody.describe_limits,
        lambda: nobody.describe_table(TableName="nowhere"),
        lambda: nobody.scan(TableName="Orders"),
        lambda: nobody.get_item(TableName="nowhere", Key=key("a")),
        lambda: nobody.batch_write_item(
            RequestItems={"Orders": [{"PutRequest": {"Item": key("nobody")}}]}
        ),
        lambda: nobody.delete_table(TableName="Orders"),
    ]

    assert [refusal(ask).partition(":")[0] for ask in asked] == ["AccessDeniedException"] * 7
    assert there(server, "nobody") == []


def test_a_stream_is_a_resource_of_its_own(server: LocalDynamoDB) -> None:
    server.client("putter").put_item(TableName="Orders", Item=key("streams"))
    orders, payments = (
        server.client("admin").describe_table(TableName=table)["Table"]["LatestStreamArn"]
        for table in ("Orders", "Payments")
    )
    follower = boto3.client("dynamodbstreams", **server.settings("follower"))

    assert key("streams") in [record["dynamodb"]["Keys"] for record in records(follower, orders)]
    assert f"on resource: {payments} because" in refusal(lambda: records(follower, payments))
    assert "dynamodb:ListStreams on resource: * because" in refusal(follower.list_streams)
    scan = partial(server.client("follower").scan, TableName="Orders")
    assert "dynamodb:Scan on resource" in refusal(scan)


def records(client: Any, arn: str) -> list[Json]:
    """Read all records of a stream."""
    found: list[Json] = []
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        begin = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = client.get_shard_iterator(StreamArn=arn, **begin)["ShardIterator"]
        found += client.get_records(ShardIterator=iterator)["Records"]
    return found


# Signatures.


def test_a_wrong_secret_is_refused(server: LocalDynamoDB) -> None:
    settings = {**server.settings("admin"), "aws_secret_access_key": "a guess"}

    told = refusal(client(settings).list_tables)

    assert told.startswith("InvalidSignatureException: The request signature we calculated does")


def test_an_unknown_key_is_refused(server: LocalDynamoDB) -> None:
    for more in ({"aws_access_key_id": "AKIALOCAL"}, {"aws_session_token": "a session"}):
        told = refusal(client({**server.settings("admin"), **more}).list_tables)

        assert told == (
            "UnrecognizedClientException: The security token included in the request is invalid."
        )


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")]
)
def test_a_clock_that_is_off_is_refused(server: LocalDynamoDB, minutes: int, expected: str) -> None:
    now = botocore.auth.get_current_datetime
    admin = client(server.settings("admin"))

    with patch.object(
        botocore.auth, "get_current_datetime", lambda: now() + timedelta(minutes=minutes)
    ):
        told = refusal(admin.list_tables)

    assert told.startswith(f"InvalidSignatureException: {expected}")
    assert told.endswith("5 min.)")


def test_another_region_is_refused(server: LocalDynamoDB) -> None:
    told = refusal(client({**server.settings("admin"), "region_name": "eu-west-1"}).list_tables)

    assert told.startswith("InvalidSignatureException: Credential should be scoped to a valid reg")


def test_what_is_not_signed_is_refused(server: LocalDynamoDB) -> None:
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-amz-json-1.0\r\n"
            b"x-amz-target: DynamoDB_20120810.ListTables\r\ncontent-length: 2\r\n\r\n{}"
        )
        answer = connection.recv(10_000).decode()

    assert answer.startswith("HTTP/1.1 400")
    assert MISSING_AUTHENTICATION_TOKEN.name in answer


def test_large_requests_are_verified_as_well(server: LocalDynamoDB) -> None:
    # Compressed by nobody, but in several pieces: not the short way through the door.
    text = "ä" * 100_000

    client(server.settings("admin")).put_item(
        TableName="Orders", Item={**key("large"), "text": {"S": text}}
    )

    assert there(server, "large") == ["large"]


def test_without_policies_any_keys_will_do() -> None:
    with local_dynamodb(seed=1) as server:
        settings = {**server.settings(), "aws_access_key_id": "x", "region_name": "eu-west-1"}

        assert client(settings).list_tables()["TableNames"] == []


def test_a_principal_that_is_none_is_refused_with_those_that_there_are(
    server: LocalDynamoDB,
) -> None:
    with pytest.raises(ValueError, match="there is no principal 'amin': there are admin, "):
        server.client("amin")


def test_without_policies_nobody_is_a_principal() -> None:
    with local_dynamodb(seed=1) as server:
        for make in (server.client, server.resource, server.settings):
            with pytest.raises(
                ValueError, match="no principal 'alice': principals are in policies"
            ):
                make("alice")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, " cannot be read: no such file or directory"),
        (b"\xff", ": not text: it must be JSON in UTF-8"),
        (b"{}", ": the file has no Principals"),
    ],
)
def test_a_policy_file_that_is_none_is_named(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    file = tmp_path / "policies.json"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(PolicyError) as refused, local_dynamodb(policies=file):
        pass
    assert str(refused.value).startswith(f"{file}{expected}")


def client(settings: dict[str, str]) -> Any:
    return boto3.client("dynamodb", **settings, config=ONE_ATTEMPT)
