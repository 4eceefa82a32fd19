"""The server: a socket, a cluster behind it, and a clean end.

The order is what matters.  The port is taken first, so that whoever has it already is told at once;
then the data directory; then everything unfinished is finished (`waking`); only then does anybody
listen.  At the end nothing new is taken, what is under way is answered, and the disks are closed.
"""

import asyncio
import logging
import socket
import sys
from base64 import b32encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import cast

import uvicorn

from items.data import data
from router.api import OPERATIONS, WITHOUT_BODY
from router.http import Call, Head, HttpDoor, Identify
from router.identity import Door
from router.responses import REGION
from sim.chance import NamedChance
from sim.garbage import collecting, stays
from sim.trace import Listener
from twophase.ending_signals import ending_signals
from twophase.local.beside import BesideDoor
from twophase.local.cluster import LocalCluster, Nodes, impatient
from twophase.local.connection import Connection
from twophase.local.directory import Directory
from twophase.local.faults import Faults
from twophase.local.open_files import LastFiles, files_max, many_open_files
from twophase.local.secret import kept_secret
from twophase.local.telling import Telling
from twophase.local.trouble import Trouble, troubled_network
from twophase.local.waking import Waker
from twophase.local.world import RealClock, RealTimers, stopwatch_us
from twophase.os_errors import why

KEEP_ALIVE_SECONDS = 75  # Longer than clients keep an idle connection and hope to use it again.
STOP_SECONDS = 15  # Longer than any request takes (router/options.py).
# Requests make many records and few cycles.  A look at few young objects finds them in the
# processor's caches, one at many waits for each; those that are older are looked at rarely.
GC_THRESHOLDS = (2_000, 500, 50)
SWITCH_SECONDS = 0.0005  # A disk's thread waits no longer for the loop's, of which it needs little.


class ServeError(Exception):
    """Why nothing can be served, in one sentence."""


@data
class Asked:
    """What is to be served."""

    host: str = "127.0.0.1"
    port: int = 8000  # 0: any that is free.
    directory: Path | None = None  # None: in memory.
    nodes: Nodes = Nodes()
    seed: int = 0
    faults: Faults | None = None  # None: none, now or later, which costs nothing.
    control: bool = False  # Let people of this machine look inside, and change the faults.
    metrics: bool = False


@data
class Opened:
    """A door that is open."""

    url: str
    nodes: Nodes
    recovered: int  # Transactions that an earlier process left unfinished.


class _Door(uvicorn.Server):
    """A uvicorn server that leaves the signals to us and says when it listens."""

    def __init__(self, config: uvicorn.Config, asked: Asked, listens: Callable[[], None]) -> None:
        super().__init__(config)
        self._asked, self._listens = asked, listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except OSError as error:  # Somebody was faster to listen.
            raise cannot_listen(self._asked.host, self._asked.port, error) from error
        self._listens()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Take nothing new, answer what is under way; asked twice, do not wait for that."""
        self.force_exit = self.should_exit
        self.should_exit = True


class Server:
    """One served cluster."""

    def __init__(self, asked: Asked) -> None:
        """Take the port.

        Raises:
            ServeError: It cannot be had.
        """
        self.asked = asked
        self.socket = bound(asked.host, asked.port)
        self.url = url_of(self.socket)
        self.cluster: LocalCluster | None = None
        self.listener: Listener | None = None  # Of its events, if somebody watches.
        self.secret: str | None = None  # Of its control endpoint, while it serves.
        self._door: _Door | None = None

    async def serve(self, opened: Callable[[Opened], None]) -> None:
        """Serve until somebody asks to stop; `opened` is told when the door is open.

        Raises:
            StorageError: The data directory cannot be used.
            SecretError: The control endpoint can have no secret.
        """
        with ExitStack() as stack:
            stack.callback(self.socket.close)
            stack.callback(deafen, self.socket.dup())
            if self.asked.control:
                port = self.socket.getsockname()[1]
                self.secret = stack.enter_context(kept_secret(port))
            directory = None
            if self.asked.directory is not None:
                directory = Directory(self.asked.directory)
                stack.callback(directory.close)
            self.cluster = cluster = self._cluster(directory)
            stack.callback(cluster.close)
            if self.listener is not None:
                cluster.telling = Telling(self.listener, cluster.timers)
            cluster.start_all()
            recovered = await Waker(cluster).finish_all()
            cluster.answers.clear()  # Nobody has asked for anything yet.
            if cluster.trouble is not None and self.asked.faults is not None:
                cluster.trouble.change(self.asked.faults)
            await self._open(cluster, lambda: opened(Opened(self.url, cluster.nodes, recovered)))

    def _cluster(self, directory: Directory | None) -> LocalCluster:
        nodes, chance = self.asked.nodes, NamedChance(self.asked.seed)
        if self.asked.control or self.asked.metrics:
            nodes = replace(nodes, partition=replace(nodes.partition, counts_units=True))
        if self.asked.faults is None and not self.asked.control:
            return LocalCluster(nodes, chance, directory=directory)
        loop = asyncio.get_running_loop()
        network = troubled_network(loop, chance)
        trouble = Trouble(network, chance, RealTimers(loop))
        return LocalCluster(
            impatient(nodes), chance, network=network, directory=directory, trouble=trouble
        )

    async def _open(self, cluster: LocalCluster, listens: Callable[[], None]) -> None:
        asked = self.asked
        beside = BesideDoor(cluster, secret=self.secret, metrics=asked.metrics)
        door = HttpDoor(
            cluster.call,
            OPERATIONS,
            request_ids(asked.seed),
            without_body=WITHOUT_BODY,
            beside=beside.answer if asked.control or asked.metrics else None,
            identify=identified(cluster),
        )
        self._door = _Door(config_of(door), asked, listens)
        await self._door.serve([self.socket])

    def stop(self) -> bool:
        """Stop serving, on the loop's thread; False if the door is not open yet."""
        if self._door is None:
            return False
        self._door.stop()
        return True


