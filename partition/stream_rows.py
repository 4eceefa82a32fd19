"""A partition's streams as rows of its SQLite file, in columns that a student can read.

    sqlite3 p1.sqlite 'SELECT sequence_number, event, key, old, new FROM stream'

A record that waits has no sequence number yet.  Keys and images are DynamoDB's JSON.
"""

import sqlite3
from typing import Any

import orjson

from items.keys import KeyAttribute, KeySchema
from network.ids import TableId, Timestamp
from network.settings import StreamSettings
from network.streams import Shard, StreamRecord, sequence_number, sequence_of
from partition.row_texts import Row, item_from, item_text, key_from, key_text, put_into
from partition.stream import StoredStreams

SCHEMA = (
    """CREATE TABLE stream (  -- What was changed in tables with a stream.
        sequence_number TEXT,  -- NULL: it waits for something earlier that is ongoing.
        shard TEXT,
        event TEXT NOT NULL,  -- INSERT, MODIFY, REMOVE.
        key TEXT NOT NULL,  -- [partition key, sort key], as DynamoDB's JSON.
        old TEXT,  -- The item before and after, as far as the stream shows it.
        new TEXT,
        transaction_id TEXT,  -- NULL: it was written outside any transaction.
        timestamp TEXT NOT NULL,  -- µs.node
        created_us INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        table_id TEXT NOT NULL,
        label TEXT NOT NULL,
        lsn INTEGER NOT NULL UNIQUE
    )""",
    """CREATE TABLE shards (
        id TEXT NOT NULL UNIQUE,
        table_name TEXT NOT NULL,
        label TEXT NOT NULL,
        view TEXT NOT NULL,
        parent TEXT,
        starting_sequence_number TEXT NOT NULL,
        ending_sequence_number TEXT,  -- NULL: it is open.
        trimmed TEXT,  -- Records up to this sequence number are gone.
        opened_us INTEGER NOT NULL,
        closed_us INTEGER NOT NULL,
        table_id TEXT NOT NULL,
        key_schema TEXT NOT NULL
    )""",
    """CREATE TABLE streams (sequence INTEGER NOT NULL)""",  # One row: the last number given.
    """INSERT INTO streams VALUES (0)""",
)
RECORD_COLUMNS = (
    "sequence_number",
    "shard",
    "event",
    "key",
    "old",
    "new",
    "transaction_id",
    "timestamp",
    "created_us",
    "size_bytes",
    "table_id",
    "label",
    "lsn",
)
SHARD_COLUMNS = (
    "id",
    "table_name",
    "label",
    "view",
    "parent",
    "starting_sequence_number",
    "ending_sequence_number",
    "trimmed",
    "opened_us",
    "closed_us",
    "table_id",
    "key_schema",
)
PUT_RECORDS = put_into("stream", RECORD_COLUMNS, "lsn")
REMOVE_RECORDS = "DELETE FROM stream WHERE (lsn) IN (VALUES)"
PUT_SHARDS = put_into("shards", SHARD_COLUMNS, "id")
REMOVE_SHARDS = "DELETE FROM shards WHERE (id) IN (VALUES)"


def record_row(record: StreamRecord) -> Row:
    return (
        number_text(record.sequence),
        record.shard or None,
        record.event,
        key_text(record.key),
        item_text(record.old),
        item_text(record.new),
        record.transaction or None,
        str(record.timestamp),
        record.created_us,
        record.size_bytes,
        record.table,
        record.label,
        record.lsn,
    )


def record_from_row(row: Row) -> StreamRecord:
    number, shard, event, key, old, new, transaction, timestamp, created, size, *of = row
    table, label, lsn = of
    return StreamRecord(
        lsn,
        TableId(table),
        label,
        key_from(key),
        event,
        item_from(old),
        item_from(new),
        Timestamp.of(timestamp),
        transaction or "",
        created,
        size,
        shard or "",
        number_from(number),
    )


def shard_row(shard: Shard) -> Row:
    return (
        shard.id,
        shard.stream.table_name,
        shard.stream.label,
        shard.stream.view,
        shard.parent or None,
        sequence_number(shard.first),
        number_text(shard.last),
        number_text(shard.trimmed),
        shard.opened_us,
        shard.closed_us,
        shard.table,
        schema_text(shard.schema),
    )


def shard_from_row(row: Row) -> Shard:
    id_, name, label, view, parent, first, last, trimmed, opened, closed, table, schema = row
    return Shard(
        id_,
        TableId(table),
        StreamSettings(label, view, name),
        schema_from(schema),
        parent or "",
        opened,
        number_from(first),
        number_from(last),
        closed,
        number_from(trimmed),
    )


def number_text(sequence: int) -> str | None:
    return sequence_number(sequence) if sequence else None


def number_from(text: str | None) -> int:
    return 0 if text is None else sequence_of(text)


def schema_text(schema: KeySchema) -> str:
    """Write a schema as in {"k": "S"}: the names of the keys and their types, in order."""
    parts = [schema.partition] + ([] if schema.sort is None else [schema.sort])
    return orjson.dumps({part.name: part.type for part in parts}).decode()


def schema_from(text: str) -> KeySchema:
    parts: dict[str, Any] = orjson.loads(text)
    partition, *sort = [KeyAttribute(name, type_) for name, type_ in parts.items()]
    return KeySchema(partition, sort[0] if sort else None)


def loaded_streams(connection: sqlite3.Connection) -> StoredStreams | None:
    """Read everything; None if there never was a stream."""
    ((sequence,),) = connection.execute("SELECT sequence FROM streams")
    if not sequence:
        return None
    select = f"SELECT {', '.join(RECORD_COLUMNS)} FROM stream"  # noqa: S608
    records = tuple(map(record_from_row, connection.execute(select)))
    select = f"SELECT {', '.join(SHARD_COLUMNS)} FROM shards"  # noqa: S608
    shards = tuple(map(shard_from_row, connection.execute(select)))
    return StoredStreams(sequence, records, shards)
