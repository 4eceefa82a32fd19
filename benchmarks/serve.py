"""How fast the server is, beside two others from PyPI: answers a second at 1 and 16 clients.

    python benchmarks/serve.py [--rounds 7] [--rivals DIR] [--alone]

All servers are processes of their own and keep everything in memory; one light client program asks
them all for the same things.  A machine that others use as well is twice as fast in one second as
in the next: so servers take turns of half a second, and what is told are the medians, of answers a
second and of how many times as many twophase gave as the other in the same round.  moto and
ministack pin libraries of their own, so they live in an environment of their own, which is made in
DIR (`.rivals`) if it is not there; `--alone` leaves them out.

Then, with `--data`, what group commit saves: transactions for each sync of a partition, counted.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

import httptools

from twophase.local.serving import new_loop
from twophase.testing import local_dynamodb

RIVALS = ("moto[server]==5.2.5", "ministack==1.5.33")
ITEMS = 1_000
VALUE = "x" * 200  # An item is about 230 bytes.
CLIENTS = (1, 16)
START_SECONDS = 60
TURN_SECONDS = 0.5
SYNCS_SECONDS = 3.0
TABLE = "benchmark"
HEAD = (
    "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\n"
    "x-amz-target: DynamoDB_20120810.{operation}\r\nx-amz-date: 20261122T000000Z\r\n"
    "authorization: AWS4-HMAC-SHA256 Credential=local/20261122/us-east-1/dynamodb/aws4_request,"
    " SignedHeaders=host;x-amz-date, Signature=0\r\ncontent-length: {length}\r\n\r\n"
)

Answer = tuple[int, bytes]  # Status and body.


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.usable = True
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._body = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> Awaitable[Answer]:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.usable = self._parser.should_keep_alive()
        body, self._body = self._body, b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), body))

    def connection_lost(self, _: Exception | None) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


class Client:
    """Asks again and again, over one connection where the server lets it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: Connection | None = None

    async def ask(self, request: bytes) -> Answer:
        connection = self._connection
        if connection is None or not connection.usable:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(Connection, "127.0.0.1", self._port)
            self._connection = connection
        return await connection.ask(request)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


# Requests -----------------------------------------------------------------------------------------


def request(operation: str, body: dict[str, Any]) -> bytes:
    content = json.dumps({"TableName": TABLE, **body} if "TransactItems" not in body else body)
    return (HEAD.format(operation=operation, length=len(content)) + content).encode()


def key(n: int) -> dict[str, Any]:
    return {"pk": {"S": f"key{n % ITEMS}"}}


def put(n: int) -> dict[str, Any]:
    return {"Item": {**key(n), "value": {"S": VALUE}}}


