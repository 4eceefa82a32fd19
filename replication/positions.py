"""How far other regions have heard of this one's changes: a place in each shard, for each region.

A position is kept in an internal table on the ledger nodes, and only after the other region has
said that everything up to it is durable there.  A replicator that crashes in between sends some of
it again, which changes nothing; one that kept it before would leave out what it never sent.
"""

from items.actions import Put
from items.keys import Key
from items.values import AttributeValue
from network.host import Host
from network.messages import (
    Read,
    Readings,
    Restarted,
    Write,
    WriteRefused,
    Written,
)
from network.owners import Owners, Pauses, is_elsewhere
from network.placement import REPLICATION_TABLE, Placement
from network.rpc import Patience, Peers


class Positions:
    """One replicator's way to the positions."""

    def __init__(self, host: Host, peers: Peers, placement: Placement, patience: Patience) -> None:
        """Ask with a patience without end: nobody waits for an answer."""
        self._host, self._peers, self._placement = host, peers, placement
        self._owners = Owners(host, peers, placement)
        self._patience = patience
        self._incarnations: dict[str, int] = {}  # Of ledger nodes, as last heard.

    async def load(self, shard: str, region: str) -> int:
        """Return up to where a region has heard of a shard; 0 if it has not heard of it yet."""
        key = REPLICATION_TABLE, position_key(shard, region)
        question = Read((key,), 0, "")
        while True:
            ((_, reply),) = await self._owners.ask((key,), lambda _: question, self._patience)
            if isinstance(reply, Readings):
                item = reply.readings[0].item
                return 0 if item is None else int(item["Sequence"][1])
            await self._host.sleep(self._patience.first_us)  # It takes no new work now.

    async def save(self, shard: str, region: str, sequence: int) -> None:
        """Keep a position, unless there is a later one: a late copy takes nothing back."""
        action = moving(shard, region, sequence)
        pauses: Pauses | None = None
        while True:
            node = self._placement.owner(REPLICATION_TABLE, action.key)
            question = Write(action, "NONE", self._incarnations.get(node, 0), "")
            reply = await self._peers.ask(node, question, self._patience)
            match reply:
                case Written():
                    return
                case WriteRefused(error="ConditionalCheckFailedException"):
                    return
                case Restarted(incarnation=incarnation):
                    self._incarnations[node] = incarnation
                case _ if is_elsewhere(reply):
                    pauses = pauses or Pauses(self._host, self._placement)
                    await pauses.heed((reply,))
                case _:
                    await self._host.sleep(self._patience.first_us)


def position_key(shard: str, region: str) -> Key:
    return (("S", f"{shard} {region}"),)


def moving(shard: str, region: str, sequence: int) -> Put:
    """Make the write that moves a position forward."""
    key = position_key(shard, region)
    item: dict[str, AttributeValue] = {"Position": key[0], "Sequence": ("N", str(sequence))}
    return Put(
        REPLICATION_TABLE,
        key,
        item,
        "attribute_not_exists(#sequence) OR #sequence < :sequence",
        {"#sequence": "Sequence"},
        {":sequence": item["Sequence"]},
    )
