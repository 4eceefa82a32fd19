"""Follow a table's stream with boto3, as a consumer does: shards, their parents, iterators.

    python examples/change_feed.py --endpoint http://127.0.0.1:8000 --table Orders

It prints every change since the stream was switched on, and goes on until it is interrupted.
"""

# ruff: noqa: T201  # A program that prints.

import argparse
import json
import time
from collections.abc import Iterator
from typing import Any

import boto3


def keep_transaction_ids(http_response: Any, parsed: Any, **_: Any) -> None:
    """Show which transaction a record is part of; a handler for botocore's `after-call`.

    AWS's description of the service has no such member, so SDKs drop it.
    """
    told = json.loads(http_response.content)
    for record, whole in zip(parsed.get("Records", ()), told.get("Records", ()), strict=True):
        if "TransactionId" in whole:
            record["TransactionId"] = whole["TransactionId"]


def streams_client(**settings: Any) -> Any:
    """Make a client of streams that shows them."""
    streams = boto3.client("dynamodbstreams", **settings)
    streams.meta.events.register("after-call.dynamodb-streams.GetRecords", keep_transaction_ids)
    return streams


class Follower:
    """Reads a stream: each shard after its parent, and each record once."""

    def __init__(self, streams: Any, arn: str) -> None:
        self._streams, self._arn = streams, arn
        self._ended: set[str] = set()
        self._iterators: dict[str, str] = {}
        self._last: dict[str, str] = {}  # By shard: the sequence number of its last record.

    def changes(self) -> Iterator[Any]:
        """Give what there is to read now, and has not been given yet."""
        shards = list(self._shards())
        known = {shard["ShardId"] for shard in shards}
        for shard in shards:
            name, parent = shard["ShardId"], shard.get("ParentShardId")
            if name not in self._ended and (parent not in known or parent in self._ended):
                yield from self._read(name)

    def _shards(self) -> Iterator[Any]:
        more: dict[str, str] = {}
        while True:
            found = self._streams.describe_stream(StreamArn=self._arn, **more)["StreamDescription"]
            yield from found["Shards"]
            if "LastEvaluatedShardId" not in found:
                return
            more = {"ExclusiveStartShardId": found["LastEvaluatedShardId"]}

    def _read(self, shard: str) -> Iterator[Any]:
        """Read a shard as far as it goes now."""
        while True:
            try:
                page = self._streams.get_records(ShardIterator=self._iterator(shard))
            except self._streams.exceptions.ExpiredIteratorException:  # A new one goes on there.
                del self._iterators[shard]
                continue
            for record in page["Records"]:
                self._last[shard] = record["dynamodb"]["SequenceNumber"]
                yield record
            following = page.get("NextShardIterator")
            if following is None:  # The shard is closed, and this was its end.
                self._ended.add(shard)
                return
            self._iterators[shard] = following
            if not page["Records"]:
                return

    def _iterator(self, shard: str) -> str:
        if shard not in self._iterators:
            where = {"ShardIteratorType": "TRIM_HORIZON"}
            if shard in self._last:
                where = {
                    "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                    "SequenceNumber": self._last[shard],
                }
            got = self._streams.get_shard_iterator(StreamArn=self._arn, ShardId=shard, **where)
            self._iterators[shard] = got["ShardIterator"]
        return self._iterators[shard]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--endpoint", default="http://127.0.0.1:8000", help="where a server listens (%(default)s)"
    )
    parser.add_argument("--table", required=True, help="a table that has a stream")
    asked = parser.parse_args()
    settings = {
        "endpoint_url": asked.endpoint,
        "region_name": "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    table = boto3.client("dynamodb", **settings).describe_table(TableName=asked.table)["Table"]
    follower = Follower(streams_client(**settings), table["LatestStreamArn"])
    while True:
        for record in follower.changes():
            change = record["dynamodb"]
            whose = record.get("TransactionId", "no transaction")
            print(record["eventName"], change["Keys"], change.get("NewImage", ""), whose)
        time.sleep(1)


if __name__ == "__main__":
    main()
