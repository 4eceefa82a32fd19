"""A partition's durable memory in one SQLite file, which anybody can look at with `sqlite3`.

A writer thread of its own takes all appends that wait, makes one transaction of them and syncs
once (group commit): the only lever on durable writes, because a sync takes as long for a hundred
appends as for one.  Their callbacks then come on the loop's thread, in order.

A failed append is a crash (`partition.storage`): what waits is dropped and never called back, and
`failed` is told, whose business it is to start the partition anew.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event, Lock, Thread
from typing import Any

from partition.record import TableState
from partition.sqlite_files import StorageError, locked, opened, unusable
from partition.sqlite_rows import loaded, write
from partition.storage import Changes, Stored

__all__ = ["SqliteStorage", "StorageError"]

UNREADABLE = (AttributeError, ValueError, TypeError, KeyError, IndexError)

COMPANY = 3  # So many who share a sync are worth waiting for …
GATHER_SECONDS = 0.0005  # … for a fraction of a sync, on most disks.

Waiting = list[tuple[Changes, Callable[[], None]]]
Post = Callable[..., object]  # `loop.call_soon_threadsafe`.


class SqliteStorage:
    """One partition's file; survives its host's incarnations.  A `Storage`."""

    def __init__(
        self,
        path: Path,
        name: str,
        post: Post,
        born: Sequence[TableState] = (),
        directory: int | None = None,
    ) -> None:
        """Open the file, or make it; the tables in `born` are there from the beginning.

        `directory` is the number of the data directory that it belongs to, if it does to any.

        Raises:
            StorageError: It is in use, damaged, another program's, partition's or data directory's,
                or was written by a newer twophase.
        """
        self.failed: Callable[[BaseException], None] | None = None  # Told on the loop's thread.
        self.syncs = self.appends = 0
        self._path, self._post = path, post
        self._lock = locked(path)
        try:
            self._connection = opened(path, name, born, directory)
        except BaseException:
            self._lock.close()
            raise
        self._waiting: Waiting = []
        self._life = 0  # Rises with each crash: what an earlier life asked for, nobody waits for.
        self._is_open = True
        self._awake = Condition()
        self._pause = Event()  # Set only at the end: to wait for it is to rest.
        self._writing = Lock()  # Held by whoever uses the connection.
        self._thread = Thread(target=self._write_all, name=f"{name} writer", daemon=True)
        self._thread.start()

    def adopt(self, memory: Callable[[], Stored]) -> bool:  # noqa: ARG002  # The seam's.
        return False

    def load(self) -> Stored:
        assert not self._waiting, "a disk has one host at a time"
        with self._writing:
            try:
                return loaded(self._connection)
            except sqlite3.DatabaseError as error:
                raise unusable(self._path, error) from error
            except UNREADABLE as error:
                raise StorageError(f"{self._path} is damaged: {error}") from error

    def append(self, changes: Changes, then: Callable[[], None]) -> None:
        with self._awake:
            self._waiting.append((changes, then))
            self._awake.notify()

    def crash(self) -> None:
        """Drop what waits; what is being written may become durable, and calls nobody back."""
        with self._awake:
            self._waiting = []
            self._life += 1

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        with self._awake:
            self._is_open = False
            self._pause.set()
            self._awake.notify()
        self._thread.join()
        self._connection.close()
        self._lock.close()

    # On the loop's thread ---------------------------------------------------------------------

    def _synced(self, life: int, batch: Waiting) -> None:
        for _, then in batch:
            if life == self._life:  # A callback may crash the host.
                then()

    def _not_synced(self, life: int, error: BaseException) -> None:
        if life == self._life:
            self.crash()
            if self.failed is not None:
                self.failed(error)

    # On the writer's thread -------------------------------------------------------------------

    def _write_all(self) -> None:
        company = 0  # Appends of the batch before.
        while True:
            with self._awake:
                while not self._waiting and self._is_open:
                    self._awake.wait()
            if company >= COMPANY:
                # Whoever shared the last sync was told a moment ago, and is about to come back.
                self._pause.wait(GATHER_SECONDS)
            with self._awake:
                if not self._waiting:
                    if self._is_open:  # A crash has emptied it meanwhile.
                        continue
                    return
                batch, self._waiting, life = self._waiting, [], self._life
                company = len(batch)
                self._writing.acquire()  # Before anybody can load between the two.
            try:
                write(self._connection, [changes for changes, _ in batch])
                self.syncs += 1
                self.appends += len(batch)
            except Exception as error:  # noqa: BLE001  # Unseen, it would leave all waiting for ever.
                self._tell(self._not_synced, life, error)
            else:
                self._tell(self._synced, life, batch)
            finally:
                self._writing.release()

    def _tell(self, function: Callable[..., None], life: int, what: Any) -> None:
        with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            self._post(function, life, what)
