"""Records and tables as rows of a partition's SQLite file, in columns that a student can read.

    sqlite3 p1.sqlite 'SELECT key, item, timestamp, ongoing FROM records'

Keys and items are DynamoDB's JSON, timestamps are `µs.node`.  Of what is ongoing on a record the
transaction and the item as it will be have columns; the whole promise is msgpack.
"""

from items.keys import KeyAttribute, KeySchema, partition_hash
from network.codec import decode, encode
from network.ids import Timestamp
from network.messages import RecordKey
from network.settings import PLAIN, TableSettings
from partition import stream_rows
from partition.record import Ongoing, Record, TableState
from partition.row_texts import Row, item_from, item_text, key_from, key_text, put_into

SCHEMA = (
    """CREATE TABLE partition (  -- One row.
        name TEXT NOT NULL,
        incarnation INTEGER NOT NULL,  -- How often it was started.
        lsn INTEGER NOT NULL,  -- The number of its last write.
        directory INTEGER,  -- The number of the data directory that the file was made in.
        holding BLOB  -- Its range, once it has split; NULL: the one that was configured.
    )""",
    """CREATE TABLE tables (
        id TEXT NOT NULL UNIQUE,
        partition_key TEXT NOT NULL,
        partition_key_type TEXT NOT NULL,
        sort_key TEXT,
        sort_key_type TEXT,
        max_delete_timestamp TEXT NOT NULL,  -- Stands in for the timestamps of missing items.
        delete_lsn INTEGER NOT NULL,
        dropped INTEGER NOT NULL,
        settings BLOB  -- What the table does on the side; NULL: nothing.
    )""",
    """CREATE TABLE records (
        table_id TEXT NOT NULL,
        key TEXT NOT NULL,  -- [partition key, sort key], as DynamoDB's JSON.
        place INTEGER NOT NULL,  -- The hash of the partition key, which says whose it is.
        item TEXT,  -- DynamoDB's JSON; NULL: there is none (yet).
        timestamp TEXT NOT NULL,  -- µs.node
        lsn INTEGER NOT NULL,
        ongoing TEXT,  -- The transaction that was promised this record.
        item_after TEXT,  -- What that makes of the item.
        promise BLOB,  -- All of it, for the program.
        UNIQUE (table_id, key)
    )""",
    *stream_rows.SCHEMA,
)
# What makes a file of each earlier version one of the next.
UPGRADES = {
    1: ("ALTER TABLE tables ADD COLUMN settings BLOB", *stream_rows.SCHEMA),
    2: ("ALTER TABLE partition ADD COLUMN directory INTEGER",),
}
TABLE_COLUMNS = (
    "id",
    "partition_key",
    "partition_key_type",
    "sort_key",
    "sort_key_type",
    "max_delete_timestamp",
    "delete_lsn",
    "dropped",
    "settings",
)
RECORD_COLUMNS = (
    "table_id",
    "key",
    "place",
    "item",
    "timestamp",
    "lsn",
    "ongoing",
    "item_after",
    "promise",
)
PUT_TABLES = put_into("tables", TABLE_COLUMNS, "id")
PUT_RECORDS = put_into("records", RECORD_COLUMNS, "table_id, key")
REMOVE_RECORDS = "DELETE FROM records WHERE (table_id, key) IN (VALUES)"


def record_row(key: RecordKey, record: Record) -> Row:
    found = record.ongoing
    return (
        key[0],
        key_text(key[1]),
        partition_hash(key[1][0]),
        item_text(record.item),
        str(record.timestamp),
        record.lsn,
        None if found is None else found.transaction,
        None if found is None else item_text(found.after),
        None if found is None else encode(found, Ongoing),
    )


def record_from_row(row: Row) -> tuple[RecordKey, Record]:
    table, key, _, item, timestamp, lsn, _, _, promise = row
    record = Record(
        item_from(item),
        Timestamp.of(timestamp),
        lsn,
        None if promise is None else decode(promise, Ongoing),
    )
    return (table, key_from(key)), record


def table_row(state: TableState) -> Row:
    partition, sort = state.schema.partition, state.schema.sort
    return (
        state.id,
        partition.name,
        partition.type,
        None if sort is None else sort.name,
        None if sort is None else sort.type,
        str(state.max_delete_timestamp),
        state.delete_lsn,
        int(state.dropped),
        None if state.settings == PLAIN else encode(state.settings, TableSettings),
    )


def table_from_row(row: Row) -> TableState:
    id_, partition, partition_type, sort, sort_type, timestamp, lsn, dropped, settings = row
    schema = KeySchema(
        KeyAttribute(partition, partition_type),
        None if sort is None else KeyAttribute(sort, sort_type),
    )
    return TableState(
        id_,
        schema,
        Timestamp.of(timestamp),
        lsn,
        bool(dropped),
        PLAIN if settings is None else decode(settings, TableSettings),
    )
