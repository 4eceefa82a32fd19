"""A light client: DynamoDB's JSON over one connection, with as little around it as can be.

For tests that ask for a thousand things at once.  What SDKs make of the answers, others test.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

TOGETHER_SECONDS = 150  # Longer than anybody should wait: somebody was never answered.

HEAD = (
    "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-1.0\r\n"
    "x-amz-target: DynamoDB_20120810.{operation}\r\nx-amz-date: 20261122T000000Z\r\n"
    "authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c\r\n"
    "content-length: {length}\r\n{more}\r\n"
)


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Json) -> None:
        self.status, self.body = status, body
        self.name = str(body.get("__type", "")).rpartition("#")[2]
        super().__init__(f"{status} {self.name} {body}")

    @property
    def codes(self) -> list[str]:
        return [reason["Code"] for reason in self.body.get("CancellationReasons", ())]


class Client:
    """One connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._host, self._port = parts.hostname, parts.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, operation: str, body: Json, **headers: str) -> tuple[int, Json]:
        """Ask once; OSError and EOFError mean that the connection broke: nobody knows."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        content = json.dumps(body).encode()
        more = "".join(f"{name.replace('_', '-')}: {told}\r\n" for name, told in headers.items())
        head = HEAD.format(host=self._host, operation=operation, length=len(content), more=more)
        try:
            writer.write(head.encode() + content)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(answer.lower().partition("content-length: ")[2].partition("\r\n")[0])
            return int(answer.split(" ", 2)[1]), json.loads(await reader.readexactly(length))
        except BaseException:
            self.close()
            raise

    async def call(self, operation: str, body: Json, **headers: str) -> Json:
        """Ask for what is to succeed.

        Raises:
            RefusedError: It did not.
        """
        status, answer = await self.ask(operation, body, **headers)
        if status != 200:
            raise RefusedError(status, answer)
        return answer

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def together(url: str, count: int, work: Callable[[Client, int], Awaitable[Any]]) -> list[Any]:
    """Let `count` clients work at once, each over a connection of its own; errors are results."""

    async def one(n: int) -> Any:
        client = Client(url)
        try:
            return await work(client, n)
        finally:
            client.close()

    async def everyone() -> list[Any]:
        all_of_them = asyncio.gather(*(one(n) for n in range(count)), return_exceptions=True)
        return await asyncio.wait_for(all_of_them, TOGETHER_SECONDS)

    return asyncio.run(everyone())


async def grown(counts: Counter[str], name: str, by: int) -> None:
    """Wait until `name` has been counted `by` times more: as long as that takes."""
    enough = counts[name] + by
    while counts[name] < enough:  # noqa: ASYNC110 - a counter tells nobody that it grows
        await asyncio.sleep(0.01)


# Requests -----------------------------------------------------------------------------------------

TABLE = "accounts"


def key(name: str) -> Json:
    return {"pk": {"S": name}}


def item(name: str, value: int) -> Json:
    return {**key(name), "v": {"N": str(value)}}


def new_table(name: str = TABLE) -> Json:
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def put(name: str, value: int, condition: str = "", table: str = TABLE) -> Json:
    found: Json = {"TableName": table, "Item": item(name, value)}
    return {**found, "ConditionExpression": condition} if condition else found


def get(name: str, table: str = TABLE) -> Json:
    return {"TableName": table, "Key": key(name), "ConsistentRead": True}


def add(name: str, value: int, condition: str = "", table: str = TABLE) -> Json:
    found: Json = {
        "TableName": table,
        "Key": key(name),
        "UpdateExpression": "ADD v :n",
        "ExpressionAttributeValues": {":n": {"N": str(value)}},
    }
    return {**found, "ConditionExpression": condition} if condition else found


def transfer(source: str, target: str, amount: int, token: str = "") -> Json:
    """Move an amount from one account to another, if it is there."""
    taking = add(source, -amount, "v >= :amount")
    taking["ExpressionAttributeValues"][":amount"] = {"N": str(amount)}
    found: Json = {"TransactItems": [{"Update": taking}, {"Update": add(target, amount)}]}
    return {**found, "ClientRequestToken": token} if token else found


def snapshot(names: list[str]) -> Json:
    return {"TransactItems": [{"Get": {"TableName": TABLE, "Key": key(name)}} for name in names]}


async def make_table(client: Client, name: str = TABLE) -> None:
    """Make a table and wait until it can be used."""
    await client.call("CreateTable", new_table(name))
    while True:
        shown = await client.call("DescribeTable", {"TableName": name})
        if shown["Table"]["TableStatus"] == "ACTIVE":
            return
        await asyncio.sleep(0.01)
