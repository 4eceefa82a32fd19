"""A data directory's files belong together: without one of them nothing is served."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from partition.sqlite_files import StorageError
from tests.twophase.light import TABLE, make_table, together
from twophase.local.cluster import LocalCluster
from twophase.local.directory import Directory
from twophase.testing import local_dynamodb


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a directory with a table, and stop."""
    path = tmp_path_factory.mktemp("data")
    with local_dynamodb(data=path) as server:
        together(server.url, 1, lambda client, _: make_table(client))
    return path


@pytest.fixture
def data(left: Path, tmp_path: Path) -> Path:
    for file in left.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


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
