"""What a partition's file promises beyond `Storage`: group commit, one owner, no silent damage."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from items.limits import NESTING_MAX
from items.values import AttributeValue, Item
from network.ids import NEVER
from network.placement import NOTHING
from partition import sqlite_rows
from partition.record import Record, TableState
from partition.split import Holding
from partition.sqlite import COMPANY, SqliteStorage, StorageError
from partition.sqlite_rows import write_rows
from partition.storage import Changes
from tests.builders import SCHEMA, TABLE, at, record, ts
from tests.items.strategies import items
from tests.partition.mailbox import Mailbox


class Disk:
    """A storage over one file, whose callbacks come when they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path, self.mailbox = path, Mailbox()
        self.storage = SqliteStorage(path, "p1", self.mailbox.post)
        self.done: list[str] = []
        self.asked = 0
        self.errors: list[BaseException] = []
        self.storage.failed = self.errors.append
        self.append("born", tables=(TableState(TABLE, SCHEMA),))

    def append(
        self,
        cause: str,
        *records: tuple[str, Record | None],
        tables: tuple[TableState, ...] = (),
        lsn: int = 0,
    ) -> None:
        kept = tuple((at(name), found) for name, found in records)
        self.asked += 1
        changes = Changes(cause, NEVER, kept, tables, lsn)
        self.storage.append(changes, lambda: self.done.append(cause))

    def settle(self) -> None:
        self.mailbox.deliver(until=lambda: len(self.done) == self.asked)

    def open_again(self) -> "Disk":
        self.storage.close()
        self.storage = SqliteStorage(self.path, "p1", self.mailbox.post)
        return self

    def query(self, text: str) -> list[tuple[object, ...]]:
        """Ask as a student would, from another connection, while the server has the file."""
        connection = sqlite3.connect(self.path)
        rows = connection.execute(text).fetchall()
        connection.close()
        return rows


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "p1.sqlite")
    disk.settle()
    yield disk
    disk.storage.close()


# Group commit.


def test_many_waiting_appends_are_one_sync(disk: Disk) -> None:
    before = disk.storage.syncs
    with disk.storage._awake:  # The writer sleeps until all of them wait.
        for n in range(100):
            disk.append(f"t{n}", (f"key{n}", record(n)), lsn=n)
    disk.settle()

    assert disk.storage.syncs - before == 1
    assert disk.done == ["born", *(f"t{n}" for n in range(100))]
    assert len(disk.storage.load().records) == 100


def test_the_last_append_of_one_sync_counts(disk: Disk) -> None:
    with disk.storage._awake:
        disk.append("t1", ("a", record(1)), ("b", record(1)), lsn=1)
        disk.append("t2", ("a", None), ("b", record(2)), lsn=2)
        disk.append("t3", ("a", record(3)), lsn=3)
    disk.settle()

    stored = disk.storage.load()
    assert dict(stored.records) == {at("a"): record(3), at("b"): record(2)}
    assert stored.lsn == 3


def test_a_drop_and_what_was_written_before_it_may_share_a_sync(disk: Disk) -> None:
    disk.append("t0", ("old", record(0)), lsn=1)
    disk.settle()
    with disk.storage._awake:
        disk.append("t1", ("a", record(1)), lsn=2)
        disk.append("drop", tables=(TableState(TABLE, SCHEMA, dropped=True),), lsn=2)
    disk.settle()

    stored = disk.storage.load()
    assert stored.records == ()
    assert stored.tables == (TableState(TABLE, SCHEMA, dropped=True),)


def test_a_split_and_what_was_written_before_it_may_share_a_sync(disk: Disk) -> None:
    nothing = Holding(NOTHING, attempts=1)
    with disk.storage._awake:
        disk.append("t1", ("a", record(1)), lsn=1)
        disk.storage.append(Changes("", NEVER, (), (), 1, nothing), lambda: None)
        disk.append("t2", ("b", record(2)), lsn=2)  # After it: as another range has it by then.
    disk.settle()

    stored = disk.storage.load()
    assert dict(stored.records) == {at("b"): record(2)}
    assert stored.holding == nothing


# Crashes.


def test_what_waited_at_a_crash_is_never_called_back(disk: Disk) -> None:
    with disk.storage._awake:
        disk.append("lost", ("a", record(1)), lsn=1)
        disk.storage.crash()
    assert disk.storage.load().records == ()
    disk.append("kept", ("b", record(2)), lsn=1)
    disk.mailbox.deliver(until=lambda: "kept" in disk.done)

    assert disk.done == ["born", "kept"]
    assert dict(disk.storage.load().records) == {at("b"): record(2)}


class CrashingPause:
    """Stands in for the writer's rest: the host crashes meanwhile."""

    def __init__(self, storage: SqliteStorage) -> None:
        self.storage, self.rests = storage, 0

    def wait(self, _: float) -> None:
        self.rests += 1
        if self.rests == 1:
            self.storage.crash()

    def set(self) -> None: ...


