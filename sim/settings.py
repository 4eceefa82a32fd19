"""How large a cluster is, and all options of its nodes and of the world around them."""

from coordinator.options import CoordinatorOptions
from items.data import data
from network.weather import LogNormal, Uniform, Weather
from partition.options import PartitionOptions
from router.options import RouterOptions
from sim.client import ClientOptions
from sim.disk import DiskSpeed


@data
class Shape:
    """How many there are of each kind of node."""

    partitions: int = 4
    coordinators: int = 2
    routers: int = 2
    ledgers: int = 1
    managers: int = 1
    clients: int = 4
    followers: int = 0  # Of each partition.
    readers: int = 0  # Of streams.


@data
class Settings:
    """All options of all nodes, and of the world around them."""

    shape: Shape = Shape()
    weather: Weather = Weather(Uniform(200, 2_000))
    disk: DiskSpeed = DiskSpeed()
    clock_skew_us: int = 0  # A clock is off by up to this much, either way.
    partition: PartitionOptions = PartitionOptions()
    coordinator: CoordinatorOptions = CoordinatorOptions()
    router: RouterOptions = RouterOptions()
    client: ClientOptions = ClientOptions()
    clock_drift_ppm: int = 0  # A clock gains or loses up to this many µs a second.
    seals: bool = False  # Frames carry a checksum.
    follower_delay: Uniform | LogNormal = Uniform(5_000, 50_000)


def names(kind: str, count: int) -> list[str]:
    """Return the names of `count` nodes of one kind, as in p1, p2, p3."""
    return [f"{kind}{n}" for n in range(1, count + 1)]
