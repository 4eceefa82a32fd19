"""boto3's streams client, unmodified, and a consumer written as its users write one.

Whatever goes on meanwhile - transactions, crashes, splits, kill -9 - it gets every change once, and
each item's in their order: each old image is the new image before it, and the copy that it makes is
the table.
"""

import importlib.util
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.tidy import ROOT
from tests.twophase.local.test_restart import Process
from tests.twophase.local.test_splitting import owns, until
from twophase.testing import LocalDynamoDB, local_dynamodb

TABLE = "feed"
NAMES = [f"item{n}" for n in range(8)]
PATIENCE_SECONDS = 30.0
# What a client may be told while others write and nodes crash.
EXPECTED = ("TransactionCanceledException", "TransactionConflictException", "InternalServerError")
SETTINGS = {
    "region_name": "us-east-1",
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
}


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("change_feed", ROOT / "examples/change_feed.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHANGE_FEED = example()


class Copy:
    """What a reader makes of the records: a copy of the table, and what was wrong on the way."""

    def __init__(self, url: str) -> None:
        self.items: dict[str, Any] = {}
        self.seen: list[tuple[str, str]] = []  # Transaction and item.
        self.events: list[str] = []
        arn = tables(url).describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        self.arn = arn
        self.follower = CHANGE_FEED.Follower(self._client(url), arn)

    def _client(self, url: str) -> Any:
        return CHANGE_FEED.streams_client(endpoint_url=url, **SETTINGS)

    def again(self, url: str) -> None:
        """Go on at another server, with what is known."""
        self.follower._streams = self._client(url)

    def read(self) -> int:
        """Read what there is now; return how much that was."""
        count = 0
        for record in self.follower.changes():
            count += 1
            change = record["dynamodb"]
            name = change["Keys"]["k"]["S"]
            assert self.items.get(name) == change.get("OldImage")
            self.items[name] = change.get("NewImage")
            self.seen.append((record.get("TransactionId", ""), name))
            self.events.append(record["eventID"])
        return count

    def read_until(self, whole: dict[str, Any]) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while self.read() or self.there() != whole:
            assert time.monotonic() < ends, "the copy never was the table"
            time.sleep(0.01)

    def there(self) -> dict[str, Any]:
        return {name: item for name, item in self.items.items() if item is not None}


def tables(url: str) -> Any:
    once = Config(retries={"total_max_attempts": 1}, read_timeout=10)
    return boto3.client("dynamodb", endpoint_url=url, config=once, **SETTINGS)


def make_table(url: str) -> None:
    tables(url).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def table_of(url: str) -> dict[str, Any]:
    found = tables(url).scan(TableName=TABLE, ConsistentRead=True)["Items"]
    return {item["k"]["S"]: item for item in found}


def write(url: str, writer: int, turns: int) -> int:
    """Write in transactions and alone; return how many were surely carried out."""
    client, done = tables(url), 0
    for turn in range(turns):
        first, second = NAMES[(writer + turn) % 8], NAMES[(writer * 3 + turn * 5 + 1) % 8]
        item = {"k": {"S": first}, "v": {"S": f"{writer}.{turn}"}}
        try:
            if turn % 5 == 0:
                client.delete_item(TableName=TABLE, Key={"k": {"S": first}})
            elif turn % 5 == 1 or first == second:
                client.put_item(TableName=TABLE, Item=item)
            else:
                entries = [
                    {"Put": {"TableName": TABLE, "Item": {**item, "k": {"S": name}}}}
                    for name in (first, second)
                ]
                client.transact_write_items(TransactItems=entries)
            done += 1
        except ClientError as error:  # In conflict, or nobody knows: the stream does.
            assert error.response["Error"]["Code"] in EXPECTED, error  # noqa: PT017  # In a loop.
        except BotoCoreError:
            return done  # The server is gone, and nobody knows: the stream does.
    return done


@pytest.fixture
def streaming() -> Iterator[LocalDynamoDB]:
    with local_dynamodb(seed=1) as server:
        make_table(server.url)
        yield server


def test_a_transactions_records_carry_its_id_and_sdks_keep_it_with_a_hook(
    streaming: LocalDynamoDB,
) -> None:
    client = tables(streaming.url)
    entries = [
        {"Put": {"TableName": TABLE, "Item": {"k": {"S": name}}}} for name in ("a", "b", "c")
    ]
    client.put_item(TableName=TABLE, Item={"k": {"S": "z"}})
    client.transact_write_items(TransactItems=entries)
    copy = Copy(streaming.url)

    copy.read_until(table_of(streaming.url))

    whose = {name: transaction for transaction, name in copy.seen}
    assert whose.pop("z") == ""
    (transaction,) = set(whose.values())
    assert sum(event.startswith(transaction) for event in copy.events) == 3
    plain = boto3.client("dynamodbstreams", endpoint_url=streaming.url, **SETTINGS)
    records = list(CHANGE_FEED.Follower(plain, copy.arn).changes())
    assert len(records) == 4
    assert all("TransactionId" not in record for record in records)


def test_a_consumer_gets_every_change_once_while_partitions_split_and_crash() -> None:
    with local_dynamodb(seed=1) as server:
        make_table(server.url)
        copy = Copy(server.url)
        children = []
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(write, server.url, n, 60) for n in range(4)]
            for parent in ("p1", "p2", "p3", "p4"):
                copy.read()
                children.append(server.split(parent))
                copy.read()
                server.inside(partial(crash_and_start, name=parent))
            assert sum(one.result() for one in done) > 0
        for child in children:
            until(server, owns(child))

        copy.read_until(table_of(server.url))

        shards = server_shards(server.url, copy.arn)
    assert sum("ParentShardId" in shard for shard in shards) == 8
    assert len(copy.events) == len(set(copy.events)) > 0


def crash_and_start(cluster: Any, name: str) -> None:
    cluster.crash(name)
    cluster.start(name)


def server_shards(url: str, arn: str) -> list[Any]:
    streams = boto3.client("dynamodbstreams", endpoint_url=url, **SETTINGS)
    found: list[Any] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    return found


@pytest.mark.slow
def test_a_consumer_goes_on_after_kill_9(tmp_path: Path) -> None:
    process = Process(tmp_path / "data")
    try:
        make_table(process.url)
        copy = Copy(process.url)
        for _ in range(3):
            with ThreadPoolExecutor(3) as pool:
                done = [pool.submit(write, process.url, n, 40) for n in range(2)]
                copy.read()
                time.sleep(0.15)
                process.end()
                assert sum(one.result() for one in done) > 0
            process = Process(tmp_path / "data", port=process.port)
            copy.again(process.url)
            copy.read_until(table_of(process.url))
        assert len(copy.events) == len(set(copy.events)) > 0
    finally:
        if process.popen.poll() is None:
            process.end()
