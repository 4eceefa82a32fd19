"""A whole cluster in one process: hosts, their disks and clocks, and the nodes that run on them.

A crash takes a host's node, memory and tasks and leaves its disk and its clock; a restart begins a
new incarnation on them.  No host shares an object with another: they meet in bytes.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from coordinator.manager import RecoveryManager
from coordinator.options import CoordinatorOptions
from coordinator.server import CoordinatorServer
from items.data import data
from items.keys import KeyAttribute, KeySchema
from network.host import Host
from network.ids import NEVER
from network.lossy import LossyNetwork, Uniform, Weather
from network.messages import Envelope
from network.placement import LEDGER_TABLE, TABLES_TABLE, Placement
from partition.machine import Machine, Output
from partition.options import PartitionOptions
from partition.record import TableState
from partition.server import PartitionServer
from partition.storage import Changes
from router.options import RouterOptions
from router.server import RouterServer
from sim.chance import NamedChance
from sim.client import Client, ClientOptions
from sim.clock import SkewedClock
from sim.disk import DiskSpeed, SimulatedDisk
from sim.history import History
from sim.loop import VirtualLoop
from sim.trace import Trace

INTERNAL_TABLES = (
    TableState(LEDGER_TABLE, KeySchema(KeyAttribute("Entry", "S"), None), NEVER),
    TableState(TABLES_TABLE, KeySchema(KeyAttribute("Name", "S"), None), NEVER),
)

Server: TypeAlias = PartitionServer | CoordinatorServer | RecoveryManager | RouterServer | Client


@data
class Shape:
    """How many there are of each kind of node."""

    partitions: int = 4
    coordinators: int = 2
    routers: int = 2
    ledgers: int = 1
    managers: int = 1
    clients: int = 4


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


class Witness(Protocol):
    """Whoever sees inside the nodes: the white-box checks."""

    def number(self) -> int:
        """Give this moment the next number."""

    def stepped(self, machine: Machine, envelope: Envelope, output: Output) -> None: ...

    def durable(self, node: str, number: int, changes: Changes) -> None: ...


class Cluster:
    """All hosts of one run."""

    def __init__(
        self,
        loop: VirtualLoop,
        chance: NamedChance,
        settings: Settings,
        *,
        history: History,
        witness: Witness,
    ) -> None:
        self.loop, self.chance, self.settings = loop, chance, settings
        self.trace = Trace(loop)
        self.network = LossyNetwork(loop, chance, settings.weather, self.trace)
        self.history, self.witness = history, witness
        shape = settings.shape
        self.partitions = names("p", shape.partitions)
        self.ledgers = names("l", shape.ledgers)
        self.coordinators = names("c", shape.coordinators)
        self.managers = names("m", shape.managers)
        self.routers = names("r", shape.routers)
        self.clients = names("k", shape.clients)
        self.placement = Placement(self.partitions, self.ledgers)
        self.failures: list[tuple[str, BaseException]] = []  # Bugs of nodes, with the node's name.
        self.servers: dict[str, Server] = {}
        self.hosts: dict[str, Host] = {}
        self._incarnations: dict[str, int] = {}
        self._clocks = {name: self._clock(name) for name in self.all_names()}
        self.disks = {name: self._disk(name) for name in (*self.partitions, *self.ledgers)}

    def all_names(self) -> list[str]:
        """Return all hosts, those first that others need."""
        return [
            *self.ledgers,
            *self.partitions,
            *self.managers,
            *self.coordinators,
            *self.routers,
            *self.clients,
        ]

    def start_all(self) -> None:
        for name in self.all_names():
            self.start(name)

    def is_up(self, name: str) -> bool:
        return name in self.servers

    def start(self, name: str) -> None:
        """Begin a new incarnation on this host's disk and clock; nothing happens if it is up."""
        if name in self.servers:
            return
        # The incarnation rises durably and is never a clock reading: a disk keeps its own, and for
        # a host without a disk the cluster does.
        stored = self.disks[name].load() if name in self.disks else None
        incarnation = stored.incarnation if stored else self._incarnations.get(name, 0) + 1
        self._incarnations[name] = incarnation
        host = Host(
            name,
            incarnation,
            loop=self.loop,
            transport=self.network,
            clock=self._clocks[name],
            timers=self.loop,
            chance=self.chance,
        )
        host.failed = self._failed
        host.noted = self.trace.noted
        self.hosts[name] = host
        self.trace.host("host.started", name)
        server = self.servers[name] = self._serve(name, host)(stored)
        self.network.join(name, server.receive)

    def crash(self, name: str) -> None:
        """Crash a host; nothing happens if it is down."""
        if name not in self.servers:
            return
        # Network, disk and memory refuse first; only then are the host's tasks dropped.
        self.network.leave(name)
        del self.servers[name]
        self.trace.host("host.crashed", name)
        if name in self.disks:
            self.disks[name].crash()
        self.hosts[name].crash()

    def is_incarnation_up(self, name: str, incarnation: int) -> bool:
        host = self.hosts.get(name)
        return host is not None and host.up and host.incarnation == incarnation

    def note(self, event: str) -> None:
        """Count an event that the witness saw."""
        self.trace.noted("witness", event, {})

    def stop(self) -> None:
        """End all nodes' tasks; nothing happens any more."""
        for host in self.hosts.values():
            host.crash()
        self.loop.run_for(0)

    def client(self, name: str) -> Client:
        client = self.servers[name]
        assert isinstance(client, Client)
        return client

    def machine(self, name: str) -> Machine | None:
        """Return the state of a partition or ledger node; None while it is down."""
        server = self.servers.get(name)
        return server.machine if isinstance(server, PartitionServer) else None

    def set_clock(self, name: str, offset_us: int) -> None:
        """Make a host's clock fast by so much, or slow."""
        self._clocks[name].offset_us = offset_us

    def _serve(self, name: str, host: Host) -> Callable[..., Server]:
        settings, placement = self.settings, self.placement
        match name[0]:
            case "p" | "l":
                return lambda stored: PartitionServer(
                    host,
                    self.disks[name],
                    stored,
                    placement.range_of(name),
                    settings.partition,
                    managers=self.managers,
                    observe=self.witness.stepped,
                )
            case "c":
                return lambda _: CoordinatorServer(host, placement, settings.coordinator)
            case "m":
                return lambda _: RecoveryManager(
                    host, placement, self.coordinators, settings.coordinator
                )
            case "r":
                return lambda _: RouterServer(host, placement, self.coordinators, settings.router)
            case _:
                return lambda _: Client(host, self.routers, settings.client, self.history)

    def _failed(self, node: str, error: BaseException) -> None:
        self.failures.append((node, error))

    def _clock(self, name: str) -> SkewedClock:
        skew_us = self.settings.clock_skew_us
        drawn = self.chance.site(f"{name} clock").below(2 * skew_us + 1)
        # 0, -1, 1, -2, 2 …: the calm choice is a clock that is right.
        return SkewedClock(self.loop, (drawn + 1) // 2 * (1 if drawn % 2 == 0 else -1))

    def _disk(self, name: str) -> SimulatedDisk:
        disk = SimulatedDisk(
            name,
            timers=self.loop,
            chance=self.chance,
            speed=self.settings.disk,
            number=self.witness.number,
            durable=self._durable,
        )
        if name in self.ledgers:
            disk.contents.take(Changes("born", NEVER, (), INTERNAL_TABLES, 0))
        return disk

    def _durable(self, host: str, number: int, changes: Changes) -> None:
        self.trace.durable(host, changes)
        self.witness.durable(host, number, changes)


def names(kind: str, count: int) -> list[str]:
    """Return the names of `count` nodes of one kind, as in p1, p2, p3."""
    return [f"{kind}{n}" for n in range(1, count + 1)]
