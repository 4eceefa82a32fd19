"""The parameters of streams: of tables that have one, and of the operations that read them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from items.errors import (
    RESOURCE_NOT_FOUND,
    DynamoDBError,
    invalid_parameter,
    serialization,
    validation,
)
from network.settings import StreamSettings
from router.definitions import Traits
from router.shapes import FLAG, Body, Leaf, Structure, integer, nothing, text
from router.table_names import NAME

STREAMS_PAGE_MAX = SHARDS_PAGE_MAX = 100
RECORDS_PAGE_MAX = 1_000
MILLISECOND = timedelta(milliseconds=1)  # What labels are told apart by.
SECONDS_MAX = 253_402_300_799  # Since 1970: the end of the year 9999.
VIEWS = ("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")
POSITIONS = (
    "TRIM_HORIZON",
    "LATEST",
    "AT_SEQUENCE_NUMBER",
    "AFTER_SEQUENCE_NUMBER",
    "AT_TIMESTAMP",
)

SPECIFICATION = Structure(
    "StreamSpecification",
    {"StreamEnabled": FLAG, "StreamViewType": text(VIEWS)},
    ("StreamEnabled",),
)


def is_moment(json: object) -> bool:
    """Say whether a moment is told as the seconds since 1970."""
    return isinstance(json, int | float) and not isinstance(json, bool)


def check_moment(json: object) -> None:
    if not is_moment(json):
        raise serialization("Unexpected value type in payload")


def moment_us(seconds: float) -> int:
    """Return a moment in µs since 1970; one that no clock shows is the next that one does."""
    return int(1_000_000 * max(0, min(seconds, SECONDS_MAX)))


MOMENT = Leaf(is_moment, check_moment, nothing, check_moment)
ARN = text(length_min=37, length_max=1024)
SHARD = text(length_min=28, length_max=65)
LIST_STREAMS = Structure(
    "ListStreamsInput",
    {
        "TableName": NAME,
        "Limit": integer(least=1),
        "ExclusiveStartStreamArn": ARN,
    },
)
DESCRIBE_STREAM = Structure(
    "DescribeStreamInput",
    {
        "StreamArn": ARN,
        "Limit": integer(least=1),
        "ExclusiveStartShardId": SHARD,
        "ShardFilter": Structure(
            "ShardFilter", {"Type": text(("CHILD_SHARDS",)), "ShardId": SHARD}
        ),
    },
    ("StreamArn",),
)
GET_SHARD_ITERATOR = Structure(
    "GetShardIteratorInput",
    {
        "StreamArn": ARN,
        "ShardId": SHARD,
        "ShardIteratorType": text(POSITIONS),
        "SequenceNumber": text(length_min=21, length_max=40),
        "Timestamp": MOMENT,
    },
    ("StreamArn", "ShardId", "ShardIteratorType"),
)
GET_RECORDS = Structure(
    "GetRecordsInput",
    {"ShardIterator": text(length_min=1, length_max=2048), "Limit": integer(least=1)},
    ("ShardIterator",),
)


def stream_named(arn: str) -> tuple[str, str]:
    """Return the table's name and the label that a stream's ARN names.

    Raises:
        DynamoDBError: ValidationException: it is no stream's ARN.
    """
    table, mark, label = arn.partition("/stream/")
    begin, _, name = table.rpartition(":table/")
    parts = begin.split(":")
    if parts[:1] != ["arn"] or parts[2:3] != ["dynamodb"] or not (name and mark and label):
        raise validation(f"Invalid StreamArn: {arn}")
    return name, label


def stream_not_found(arn: str) -> DynamoDBError:
    return DynamoDBError(
        RESOURCE_NOT_FOUND, f"{RESOURCE_NOT_FOUND.message}: Stream: {arn} not found"
    )


def view_wanted(body: Body) -> str | None:
    """Read what CreateTable or UpdateTable says of a stream: its view; none if it is empty.

    Returns:
        None if nothing is said of it.

    Raises:
        DynamoDBError: ValidationException: it contradicts itself.
    """
    wanted = body.get("StreamSpecification")
    if wanted is None:
        return None
    view: str | None = wanted.get("StreamViewType")
    if wanted["StreamEnabled"]:
        if view is None:
            raise invalid_parameter("StreamViewType is required when StreamEnabled is true")
        return view
    if view is not None:
        doing = "created" if "KeySchema" in body else "updated"
        raise invalid_parameter(
            f"Table is being {doing} with a stream disabled, UpdateViewType should not be specified"
        )
    return ""


def with_stream(traits: Traits, body: Body, table_name: str, now_us: int) -> Traits:
    """Give a table's traits the stream that is asked for, under a new label."""
    view = view_wanted(body)
    if view is None:
        return traits
    if not view:
        return replace(traits, stream=None)
    label = label_after(traits.latest_stream, now_us)
    stream = StreamSettings(label, view, table_name)
    return replace(traits, stream=stream, latest_stream=label)


def refuse_no_change(body: Body, traits: Traits, table_name: str) -> None:
    """Refuse to switch on what is on, or off what is off.

    Raises:
        DynamoDBError: ValidationException.
    """
    view = view_wanted(body)
    if view and traits.stream is not None:
        raise validation(f"Table already has an enabled stream: TableName: {table_name}")
    if view == "" and traits.stream is None:
        raise validation(f"Table already has a disabled stream: TableName: {table_name}")


def label_at(now_us: int) -> str:
    """Write a moment as streams are labelled, as in 2026-11-22T08:00:00.123."""
    seconds, us = divmod(now_us, 1_000_000)
    when = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{when.isoformat()}.{us // 1_000:03d}"


def label_after(latest: str, now_us: int) -> str:
    """Label a stream that is switched on now, later than the latest one of its table.

    That one may have been labelled by a router whose clock is ahead of this one: with the same
    label, both would be one stream, which misses what was written in between.
    """
    label = label_at(now_us)
    if label > latest:
        return label
    return (datetime.fromisoformat(latest) + MILLISECOND).isoformat(timespec="milliseconds")


def label_us(label: str) -> int:
    """Read when a stream was switched on."""
    moment = datetime.fromisoformat(label).replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000)
