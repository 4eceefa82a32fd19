"""Which node runs on which host: its name's first letter says so, and a restart makes it anew."""

from typing import Protocol, TypeAlias

from coordinator.manager import RecoveryManager
from coordinator.server import CoordinatorServer
from network.host import Host
from network.placement import Placement, followed_by, followers_of
from partition.feed import Feed
from partition.follower_server import FollowerOptions, FollowerServer
from partition.server import Observe, PartitionServer
from partition.storage import Stored
from replication.replicator import Replicator
from router.server import RouterServer
from sim.client import Client
from sim.disk import SimulatedDisk
from sim.followed import Followed
from sim.history import History
from sim.regions.gate import Region
from sim.settings import Settings, names

Server: TypeAlias = (
    PartitionServer
    | FollowerServer
    | CoordinatorServer
    | RecoveryManager
    | RouterServer
    | Replicator
    | Client
)


class Around(Protocol):
    """What nodes are told of the cluster around them, and who looks at them there."""

    settings: Settings
    region: Region | None
    placement: Placement
    managers: list[str]
    coordinators: list[str]
    routers: list[str]
    disks: dict[str, SimulatedDisk]
    feeds: dict[str, Feed]
    observe: Observe
    followed: Followed | None
    history: History
    read_history: History


def node_on(host: Host, stored: Stored | None, around: Around) -> Server:
    """Begin the node of a host; `stored` is what its disk has, if it has a disk."""
    settings, kind = around.settings, host.name[0]
    if kind in "pl":
        assert stored is not None, "these have disks"
        return _partition(host, stored, around)
    if kind == "f":
        leader = followed_by(host.name, settings.shape.followers)
        options = FollowerOptions(settings.follower_delay, settings.partition.page_bytes_max)
        watch = None if around.followed is None else around.followed.answered
        return FollowerServer(host, leader, options, watch)
    if kind in "ks":
        history = around.history if kind == "k" else around.read_history
        return Client(host, around.routers, settings.client, history)
    placement = around.placement.copy()
    match kind:
        case "c":
            return CoordinatorServer(host, placement, settings.coordinator)
        case "m":
            return RecoveryManager(host, placement, around.coordinators, settings.coordinator)
        case "r":
            return RouterServer(host, placement, around.coordinators, settings.router)
        case _:
            region = around.region
            assert region is not None, "only regions have replicators"
            return Replicator(host, placement, region.name, region.others, region.options)


def _partition(host: Host, stored: Stored, around: Around) -> PartitionServer:
    """Begin a partition or ledger node, and the feed of a partition that has followers."""
    settings, disk = around.settings, around.disks[host.name]
    count, feed = settings.shape.followers, None
    # A split's child has none.
    if count and host.name in names("p", settings.shape.partitions):
        feed = around.feeds[host.name] = Feed(host, disk, followers_of(host.name, count))
    server = PartitionServer(
        host,
        disk if feed is None else feed,
        stored,
        around.placement.range_of(host.name),
        settings.partition,
        managers=around.managers,
        observe=around.observe,
        placement=around.placement,
    )
    if feed is not None:
        feed.serve(server)
    return server
