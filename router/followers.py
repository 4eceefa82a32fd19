"""Reads that may be late: asked of a partition or of one of its followers, as drawn (§2.2, §3.1).

A client that does not say ConsistentRead takes what was current at some earlier moment.  So such a
read may go to any of those that keep the item.  A follower that is silent, or has not got what is
asked for, costs a moment: then the partition is asked, as it is for every other read.

A child that a split has made has no followers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from network.host import Host
from network.messages import (
    Eventual,
    NotMine,
    OfRange,
    Page,
    Read,
    Reading,
    Readings,
    RecordKey,
    Scan,
)
from network.owners import by_owner
from network.placement import Share, followers_of
from network.rpc import Ask, Patience, Peers
from router.nodes import EachReply, Nodes
from router.options import RouterOptions


def may_be_late(asked: Mapping[str, Any]) -> bool:
    """Say whether what is asked is content with what was current once (§2.2)."""
    return asked.get("ConsistentRead") is not True


class Followers:
    """The followers of all partitions, as one router sees them."""

    def __init__(self, host: Host, peers: Peers, nodes: Nodes, options: RouterOptions) -> None:
        self._peers, self._nodes = peers, nodes
        deadline_us = options.follower_deadline_us
        self._patience = Patience(deadline_us, deadline_us, deadline_us, repeats=False)
        self._site = host.site("follower")
        self._of = {
            share.node: followers_of(share.node, options.followers)
            for share in nodes.placement.configured.partitions
        }

    async def read(self, key: RecordKey, request: str) -> Reading | NotMine:
        """Read one item, wherever it is kept."""
        follower = self._drawn(self._nodes.placement.owner(*key))
        if follower:
            question = Eventual(Read((key,), 0, request))
            reply = await self._peers.ask(follower, question, self._patience)
            if isinstance(reply, Readings):
                return reply.readings[0]
        return await self._nodes.read(key, request, costs_half=True)

    async def read_all(
        self, keys: tuple[RecordKey, ...], late: Sequence[int], request: str
    ) -> list[EachReply]:
        """Read items, each as it is at its own moment; those at the places `late` may be late."""
        asks: list[Ask] = []
        asked: list[list[int]] = []
        for node, places in by_owner(self._nodes.placement, keys, late).items():
            follower = self._drawn(node)
            if follower:
                mine = tuple([keys[place] for place in places])
                asks.append((follower, Eventual(Read(mine, 0, request))))
                asked.append(places)
        found: dict[int, EachReply] = {}
        replies = await self._peers.ask_all(asks, self._patience)
        for places, reply in zip(asked, replies, strict=True):
            if isinstance(reply, Readings):
                found.update(zip(places, reply.readings, strict=True))
        left = [place for place in range(len(keys)) if place not in found]
        if left:
            halves = [n for n, place in enumerate(left) if place in late]
            rest_of = tuple([keys[place] for place in left])
            rest = await self._nodes.read_each(rest_of, request, halves)
            found.update(zip(left, rest, strict=True))
        return [found[place] for place in range(len(keys))]

    async def scan(self, share: Share, scan: Scan) -> Page | NotMine:
        """Read the next page of one partition."""
        follower = self._drawn(share.node)
        if follower:
            question = Eventual(OfRange(share.range, scan))
            reply = await self._peers.ask(follower, question, self._patience)
            if isinstance(reply, Page):
                return reply
        return await self._nodes.scan(share, scan)

    def _drawn(self, node: str) -> str:
        """Draw who is asked: the partition itself (''), which is the calm choice, or a follower."""
        followers = self._of.get(node, ())
        place = self._site.below(1 + len(followers)) if followers else 0
        return followers[place - 1] if place else ""