def test_a_crash_while_the_writer_gathers_leaves_it_at_work(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = CrashingPause(disk.storage)
    monkeypatch.setattr(disk.storage, "_pause", pause)
    with disk.storage._awake:  # A batch that lets it wait for company before the next one.
        for n in range(COMPANY):
            disk.append(f"t{n}", (f"key{n}", record(n)), lsn=1)
    disk.settle()

    disk.append("lost", ("a", record(1)), lsn=2)
    while pause.rests == 0:
        pass  # The crash comes while it rests.
    disk.append("kept", ("b", record(2)), lsn=2)
    disk.mailbox.deliver(until=lambda: "kept" in disk.done)

    assert "lost" not in disk.done
    assert at("a") not in dict(disk.storage.load().records)


def test_what_was_durable_at_a_crash_is_there_but_calls_nobody_back(disk: Disk) -> None:
    disk.append("durable", ("a", record(1)), lsn=1)
    while disk.query("SELECT count(*) FROM records") != [(1,)]:
        pass  # Written, and its callback waits in the mailbox.
    disk.storage.crash()
    disk.append("next", ("b", record(2)), lsn=2)
    disk.mailbox.deliver(until=lambda: "next" in disk.done)

    assert disk.done == ["born", "next"]
    assert len(disk.storage.load().records) == 2


def test_a_failed_append_is_told_and_drops_what_waits(disk: Disk) -> None:
    disk.storage._connection.execute("PRAGMA query_only = ON")  # A disk that takes nothing more.
    disk.append("fails", ("a", record(1)), lsn=1)
    disk.mailbox.deliver(until=lambda: bool(disk.errors))
    disk.storage._connection.execute("PRAGMA query_only = OFF")

    assert disk.done == ["born"]
    assert disk.storage.load().records == ()
    disk.append("again", ("a", record(2)), lsn=1)
    disk.mailbox.deliver(until=lambda: len(disk.done) == 2)
    assert disk.done == ["born", "again"]


def test_an_append_that_fails_in_its_midst_leaves_nothing_behind(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_once_and_fail(connection: sqlite3.Connection, statement: str, rows: Any) -> None:
        write_rows(connection, statement, rows)
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_rows, "write_rows", write_once_and_fail)
        disk.append("fails", ("a", record(1)), lsn=1)
        disk.mailbox.deliver(until=lambda: bool(disk.errors))

    assert disk.storage.load().records == ()
    disk.append("next", ("b", record(2)), lsn=1)
    disk.mailbox.deliver(until=lambda: "next" in disk.done or len(disk.errors) > 1)
    assert disk.done == ["born", "next"]


def test_an_append_that_fails_for_no_reason_of_the_disks_is_told_as_well(disk: Disk) -> None:
    disk.append("fails", ("a", record(1, lsn=2**63)), lsn=2**63)  # More than a column takes.
    disk.mailbox.deliver(until=lambda: bool(disk.errors))
    disk.append("next", ("a", record(2)), lsn=1)
    disk.mailbox.deliver(until=lambda: "next" in disk.done)

    assert [type(error) for error in disk.errors] == [OverflowError]
    assert dict(disk.storage.load().records) == {at("a"): record(2)}


def test_a_failure_that_is_told_after_a_crash_is_nobodys(disk: Disk) -> None:
    disk.storage._connection.execute("PRAGMA query_only = ON")
    disk.append("fails", ("a", record(1)), lsn=1)
    disk.mailbox.await_letter()
    disk.storage._connection.execute("PRAGMA query_only = OFF")
    disk.storage.crash()

    with disk.storage._awake:  # It waits while the earlier life's failure arrives.
        disk.append("next", ("b", record(2)), lsn=1)
        disk.mailbox.deliver_one()
    disk.mailbox.deliver(until=lambda: "next" in disk.done)

    assert disk.errors == []


def test_everything_is_there_in_the_next_process(disk: Disk) -> None:
    state = TableState(TABLE, SCHEMA, ts(7), 3)
    disk.append("t1", ("a", record(1)), ("b", record(None, ongoing="t1")), tables=(state,), lsn=5)
    disk.settle()
    before = disk.storage.load()

    after = disk.open_again().storage.load()

    assert (after.incarnation, after.lsn) == (before.incarnation + 1, 5)
    assert after.tables == (state,)
    assert dict(after.records) == {at("a"): record(1), at("b"): record(None, ongoing="t1")}


def test_a_commit_waits_until_the_disk_has_it(disk: Disk) -> None:
    (found,) = disk.storage._connection.execute("PRAGMA synchronous")

    assert found == (2,)  # FULL: less is not durable when the power fails.


def test_closing_writes_what_waits(disk: Disk) -> None:
    disk.append("t1", ("a", record(1)), lsn=1)

    assert len(disk.open_again().storage.load().records) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(item=items())
def test_every_item_comes_back_as_it_was(disk: Disk, item: Item) -> None:
    disk.append("t", ("a", Record(item, ts(3), 1)), lsn=1)
    disk.settle()

    ((_, found),) = disk.storage.load().records

    assert found.item == item


def test_what_was_stored_is_read_by_the_rules_that_it_was_stored_under(disk: Disk) -> None:
    """Stands for every rule that is stricter today: no client may write any of this."""
    nested: AttributeValue = ("N", "1" * 39)
    for _ in range(NESTING_MAX + 1):
        nested = "L", (nested,)
    item = {"k": ("S", "a"), "deep": nested, "": ("SS", ())}
    disk.append("t", ("a", Record(item, ts(3), 1)), lsn=1)
    disk.settle()

    ((_, found),) = disk.storage.load().records

    assert found.item == item


# What a student reads.


def test_a_student_can_read_it_while_it_is_in_use(disk: Disk) -> None:
    disk.append("t1", ("a", record(1)), ("b", record(None, ongoing="t9")), lsn=5)
    disk.settle()

    assert disk.query("SELECT key, item, lsn, ongoing FROM records ORDER BY key") == [
        ('[{"S":"a"}]', '{"k":{"S":"a"},"v":{"N":"1"}}', record(1).lsn, None),
        ('[{"S":"b"}]', None, record(None, ongoing="t9").lsn, "t9"),
    ]
    assert disk.query("SELECT partition_key, partition_key_type, dropped FROM tables") == [
        ("k", "S", 0)
    ]


# One owner, and no surprises.


def test_a_second_opener_is_refused_and_told_why(disk: Disk) -> None:
    with pytest.raises(StorageError, match=r"p1\.sqlite is in use by another server"):
        SqliteStorage(disk.path, "p1", disk.mailbox.post)


def test_whoever_was_refused_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "p1.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    for _ in range(2):
        with pytest.raises(StorageError, match="not a database"):
            SqliteStorage(path, "p1", Mailbox().post)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be"):
        SqliteStorage(tmp_path / "nowhere" / "p1.sqlite", "p1", Mailbox().post)


def test_a_damaged_file_is_refused(disk: Disk) -> None:
    disk.append("t1", *((f"k{n}", record(n)) for n in range(200)), lsn=1)
    disk.settle()
    disk.storage.close()
    with disk.path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 4096 * 3)

    with pytest.raises(StorageError, match="damaged"):
        SqliteStorage(disk.path, "p1", disk.mailbox.post)


