"""Before the door opens: everything that an earlier process left unfinished comes to its end.

Recovery would find it as well, some seconds later (§3.5).  But whoever starts a server expects
their items to be free: so each unfinished transaction, each promise of a partition and each table
that is on its way is taken further at once, and waited for.
"""

from typing import Any

import structlog

from coordinator.ledger import State, entry_of
from coordinator.options import CoordinatorOptions
from items.keys import Key
from network.host import Host
from network.ids import TableId
from network.messages import Frame, OfRange, Page, Recover, Scan, from_frame
from network.placement import LEDGER_TABLE
from network.rpc import Peers
from partition.server import PartitionServer
from router.access import OURSELVES
from twophase.local.cluster import LocalCluster
from twophase.local.splitting import is_settled, placement_now

NAME = "w1"  # A host of its own that asks, and is gone when all is done.
LOOK_US = 50_000
PAGE = 1_000
LONG_US = 1 << 50  # Everything that is ongoing is so for longer than any limit.

log = structlog.get_logger()


class Waker:
    """Finishes what was left unfinished."""

    def __init__(self, cluster: LocalCluster) -> None:
        self._cluster = cluster
        self._host = Host(
            NAME,
            1,
            loop=cluster.loop,
            transport=cluster.network,
            clock=cluster.clocks[cluster.managers[0]],
            timers=cluster.timers,
            chance=cluster.chance,
            framed=cluster.framed,
        )
        self._peers = Peers(self._host)
        self._patience = CoordinatorOptions().patience(None)
        self._looks_us = 0

    async def finish_all(self) -> int:
        """Take everything to its end; return how many transactions there were."""
        self._cluster.network.join(NAME, self._receive)
        seen: dict[str, None] = {}
        try:
            while not is_settled(self._cluster):  # A split goes on by itself.
                await self._host.sleep(LOOK_US)
            # A look now and then, not an event: whoever finishes them is elsewhere.
            while unfinished := {**self._in_partitions(), **await self._in_ledger()}:
                seen.update(dict.fromkeys(unfinished))
                coordinators = self._cluster.coordinators
                for n, message in enumerate(unfinished.values()):
                    self._peers.tell(coordinators[n % len(coordinators)], message)
                await self._host.sleep(LOOK_US)
            await self._finish_tables()
        finally:
            self._cluster.network.leave(NAME)
            self._host.crash()
        if seen:
            log.info("recovery.finished", transactions=len(seen))
        return len(seen)

    def _receive(self, frame: Frame) -> None:
        envelope = from_frame(frame)
        self._peers.answered(envelope.reply_to, envelope.message)

    async def _in_ledger(self) -> dict[str, Recover]:
        """Return what the ledger has that is not COMPLETED."""
        found: dict[str, Recover] = {}
        for share in placement_now(self._cluster).record.ledgers:
            after: Key | None = None
            while True:
                question = OfRange(share.range, unfinished_after(after))
                page = await self._peers.ask(share.node, question, self._patience)
                assert isinstance(page, Page), "a ledger node knows the ledger"
                for item in page.items:
                    transaction = entry_of(item).transaction
                    found[transaction.id] = Recover(transaction.id, transaction.entry, "", ())
                after = page.last
                if after is None:
                    break
        return found

    def _in_partitions(self) -> dict[str, Recover]:
        """Return what partitions have promised, whether or not the ledger knows of it."""
        self._looks_us += LONG_US  # They say it again after as long: so a bit more each time.
        found: dict[str, Recover] = {}
        for name in self._cluster.partitions:
            server = self._cluster.servers.get(name)
            if isinstance(server, PartitionServer):
                for one in server.machine.stalled(self._looks_us):
                    found[one.transaction] = Recover(one.transaction, one.entry, name, one.keys)
        return found

    async def _finish_tables(self) -> None:
        """Bring every table that is on its way to its end."""
        page: dict[str, Any] = {}
        while True:
            page = await self._ask("ListTables", page)
            for name in page["TableNames"]:
                # Describing a table takes it further.
                while (await self._status(name)) in ("CREATING", "UPDATING", "DELETING"):
                    await self._host.sleep(LOOK_US)
            if "LastEvaluatedTableName" not in page:
                return
            page = {"ExclusiveStartTableName": page["LastEvaluatedTableName"]}

    async def _status(self, name: str) -> str:
        table = await self._ask("DescribeTable", {"TableName": name})
        return str(table.get("Table", {}).get("TableStatus", "gone"))

    async def _ask(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict((await self._cluster.call(operation, body, None, OURSELVES)).body)


def unfinished_after(after: Key | None) -> Scan:
    return Scan(
        table=TableId(LEDGER_TABLE),
        partition_value=None,
        sort_condition=None,
        after=after,
        forward=True,
        limit=PAGE,
        filter="#state <> :completed",
        names={"#state": "State"},
        values={":completed": ("S", str(State.COMPLETED))},
        request="",
    )
