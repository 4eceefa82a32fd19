"""A whole cluster in one process: hosts, their disks and clocks, and the nodes that run on them.

A crash takes a host's node, memory and tasks and leaves its disk and its clock; a restart begins a
new incarnation on them.  No host shares an object with another: they meet in bytes.
"""

from collections.abc import Iterable
from typing import Protocol

from coordinator.manager import RecoveryManager
from network.host import Host, Receive, Transport
from network.ids import NEVER
from network.lossy import LossyNetwork
from network.messages import Envelope, RecordKey
from network.placement import (
    NODES_MAX,
    PLACEMENT_KEY,
    PLACEMENT_TABLE,
    Placement,
    placement_of,
)
from partition.feed import Feed
from partition.follower_server import FollowerServer
from partition.machine import Machine, Output
from partition.record import Record
from partition.server import Observe, PartitionServer
from partition.storage import Changes
from router.server import RouterServer
from sim.chance import NamedChance
from sim.client import Client
from sim.clock import MILLION, DriftingClock, SkewedClock, clock_of
from sim.disk import DiskWatcher, SimulatedDisk
from sim.followed import Followed
from sim.history import History
from sim.internal_tables import HOME_TABLES, INTERNAL_TABLES, REGION_TABLES
from sim.loop import VirtualLoop
from sim.nodes import Server, node_on
from sim.regions.gate import Gate, Region
from sim.settings import Settings, names
from sim.trace import Trace