@pytest.mark.parametrize(
    "item", ['{"k": 5', "[5]", '{"k": 5}', '{"k": {}}', '{"k": {"X": 1}}', '{"k": {"B": "?"}}']
)
def test_a_row_that_says_nothing_is_damage(disk: Disk, item: str) -> None:
    disk.append("t1", ("a", record(1)), lsn=1)
    disk.settle()
    disk.storage._connection.execute("UPDATE records SET item = ?", (item,))

    with pytest.raises(StorageError, match="damaged"):
        disk.storage.load()


def test_a_disk_that_takes_no_write_is_not_called_a_damaged_file(disk: Disk) -> None:
    disk.storage._connection.execute("PRAGMA query_only = ON")  # Loading raises the incarnation.

    with pytest.raises(StorageError, match=r"p1\.sqlite cannot be written: .*readonly"):
        disk.storage.load()


def test_another_programs_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p1.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(StorageError, match="another program"):
        SqliteStorage(path, "p1", Mailbox().post)
    assert path.read_bytes() == before


def test_a_newer_file_is_refused(disk: Disk) -> None:
    disk.storage._connection.execute("PRAGMA user_version = 99")
    disk.storage.close()

    with pytest.raises(StorageError, match="written by a newer twophase"):
        SqliteStorage(disk.path, "p1", disk.mailbox.post)


def test_a_file_of_the_first_version_is_brought_up(disk: Disk) -> None:
    disk.append("t1", ("key", record(1)), lsn=1)
    disk.settle()
    before = disk.storage.load()
    disk.storage._connection.execute("ALTER TABLE tables DROP COLUMN settings")
    for table in ("stream", "shards", "streams"):
        disk.storage._connection.execute(f"DROP TABLE {table}")
    disk.storage._connection.execute("ALTER TABLE partition DROP COLUMN directory")
    disk.storage._connection.execute("PRAGMA user_version = 1")
    disk.storage.close()

    again = SqliteStorage(disk.path, "p1", disk.mailbox.post)
    after = again.load()
    again.close()

    assert (after.tables, after.records) == (before.tables, before.records)


def test_another_partitions_file_is_refused(disk: Disk) -> None:
    disk.storage.close()

    with pytest.raises(StorageError, match="holds partition p1, not p2"):
        SqliteStorage(disk.path, "p2", disk.mailbox.post)
