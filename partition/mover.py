"""Takes the upper part of a partition's range to its child, or takes it in as one (§3.3).

Every step may be asked again: after a crash it is, from the first one on.  What has become of a
split is what the placement says, and nobody's memory.
"""

from network.host import Host
from network.messages import Done, Read, Readings, Restarted, Serve, Write, Written
from network.placement import (
    NODES_MAX,
    PLACEMENT_KEY,
    PLACEMENT_TABLE,
    Placement,
    PlacementRecord,
    changing,
    placement_of,
)
from network.rpc import Patience, Peers
from partition.machine import Machine
from partition.split import Leaving
from partition.storage import Keep

REPEAT_FIRST_US, REPEAT_MOST_US = 40_000, 1_000_000
FOR_EVER = Patience(REPEAT_FIRST_US, REPEAT_MOST_US, None)
LOOK_FIRST_US = 1_000_000  # How soon a child looks for itself whether it has its range …
LOOK_MOST_US = 60_000_000  # … and how often at the end: of a split that was undone nobody tells.


class Mover:
    """One incarnation's."""

    def __init__(
        self,
        host: Host,
        peers: Peers,
        machine: Machine,
        placement: Placement,
        keep: Keep,
        *,
        deadline_us: int,
    ) -> None:
        self._host, self._peers, self._machine, self._keep = host, peers, machine, keep
        self._home, self._configured = placement.home, placement.configured
        self._patience = Patience(REPEAT_FIRST_US, REPEAT_MOST_US, deadline_us)
        self._is_giving = self._is_due = self._is_looking = False
        self._incarnation = 0  # Of the placement's home, as last heard.

    def go_on(self) -> None:
        """Take up what is unfinished: at a start, and when a change of the range is durable."""
        holding = self._machine.holding
        if holding.leaving is not None:
            self._is_due = self._is_giving
            if not self._is_giving:
                self._is_giving = True
                self._host.spawn(self._give(holding.leaving))
        elif holding.arriving is not None and not self._is_looking:
            self._is_looking = True
            self._host.spawn(self._look())

    async def _give(self, leaving: Leaving) -> None:
        """Carry the range over, let the placement decide, and do what it says."""
        self._host.note("partition.split_begun")
        arrived = await self._carry(leaving)
        placement = await self._decide(leaving, arrived=arrived)
        changes = self._machine.settle(placement, self._host.elapsed_us())
        await self._keep(changes)
        if placement.has(leaving.child):
            self._host.note("partition.split_committed")
            self._host.spawn(self._tell(leaving.child, placement))
        else:
            self._host.note("partition.split_undone")
        self._is_giving = False
        if self._is_due:  # The next one is durably begun; it may have been while this one ended.
            self.go_on()

    async def _tell(self, child: str, placement: PlacementRecord) -> None:
        """Tell the child that its range is its own, however long it is away."""
        await self._peers.ask(child, Serve(placement), FOR_EVER)

    async def _carry(self, leaving: Leaving) -> bool:
        """Have the child keep everything, durably; say whether it does."""
        for message in self._machine.carries():
            reply = await self._peers.ask(leaving.child, message, self._patience)
            if not isinstance(reply, Done):
                return False
        return True

    async def _decide(self, leaving: Leaving, *, arrived: bool) -> PlacementRecord:
        """Set the placement: the range is the child's, or it stays.  The commit point.

        Staying is set as well: a question of an earlier incarnation, which would give the range
        away, may still be on its way and must come too late.
        """
        while True:
            found = await self._find()
            if found.has(leaving.child):
                return found
            full = NODES_MAX in (len(found.partitions), len(found.ledgers))
            if arrived and not full:
                parent, at = self._machine.name, leaving.range.first
                wanted = found.split(parent, at, leaving.child)
            else:
                wanted = found.unchanged()
            if await self._set(wanted):
                return wanted

    async def _set(self, wanted: PlacementRecord) -> bool:
        """Compare and set; False if it was not set, or may have been: look at what is there."""
        while True:
            question = Write(changing(wanted), "NONE", self._incarnation, "")
            reply = await self._peers.ask(self._home, question, FOR_EVER)
            if not isinstance(reply, Restarted):
                return isinstance(reply, Written)
            self._incarnation = reply.incarnation

    async def _find(self) -> PlacementRecord:
        """Read the placement as it is now."""
        question = Read(((PLACEMENT_TABLE, PLACEMENT_KEY),), 0, "")
        while True:
            reply = await self._peers.ask(self._home, question, FOR_EVER)
            if isinstance(reply, Readings):
                item = reply.readings[0].item
                return self._configured if item is None else placement_of(item)

    async def _look(self) -> None:
        """Look, now and then, whether what arrives is ours by now: the parent's word may be lost.

        Perhaps with the parent itself, and the range must not wait for that.
        """
        pause_us = LOOK_FIRST_US
        await self._host.sleep(pause_us)
        while self._machine.holding.arriving is not None:
            # It may serve by now, and have begun to split: that is not decided here.
            changes = self._machine.take_up(await self._find(), self._host.elapsed_us())
            if changes is not None:
                await self._keep(changes)
            pause_us = min(2 * pause_us, LOOK_MOST_US)
            await self._host.sleep(pause_us)
