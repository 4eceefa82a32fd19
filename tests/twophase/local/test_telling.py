"""A served cluster tells who watches what happens, and says nothing where nobody does."""

import asyncio
import re
from types import SimpleNamespace
from typing import Any

from partition.server import PartitionServer
from sim.chance import NamedChance
from sim.watch.picture import Part, Picture
from sim.watch.watching import Watching
from twophase.cli.watch_serve import ServerWatcher
from twophase.cli.watch_server_page import LastLines
from twophase.local.cluster import LocalCluster, Nodes
from twophase.local.telling import Telling
from twophase.local.waking import Waker

TABLE = {
    "TableName": "things",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def put(name: str, **more: str) -> dict[str, Any]:
    return {"Put": {"TableName": "things", "Item": {"pk": {"S": name}}, **more}}


def watched(*, crashes: bool = False) -> Picture:
    """Carry out two transactions, one of which is cancelled, while somebody watches."""
    watching = Watching(with_disks=False)

    async def work() -> None:
        cluster = LocalCluster(Nodes(), NamedChance(1))
        cluster.telling = Telling(watching, cluster.timers)
        cluster.start_all()
        await Waker(cluster).finish_all()
        await cluster.call("CreateTable", TABLE, None)
        await cluster.call("TransactWriteItems", {"TransactItems": [put("a"), put("b")]}, None)
        absent = put("a", ConditionExpression="attribute_not_exists(pk)")
        refused = {"TransactItems": [put("c"), absent]}
        await cluster.call("TransactWriteItems", refused, None)
        if crashes:
            cluster.crash("p1")
            assert watching.picture().troubles == ("p1 down",)
            cluster.start("p1")
        await asyncio.sleep(0.05)  # The entry is completed behind the answer.
        cluster.close()

    asyncio.run(work())
    return watching.picture()


def test_decisions_are_told_with_their_reasons_by_item() -> None:
    picture = watched()

    committed, cancelled = picture.decided
    assert (committed.name, committed.outcome) == ("t1", "committed")
    assert {part.item for part in committed.parts} == {"a", "b"}
    assert (cancelled.name, cancelled.outcome) == ("t2", "cancelled")
    assert cancelled.parts == (Part("c", "None"), Part("a", "ConditionalCheckFailed"))
    assert picture.reasons == {"ConditionalCheckFailed": 1}
    assert picture.going == ()


def test_changes_and_notes_are_told_in_words() -> None:
    happened = [(one.kind, one.where, one.said) for one in watched().happened]

    assert ("durable", "l1", "t1 is PREPARING") in happened
    assert ("durable", "l1", "t1 is COMMITTING") in happened
    assert ("durable", "l1", "t2 is CANCELLING") in happened
    assert any(kind == "durable" and said.startswith("promised ") for kind, _, said in happened)
    assert [one for one in happened if one[2] == "token.replayed"] == []


def test_timestamps_are_told_from_the_servers_begin_as_everything_else_is() -> None:
    async def seen() -> Picture:
        server: Any = SimpleNamespace(url="", listener=None)
        screen: Any = None
        watcher = ServerWatcher(server, screen, LastLines(1))
        cluster = LocalCluster(Nodes(), NamedChance(1))
        cluster.telling = Telling(watcher.watching, cluster.timers)
        cluster.start_all()
        await Waker(cluster).finish_all()
        await cluster.call("CreateTable", TABLE, None)
        await cluster.call("TransactWriteItems", {"TransactItems": [put("a"), put("b")]}, None)
        await asyncio.sleep(0.05)  # Its commits are on their way behind the answer.
        picture = watcher._seen(cluster, 0.0).picture
        cluster.close()
        assert picture is not None
        return picture

    picture = asyncio.run(seen())

    applied = [one for one in picture.happened if "applied a" in one.said]
    told = [re.search(r"@(.+)ms\.c\d", one.said) for one in applied]
    assert told
    for one, found in zip(applied, told, strict=True):
        assert found is not None, one.said
        assert 0 <= float(found[1]) * 1_000 <= one.us + 1_000


def test_crashes_and_starts_are_told_and_the_first_start_of_all_is_none() -> None:
    told = [one.said for one in watched(crashes=True).lost]

    assert told == ["p1 crashed", "p1 started"]


def test_a_cluster_that_nobody_watches_has_nobody_between_its_steps() -> None:
    async def look() -> None:
        cluster = LocalCluster(Nodes(), NamedChance(1))
        cluster.start_all()
        for server in cluster.servers.values():
            if isinstance(server, PartitionServer):
                assert server._observe is None
        assert {host.noted for host in cluster.hosts.values()} == {cluster._noted}
        cluster.close()

    asyncio.run(look())
