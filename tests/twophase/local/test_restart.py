"""kill -9 at any moment: what was acknowledged is there, nothing is half there, tokens hold.

The server is a process of its own, so that the end is a real one.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.twophase.light import (
    TABLE,
    Client,
    RefusedError,
    add,
    get,
    grown,
    make_table,
    new_table,
    put,
    snapshot,
    together,
    transfer,
)

ACCOUNTS = [f"account{n}" for n in range(6)]
EACH = 1_000
WRITERS = 12


class Process:
    """`twophase serve --data` as somebody would start it."""

    running: ClassVar[list[subprocess.Popen[str]]] = []

    def __init__(self, folder: Path, *words: str, port: int = 0) -> None:
        command = [sys.executable, "-m", "twophase", "serve", "--port", str(port), *words]
        self.popen = subprocess.Popen(
            [*command, "--data", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.running.append(self.popen)
        self.told = ""
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.told += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"AWS_ENDPOINT_URL=(\S+)", self.told)
        assert found is not None, self.told
        self.url = found[1]
        self.port = int(self.url.rpartition(":")[2])

    def end(self, number: int = signal.SIGKILL) -> int:
        self.popen.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; return its exit code."""
        code = self.popen.wait(30)
        assert self.popen.stdout is not None
        self.told += self.popen.stdout.read()
        self.popen.stdout.close()
        self.running.remove(self.popen)
        return code


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    for process in Process.running:  # Of a test that failed.
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    Process.running.clear()


def one(url: str, operation: str, body: dict[str, Any]) -> Any:
    (answer,) = together(url, 1, lambda client, _: client.call(operation, body))
    return answer


def fill(url: str) -> None:
    async def work(client: Client, _: int) -> None:
        await make_table(client)
        for name in ACCOUNTS:
            await client.call("PutItem", put(name, EACH))

    assert together(url, 1, work) == [None]


class Bank:
    """Writers that never stop: what each was told, and what it is still not sure of."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: Counter[str] = Counter()
        self.counted: dict[str, int] = {}  # By writer: additions that were acknowledged.
        self.unsure: dict[str, int] = {}  # By writer: additions of which nobody knows.
        self.over = False

    async def write(self, client: Client, n: int) -> None:
        turn = n
        while not self.over:
            turn += 1
            source = ACCOUNTS[turn % len(ACCOUNTS)]
            target = ACCOUNTS[(turn + 1 + turn // 7 % 4) % len(ACCOUNTS)]
            await self.surely(client, transfer(source, target, 1, token=f"{n}-{turn}"))
            await self.count(client, f"counter{n}")

    async def surely(self, client: Client, request: dict[str, Any]) -> None:
        """Ask under one token until the outcome is known, as SDKs do."""
        call = request["ClientRequestToken"]
        while not self.over:
            try:
                await client.call("TransactWriteItems", request, amz_sdk_invocation_id=call)
            except RefusedError as refused:
                self.told[refused.name] += 1
                if refused.name not in ("TransactionInProgressException", "InternalServerError"):
                    return
            except (OSError, EOFError):
                self.told["broken"] += 1
                await asyncio.sleep(0.02)
            else:
                self.told["committed"] += 1
                return

    async def count(self, client: Client, name: str) -> None:
        """Add one in a transaction of one's own, without any retry."""
        request = {"TransactItems": [{"Update": add(name, 1)}, {"Update": add(f"{name}-twin", 1)}]}
        try:
            await client.call("TransactWriteItems", request)
        except (OSError, EOFError):
            self.unsure[name] = self.unsure.get(name, 0) + 1
        except RefusedError as refused:
            self.told[refused.name] += 1
            if refused.status == 500:
                self.unsure[name] = self.unsure.get(name, 0) + 1
        else:
            self.counted[name] = self.counted.get(name, 0) + 1