def both(entry: str, make: Callable[[int], dict[str, Any]], n: int) -> dict[str, Any]:
    """Make a transaction of two items that are far apart."""
    pair = (n, n + ITEMS // 2 + n // ITEMS % 7)
    return {"TransactItems": [{entry: {"TableName": TABLE, **make(one)}} for one in pair]}


REQUESTS: dict[str, list[bytes]] = {
    "PutItem": [request("PutItem", put(n)) for n in range(ITEMS)],
    "GetItem": [request("GetItem", {"Key": key(n)}) for n in range(ITEMS)],
    "TransactWriteItems (2)": [
        request("TransactWriteItems", both("Put", put, n)) for n in range(ITEMS)
    ],
    "TransactGetItems (2)": [
        request("TransactGetItems", both("Get", lambda m: {"Key": key(m)}, n)) for n in range(ITEMS)
    ],
}
NEW_TABLE = request(
    "CreateTable",
    {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
)
DESCRIBE = request("DescribeTable", {})


# Measuring ----------------------------------------------------------------------------------------


async def prepare(port: int) -> None:
    """Wait for the server, and fill a table."""
    client = Client(port)
    until = time.monotonic() + START_SECONDS
    status, told = 0, b""
    while status != 200:
        assert time.monotonic() < until, told
        try:
            status, told = await client.ask(NEW_TABLE)
        except OSError:
            await asyncio.sleep(0.1)
    while b'"ACTIVE"' not in told:
        _, told = await client.ask(DESCRIBE)
    for one in REQUESTS["PutItem"]:
        status, told = await client.ask(one)
        assert status == 200, told
    client.close()


async def measure(port: int, clients: int, requests: list[bytes], seconds: float) -> float:
    """Return the answers a second; a conflict is none."""
    answered = 0
    until = time.monotonic() + seconds

    async def work(n: int) -> None:
        nonlocal answered
        client = Client(port)
        turn = n * (ITEMS // clients)
        while time.monotonic() < until:
            status, told = await client.ask(requests[turn % ITEMS])
            assert status == 200 or b"TransactionConflict" in told, told
            answered += status == 200
            turn += 1
        client.close()

    began = time.monotonic()
    for done in [asyncio.ensure_future(work(n)) for n in range(clients)]:
        await done
    return answered / (time.monotonic() - began)


Figures = dict[tuple[str, int], dict[str, list[float]]]  # What, and how many clients: by server.


async def figures(ports: dict[str, int], rounds: int) -> Figures:
    """Measure all servers in turns."""
    for port in ports.values():
        await prepare(port)
    found: Figures = {}
    for clients in CLIENTS:
        for name, requests in REQUESTS.items():
            of_each = found[name, clients] = {server: [] for server in ports}
            for _ in range(rounds):
                for server, port in ports.items():
                    rate = await measure(port, clients, requests, TURN_SECONDS)
                    of_each[server].append(rate)
    return found


# Servers ------------------------------------------------------------------------------------------


def rivals_in(folder: Path) -> Path:
    """Return the folder of the rivals' commands; install them if they are not there."""
    commands = folder / "bin"
    stamp = folder / ".made"
    wanted = "\n".join(RIVALS)
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing {' and '.join(RIVALS)} into {folder} …", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        (folder / ".gitignore").write_text("*\n")
        install = ["-m", "pip", "install", "--quiet", *RIVALS]
        subprocess.run([str(commands / "python"), *install], check=True)  # noqa: S603  # Ours.
        stamp.write_text(wanted)
    return commands


def servers(rivals: Path | None) -> dict[str, Callable[[int], list[str]]]:
    """Return the commands that start each server on a port."""
    found: dict[str, Callable[[int], list[str]]] = {
        "twophase": lambda port: [sys.executable, "-m", "twophase", "serve", "--port", str(port)]
    }
    if rivals is not None:
        found["moto"] = lambda port: [str(rivals / "moto_server"), "-p", str(port)]
        found["ministack"] = lambda _: [str(rivals / "ministack")]
    return found


@contextmanager
def running(command: Callable[[int], list[str]]) -> Iterator[int]:
    """Run a server in memory on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(  # noqa: S603  # Our own command.
            command(port),
            cwd=folder,
            env={**os.environ, "GATEWAY_PORT": str(port), "PYTHONPATH": os.getcwd()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def show(found: Figures) -> None:
    (ours, *others), *_ = found.values()
    heads = "".join(f"{name:>12}" for name in (ours, *others))
    print(f"{'answers a second':<24}{'clients':>8}{heads}")
    for (name, clients), rates in found.items():
        row = "".join(f"{median(of_one):>12,.0f}" for of_one in rates.values())
        for other in others:
            rounds = zip(rates[ours], rates[other], strict=True)
            row += f"{median(mine / theirs for mine, theirs in rounds):>8.1f}×"
        print(f"{name:<24}{clients:>8}{row}")


def show_syncs() -> None:
    """Show how many transactions share a sync, on disks of this machine."""
    print("\nWith --data: committed transactions ÷ (all syncs ÷ partitions)")
    for clients in (1, 16, 64):
        with TemporaryDirectory() as folder, local_dynamodb(data=folder) as server:
            port = int(server.url.rpartition(":")[2])
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(prepare(port))
                before = server.cluster.syncs()
                writes = REQUESTS["TransactWriteItems (2)"]
                rate = runner.run(measure(port, clients, writes, SYNCS_SECONDS))
            syncs = server.cluster.syncs() - before
            partitions = len(server.cluster.partitions)
            each = rate * SYNCS_SECONDS / (syncs / partitions)
        print(f"{clients:>3} clients: {each:4.1f}   ({rate:,.0f} a second)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each server")
    parser.add_argument("--rivals", type=Path, default=Path(".rivals"), help="their environment")
    parser.add_argument("--alone", action="store_true", help="leave the rivals out")
    asked = parser.parse_args()
    rivals = None if asked.alone else rivals_in(asked.rivals.resolve())
    with ExitStack() as stack:
        commands = servers(rivals).items()
        ports = {name: stack.enter_context(running(command)) for name, command in commands}
        with asyncio.Runner(loop_factory=new_loop) as runner:
            show(runner.run(figures(ports, asked.rounds)))
    show_syncs()


if __name__ == "__main__":
    main()
