"""ListStreams, DescribeStream, GetShardIterator and GetRecords: DynamoDB Streams (§2.1).

Each partition knows the shards that it keeps, also those of streams that were switched off and of
tables that are gone; a definition knows its table's stream of today.  Nothing else is kept.
"""

from hashlib import blake2b
from typing import Any

from items.errors import EXPIRED_ITERATOR, RESOURCE_NOT_FOUND, TRIMMED_DATA_ACCESS, DynamoDBError
from items.errors import validation as invalid
from items.keys import key_attributes
from items.to_json import item_to_json
from network.messages import ReadStream, StreamPage
from network.streams import Shard, StreamRecord, node_of_shard, sequence_number, sequence_of
from router import shard_order
from router.definitions import Status, Table
from router.requests import read, whole_number
from router.responses import REGION, key_schema, stream_arn
from router.shapes import Body
from router.stream_iterators import Iterator, iterator_of, text_of
from router.stream_parameters import (
    DESCRIBE_STREAM,
    GET_RECORDS,
    GET_SHARD_ITERATOR,
    LIST_STREAMS,
    RECORDS_PAGE_MAX,
    SHARDS_PAGE_MAX,
    STREAMS_PAGE_MAX,
    label_us,
    moment_us,
    stream_named,
    stream_not_found,
)
from router.tools import Origin, Tools

PAGE_BYTES_MAX = 1_048_576
EVENT_ID_BYTES = 16


