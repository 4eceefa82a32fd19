"""What an earlier process left unfinished is finished before the door opens."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

from coordinator.options import CoordinatorOptions
from network.ids import EntryKey, TableId, Timestamp, TransactionId
from partition.options import PartitionOptions
from partition.record import Ongoing, Record
from partition.sqlite import SqliteStorage
from partition.storage import Changes
from tests.builders import put as put_action
from tests.partition.mailbox import Mailbox
from tests.twophase.light import TABLE, Client, RefusedError, add, get, make_table, put, together
from twophase.local.cluster import LocalCluster, Nodes
from twophase.local.waking import Waker
from twophase.testing import LocalDynamoDB, local_dynamodb

LATER_US = 3_600_000_000  # Nothing is stalled so soon: no recovery would find it by itself.
NODES = Nodes(
    partition=PartitionOptions(stalled_after_us=LATER_US),
    coordinator=CoordinatorOptions(stalled_after_us=LATER_US),
)


def all_of(kind: str, do: Callable[[LocalCluster, str], None]) -> Callable[[LocalCluster], None]:
    def change(cluster: LocalCluster) -> None:
        for name in getattr(cluster, kind):
            do(cluster, name)

    return change


def one(server: LocalDynamoDB, operation: str, body: dict[str, Any]) -> Any:
    (answer,) = together(server.url, 1, lambda client, _: client.call(operation, body))
    return answer


def test_a_transaction_that_nobody_drives_any_more_is_finished(tmp_path: Path) -> None:
    request = {"TransactItems": [{"Update": add("a", 1)}, {"Update": add("b", 1)}]}

    async def leave_it(client: Client, n: int) -> None:
        if n == 0:
            await make_table(client)
            server.inside(all_of("partitions", LocalCluster.crash))
            asked.set()
            await client.call("TransactWriteItems", request)
            return
        await asked.wait()
        await asyncio.sleep(0.2)  # It is in the ledger, and nobody votes.
        server.inside(all_of("routers", LocalCluster.crash))
        server.inside(all_of("coordinators", LocalCluster.crash))

    with local_dynamodb(data=tmp_path) as server:
        asked = asyncio.Event()
        left, _ = together(server.url, 2, leave_it)
        assert isinstance(left, RefusedError)
        assert left.status == 500
    with local_dynamodb(data=tmp_path, nodes=NODES) as server:
        # Items of an ongoing transaction would refuse a single write.
        assert one(server, "UpdateItem", add("a", 10)) == {}
        values = [int(one(server, "GetItem", get(name))["Item"]["v"]["N"]) for name in ("a", "b")]

        assert values == [11, 1]


def test_a_promise_whose_transaction_is_gone_is_let_go(tmp_path: Path) -> None:
    with local_dynamodb(data=tmp_path) as server:
        together(server.url, 1, lambda client, _: make_table(client))
        table = one(server, "DescribeTable", {"TableName": TABLE})["Table"]["TableId"]
        assert one(server, "PutItem", put("a", 1)) == {}
        key = (TableId(table), (("S", "a"),))
        owner = placed(server.cluster, key)
    promise_something(tmp_path / f"{owner}.sqlite", owner, key)

    with local_dynamodb(data=tmp_path) as server:
        assert one(server, "UpdateItem", add("a", 1)) == {}
        assert one(server, "GetItem", get("a"))["Item"]["v"] == {"N": "2"}


def placed(cluster: LocalCluster, key: Any) -> str:
    """Find the partition that has this item on its disk."""
    for name in cluster.partitions:
        disk = cluster.disks[name]
        assert isinstance(disk, SqliteStorage)
        if key in dict(disk.load().records):
            return name
    raise AssertionError("it is nowhere")


def promise_something(path: Path, name: str, key: Any) -> None:
    """Let a partition have promised an item to a transaction that no ledger knows."""
    mailbox = Mailbox()
    disk = SqliteStorage(path, name, mailbox.post)
    stored = disk.load()
    record = dict(stored.records)[key]
    after = record.timestamp.us + 1
    ongoing = Ongoing(
        TransactionId("00000009-0001-8000-8000-000000000001"),
        EntryKey("nobody has heard of it"),
        Timestamp(after, "c1"),
        put_action("a"),
        record.item,
    )
    done: list[bool] = []
    promised = Record(record.item, record.timestamp, record.lsn, ongoing)
    changes = Changes("test", record.timestamp, ((key, promised),), (), stored.lsn)
    disk.append(changes, lambda: done.append(True))
    mailbox.deliver(until=lambda: bool(done))
    disk.close()


def test_a_server_that_is_not_ready_in_time_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Waker) -> int:
        await asyncio.Event().wait()
        return 0

    with monkeypatch.context() as patched:
        patched.setattr(Waker, "finish_all", never)
        patched.setattr("twophase.testing.START_SECONDS", 0.5)
        with pytest.raises(TimeoutError, match="was not ready within"):
            local_dynamodb(data=tmp_path).__enter__()

    assert "twophase serve" not in [thread.name for thread in enumerate_threads()]
    with local_dynamodb(data=tmp_path) as server:  # The directory is free again.
        one(server, "ListTables", {})
