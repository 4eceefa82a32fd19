"""A global index that is younger than its table: its items are brought into it, page after page.

Each partition walks its items, in order, and puts their entries where those of new writes wait as
well.  The router only asks it to, and remembers nothing: whoever takes over from a router that died
begins anew, which changes nothing but the time it takes.  The index is whole once what was put
there has reached it.
"""

from items.keys import Key
from network.host import Host
from network.ids import TableId
from network.messages import Backfill, Filled, NotMine
from network.placement import Share
from router.nodes import Nodes

PAGE_ITEMS = 500
LOOK_FIRST_US, LOOK_MOST_US = 2_000, 200_000  # The waits for what is on its way.


class Backfilling:
    """One index's."""

    def __init__(self, host: Host, nodes: Nodes, table: TableId, index: str) -> None:
        self._host, self._nodes = host, nodes
        self._table, self._index = table, index

    async def go(self) -> None:
        """Bring all items into the index, unless table or index is gone meanwhile."""
        done: list[Share] = []
        pauses = self._nodes.pauses(None)
        while True:
            shares = self._nodes.placement.shares(self._table)
            left = [share for share in shares if share not in done]
            if not left:
                return
            stray = await self._fill(left[0])
            if stray is None:
                done.append(left[0])
            elif stray.table:
                return
            else:
                await pauses.heed((stray,))

    async def _fill(self, share: Share) -> NotMine | None:
        """Bring the items of one range into the index, and wait until they have arrived."""
        after: Key | None = None
        while True:
            reply = await self._ask(share, after, PAGE_ITEMS)
            if isinstance(reply, NotMine):
                return reply
            after = reply.last
            if after is None:
                return await self._arrived(share, reply)

    async def _arrived(self, share: Share, filled: Filled) -> NotMine | None:
        """Wait until nothing of before is on its way any more; new writes go on all the time."""
        last, pause_us = filled.lsn, LOOK_FIRST_US
        while 0 < filled.oldest <= last:
            await self._host.sleep(pause_us)
            pause_us = min(2 * pause_us, LOOK_MOST_US)
            reply = await self._ask(share, None, 0)
            if isinstance(reply, NotMine):
                return reply
            filled = reply
        return None

    async def _ask(self, share: Share, after: Key | None, limit: int) -> Filled | NotMine:
        question = Backfill(self._table, self._index, after, limit)
        return await self._nodes.backfill(share, question)
