"""Takes in what has changed in other regions: each item at the partition that owns it here.

Everything is asked for until it is in.  A partition refuses while a transaction is ongoing on the
item, or while its range is on its way to another; asked twice, it does nothing the second time.
"""

from collections.abc import Sequence

from network.host import Host
from network.ids import TableId
from network.messages import (
    Changed,
    Done,
    Envelope,
    NotMine,
    Read,
    Readings,
    RecordKey,
    Replica,
    Replicate,
)
from network.owners import Owners, Pauses, is_elsewhere
from network.placement import TABLES_TABLE, Placement
from network.rpc import Ask, Peers
from replication.options import ReplicationOptions

WORKING_MAX = 1_000  # Messages of other regions that are taken in at one time; more are not heard.


class Receiver:
    """One replicator's."""

    def __init__(
        self, host: Host, peers: Peers, placement: Placement, options: ReplicationOptions
    ) -> None:
        self._host, self._peers, self._placement, self._options = host, peers, placement, options
        self._owners = Owners(host, peers, placement)
        self._tables: dict[str, TableId] = {}  # By name, as last read.
        self._working: dict[tuple[str, int], bool] = {}  # Under way, by region and number.

    def take(self, envelope: Envelope, message: Changed) -> None:
        """Take in what another region has sent; a copy waits with the first one."""
        under_way = message.region, envelope.number
        if under_way not in self._working and len(self._working) < WORKING_MAX:
            self._working[under_way] = True
            self._host.spawn(self._take(envelope, message))

    async def _take(self, envelope: Envelope, message: Changed) -> None:
        try:
            changed = await self._apply(message)
        finally:
            self._working.pop((message.region, envelope.number), None)
        self._peers.reply(f"{message.region}.{envelope.source}", envelope.number, Done(changed))

    async def _apply(self, message: Changed) -> tuple[bool, ...]:
        """Have the owners of all items take them in; say which of them changed anything."""
        changed = [False] * len(message.replicas)
        left = list(enumerate(message.replicas))
        while left:
            table = await self._table(message.table_name)
            replies = await self._ask(table, [replica for _, replica in left])
            for (n, _), reply in zip(left, replies, strict=True):
                if isinstance(reply, Done):
                    changed[n] = reply.changed[0]
            refused = [reply for reply in replies if not isinstance(reply, Done)]
            left = [
                one for one, reply in zip(left, replies, strict=True) if not isinstance(reply, Done)
            ]
            if left:
                await self._wait(message.table_name, refused)
        return tuple(changed)

    async def _ask(self, table: TableId, replicas: Sequence[Replica]) -> list[object]:
        asks: list[Ask] = [
            (self._placement.owner(table, one.key), Replicate(table, one)) for one in replicas
        ]
        return await self._peers.ask_all(asks, self._options.near)

    async def _wait(self, table_name: str, refused: Sequence[object]) -> None:
        """Learn why something was refused, and wait before it is asked for again."""
        strays = [reply for reply in refused if isinstance(reply, NotMine)]
        if any(stray.table for stray in strays):  # The name stands for another table by now.
            self._tables.pop(table_name, None)
        elsewhere = [stray for stray in strays if is_elsewhere(stray)]
        if elsewhere:
            await Pauses(self._host, self._placement).heed(elsewhere)
        else:
            await self._host.sleep(self._options.again_us)

    async def _table(self, name: str) -> TableId:
        """Return the id that a table has in this region; wait for it where there is none yet."""
        key: RecordKey = (TABLES_TABLE, (("S", name),))
        question = Read((key,), 0, "")
        while name not in self._tables:
            ((_, reply),) = await self._owners.ask((key,), lambda _: question, self._options.near)
            item = reply.readings[0].item if isinstance(reply, Readings) else None
            if item is None:
                await self._host.sleep(self._options.again_us)
            else:
                self._tables[name] = TableId(item["Id"][1])
        return self._tables[name]
