"""A data directory's files belong together: without one of them nothing is served."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from partition.sqlite import SqliteStorage
from partition.sqlite_files import StorageError
from tests.twophase.light import TABLE, make_table, together
from tests.twophase.local.test_splitting import until
from twophase.local.cluster import LocalCluster
from twophase.local.directory import Directory
from twophase.testing import local_dynamodb


def made(path: Path) -> Path:
    """Make a directory with a table, and stop."""
    with local_dynamodb(data=path) as server:
        together(server.url, 1, lambda client, _: make_table(client))
    return path


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("data"))


@pytest.fixture
def data(left: Path, tmp_path: Path) -> Path:
    for file in left.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return made(tmp_path / "other")


def refusal(data: Path) -> str:
    with pytest.raises(StorageError) as refused, local_dynamodb(data=data):
        raise AssertionError("it must not open")
    return str(refused.value)


def said(statements: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        connection = sqlite3.connect(file)
        connection.executescript(statements)
        connection.close()

    return change


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def zeroed(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4096] + bytes(4096) + content[8192:])


def test_what_it_notes_is_durable_when_that_returns(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    (found,) = directory._connection.execute("PRAGMA synchronous")
    directory.close()

    assert found == (2,)  # FULL.


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("PRAGMA user_version = 99", "was written by a newer twophase"),
        ("PRAGMA application_id = 1", "is a SQLite file of another program"),
    ],
)
def test_a_file_that_is_not_to_be_understood_is_refused_and_left_alone(
    data: Path, change: str, refused: str
) -> None:
    file = data / "cluster.sqlite"
    said(change)(file)
    before = file.read_bytes()

    assert f"cluster.sqlite {refused}" in refusal(data)
    assert file.read_bytes() == before


def test_it_opens_again(data: Path) -> None:
    with local_dynamodb(data=data) as server:
        (found,) = together(server.url, 1, lambda client, _: client.call("ListTables", {}))

    assert found == {"TableNames": [TABLE]}


@pytest.mark.parametrize(
    "change",
    [
        Path.unlink,
        emptied,
        said("DELETE FROM nodes"),
        said("DROP TABLE nodes; DROP TABLE incarnations"),
    ],
)
def test_what_concerns_all_is_not_made_anew_beside_what_it_concerned(
    data: Path, change: Callable[[Path], None]
) -> None:
    change(data / "cluster.sqlite")

    assert "cluster.sqlite is missing or empty, and l1.sqlite belongs to one" in refusal(data)
    assert "cluster.sqlite is missing or empty" in refusal(data), "nor at the second attempt"


@pytest.mark.parametrize("name", ["p1", "p4", "l1"])
@pytest.mark.parametrize(("change", "how"), [(Path.unlink, "missing"), (emptied, "empty")])
def test_a_file_that_was_there_is_not_made_anew(
    data: Path, name: str, change: Callable[[Path], None], how: str
) -> None:
    change(data / f"{name}.sqlite")

    assert f"{name}.sqlite is {how}, and what it had is nowhere else" in refusal(data)


@pytest.mark.parametrize(
    "change", [zeroed, said("DROP TABLE nodes"), said("DROP TABLE incarnations")]
)
def test_damage_to_what_concerns_all_is_told(data: Path, change: Callable[[Path], None]) -> None:
    change(data / "cluster.sqlite")

    assert "cluster.sqlite is damaged: " in refusal(data)


def test_a_partition_that_does_not_say_whose_it_is_is_damaged(data: Path) -> None:
    said("DELETE FROM partition")(data / "p2.sqlite")

    assert "p2.sqlite is damaged: it does not say whose it is" in refusal(data)


@pytest.mark.parametrize("name", ["cluster", "p2", "l1"])
def test_a_file_of_another_directory_is_refused_and_left_alone(
    data: Path, other: Path, name: str
) -> None:
    file = data / f"{name}.sqlite"
    file.write_bytes((other / file.name).read_bytes())
    before = file.read_bytes()

    assert "was made in another data directory than the cluster.sqlite beside it" in refusal(data)
    assert file.read_bytes() == before


def test_a_file_that_a_split_would_take_for_its_childs_is_refused(data: Path, other: Path) -> None:
    (data / "p5.sqlite").write_bytes((other / "p1.sqlite").read_bytes())

    assert "p5.sqlite was made in another data directory" in refusal(data)


def test_a_file_under_no_nodes_name_is_nobodys_business(data: Path, other: Path) -> None:
    (data / "p1-old.sqlite").write_bytes((other / "p1.sqlite").read_bytes())

    with local_dynamodb(data=data) as server:
        assert server.split("p1") == "p5"


def test_the_child_of_a_split_belongs_to_the_directory(data: Path, other: Path) -> None:
    with local_dynamodb(data=data) as server:
        assert server.split("p1") == "p5"
    with local_dynamodb(data=data) as server:
        assert "p5" in server.cluster.partitions
    (other / "p5.sqlite").write_bytes((data / "p5.sqlite").read_bytes())

    assert "p5.sqlite was made in another data directory" in refusal(other)


def test_files_of_an_earlier_version_get_the_directorys_number(data: Path, other: Path) -> None:
    said("DELETE FROM nodes WHERE kind = 'identity'")(data / "cluster.sqlite")
    for name in ("p1", "p2", "p3", "p4", "l1"):
        without = "ALTER TABLE partition DROP COLUMN directory; PRAGMA user_version = 2"
        said(without)(data / f"{name}.sqlite")

    with local_dynamodb(data=data) as server:
        (found,) = together(server.url, 1, lambda client, _: client.call("ListTables", {}))
    (other / "p3.sqlite").write_bytes((data / "p3.sqlite").read_bytes())

    assert found == {"TableNames": [TABLE]}
    assert "p3.sqlite was made in another data directory" in refusal(other)


def test_a_first_start_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.settle("partitions", 4)  # And there it was killed: no partition has a file yet.
    directory.close()

    with local_dynamodb(data=tmp_path) as server:
        assert len(server.cluster.partitions) == 4


def test_nobody_comes_up_again_once_the_cluster_is_closed(data: Path) -> None:
    def stop(cluster: LocalCluster) -> None:
        cluster.close()
        cluster.start_again("p1", None)  # As a timer does, after a crash.

    with local_dynamodb(data=data) as server:
        server.inside(stop)
        assert not server.cluster.is_up("p1")


@pytest.mark.parametrize(
    ("error", "is_bug"),
    [(sqlite3.OperationalError("disk I/O error"), False), (KeyError("k"), True)],
)
def test_a_disk_that_fails_by_a_bug_says_where_and_is_started_again(
    data: Path, error: Exception, is_bug: bool
) -> None:
    def fail(cluster: LocalCluster) -> None:
        disk = cluster.disks["p1"]
        assert isinstance(disk, SqliteStorage)
        assert disk.failed is not None
        disk.failed(error)

    with capture_logs() as logs, local_dynamodb(data=data) as server:
        server.inside(fail)
        until(server, lambda cluster: cluster.is_up("p1"))

    (told,) = [one for one in logs if one["event"] == "disk.failed"]
    assert (told["node"], told["error"]) == ("p1", str(error))
    assert (told["exc_info"] is error) is is_bug


def test_a_disk_that_is_full_is_told_of_once_and_again_when_it_is_not(data: Path) -> None:
    def take(cluster: LocalCluster, does: str) -> None:
        disk = cluster.disks["p1"]
        assert isinstance(disk, SqliteStorage)
        disk._connection.execute(f"PRAGMA query_only = {does}")

    def fail(cluster: LocalCluster) -> None:
        take(cluster, "ON")  # It takes nothing more.
        cluster.crash("p1")
        for _ in range(3):
            cluster.start_again("p1", None)

    with capture_logs() as logs, local_dynamodb(data=data) as server:
        server.inside(fail)
        server.inside(lambda cluster: take(cluster, "OFF"))
        until(server, lambda cluster: cluster.is_up("p1"))

    found = [one for one in logs if one["event"].startswith(("disk.", "node."))]
    assert [one["event"] for one in found] == ["disk.failed", "node.restarted"]
    assert "p1.sqlite cannot be written" in found[0]["error"]
