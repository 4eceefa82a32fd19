"""Takes a region's changes to the other regions: a reader of its streams, as any other is.

Each shard is read for each other region by itself, parents before children, so that a region that
cannot be reached holds up nobody else.  What came from another region is not sent on: that region
has told everybody itself, and the change would go round for ever.
"""

from collections.abc import Iterable, Sequence

from items.data import data
from network.host import Host
from network.ids import version_of
from network.messages import (
    Changed,
    FindShards,
    ReadStream,
    Replica,
    ShardGone,
    Shards,
    StreamPage,
)
from network.placement import Placement
from network.rpc import Ask, Peers
from network.streams import Shard, StreamRecord, node_of_shard
from replication.options import ReplicationOptions
from replication.positions import Positions


@data
class Way:
    """From one shard to one other region."""

    shard: str
    region: str


class Sender:
    """One replicator's."""

    def __init__(
        self,
        host: Host,
        peers: Peers,
        placement: Placement,
        options: ReplicationOptions,
        *,
        region: str,
        others: Sequence[str],
    ) -> None:
        """Send what changes in a region to the others."""
        self._host, self._peers, self._placement, self._options = host, peers, placement, options
        self._region, self._others = region, tuple(others)
        self._kept = Positions(host, peers, placement, options.near)
        self._shards: dict[str, Shard] = {}  # As last seen.
        self.positions: dict[Way, int] = {}  # Up to where each region has everything.
        self._ended: dict[Way, bool] = {}  # Ways with nothing left to be sent on them.

    async def watch(self) -> None:
        """Follow every shard of a global table that there is, or comes to be."""
        while True:
            for shard in await self._find_shards():
                if shard.stream.region:
                    self._shards[shard.id] = shard
            self._follow_all()
            await self._host.sleep(self._options.look_us)

    async def _find_shards(self) -> list[Shard]:
        """Ask all partitions; a child that nobody has told us of is there the next time."""
        nodes = self._placement.partitions
        asks: list[Ask] = [(node, FindShards("", "")) for node in nodes]
        replies = await self._peers.ask_all(asks, self._options.near)
        found: list[Shard] = []
        for reply in replies:
            if isinstance(reply, Shards):
                found += reply.shards
                self._placement.learn(reply.placement)
        return found

    def _follow_all(self) -> None:
        """Begin with every shard whose parent has been read to its end, or is there no more."""
        for shard in self._shards.values():
            for region in self._others:
                way = Way(shard.id, region)
                if way not in self.positions and self._may_begin(shard, region):
                    self.positions[way] = 0
                    self._host.spawn(self._follow(way))

    def _may_begin(self, shard: Shard, region: str) -> bool:
        return shard.parent not in self._shards or Way(shard.parent, region) in self._ended

    async def _follow(self, way: Way) -> None:
        """Send what a shard has to one region, until it ends."""
        options = self._options
        self.positions[way] = await self._kept.load(way.shard, way.region)
        while True:
            question = ReadStream(
                way.shard, self.positions[way], options.records_max, options.bytes_max
            )
            page = await self._peers.ask(node_of_shard(way.shard), question, options.near)
            match page:
                case StreamPage():
                    await self._send(way, page)
                    if page.ends:
                        break
                case ShardGone(is_trimmed=True):
                    self._leave_out(way)
                case ShardGone():
                    break
                case _:
                    await self._host.sleep(options.poll_us)
        self._ended[way] = True
        self._follow_all()

    async def _send(self, way: Way, page: StreamPage) -> None:
        """Send a page of records on, or wait a moment if there are none."""
        if not page.records:
            if not page.ends:
                await self._host.sleep(self._options.poll_us)
            return
        own = [record for record in page.records if is_own(record, self._others)]
        if own:
            await self._hand_over(way, own, page.after)
        self.positions[way] = page.after

    async def _hand_over(self, way: Way, records: Sequence[StreamRecord], after: int) -> None:
        """Have a region take these in, and only then keep that it has."""
        await self._tell(way, records)
        await self._kept.save(way.shard, way.region, after)

    async def _tell(self, way: Way, records: Iterable[StreamRecord]) -> None:
        name = self._shards[way.shard].stream.table_name
        replicas = tuple(replica_of(record, self._region) for record in records)
        message = Changed(self._region, name, replicas)
        await self._peers.ask(f"{way.region}.{self._host.name}", message, self._options.far)

    def _leave_out(self, way: Way) -> None:
        """Go on after what was kept for long enough, and is gone: the region was away too long."""
        self._host.note("replication.trimmed", shard=way.shard, region=way.region)
        self.positions[way] = max(self.positions[way] + 1, self._shards[way.shard].trimmed)


def is_own(record: StreamRecord, others: Sequence[str]) -> bool:
    """Say whether a change was made in this region: another one's is stamped with its name."""
    return record.timestamp.node not in others


def replica_of(record: StreamRecord, region: str) -> Replica:
    """Write a change as other regions are to hear of it."""
    return Replica(record.key, record.new, version_of(record.timestamp, region))