def identified(cluster: LocalCluster) -> Identify | None:
    """Let in who signs as a principal, if there are any, and have their calls made as theirs."""
    permissions = cluster.nodes.router.permissions
    if permissions is None:
        return None
    door = Door(permissions, REGION, RealClock().now_us)

    def identify(head: Head, body: bytes) -> Call:
        return partial(cluster.call, caller=door.access_key(head, body))

    return identify


def run(server: Server, opened: Callable[[Opened], None]) -> None:
    """Serve in this thread until a signal comes."""

    async def serve() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"

        def stop() -> None:
            if not server.stop():
                task.cancel()

        for number in ending_signals():
            loop.add_signal_handler(number, stop)
        await server.serve(tell)

    def tell(told: Opened) -> None:
        stays()
        opened(told)

    # Cancelled: stopped before the door was open.
    with (
        tuned(),
        asyncio.Runner(loop_factory=new_loop) as runner,
        suppress(asyncio.CancelledError),  # As said above: a stop, and no error.
    ):
        runner.run(serve())


@contextmanager
def tuned() -> Iterator[None]:
    """Let this process be a server for a while."""
    switch_seconds = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with collecting(*GC_THRESHOLDS), many_open_files():
            yield
    finally:
        sys.setswitchinterval(switch_seconds)


def new_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop: uvloop's, which is faster, where it is installed."""
    try:
        import uvloop  # noqa: PLC0415  # Not on every platform.
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def config_of(door: HttpDoor) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    files = LastFiles(files_max(), stopwatch_us)
    # uvicorn asks for a class and calls it to make a connection.
    connections = cast("type[asyncio.Protocol]", partial(Connection, door, files))
    return uvicorn.Config(
        door,
        loop="none",
        http=connections,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def bound(host: str, port: int) -> socket.socket:
    """Take a port.

    Raises:
        ServeError
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise ServeError(
            f"there is no host {host!r} to listen on: give an address of this machine,"
            " as in --host 127.0.0.1"
        ) from None
    taken = socket.socket(family, kind, protocol)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # Some systems say no to IPv4 at `::` unless they are told.
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise cannot_listen(host, port, error) from error
    return taken


def deafen(listening: socket.socket) -> None:
    """Take no more connections: a process that was forked meanwhile has the port open as well."""
    with suppress(OSError), listening:  # Where it never listened there is nothing to end.
        listening.shutdown(socket.SHUT_RDWR)


def cannot_listen(host: str, port: int, error: OSError) -> ServeError:
    return ServeError(
        f"cannot listen on {host} port {port}: {why(error)}; choose another with --host or --port"
    )


def url_of(taken: socket.socket) -> str:
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def request_ids(seed: int) -> Callable[[], str]:
    """Mint the ids of answers: 52 letters and digits, each another."""
    numbers = count(1)
    digest = b32encode(blake2b(f"request ids of {seed}".encode(), digest_size=25).digest()).decode()

    def mint() -> str:
        return f"{digest}{next(numbers):012d}"

    return mint