def test_kill_9_under_load_loses_nothing_and_leaves_nothing_half(folder: Path, soak: bool) -> None:
    process = Process(folder)
    fill(process.url)
    bank = Bank(process.url)
    ends = 8 if soak else 2

    async def work(client: Client, n: int) -> None:
        if n < WRITERS:
            await bank.write(client, n)
            return
        nonlocal process
        for _ in range(ends):
            await grown(bank.told, "committed", 300 if soak else 50)
            process = await asyncio.to_thread(killed_and_started_again, process, folder)
        await grown(bank.told, "committed", 50)
        bank.over = True

    for result in together(process.url, WRITERS + 1, work):
        assert result is None, result
    process = killed_and_started_again(process, folder)
    read = one(process.url, "TransactGetItems", snapshot(ACCOUNTS))
    balances = [int(found["Item"]["v"]["N"]) for found in read["Responses"]]

    assert sum(balances) == EACH * len(ACCOUNTS)
    assert bank.told["broken"] > 0, bank.told
    for name, counted in bank.counted.items():
        value, twin = (
            int(one(process.url, "GetItem", get(each))["Item"]["v"]["N"])
            for each in (name, f"{name}-twin")
        )
        assert value == twin
        assert counted <= value <= counted + bank.unsure.get(name, 0)
    assert process.end(signal.SIGTERM) == 0


def killed_and_started_again(process: Process, folder: Path) -> Process:
    assert process.end(signal.SIGKILL) == -signal.SIGKILL
    return Process(folder, port=process.port)


def test_a_token_is_honoured_across_a_restart(folder: Path) -> None:
    process = Process(folder)
    fill(process.url)
    request = transfer("account0", "account1", 5, token="token")
    assert one(process.url, "TransactWriteItems", request) == {}
    process = killed_and_started_again(process, folder)

    assert one(process.url, "TransactWriteItems", request) == {}
    other = one(
        process.url, "TransactWriteItems", {**request, "TransactItems": [{"Put": put("x", 1)}]}
    )
    assert isinstance(other, RefusedError)
    assert other.name == "IdempotentParameterMismatchException"
    assert one(process.url, "GetItem", get("account1"))["Item"]["v"] == {"N": "1005"}
    assert process.end(signal.SIGTERM) == 0


def test_a_table_that_was_on_its_way_has_arrived_when_the_door_opens(folder: Path) -> None:
    process = Process(folder)
    for n in range(5):
        assert "TableDescription" in one(process.url, "CreateTable", new_table(f"table{n}"))
    one(process.url, "DeleteTable", {"TableName": "table0"})
    process = killed_and_started_again(process, folder)

    for n in range(1, 5):
        shown = one(process.url, "DescribeTable", {"TableName": f"table{n}"})
        assert shown["Table"]["TableStatus"] == "ACTIVE"
    assert "table0" not in one(process.url, "ListTables", {})["TableNames"]
    assert process.end(signal.SIGTERM) == 0


def test_a_stop_answers_what_is_under_way_and_refuses_what_is_new(folder: Path) -> None:
    process = Process(folder)
    fill(process.url)
    results: Counter[str] = Counter()

    async def work(client: Client, n: int) -> None:
        if n == 0:
            await grown(results, "200", 20)
            process.popen.send_signal(signal.SIGINT)
            return
        while True:
            try:
                status, _ = await client.ask("PutItem", put(f"{n}", 1))
            except ConnectionRefusedError:
                results["refused"] += 1
                return
            except (OSError, EOFError):
                results["closed"] += 1
                continue
            results[str(status)] += 1

    assert together(process.url, 8, work) == [None] * 8
    assert process.ended() == 0

    assert set(results) <= {"200", "closed", "refused"}
    assert results["refused"] == 7


def test_what_was_written_before_a_stop_is_there_after_it(folder: Path) -> None:
    process = Process(folder)
    fill(process.url)
    assert process.end(signal.SIGTERM) == 0
    process = Process(folder)

    assert one(process.url, "GetItem", get("account3", TABLE))["Item"]["v"] == {"N": "1000"}
    assert process.end(signal.SIGTERM) == 0
    # After a clean stop nothing is left beside the data: no journal to take along.
    assert [path.name for path in folder.iterdir() if path.suffix in (".sqlite-wal", "-shm")] == []
