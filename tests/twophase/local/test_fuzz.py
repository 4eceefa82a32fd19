"""Whatever is asked: never a 500, a hang or a traceback; and a refusal has changed nothing."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from items.errors import VALIDATION, DynamoDBError
from items.values import Item
from network.messages import RecordKey
from partition.storage import MemoryStorage
from router.api import OPERATIONS
from router.http import HttpDoor
from router.singletons import put_item
from router.tools import Origin, Tools
from sim.chance import NamedChance
from tests.twophase.local.requests_of_the_model import TABLES, Requests, target_of
from twophase.local.cluster import LocalCluster, Nodes

ANSWER_SECONDS = 60  # A hang.
NEW = {"BillingMode": "PAY_PER_REQUEST"}


class Fuzzed:
    """A cluster, its door, and what went wrong inside."""

    def __init__(self) -> None:
        self.cluster = LocalCluster(Nodes(), NamedChance(1))
        self.failures: list[tuple[str, BaseException]] = []
        self.cluster.start_all()
        for host in self.cluster.hosts.values():
            host.failed = lambda node, error: self.failures.append((node, error))
        self.door = HttpDoor(self.cluster.call, OPERATIONS, lambda: "id")

    async def ask(self, operation: str, body: Any) -> tuple[int, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": target_of(operation),
            "authorization": "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c",
            "date": "now",
        }
        scope = {
            "type": "http",
            "method": "POST",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(name.encode(), told.encode()) for name, told in headers.items()],
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": json.dumps(body).encode()}

        async def send(message: Any) -> None:
            sent.append(message)

        await asyncio.wait_for(self.door(scope, receive, send), ANSWER_SECONDS)
        return sent[0]["status"], json.loads(sent[1]["body"] or b"{}")

    async def tables(self) -> None:
        """Make those tables that are not there (any more), and wait for all of them."""
        for name, keys in TABLES.items():
            roles = zip(keys, ("HASH", "RANGE"), strict=False)
            await self.ask(
                "CreateTable",
                {
                    **NEW,
                    "TableName": name,
                    "KeySchema": [{"AttributeName": k, "KeyType": role} for k, role in roles],
                    "AttributeDefinitions": [
                        {"AttributeName": k, "AttributeType": "S"} for k in keys
                    ],
                },
            )
        for _ in range(200):
            shown = [await self.ask("DescribeTable", {"TableName": name}) for name in TABLES]
            if all(told.get("Table", {}).get("TableStatus") == "ACTIVE" for _, told in shown):
                return
            await asyncio.sleep(0.01)

    def items(self) -> dict[RecordKey, Item | None]:
        """Return all items of all tables, as they are stored."""
        found: dict[RecordKey, Item | None] = {}
        for name in self.cluster.partitions:
            disk = self.cluster.disks[name]
            assert isinstance(disk, MemoryStorage)
            for key, record in disk.contents.records.items():
                if record.item is not None:
                    found[key] = record.item
        return found


@contextmanager
def fuzzed() -> Iterator[Fuzzed]:
    one = Fuzzed()
    try:
        yield one
    finally:
        one.cluster.close()


async def fuzz(seed: int, count: int) -> Counter[str]:
    """Ask for `count` things, one after the other, and judge each answer."""
    told: Counter[str] = Counter()
    requests = Requests(seed)
    with fuzzed() as one:
        for n in range(count):
            if n % 100 == 0:
                await one.tables()
            operation, body = requests.next()
            before = one.items()
            status, answer = await one.ask(operation, body)
            asked = f"request {n} of seed {seed}: {operation} {str(body)[:2_000]}"
            assert not one.failures, (asked, one.failures)
            assert status in (200, 400), (asked, status, answer)
            if status == 400:
                assert answer["__type"].partition("#")[2], asked
                assert one.items() == before, asked
                told[answer["__type"].partition("#")[2]] += 1
            else:
                told["done"] += 1
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_asked_is_answered_and_a_refusal_changes_nothing(seed: int, soak: bool) -> None:
    told = asyncio.run(fuzz(seed, 100_000 if soak else 10_000))

    # It got everywhere: otherwise it proves little.
    assert told["done"] > 100, told
    assert told["ValidationException"] > 100, told
    assert told["SerializationException"] > 10, told
    assert told["ResourceNotFoundException"] > 10, told
    assert told["ConditionalCheckFailedException"] > 0, told
    assert told["TransactionCanceledException"] > 0, told


async def lies(tools: Tools, body: Any, origin: Origin) -> dict[str, Any]:
    """Write, and say that nothing was written."""
    await put_item(tools, body, origin)
    raise DynamoDBError(VALIDATION)


async def stumbles(*_: Any) -> dict[str, Any]:
    raise KeyError("a bug")


@pytest.mark.parametrize("mutant", [lies, stumbles])
def test_a_bug_is_found(monkeypatch: pytest.MonkeyPatch, mutant: Any) -> None:
    monkeypatch.setitem(OPERATIONS, "PutItem", mutant)

    with pytest.raises(AssertionError, match="of seed 1: PutItem"):
        asyncio.run(fuzz(1, 1_000))
