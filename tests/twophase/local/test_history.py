"""What clients of a served cluster see is judged by `twophase check`: a serial order, in real time.

Each client appends to lists and reads them, in transactions and by itself, and notes what it asked
for and was told; a list that is read tells the whole order of what was written to it before.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.twophase.light import TABLE, Client, RefusedError, grown, key, make_table, together
from tests.twophase.local.test_restart import Process, killed_and_started_again
from twophase.cli.main import main
from twophase.testing import local_dynamodb

KEYS = ["x", "y", "z", "w"]
CLIENTS = 10
UNKNOWN = ("InternalServerError", "TransactionInProgressException")

Told = list[list[Any]]  # Operations as `twophase check` reads them.


class Recorder:
    """Writes down what clients ask for and are told, in the order in which it happens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kinds: Counter[str] = Counter()
        self._lines: list[str] = []
        self._values = 0
        self._processes = 0

    def process(self) -> int:
        self._processes += 1
        return self._processes

    def note(self, kind: str, process: int, value: Told) -> None:
        self.kinds[kind] += 1
        line = {
            "index": len(self._lines),
            "type": kind,
            "process": process,
            "f": "txn",
            "value": value,
        }
        self._lines.append(json.dumps(line))

    def value(self) -> int:
        self._values += 1
        return self._values

    def verdict(self) -> str:
        """Have the history judged; return what is wrong with it."""
        self.path.write_text("\n".join(self._lines) + "\n")
        words = ["check", str(self.path), "--model", "strict-serializable"]
        result = CliRunner().invoke(main, words)
        return "" if result.exit_code == 0 else result.output


async def work(client: Client, recorder: Recorder, seed: int, is_over: Callable[[], bool]) -> None:
    """Ask for one thing after the other; nothing is asked again."""
    chance, process = random.Random(seed), recorder.process()
    while not is_over():
        names = chance.sample(KEYS, chance.choice([1, 2, 3]))
        is_read = chance.random() < 0.5
        asked: Told = [
            ["r", n, None] if is_read else ["append", n, recorder.value()] for n in names
        ]
        recorder.note("invoke", process, asked)
        try:
            told = await (read if is_read else append)(client, asked)
        except RefusedError as refused:
            kind = "info" if refused.name in UNKNOWN else "fail"
            recorder.note(kind, process, asked)
        except (OSError, EOFError):
            kind = "info"
            recorder.note(kind, process, asked)
            await asyncio.sleep(0.02)
        else:
            kind = "ok"
            recorder.note(kind, process, told)
        if kind == "info":  # Whoever does not know is never heard of again.
            process = recorder.process()


async def append(client: Client, asked: Told) -> Told:
    updates = [
        {
            "TableName": TABLE,
            "Key": key(name),
            "UpdateExpression": "SET l = list_append(if_not_exists(l, :none), :v)",
            "ExpressionAttributeValues": {
                ":none": {"L": []},
                ":v": {"L": [{"N": str(value)}]},
            },
        }
        for _, name, value in asked
    ]
    if len(updates) == 1:
        await client.call("UpdateItem", updates[0])
    else:
        request = {"TransactItems": [{"Update": update} for update in updates]}
        await client.call("TransactWriteItems", request)
    return asked


async def read(client: Client, asked: Told) -> Told:
    """Read in a transaction, also a single item.

    A GetItem never conflicts: it reads what was there before a transaction that is decided and not
    applied yet, which is serializable, but a moment late.
    """
    gets = [{"TableName": TABLE, "Key": key(name)} for _, name, _ in asked]
    request = {"TransactItems": [{"Get": get} for get in gets]}
    found = (await client.call("TransactGetItems", request))["Responses"]
    lists = [one.get("Item", {}).get("l", {"L": []})["L"] for one in found]
    return [
        ["r", name, [int(element["N"]) for element in elements]]
        for (_, name, _), elements in zip(asked, lists, strict=True)
    ]


def record(url: str, recorder: Recorder, count: int) -> None:
    """Note what happens until `count` things that were asked for are done."""

    async def one(client: Client, n: int) -> None:
        await work(client, recorder, n, lambda: recorder.kinds["ok"] >= count)

    assert together(url, CLIENTS, one) == [None] * CLIENTS


@pytest.mark.parametrize(
    ("faults", "many"),
    [
        (None, 10_000),
        ("conflict=0.1,throttle=0.05,unknown=0.1,skew=200ms", 8_000),
        (
            "loss=0.002,repeat=0.1,latency=100us..5ms,crash=any:300ms:100ms,unknown=0.02,skew=20ms",
            1_500,
        ),
    ],
)
def test_what_clients_saw_has_a_serial_order_in_real_time(
    tmp_path: Path, faults: str | None, many: int, soak: bool
) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    with local_dynamodb(seed=2, faults=None if faults is None else "") as server:
        together(server.url, 1, lambda client, _: make_table(client))
        if faults is not None:
            server.faults(faults)
        record(server.url, recorder, many if soak else 200)

    assert recorder.verdict() == ""
    assert (recorder.kinds["info"] > 0) is (faults is not None), recorder.kinds


@pytest.mark.slow
def test_what_clients_saw_around_kill_9_has_a_serial_order_too(tmp_path: Path, soak: bool) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    folder = tmp_path / "data"
    process = Process(folder)
    together(process.url, 1, lambda client, _: make_table(client))
    ends = 6 if soak else 2
    is_over = False

    async def one(client: Client, n: int) -> None:
        nonlocal process, is_over
        if n < CLIENTS:
            await work(client, recorder, n, lambda: is_over)
            return
        for _ in range(ends):
            await grown(recorder.kinds, "ok", 50)
            process = await asyncio.to_thread(killed_and_started_again, process, folder)
        await grown(recorder.kinds, "ok", 50)
        is_over = True

    results = together(process.url, CLIENTS + 1, one)
    process.end()

    assert results == [None] * (CLIENTS + 1)
    assert recorder.verdict() == ""
    assert recorder.kinds["info"] > 0, recorder.kinds


def test_a_history_that_is_wrong_is_refused(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    for kind, told in (("invoke", [["r", "x", None]]), ("ok", [["r", "x", [1]]])):
        recorder.note(kind, 1, told)  # A value that nobody has written.

    assert "Not" in recorder.verdict()
