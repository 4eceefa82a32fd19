"""A cluster on real time: hosts with disks and clocks, nodes on them, and who looks after them.

It is `sim.cluster` with the world exchanged.  There are no client nodes: whoever has a request
brings it to a router here (`call`), and is told 'unknown outcome' if that router crashes meanwhile.
A host that fails (its disk does) is crashed and started again, as an operator would.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeAlias

import structlog

from coordinator.manager import RecoveryManager
from coordinator.options import CoordinatorOptions
from coordinator.server import CoordinatorServer
from items.data import data
from items.errors import INTERNAL_SERVER_ERROR, DynamoDBError
from network.host import Chance, Host, Receive
from network.messages import Response, as_it_is, written
from network.placement import Placement, followed_by, followers_of
from partition.feed import Feed
from partition.follower_server import FollowerOptions, FollowerServer
from partition.options import PartitionOptions
from partition.server import PartitionServer
from partition.sqlite import SqliteStorage, StorageError
from partition.storage import MemoryStorage
from router.options import RouterOptions
from router.server import RouterServer
from sim.internal_tables import HOME_TABLES, INTERNAL_TABLES
from sim.settings import names
from twophase.local.counting import Counts
from twophase.local.direct import DirectNetwork
from twophase.local.directory import Directory
from twophase.local.failed_disks import FailedDisks
from twophase.local.telling import Telling
from twophase.local.trouble import ANSWERED, NOT_ASKED, Trouble
from twophase.local.world import RealClock, RealTimers, stopwatch_us

PARTITIONS = 4
LEDGERS = MANAGERS = 1
RESTART_US = 200_000  # After a failure: so long a host stays down.
PATIENT_US = 1_000_000  # Nothing is lost on the way, so few questions are asked again …
IMPATIENT_US = 100_000  # … and where something is, all of them sooner.
SCAN_US = 5_000_000  # Between two looks through the ledger: partitions report what stalls as well.
TABLE_ANSWER_US = 1_000_000  # Longer than a table takes to come or go, unless nodes are down.
SILENCE_US = 2_000_000  # There, whoever was asked once and is silent for so long has not heard it.

Server: TypeAlias = (
    PartitionServer | FollowerServer | CoordinatorServer | RecoveryManager | RouterServer
)
Disk: TypeAlias = SqliteStorage | MemoryStorage

log = structlog.get_logger()


class Network(Protocol):
    """What hosts join: the direct network, or a lossy one."""

    def join(self, host: str, receive: Receive) -> None: ...

    def leave(self, host: str) -> None: ...

    def send(self, source: str, target: str, frame: Any) -> None: ...


@data
class Nodes:
    """How many nodes of each kind, and their options."""

    partitions: int | None = None  # None: as many as the directory was made with, or 4.
    coordinators: int = 2
    routers: int = 1  # Two would each believe their own memory of a table for a second.
    partition: PartitionOptions = PartitionOptions()
    coordinator: CoordinatorOptions = CoordinatorOptions(
        repeat_first_us=PATIENT_US, scan_us=SCAN_US
    )
    router: RouterOptions = RouterOptions(
        repeat_first_us=PATIENT_US, table_answer_us=TABLE_ANSWER_US
    )
    followers: int = 0  # Of each partition.
    follower: FollowerOptions = FollowerOptions()


def partitions_of(nodes: Nodes, directory: Directory | None) -> int:
    known = None if directory is None else directory.number("partitions")
    return nodes.partitions or known or PARTITIONS


def impatient(nodes: Nodes) -> Nodes:
    """Let them ask again soon: where messages get lost, each loss costs as long."""
    coordinator = replace(nodes.coordinator, repeat_first_us=IMPATIENT_US)
    router = replace(nodes.router, repeat_first_us=IMPATIENT_US, write_deadline_us=SILENCE_US)
    return replace(nodes, coordinator=coordinator, router=router)


class LocalCluster:
    """All hosts of one process."""

    def __init__(
        self,
        nodes: Nodes,
        chance: Chance,
        *,
        network: Network | None = None,
        directory: Directory | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        """Prepare the hosts; `directory` keeps what they store, memory does without one.

        `trouble` needs the network that it was made with.

        Raises:
            StorageError: The directory was made for another cluster, or a file is not usable.
        """
        self.loop = asyncio.get_running_loop()
        router = replace(nodes.router, tells_price=True)  # A table may be provisioned any time.
        nodes = replace(nodes, router=router)
        self.nodes = replace(nodes, partitions=partitions_of(nodes, directory))
        self.counts = Counts() if nodes.partition.counts_units else None  # None: nobody looks.
        if nodes.followers:
            router = replace(nodes.router, followers=nodes.followers)
            self.nodes = replace(self.nodes, router=router)
        self.chance = chance
        self.network = network or DirectNetwork(self.loop)
        self.framed = as_it_is if network is None else written
        self.timers = RealTimers(self.loop)
        self.partitions = names("p", self.nodes.partitions or PARTITIONS)
        self.ledgers = names("l", LEDGERS)
        self.placement = Placement(self.partitions, self.ledgers)  # As configured.
        if directory is not None:  # Splits of earlier processes have made more.
            for kind, known in (("p", self.partitions), ("l", self.ledgers)):
                known.extend(names(kind, directory.born(kind))[len(known) :])
        self.followers = names("f", len(self.placement.partitions) * nodes.followers)
        self.feeds: dict[str, Feed] = {}  # Of partitions that have followers.
        self.coordinators = names("c", nodes.coordinators)
        self.managers = names("m", MANAGERS)
        self.routers = names("r", nodes.routers)
        self.clocks = {name: RealClock() for name in self.all_names()}
        self.servers: dict[str, Server] = {}
        self.hosts: dict[str, Host] = {}
        self.disks: dict[str, Disk] = {}
        self._failed_disks = FailedDisks(self.timers.elapsed_us)
        self.trouble = trouble
        if trouble is not None:
            trouble.of(self)
        self.telling: Telling | None = None  # Whom all events are told; nobody, mostly.
        self._directory = directory
        self._incarnations: dict[str, int] = {}
        self.events: dict[str, int] = {}  # Of `network.events`: how often each was noted.
        self.answers: dict[tuple[str, str], int] = {}  # By operation, and 'done' or the error.
        self._requests = 0
        self._turn = 0
        self._is_closed = False
        # Requests under way, by router: whoever waits is told when the router crashes.
        self._under_way: dict[str, dict[int, asyncio.Task[Any]]]
        self._under_way = {name: {} for name in self.routers}
        if directory is not None:
            directory.settle("partitions", self.nodes.partitions or PARTITIONS)
            directory.refuse_others((*self.partitions, *self.ledgers))
        try:
            self._open_disks()
        except BaseException:
            self.close()
            raise

    def all_names(self) -> list[str]:
        """Return all hosts, those first that others need."""
        return [
            *self.ledgers,
            *self.partitions,
            *self.followers,
            *self.managers,
            *self.coordinators,
            *self.routers,
        ]

    def _check_known(self, name: str) -> None:
        if name not in self.clocks:  # A node has one for good, also while it is down.
            raise ValueError(f"there is no node {name!r}: there are {', '.join(self.all_names())}")

    def start_all(self) -> None:
        for name in self.all_names():
            self.start(name)

    def is_up(self, name: str) -> bool:
        return name in self.servers

    def start(self, name: str) -> None:
        """Begin a new incarnation on this host's disk and clock; nothing happens if it is up.

        Raises:
            ValueError: There is no such node.
        """
        self._check_known(name)
        if name in self.servers or self._is_closed:
            return
        disk = self.disks.get(name)
        stored = disk.load() if disk is not None else None
        host = Host(
            name,
            stored.incarnation if stored else self._next_incarnation(name),
            loop=self.loop,
            transport=self.network,
            clock=self.clocks[name],
            timers=self.timers,
            chance=self.chance,
            framed=self.framed,
        )
        host.failed = self._failed
        host.noted = self._noted
        if self.telling is not None:
            host.noted = self._noted_and_told
            self.telling.host("host.started", name)
        self.hosts[name] = host
        server = self.servers[name] = self._serve(name, host, stored)
        receive: Receive = server.receive
        if self.trouble is not None and isinstance(server, PartitionServer) and name[0] == "p":
            receive = self.trouble.gate(name, server)
        if name in self.feeds:
            receive = self.feeds[name].before(receive)
        self.network.join(name, receive)

    def crash(self, name: str) -> None:
        """Crash a host; nothing happens if it is down.

        Raises:
            ValueError: There is no such node.
        """
        self._check_known(name)
        if name not in self.servers:
            return
        self.network.leave(name)
        server = self.servers.pop(name)
        if self.counts is not None and isinstance(server, PartitionServer):
            self.counts.keep(server.machine.meters)
        disk = self.disks.get(name)
        if isinstance(disk, SqliteStorage):
            disk.crash()
        self.hosts[name].crash()
        if self.telling is not None:
            self.telling.host("host.crashed", name)
        for task in list(self._under_way.get(name, {}).values()):
            task.cancel()

    async def call(
        self, operation: str, body: Mapping[str, Any], call: str | None, caller: str = ""
    ) -> Response:
        """Have a router carry out one request, and wait for its answer."""
        counts = self.counts
        if counts is None:
            response = await self._called(operation, body, call, caller)
        else:
            began_us = stopwatch_us()
            response = await self._called(operation, body, call, caller)
            counts.answered(operation, body, response, stopwatch_us() - began_us)
        told = "done" if response.status == 200 else error_of(response)
        self.answers[operation, told] = self.answers.get((operation, told), 0) + 1
        return response

    async def _called(
        self, operation: str, body: Mapping[str, Any], call: str | None, caller: str
    ) -> Response:
        router = self._router()
        if router is None:
            return unknown()
        name, server = router
        host = self.hosts[name]
        self._requests = number = self._requests + 1
        request = f"{name}.{host.incarnation}#{number}"
        fate, marked = ANSWERED, ""
        if self.trouble is not None:
            fate, marked = self.trouble.begin(operation, body, request)
            if fate == NOT_ASKED:
                return unknown()
        task = asyncio.current_task(self.loop)
        assert task is not None, "a coroutine runs in a task"
        self._under_way[name][number] = task
        try:
            response = await server.api.call(
                operation, body, call=call, request=request, caller=caller
            )
        except asyncio.CancelledError:
            if host.up:
                raise  # The router did not crash: whoever asked is no more.
            task.uncancel()
            return unknown()
        except Exception as error:  # noqa: BLE001  # A bug: told to whoever looks after the hosts.
            if host.failed is not None:
                host.failed(name, error)
            return unknown()
        finally:
            self._under_way[name].pop(number, None)
            if marked and self.trouble is not None:
                self.trouble.end(marked)
        return response if fate == ANSWERED else unknown()

    def set_clock(self, name: str, offset_us: int) -> None:
        """Make a host's clock fast by so much, or slow."""
        self.clocks[name].offset_us = offset_us

    def close(self) -> None:
        """Stop all hosts, and let go of their disks; what they were told to write is written."""
        self._is_closed = True  # Whoever was to come up again, after a crash, does not.
        for name in reversed(self.all_names()):
            if name in self.servers:
                self.network.leave(name)
                del self.servers[name]
                self.hosts[name].crash()
        for disk in self.disks.values():
            if isinstance(disk, SqliteStorage):
                disk.close()

    def syncs(self) -> int:
        """Return how often disks were synced for appends."""
        return sum(disk.syncs for disk in self.disks.values() if isinstance(disk, SqliteStorage))

    # Nodes ------------------------------------------------------------------------------------

    def _router(self) -> tuple[str, RouterServer] | None:
        """Return a router that is up, each in turn."""
        for _ in self.routers:
            self._turn = (self._turn + 1) % len(self.routers)
            name = self.routers[self._turn]
            server = self.servers.get(name)
            if isinstance(server, RouterServer):
                return name, server
        return None

    def configured(self, kind: list[str]) -> tuple[str, ...]:
        """Return those partitions, or ledger nodes, that were not made by a split."""
        return self.placement.ledgers if kind is self.ledgers else self.placement.partitions

    def manager(self) -> RecoveryManager | None:
        """Return a recovery manager that is up, which can order a split."""
        found = (self.servers.get(name) for name in self.managers)
        return next((one for one in found if isinstance(one, RecoveryManager)), None)

    def add_for_split(self, kind: list[str]) -> str:
        """Make a host for the child of a split, and start it; it owns nothing yet.

        Raises:
            StorageError: Its file cannot be made; then there is no such host.
        """
        name = f"{kind[0][0]}{len(kind) + 1}"
        if self._directory is not None:
            self._directory.bear(kind[0][0], len(kind) + 1)
        self.disks[name] = self._open_disk(name)
        self.clocks[name] = RealClock()
        if self.trouble is not None:
            self.set_clock(name, self.trouble.clock_offset_us(name))
        try:
            self.start(name)
        except BaseException:
            disk = self.disks.pop(name)
            if isinstance(disk, SqliteStorage):
                disk.close()
            raise
        kind.append(name)
        return name

    def _serve(self, name: str, host: Host, stored: Any) -> Server:
        nodes, placement = self.nodes, self.placement.copy()
        match name[0]:
            case "f":
                leader = followed_by(name, nodes.followers)
                return FollowerServer(host, leader, nodes.follower)
            case "p" | "l":
                feed = self._feed(name, host)
                server = PartitionServer(
                    host,
                    feed or self.disks[name],
                    stored,
                    placement.range_of(name),
                    nodes.partition,
                    managers=self.managers,
                    observe=None if self.telling is None else self.telling.stepped,
                    placement=placement,
                )
                if feed is not None:
                    feed.serve(server)
                return server
            case "c":
                return CoordinatorServer(host, placement, nodes.coordinator)
            case "m":
                return RecoveryManager(host, placement, self.coordinators, nodes.coordinator)
            case _:
                return RouterServer(host, placement, self.coordinators, nodes.router)

    def _feed(self, name: str, host: Host) -> Feed | None:
        """Make the log of a partition that has followers; a split's child has none."""
        if not self.followers or name not in self.placement.partitions:
            return None
        told = followers_of(name, self.nodes.followers)
        feed = self.feeds[name] = Feed(host, self.disks[name], told)
        return feed

    def _next_incarnation(self, name: str) -> int:
        if self._directory is not None:
            return self._directory.next_incarnation(name)
        self._incarnations[name] = incarnation = self._incarnations.get(name, 0) + 1
        return incarnation

    # Disks and failures -------------------------------------------------------------------------

    def _open_disks(self) -> None:
        for name in (*self.partitions, *self.ledgers):
            self.disks[name] = self._open_disk(name)

    def _open_disk(self, name: str) -> Disk:
        # What is born of a split has its tables from its parent.
        born = (*INTERNAL_TABLES, *HOME_TABLES) if name in self.placement.ledgers else ()
        if self._directory is None:
            return MemoryStorage(born)
        file = self._directory.file_of(name)
        identity = self._directory.identity()
        disk = SqliteStorage(file, name, self.loop.call_soon_threadsafe, born, identity)
        try:
            self._directory.has_made(name)
        except BaseException:
            disk.close()
            raise
        disk.failed = partial(self._restart, name)
        return disk

    def _noted(self, _: str, event: str, __: dict[str, Any]) -> None:
        self.events[event] = self.events.get(event, 0) + 1

    def _noted_and_told(self, host: str, event: str, particulars: dict[str, Any]) -> None:
        self._noted(host, event, particulars)
        if self.telling is not None:
            self.telling.noted(host, event, particulars)

    def _failed(self, node: str, error: BaseException) -> None:
        log.error("node.failed", node=node, exc_info=error)

    def _restart(self, name: str, error: BaseException) -> None:
        """Crash a host whose disk failed, and start it again when it may have got over that."""
        # Of what no disk says of itself, a bug, it is told where it came from.
        bug = None if isinstance(error, sqlite3.Error | OSError) else error
        self._failed_disks.failed(name, error, bug)
        self.crash(name)
        self.timers.after(RESTART_US, self.start_again, name, None)

    def start_again(self, name: str, _: None) -> None:
        """Start a host as soon as its disk lets it."""
        try:
            self.start(name)
        except StorageError as error:
            self._failed_disks.failed(name, error)
            self.timers.after(RESTART_US, self.start_again, name, None)
        else:
            self._failed_disks.restarted(name)


def error_of(response: Response) -> str:
    return str(response.body.get("__type", response.status)).rpartition("#")[2]


def unknown() -> Response:
    """Answer that nobody knows what came of it."""
    error = DynamoDBError(INTERNAL_SERVER_ERROR)
    return Response(error.kind.status, error.body())
