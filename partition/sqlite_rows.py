"""Appends into a partition's SQLite file, and all of it out again.

Some appends are written as one transaction, and of each record and table only the last word: what
many clients write at once costs one sync, and what is hot is written once.
"""

import sqlite3
from itertools import chain
from typing import Any

from network.codec import decode, encode
from network.messages import RecordKey
from network.placement import PLACEMENT_TABLE
from network.streams import Shard, StreamRecord
from partition import stream_rows
from partition.record import Record, TableState
from partition.row_texts import key_text
from partition.rows import (
    PUT_RECORDS,
    PUT_TABLES,
    RECORD_COLUMNS,
    REMOVE_RECORDS,
    TABLE_COLUMNS,
    record_from_row,
    record_row,
    table_from_row,
    table_row,
)
from partition.split import Holding
from partition.storage import Changes, Stored
from partition.stream import StreamChanges

ROWS_MAX = 500  # In one statement; SQLite allows some thousand parameters.


class Sum:
    """What some appends come to, one after the other: of each record and table the last word."""

    def __init__(self, appends: list[Changes]) -> None:
        self.dropped: list[str] = []
        self.tables: dict[str, TableState] = {}
        self.records: dict[RecordKey, Record | None] = {}
        self.holding: Holding | None = None
        self.lsn = appends[-1].lsn
        self.sequence = 0
        self.stream: dict[int, StreamRecord | None] = {}
        self.shards: dict[str, Shard | None] = {}
        for changes in appends:
            if changes.streams is not None:
                self._take_streams(changes.streams)
            if changes.holding is not None:
                self._hold(changes.holding)
            for state in changes.tables:
                self.tables[state.id] = state
                if state.dropped:
                    self._drop(state.id)
            for key, record in changes.records:
                self.records[key] = record

    def _hold(self, holding: Holding) -> None:
        self.holding = holding
        for key in list(self.records):
            if not holding.keeps_record(key):
                del self.records[key]

    def _take_streams(self, changes: StreamChanges) -> None:
        self.sequence = changes.sequence
        self.stream.update({record.lsn: record for record in changes.records})
        self.stream.update(dict.fromkeys(changes.removed))
        self.shards.update({shard.id: shard for shard in changes.shards})
        self.shards.update(dict.fromkeys(changes.ended))

    def _drop(self, table: str) -> None:
        self.dropped.append(table)
        for key in [key for key in self.records if key[0] == table]:
            del self.records[key]


def write(connection: sqlite3.Connection, appends: list[Changes]) -> None:
    """Make these appends durable, all or none, with one sync."""
    total = Sum(appends)
    kept = [record_row(key, record) for key, record in total.records.items() if record is not None]
    gone = [(key[0], key_text(key[1])) for key, record in total.records.items() if record is None]
    connection.execute("BEGIN IMMEDIATE")
    try:
        if total.holding is not None:
            hold(connection, total.holding)
        for table in total.dropped:
            connection.execute("DELETE FROM records WHERE table_id = ?", (table,))
        write_rows(connection, PUT_RECORDS, kept)
        write_rows(connection, REMOVE_RECORDS, gone)
        write_rows(connection, PUT_TABLES, [table_row(one) for one in total.tables.values()])
        connection.execute("UPDATE partition SET lsn = ?", (total.lsn,))
        if total.sequence:
            write_streams(connection, total)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def hold(connection: sqlite3.Connection, holding: Holding) -> None:
    """Keep a partition's range, and drop what has left it."""
    kept = encode(holding, Holding)
    (is_known,) = connection.execute("SELECT holding IS ? FROM partition", (kept,)).fetchone()
    if is_known:  # As each part says that is carried to a child.
        return
    connection.execute("UPDATE partition SET holding = ?", (kept,))
    connection.create_function("keeps", 1, holding.keeps)
    connection.execute(
        "DELETE FROM records WHERE table_id <> ? AND NOT keeps(place)", (PLACEMENT_TABLE,)
    )


def write_streams(connection: sqlite3.Connection, total: Sum) -> None:
    """Write what these appends changed of the streams."""
    records, shards = total.stream, total.shards
    kept = [stream_rows.record_row(one) for one in records.values() if one is not None]
    write_rows(connection, stream_rows.PUT_RECORDS, kept)
    gone = [(lsn,) for lsn, one in records.items() if one is None]
    write_rows(connection, stream_rows.REMOVE_RECORDS, gone)
    open_ = [stream_rows.shard_row(one) for one in shards.values() if one is not None]
    write_rows(connection, stream_rows.PUT_SHARDS, open_)
    ended = [(name,) for name, one in shards.items() if one is None]
    write_rows(connection, stream_rows.REMOVE_SHARDS, ended)
    connection.execute("UPDATE streams SET sequence = ?", (total.sequence,))


def write_rows(connection: sqlite3.Connection, statement: str, rows: list[Any]) -> None:
    """Say it of many rows in one statement: each statement is a wait for the loop's thread."""
    for start in range(0, len(rows), ROWS_MAX):
        some = rows[start : start + ROWS_MAX]
        places = f"({', '.join('?' * len(some[0]))})"
        values = ", ".join([places] * len(some))
        connection.execute(statement.replace("VALUES", f"VALUES {values}"), list(chain(*some)))


def loaded(connection: sqlite3.Connection) -> Stored:
    """Raise the incarnation, and read everything."""
    connection.execute("UPDATE partition SET incarnation = incarnation + 1")
    select = "SELECT incarnation, lsn, holding FROM partition"
    incarnation, lsn, held = connection.execute(select).fetchone()
    select = f"SELECT {', '.join(TABLE_COLUMNS)} FROM tables ORDER BY rowid"  # noqa: S608
    tables = tuple(map(table_from_row, connection.execute(select)))
    select = f"SELECT {', '.join(RECORD_COLUMNS)} FROM records"  # noqa: S608
    records = tuple(map(record_from_row, connection.execute(select)))
    holding = None if held is None else decode(held, Holding)
    streams = stream_rows.loaded_streams(connection)
    return Stored(incarnation, lsn, tables, records, holding, streams)
