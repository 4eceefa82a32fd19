"""SQLite files that are ours alone: opened, locked, and refused if there is anything strange.

A file says in its header whose it is (SQLite's `application_id`) and how it is made
(`user_version`).  What is refused is left as it was.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from partition.record import TableState
from partition.rows import PUT_TABLES, SCHEMA, UPGRADES, table_row
from partition.sqlite_rows import write_rows

VERSION = 3  # Of the tables in the file.
MARK = 0x32706173  # '2pas', so that no other program's file is taken.


class StorageError(Exception):
    """A file that cannot be used, and why."""


NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")


def unusable(path: Path, error: sqlite3.Error, what: str = "damaged") -> StorageError:
    """Say why a file cannot be used: it is `what`, or there is nothing wrong but with its disk."""
    name = getattr(error, "sqlite_errorname", "")
    return StorageError(
        f"{path} cannot be written: {_told(error)}"
        if name.startswith(NO_ROOM)
        else f"{path} is {what}: {error}"
    )


def _told(error: sqlite3.Error) -> str:
    """Say what SQLite says, and what that may come from where it does not."""
    if getattr(error, "sqlite_errorname", "") == "SQLITE_CANTOPEN":
        return f"{error} (is its folder writable, and `ulimit -n` high enough?)"
    return str(error)


def locked(path: Path) -> sqlite3.Connection:
    """Lock a file for as long as the connection that is returned is open.

    SQLite's own lock on a file beside it: it works on every platform, ends with its process however
    that ends, and lets anybody read the data meanwhile.

    Raises:
        StorageError: Somebody has it, or the folder cannot be written to.
    """
    try:
        lock = sqlite3.connect(
            f"{path}.lock", timeout=0, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be opened: {_told(error)}") from error
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if "locked" in str(error):
            raise StorageError(f"{path} is in use by another server: stop that one first") from None
        raise StorageError(f"{path} cannot be locked: {_told(error)}") from error
    return lock


def opened(
    path: Path, name: str, born: Sequence[TableState], directory: int | None
) -> sqlite3.Connection:
    """Open a partition's file, and make its tables if it is new."""
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be opened: {_told(error)}") from error
    try:
        refuse_strange(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # A commit is durable when it returns.
        if version_of(connection) == 0:
            make(connection, name, born, directory)
        upgrade(connection)
        refuse_damaged(connection, path, name)
        if directory is not None:
            refuse_foreign(connection, path, directory)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error, "damaged or not a partition's file") from error
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_strange(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file of another program or of a later version, before anything is changed in it."""
    version = version_of(connection)
    ((mark,),) = connection.execute("PRAGMA application_id")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    if tables and mark != MARK:
        raise StorageError(f"{path} is a SQLite file of another program, not a partition's")
    if version > VERSION:
        raise StorageError(
            f"{path} was written by a newer twophase (its version is {version}, the latest known"
            f" here is {VERSION}): use that one, or another directory"
        )


def refuse_damaged(connection: sqlite3.Connection, path: Path, name: str) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StorageError(f"{path} is damaged: {found}")
    owners = [owner for (owner,) in connection.execute("SELECT name FROM partition")]
    if len(owners) != 1:
        raise StorageError(f"{path} is damaged: it does not say whose it is")
    (owner,) = owners
    if owner != name:
        raise StorageError(f"{path} holds partition {owner}, not {name}: give it its name back")


def refuse_foreign(connection: sqlite3.Connection, path: Path, directory: int) -> None:
    """Refuse a file of another data directory; one that is of none yet is of this one from now."""
    ((home,),) = connection.execute("SELECT directory FROM partition")
    if home is None:
        connection.execute("UPDATE partition SET directory = ?", (directory,))
    elif home != directory:
        raise StorageError(
            f"{path} was made in another data directory than the cluster.sqlite beside it: put"
            " back the one that was here, or begin with another directory"
        )


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file of an earlier version up to this one, all or nothing."""
    if version_of(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for version in range(version_of(connection), VERSION):
        for statement in UPGRADES[version]:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def version_of(connection: sqlite3.Connection) -> int:
    ((version,),) = connection.execute("PRAGMA user_version")
    return int(version)


def make(
    connection: sqlite3.Connection, name: str, born: Sequence[TableState], directory: int | None
) -> None:
    """Make the tables, all or none."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO partition VALUES (?, 0, 0, ?, NULL)", (name, directory))
    write_rows(connection, PUT_TABLES, [table_row(state) for state in born])
    connection.execute(f"PRAGMA application_id = {MARK}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