class Watcher(Protocol):
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
        witness: Watcher,
        region: Region | None = None,
    ) -> None:
        """Set up all hosts; of one of several regions if a `region` is given."""
        self.region = region
        self.loop, self.chance, self.settings = loop, chance, settings
        self.trace = Trace(loop)
        self.network = LossyNetwork(
            loop, chance, settings.weather, self.trace, seals=settings.seals
        )
        # What hosts send through, and who sees the steps of partitions: faults that are placed on
        # steps of the protocol come in between.
        self.transport: Transport = self.network
        self.observe: Observe = witness.stepped
        self.history, self.witness = history, witness
        shape = settings.shape
        self.partitions = names("p", shape.partitions)
        self.ledgers = names("l", shape.ledgers)
        self.coordinators = names("c", shape.coordinators)
        self.managers = names("m", shape.managers)
        self.routers = names("r", shape.routers)
        self.clients = names("k", shape.clients)
        self.readers = names("s", shape.readers)
        self.read_history = History()  # What readers asked, apart from what is judged.
        self.followers = names("f", shape.partitions * shape.followers)
        self.replicators = names("x", 1) if region is not None else []
        self.feeds: dict[str, Feed] = {}  # Of partitions that have followers.
        self.followed = Followed(loop, witness.number) if shape.followers else None
        self.placement = Placement(self.partitions, self.ledgers)  # As configured.
        self.failures: list[tuple[str, BaseException]] = []  # Bugs of nodes, with the node's name.
        self.servers: dict[str, Server] = {}
        self.hosts: dict[str, Host] = {}
        self._incarnations: dict[str, int] = {}
        self._throttled: set[str] = set()
        self.disk_watcher: DiskWatcher | None = None  # Of disks that are yet to come.
        self._clocks = {name: self._clock(name) for name in self.all_names()}
        offsets = [abs(clock.offset_us) for clock in self._clocks.values()]
        self._offset_us_max = max(settings.clock_skew_us, *offsets)  # Of any clock so far.
        self.disks = {name: self._disk(name) for name in (*self.partitions, *self.ledgers)}

    def all_names(self) -> list[str]:
        """Return all hosts, those first that others need."""
        return [
            *self.ledgers,
            *self.partitions,
            *self.followers,
            *self.managers,
            *self.coordinators,
            *self.routers,
            *self.replicators,
            *self.clients,
            *self.readers,
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
            transport=self._transport_of(name),
            clock=self._clocks[name],
            timers=self.loop,
            chance=self.chance,
        )
        host.failed = self._failed
        host.noted = self.trace.noted
        self.hosts[name] = host
        self.trace.host("host.started", name)
        server = self.servers[name] = node_on(host, stored, self)
        if name in self._throttled and isinstance(server, PartitionServer):
            server.machine.throttled = True
        feed = self.feeds.get(name)
        receive: Receive = server.receive
        self.network.join(name, receive if feed is None else feed.before(receive))

    def crash(self, name: str, *, keeps: int | None = None, tears: bool = False) -> None:
        """Crash a host; nothing happens if it is down.

        Of what its disk had not synced `keeps` appends are there nevertheless, as many as chance
        says if it is None; `tears` leaves a part of the next one there.
        """
        if name not in self.servers:
            return
        # Network, disk and memory refuse first; only then are the host's tasks dropped.
        self.network.leave(name)
        del self.servers[name]
        self.trace.host("host.crashed", name)
        if name in self.disks:
            self.disks[name].crash(keeps=keeps, tears=tears)
        self.hosts[name].crash()

    def pause(self, name: str) -> None:
        """Let a host stand still; nothing happens if it is down, or does so already."""
        if name in self.servers and self.hosts[name].awake:
            self.network.pause(name)
            self.hosts[name].pause()
            self.trace.host("host.paused", name)

    def resume(self, name: str) -> None:
        """Let a host go on after its pause: what is due comes first, then what has arrived."""
        if name in self.servers and not self.hosts[name].awake:
            self.trace.host("host.resumed", name)
            self.hosts[name].resume()
            self.network.resume(name)

    def throttle(self, name: str, *, is_on: bool) -> None:
        """Let a partition refuse new work, or take it again; a restart does not change that."""
        if is_on == (name in self._throttled):
            return
        if is_on:
            self._throttled.add(name)
        else:
            self._throttled.remove(name)
        machine = self.machine(name)
        if machine is not None:
            machine.throttled = is_on
        self.trace.fault("partition.throttled" if is_on else "partition.relented", host=name)

    def is_paused(self, name: str) -> bool:
        host = self.hosts.get(name)
        return host is not None and host.up and not host.awake

    def add_for_split(self, parent: str) -> str:
        """Set up a host for a partition's child; return its name, empty if there is no room.

        It begins when it is started, and owns nothing until a split has given it something.
        """
        kind = self.ledgers if parent in self.ledgers else self.partitions
        if len(kind) >= NODES_MAX:
            return ""
        name = f"{parent[0]}{len(kind) + 1}"
        kind.append(name)
        self._clocks[name] = self._clock(name)
        self.disks[name] = self._disk(name)
        return name

    def split(self, parent: str, at: int, child: str) -> bool:
        """Order a partition to split, as an operator does, through a recovery manager's node.

        Says whether there was a node to order it through; what comes of it is another matter.
        """
        managers = (self.servers.get(name) for name in self.managers)
        manager = next((one for one in managers if isinstance(one, RecoveryManager)), None)
        if manager is not None:
            manager.order_split(parent, at, child)
        return manager is not None

    def look_for_tables(self) -> None:
        """Have all routers take tables further whose mover may be dead (`tables_check_us`)."""
        for name in self.routers:
            router = self.servers.get(name)
            if isinstance(router, RouterServer):
                router.look_for_tables()

    def records_of(self, name: str) -> Iterable[tuple[RecordKey, Record]]:
        """Return what a node's disk has of its own range: copies for a split may be left over."""
        contents = self.disks[name].contents
        if contents.holding is None:
            return contents.records.items()
        owned = self.placement_now().range_of(name)
        return [one for one in contents.records.items() if owned.has(one[0][1])]

    def placement_now(self) -> Placement:
        """Return who owns what, by the disk that says so."""
        found = self.placement.copy()
        place = (PLACEMENT_TABLE, PLACEMENT_KEY)
        record = self.disks[found.home].contents.records.get(place)
        if record is not None and record.item is not None:
            found.learn(placement_of(record.item))
        return found

    def is_incarnation_up(self, name: str, incarnation: int) -> bool:
        host = self.hosts.get(name)
        return host is not None and host.up and host.incarnation == incarnation

    def elapsed_us(self) -> int:
        return self.loop.now_us

    def serving(self) -> tuple[str, ...]:
        """Return the partitions that have a range, by the disk that says so."""
        return self.placement_now().partitions

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

    def follower(self, name: str) -> FollowerServer | None:
        """Return a follower; None while it is down."""
        server = self.servers.get(name)
        return server if isinstance(server, FollowerServer) else None

    def clocks_apart_us(self) -> int:
        """Bound by how much two hosts' clocks may have differed so far."""
        drifted_us = self.loop.now_us * self.settings.clock_drift_ppm // MILLION
        return 2 * (self._offset_us_max + drifted_us)

    def set_clock(self, name: str, offset_us: int) -> None:
        """Make a host's clock fast by so much, or slow."""
        self._clocks[name].offset_us = offset_us
        self._offset_us_max = max(self._offset_us_max, abs(offset_us))

    def step_clock(self, name: str, by_us: int) -> None:
        """Let a host's clock jump, forward or back."""
        self.set_clock(name, self._clocks[name].offset_us + by_us)
        self.trace.fault("clock.jumped", host=name, by_us=by_us)

    def _transport_of(self, name: str) -> Transport:
        """Return what a host sends through; a replicator's goes further than others'."""
        if self.region is None or name not in self.replicators:
            return self.transport
        return Gate(self.region, self.transport)

    def _failed(self, node: str, error: BaseException) -> None:
        self.failures.append((node, error))

    def _clock(self, name: str) -> SkewedClock | DriftingClock:
        settings = self.settings
        skew_us, drift_ppm = settings.clock_skew_us, settings.clock_drift_ppm
        return clock_of(name, self.loop, self.chance, skew_us=skew_us, drift_ppm=drift_ppm)

    def _disk(self, name: str) -> SimulatedDisk:
        disk = SimulatedDisk(
            name,
            timers=self.loop,
            chance=self.chance,
            speed=self.settings.disk,
            number=self.witness.number,
            durable=self._durable,
            noted=self._disk_noted,
        )
        disk.watcher = self.disk_watcher
        # A node that is born of a split has its tables from its parent.
        if name in self.placement.ledgers:
            tables = INTERNAL_TABLES + (HOME_TABLES if name == self.placement.home else ())
            if self.region is not None:
                tables += REGION_TABLES
            disk.contents.take(Changes("born", NEVER, (), tables, 0))
        return disk

    def _disk_noted(self, event: str, host: str) -> None:
        self.trace.fault(event, host=host)

    def _durable(self, host: str, number: int, changes: Changes) -> None:
        self.trace.durable(host, changes)
        self.witness.durable(host, number, changes)
        if self.followed is not None:
            self.followed.durable(host, changes)
