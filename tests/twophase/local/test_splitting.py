"""A partition of a running server splits: clients do not notice, and a restart remembers."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from network.placement import Range
from partition.sqlite import SqliteStorage, StorageError
from partition.storage import Stored
from tests.twophase.light import (
    TABLE,
    Client,
    RefusedError,
    make_table,
    put,
    snapshot,
    together,
    transfer,
)
from twophase.local.census import status_of
from twophase.local.cluster import LocalCluster
from twophase.local.splitting import SplitError, placement_now, split
from twophase.testing import LocalDynamoDB, local_dynamodb

ACCOUNTS = [f"account{n}" for n in range(12)]
EACH = 1_000
PATIENCE_SECONDS = 20.0


def until(server: LocalDynamoDB, holds: Callable[[LocalCluster], bool]) -> None:
    """Wait until something is so in the cluster."""
    ends = time.monotonic() + PATIENCE_SECONDS
    seen = [False]

    def look(cluster: LocalCluster) -> None:
        seen[0] = holds(cluster)

    while not seen[0]:
        assert time.monotonic() < ends, "it never was so"
        server.inside(look)
        time.sleep(0.01)


def owns(name: str) -> Callable[[LocalCluster], bool]:
    return lambda cluster: placement_now(cluster).range_of(name) != Range(0, 0)


async def fill(client: Client, _: int) -> None:
    await make_table(client)
    for name in ACCOUNTS:
        await client.call("PutItem", put(name, EACH))


async def total(client: Client, _: int) -> int:
    items = (await client.call("TransactGetItems", snapshot(ACCOUNTS)))["Responses"]
    return sum(int(one["Item"]["v"]["N"]) for one in items)


def all_items(server: LocalDynamoDB) -> int:
    """Scan, which asks every partition."""

    async def scan(client: Client, _: int) -> int:
        return int((await client.call("Scan", {"TableName": TABLE}))["Count"])

    return int(together(server.url, 1, scan)[0])


def test_transfers_go_on_while_every_partition_and_the_ledger_split() -> None:
    with local_dynamodb() as server:
        together(server.url, 1, fill)
        parents = ["p1", "p2", "p3", "p4", "l1"]
        children: list[str] = []

        async def work(client: Client, n: int) -> int:
            if n == 0:
                for parent in parents:
                    await asyncio.sleep(0.05)
                    children.append(await asyncio.to_thread(server.split, parent))
                return 0
            done = 0
            for turn in range(60):
                payer, payee = ACCOUNTS[(n + turn) % 12], ACCOUNTS[(n * 5 + turn * 7) % 12]
                if payer != payee:
                    try:
                        await client.call("TransactWriteItems", transfer(payer, payee, 1))
                    except RefusedError as error:
                        assert error.name == "TransactionCanceledException"  # noqa: PT017  # Loop.
                    else:
                        done += 1
            return done

        done = sum(together(server.url, 8, work))
        for child in children:
            until(server, owns(child))

        assert children == ["p5", "p6", "p7", "p8", "l2"]
        assert done > 0
        assert together(server.url, 1, total) == [EACH * len(ACCOUNTS)]
        assert all_items(server) == len(ACCOUNTS)


def test_the_clock_of_a_child_is_off_as_all_are() -> None:
    with local_dynamodb(faults="skew=1s", seed=1) as server:
        child = server.split("p1")

        assert server.cluster.clocks[child].offset_us != 0


def test_a_restart_remembers_what_was_split(tmp_path: Path) -> None:
    with local_dynamodb(data=tmp_path) as server:
        together(server.url, 1, fill)
        for parent in ("p1", "p2", "l1"):
            child = server.split(parent)
            until(server, owns(child))
    with local_dynamodb(data=tmp_path) as server:
        assert server.cluster.partitions == ["p1", "p2", "p3", "p4", "p5", "p6"]
        assert server.cluster.ledgers == ["l1", "l2"]
        assert together(server.url, 1, total) == [EACH * len(ACCOUNTS)]
        assert all_items(server) == len(ACCOUNTS)
        child = server.split("p5")
        until(server, owns(child))
        assert together(server.url, 1, total) == [EACH * len(ACCOUNTS)]


def crash_all(cluster: LocalCluster) -> None:
    for name in cluster.all_names():
        cluster.crash(name)


def crash_and_start_all(cluster: LocalCluster) -> None:
    crash_all(cluster)
    for name in cluster.all_names():
        cluster.start(name)


def test_without_a_disk_a_crash_takes_no_split_back() -> None:
    with local_dynamodb() as server:
        together(server.url, 1, fill)
        server.inside(crash_and_start_all)
        for parent in ("p1", "l1"):
            until(server, owns(server.split(parent)))
        server.inside(crash_and_start_all)

        assert together(server.url, 1, total) == [EACH * len(ACCOUNTS)]
        assert all_items(server) == len(ACCOUNTS)
        assert [owns(name)(server.cluster) for name in ("p1", "p5", "l1", "l2")] == [True] * 4


@pytest.mark.parametrize("wait_seconds", [0.0, 0.002, 0.004, 0.008, 0.016])
def test_a_split_that_was_broken_off_comes_to_an_end_before_the_door_opens(
    tmp_path: Path, wait_seconds: float
) -> None:
    with local_dynamodb(data=tmp_path) as server:
        together(server.url, 1, fill)
        server.split("p2")
        time.sleep(wait_seconds)
        server.inside(crash_all)
    with local_dynamodb(data=tmp_path) as server:
        began = together(server.url, 1, total)
        found = all_items(server)

    assert began == [EACH * len(ACCOUNTS)]
    assert found == len(ACCOUNTS)


def test_what_cannot_split_is_refused_and_says_why() -> None:
    with local_dynamodb() as server:
        with pytest.raises(SplitError, match="there is no partition 'p9': there are p1, p2"):
            server.split("p9")
        server.inside(lambda cluster: cluster.crash("p3"))
        with pytest.raises(SplitError, match="p3 is down: nobody could split p3 now"):
            server.split("p3")
        server.inside(lambda cluster: cluster.crash("m1"))
        with pytest.raises(SplitError, match="m1 is down: nobody could split p1 now"):
            server.split("p1")


def test_a_child_whose_file_cannot_be_made_is_none(tmp_path: Path) -> None:
    file = tmp_path / "p5.sqlite"
    with local_dynamodb(data=tmp_path) as server:
        file.write_bytes(b"somebody else's" * 1_000)
        with pytest.raises(SplitError, match=r"p1 cannot be split: .*p5\.sqlite is damaged"):
            server.split("p1")
        until(server, lambda cluster: bool(status_of(cluster)))  # Who is told of is there.

        file.unlink()
        until(server, owns(server.split("p1")))


def test_a_child_that_cannot_be_loaded_lets_go_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: SqliteStorage) -> Stored:
        raise StorageError("it is not there any more")

    with local_dynamodb(data=tmp_path) as server:
        with monkeypatch.context() as patched:
            patched.setattr(SqliteStorage, "load", fails)
            with pytest.raises(SplitError, match="p1 cannot be split: it is not there any more"):
                server.split("p1")
        until(server, lambda cluster: bool(status_of(cluster)))

        until(server, owns(server.split("p1")))


def test_there_are_not_more_children_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twophase.local.splitting.SPLIT_NODES_MAX", 1)
    with local_dynamodb() as server:
        child = server.split("p1")
        until(server, owns(child))
        with pytest.raises(SplitError, match="1 partitions were made by splits already"):
            server.split("p2")
        until(server, owns(server.split("l1")))
        with pytest.raises(SplitError, match="1 ledger nodes were made by splits already"):
            server.split("l1")


def test_a_range_that_is_leaving_is_split_no_further() -> None:
    def twice(cluster: LocalCluster) -> None:
        child = split(cluster, "p1")
        server_of_child = child
        cluster.crash(server_of_child)  # So that it never arrives.

    with local_dynamodb() as server:
        server.inside(twice)
        until(server, lambda cluster: leaves(cluster, "p1"))
        with pytest.raises(SplitError, match="p1 is being split already, to p5"):
            server.split("p1")


def leaves(cluster: LocalCluster, name: str) -> bool:
    machine: Any = cluster.servers[name]
    return machine.machine.holding.leaving is not None
