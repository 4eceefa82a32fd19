"""The data directory: one SQLite file a partition, and one for what concerns them all.

`cluster.sqlite` has how many there are of each node, because keys are placed by it, which files
were made, and the incarnations of hosts that have no disk of their own.  Its lock is the
directory's lock.  The directory's number stands in it and in each file: no other has the same.

The files belong together.  One that is missing must not be made anew: its items would be gone
without a word, or a router would count its requests from the beginning, and requests that are not
the same would have one name.  And one that was made in another directory has ranges and tables of
which nobody here knows.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from partition.sqlite_files import StorageError, locked, unusable
from twophase.local.world import new_number
from twophase.os_errors import why

VERSION = 1
MARK = 0x32706163  # SQLite's application_id: '2pac'.
SCHEMA = """
    BEGIN;
    CREATE TABLE nodes (kind TEXT PRIMARY KEY, number INTEGER NOT NULL);
    CREATE TABLE incarnations (host TEXT PRIMARY KEY, incarnation INTEGER NOT NULL);
    COMMIT;
"""


class Directory:
    """A data directory that is ours until it is closed."""

    def __init__(self, path: Path) -> None:
        """Open the directory, or make it.

        Raises:
            StorageError: It is in use, damaged, of a newer version, or cannot be made.
        """
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise StorageError(f"{path} is there, and no directory: choose another path") from None
        except OSError as error:
            raise StorageError(f"the data directory {path} cannot be made: {why(error)}") from error
        self._file = file = path / "cluster.sqlite"
        try:
            self._lock = locked(file)
        except StorageError as error:
            told = str(error).replace(str(file), f"the data directory {path}")
            raise StorageError(told) from error
        try:
            self._refuse_orphans(is_known=file.exists() and file.stat().st_size > 0)
            self._connection = opened(file)
        except BaseException:
            self._lock.close()
            raise
        try:
            self._refuse_orphans(is_known=self.number("partitions") is not None)
        except BaseException:
            self.close()
            raise

    def number(self, kind: str) -> int | None:
        """Return how many nodes of a kind there are; None if that was never settled."""
        select = "SELECT number FROM nodes WHERE kind = ?"
        with self._told():
            row = self._connection.execute(select, (kind,)).fetchone()
        return None if row is None else int(row[0])

    def settle(self, kind: str, count: int) -> None:
        """Note how many nodes there are of a kind whose number the placement of keys depends on.

        Raises:
            StorageError: It was another number when the directory was made.
        """
        known = self.number(kind)
        if known is None:
            self._note(kind, count)
        elif known != count:
            raise StorageError(
                f"{self.path} was made with {known} {kind}, not {count}: keys are placed by that"
                f" number, so start it with --{kind} {known} or without --{kind}"
            )

    def identity(self) -> int:
        """Return the number that no other data directory has, durably.

        It is drawn before any file is made; in a directory of an earlier version when it is asked
        for first, and files that have none get it then.
        """
        known = self.number("identity")
        if known is None:
            known = new_number()
            self._note("identity", known)
        return known

    def born(self, kind: str) -> int:
        """Return how many nodes of a kind there are with those that splits have made; 0: none."""
        return self.number(f"{kind} with children") or 0

    def bear(self, kind: str, count: int) -> None:
        """Note, durably, that a split makes a node: there are so many of its kind then."""
        self._note(f"{kind} with children", count)

    def file_of(self, node: str) -> Path:
        """Return where a node's file is, or is to be made.

        Raises:
            StorageError: It was made before, and is not there any more.
        """
        file = self.path / f"{node}.sqlite"
        if self.number(made(node)) and not (file.is_file() and file.stat().st_size):
            raise StorageError(
                f"{file} is {'empty' if file.exists() else 'missing'}, and what it had is nowhere"
                " else: put it back, or begin with another directory"
            )
        return file

    def refuse_others(self, nodes: Iterable[str]) -> None:
        """Refuse files of nodes that are not among these: a split would take one for its child's.

        Raises:
            StorageError: There is one.
        """
        known = {f"{node}.sqlite" for node in nodes}
        strange = [name for name in self._files() if name not in known]
        if strange:
            raise StorageError(
                f"{self.path / strange[0]} was made in another data directory than the"
                " cluster.sqlite beside it, which knows of no such node: take it away"
            )

    def has_made(self, node: str) -> None:
        """Note, durably, that a node's file is there now."""
        if not self.number(made(node)):
            self._note(made(node), 1)

    def next_incarnation(self, host: str) -> int:
        """Raise a host's incarnation, durably.

        Raises:
            StorageError: That cannot be written.
        """
        with self._told():
            with self._connection:
                self._connection.execute(
                    "INSERT INTO incarnations VALUES (?, 1)"
                    " ON CONFLICT (host) DO UPDATE SET incarnation = incarnation + 1",
                    (host,),
                )
            ((incarnation,),) = self._connection.execute(
                "SELECT incarnation FROM incarnations WHERE host = ?", (host,)
            )
        return int(incarnation)

    def _note(self, kind: str, number: int) -> None:
        with self._told(), self._connection:
            self._connection.execute(
                "INSERT INTO nodes VALUES (?, ?)"
                " ON CONFLICT (kind) DO UPDATE SET number = excluded.number",
                (kind, number),
            )

    def _refuse_orphans(self, *, is_known: bool) -> None:
        """Refuse partitions' files of which nothing is known here."""
        others = self._files()
        if others and not is_known:
            raise StorageError(
                f"{self._file} is missing or empty, and {others[0]} belongs to one that was there:"
                " put it back, or begin with another directory"
            )

    def _files(self) -> list[str]:
        """Return the names of the files that nodes of any directory have here."""
        found = self.path.glob("[pl][0-9]*.sqlite")
        return sorted(one.name for one in found if one.stem[1:].isdigit())  # No p1-old.sqlite.

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what SQLite cannot do in our words."""
        try:
            yield
        except sqlite3.Error as error:
            raise unusable(self._file, error) from error

    def close(self) -> None:
        self._connection.close()
        self._lock.close()


def made(node: str) -> str:
    """Return under which kind it is noted that a node's file was made."""
    return f"file of {node}"


def opened(file: Path) -> sqlite3.Connection:
    """Open the file that concerns all, or make it."""
    connection = None
    try:
        connection = sqlite3.connect(file)
        ((version,),) = connection.execute("PRAGMA user_version")
        ((mark,),) = connection.execute("PRAGMA application_id")
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        if tables and mark != MARK:
            raise StorageError(
                f"{file} is a SQLite file of another program, not a data directory's"
            )
        if version > VERSION:
            raise StorageError(
                f"{file} was written by a newer twophase: use that one, or another directory"
            )
        ((found,),) = connection.execute("PRAGMA quick_check(1)")
        if found != "ok":
            raise StorageError(f"{file} is damaged: {found}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if not tables:
            marks = f"PRAGMA application_id = {MARK}; PRAGMA user_version = {VERSION};"
            connection.executescript(SCHEMA.replace("COMMIT;", f"{marks} COMMIT;"))
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise unusable(file, error) from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return connection