async def list_streams(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    """List the streams of a table, or of all; those of the last day are among them."""

    def parse(body: Body) -> tuple[str, str, int]:
        name, after = body.get("TableName") or "", body.get("ExclusiveStartStreamArn") or ""
        return name, after, page_limit(body, STREAMS_PAGE_MAX)

    name, after, limit = read(LIST_STREAMS, body, parse)
    shards = [shard for shard, _ in await tools.nodes.find_shards(name, "")]
    found = {(one.stream.table_name, one.stream.label) for one in shards}
    for table in await tools.tables.all(name):
        if table.traits.stream is not None:
            found.add((table.name, table.traits.stream.label))
    streams = sorted([(stream_arn(*one), *one) for one in found if stream_arn(*one) > after])
    answer: dict[str, Any] = {
        "Streams": [
            {"StreamArn": arn, "TableName": table_name, "StreamLabel": label}
            for arn, table_name, label in streams[:limit]
        ]
    }
    if len(streams) > limit:
        answer["LastEvaluatedStreamArn"] = streams[limit - 1][0]
    return answer


async def describe_stream(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    def parse(body: Body) -> tuple[str, str, int]:
        return *stream_named(body["StreamArn"]), page_limit(body, SHARDS_PAGE_MAX)

    name, label, limit = read(DESCRIBE_STREAM, body, parse)
    shards = [shard for shard, _ in await tools.nodes.find_shards(name, label)]
    table = await tools.tables.find(name)
    if table is not None and (table.traits.stream is None or table.traits.stream.label != label):
        table = None
    if table is None and not shards:
        raise stream_not_found(body["StreamArn"])
    told = shard_order.behind(body.get("ExclusiveStartShardId") or "", shards)
    only = body.get("ShardFilter")
    if only is not None:
        told = [one for one in told if one.parent == only.get("ShardId")]
    schema = shards[0].schema if table is None else table.schema
    view = shards[0].stream.view if table is None else _view(table)
    description: dict[str, Any] = {
        "StreamArn": body["StreamArn"],
        "StreamLabel": label,
        "StreamStatus": status_of(table, shards),
        "StreamViewType": view,
        "CreationRequestDateTime": label_us(label) / 1_000_000,
        "TableName": name,
        "KeySchema": key_schema(schema),
        "Shards": [shard_json(one) for one in told[:limit]],
    }
    if len(told) > limit:
        description["LastEvaluatedShardId"] = told[limit - 1].id
    return {"StreamDescription": description}


async def get_shard_iterator(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    def parse(body: Body) -> tuple[str, str]:
        kind, number = body["ShardIteratorType"], body.get("SequenceNumber")
        if kind == "AT_TIMESTAMP" and body.get("Timestamp") is None:
            raise invalid("Timestamp is required for ShardIteratorType AT_TIMESTAMP")
        if kind.endswith("SEQUENCE_NUMBER") and number is None:
            raise invalid(f"SequenceNumber is required for ShardIteratorType {kind}")
        return stream_named(body["StreamArn"])

    name, label = read(GET_SHARD_ITERATOR, body, parse)
    known = {
        shard.id: (shard, latest) for shard, latest in await tools.nodes.find_shards(name, label)
    }
    found = known.get(body["ShardId"])
    if found is None:
        if not known and await _is_unknown(tools, name, label):
            raise stream_not_found(body["StreamArn"])
        raise DynamoDBError(
            RESOURCE_NOT_FOUND,
            f"{RESOURCE_NOT_FOUND.message}: Shard: {body['ShardId']} in Stream:"
            f" {body['StreamArn']} not found",
        )
    shard, latest = found
    if body["ShardIteratorType"] == "AT_TIMESTAMP":
        since_us = moment_us(body["Timestamp"])
        page = await _page(tools, shard.id, max(shard.first, shard.trimmed), 1, since_us)
        after = page.after - len(page.records) if page.records else latest
    else:
        after = position_of(shard, latest, body)
    iterator = Iterator(body["StreamArn"], shard.id, after, tools.tables.now_us())
    return {"ShardIterator": text_of(iterator)}


async def get_records(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    def parse(body: Body) -> tuple[Iterator, int]:
        limit = whole_number(body, "Limit") or RECORDS_PAGE_MAX
        if limit > RECORDS_PAGE_MAX:
            raise invalid(f"Limit may be {RECORDS_PAGE_MAX} at most, not {limit}")
        return iterator_of(body["ShardIterator"]), limit

    iterator, limit = read(GET_RECORDS, body, parse)
    now_us = tools.tables.now_us()
    if now_us - iterator.given_us > tools.options.iterator_valid_us:
        raise DynamoDBError(EXPIRED_ITERATOR)
    # A shard of nobody's would be asked for in vain; but its partition may be new, and unheard of.
    is_known = node_of_shard(iterator.shard) in tools.nodes.placement.partitions
    if tools.options.permissions is not None or not is_known:
        await _refuse_forged(tools, iterator)
    page = await _page(tools, iterator.shard, iterator.after, limit)
    told = [record_json(one, page.shard) for one in page.records]
    answer: dict[str, Any] = {"Records": told}
    if not page.ends:
        following = Iterator(iterator.arn, iterator.shard, page.after, now_us)
        answer["NextShardIterator"] = text_of(following)
    return answer


async def _refuse_forged(tools: Tools, iterator: Iterator) -> None:
    """Refuse a shard that is not of the stream that an iterator names: only that may be read.

    Anybody can write an iterator; its check is there for slips, not against lies.

    Raises:
        DynamoDBError: ValidationException
    """
    name, label = stream_named(iterator.arn)
    shards = await tools.nodes.find_shards(name, label)
    if all(shard.id != iterator.shard for shard, _ in shards):
        raise invalid("Invalid ShardIterator")


# Where a reader begins ----------------------------------------------------------------------------


def position_of(shard: Shard, latest: int, body: Body) -> int:
    """Say after which sequence number an iterator goes on.

    Raises:
        DynamoDBError: ValidationException: the shard has no such number;
            TrimmedDataAccessException: it had.
    """
    horizon = max(shard.first, shard.trimmed)
    match body["ShardIteratorType"]:
        case "TRIM_HORIZON":
            return horizon
        case "LATEST":
            return latest  # Of its partition: no record of a shard that has ended is above it.
        case kind:
            sequence = sequence_of(body["SequenceNumber"])
            if not shard.first <= sequence <= (shard.last or latest):
                raise invalid(
                    f"Invalid SequenceNumber: {body['SequenceNumber']} is not in {shard.id}"
                )
            after = sequence - 1 if kind == "AT_SEQUENCE_NUMBER" else sequence
            if after < shard.trimmed:
                raise DynamoDBError(TRIMMED_DATA_ACCESS)
            return after


async def _page(tools: Tools, shard: str, after: int, limit: int, since_us: int = 0) -> StreamPage:
    """Read a shard's next records; raises DynamoDBError if they are no more."""
    question = ReadStream(shard, after, limit, PAGE_BYTES_MAX, since_us)
    reply = await tools.nodes.read_stream(question)
    if isinstance(reply, StreamPage):
        return reply
    if reply.is_trimmed:
        raise DynamoDBError(TRIMMED_DATA_ACCESS)
    raise DynamoDBError(RESOURCE_NOT_FOUND)


async def _is_unknown(tools: Tools, name: str, label: str) -> bool:
    table = await tools.tables.find(name)
    stream = None if table is None else table.traits.stream
    return stream is None or stream.label != label


# What readers are told ----------------------------------------------------------------------------


def page_limit(body: Body, most: int) -> int:
    """Say how many a page shows: what is above the service's own limit is taken for that."""
    return min(whole_number(body, "Limit") or most, most)


def status_of(table: Table | None, shards: list[Shard]) -> str:
    """Say how far a stream is; no table: it is one of before."""
    if table is None or table.status is Status.DELETING:
        return "DISABLING" if any(one.is_open for one in shards) else "DISABLED"
    return "ENABLED" if table.status is Status.ACTIVE else "ENABLING"


def _view(table: Table) -> str:
    assert table.traits.stream is not None, "asked only where there is one"
    return table.traits.stream.view


def shard_json(shard: Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": sequence_number(shard.first)}
    if not shard.is_open:
        numbers["EndingSequenceNumber"] = sequence_number(shard.last)
    told: dict[str, Any] = {"ShardId": shard.id, "SequenceNumberRange": numbers}
    if shard.parent:
        told["ParentShardId"] = shard.parent
    return told


def record_json(record: StreamRecord, shard: Shard) -> dict[str, Any]:
    """Give a record as the service does, with the id of the transaction that it is part of."""
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": record.created_us // 1_000_000,
        "Keys": item_to_json(key_attributes(shard.schema, record.key)),
    }
    if record.new is not None:
        change["NewImage"] = item_to_json(record.new)
    if record.old is not None:
        change["OldImage"] = item_to_json(record.old)
    change["SequenceNumber"] = sequence_number(record.sequence)
    change["SizeBytes"] = record.size_bytes
    change["StreamViewType"] = shard.stream.view
    told = {
        "eventID": event_id(record),
        "eventName": record.event,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
    }
    if record.transaction:
        told["TransactionId"] = record.transaction
    return told


def event_id(record: StreamRecord) -> str:
    """Name a record as no other is named; a transaction's begin with its id."""
    place = f"{record.table} {record.shard} {record.sequence}".encode()
    name = blake2b(place, digest_size=EVENT_ID_BYTES).hexdigest()
    return f"{record.transaction}-{name}" if record.transaction else name
