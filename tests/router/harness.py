"""A small cluster on a calm network, and a client that asks for one thing after the other."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from network.host import Host
from network.messages import Envelope, Request, Response, Restarted, from_frame, to_frame
from network.rpc import Patience, Peers
from network.weather import Uniform, Weather
from partition.machine import Machine, Output
from partition.storage import Changes
from router.options import RouterOptions
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.cluster import Cluster
from sim.history import History
from sim.loop import new_loop
from sim.settings import Settings, Shape

Json = Mapping[str, Any]

SECOND_US = 1_000_000
PATIENCE = Patience(30 * SECOND_US, 30 * SECOND_US, 30 * SECOND_US, repeats=False)


class NoWitness:
    """Looks away; a `sim.cluster.Watcher`."""

    def number(self) -> int:
        return 0

    def stepped(self, machine: Machine, envelope: Envelope, output: Output) -> None: ...

    def durable(self, node: str, number: int, changes: Changes) -> None: ...


class World:
    """A cluster, and the client k1, which asks each thing once and shows what it was answered."""

    def __init__(self, options: RouterOptions | None = None, shape: Shape | None = None) -> None:
        self.loop = new_loop()
        settings = Settings(
            shape=shape or Shape(clients=0),
            weather=Weather(Uniform(200, 2_000)),
            router=options or RouterOptions(),
        )
        self.cluster = Cluster(
            self.loop, NamedChance(1), settings, history=History(), witness=NoWitness()
        )
        self.cluster.start_all()
        self.host = Host(
            "k1",
            1,
            loop=self.loop,
            transport=self.cluster.network,
            clock=SkewedClock(self.loop),
            timers=self.loop,
            chance=self.cluster.chance,
        )
        self.peers = Peers(self.host)
        self.replies: list[Envelope] = []
        self.cluster.network.join("k1", self._receive)

    def _receive(self, frame: bytes) -> None:
        envelope = from_frame(frame)
        self.replies.append(envelope)
        self.peers.answered(envelope.reply_to, envelope.message)

    def await_all(self, *work: Coroutine[Any, Any, Any]) -> list[Any]:
        """Let these things happen at the same time, to their ends."""
        results: dict[int, Any] = {}

        async def note(place: int, one: Coroutine[Any, Any, Any]) -> None:
            results[place] = await one

        for place, one in enumerate(work):
            self.host.spawn(note(place, one))
        self.until(lambda: len(results) == len(work))
        return [results[place] for place in range(len(work))]

    def until(self, holds: Callable[[], bool]) -> None:
        reached = self.loop.run(holds, self.loop.now_us + 60 * SECOND_US)
        assert not self.cluster.failures, self.cluster.failures
        assert reached, "nothing came of it within a minute"

    async def asked(
        self,
        operation: str,
        body: Json,
        *,
        router: str = "r1",
        call: str | None = None,
        incarnation: int = 1,
    ) -> Response | Restarted | None:
        question = Request(operation, body, call, incarnation)
        reply: Response | Restarted | None = await self.peers.ask(router, question, PATIENCE)
        return reply

    def ask(self, operation: str, body: Json, **how: Any) -> Response:
        """Ask for one operation, and return its answer."""
        (reply,) = self.await_all(self.asked(operation, body, **how))
        assert isinstance(reply, Response), f"answered {reply}"
        return reply

    def ok(self, operation: str, body: Json, **how: Any) -> Json:
        """Ask for one operation, which is to succeed; return the answer's body."""
        response = self.ask(operation, body, **how)
        assert response.status == 200, response.body
        return response.body

    def error(self, operation: str, body: Json, **how: Any) -> tuple[str, str]:
        """Ask for one operation, which is to fail; return the error's name and its text."""
        response = self.ask(operation, body, **how)
        assert response.status >= 400, response.body
        name = str(response.body["__type"]).partition("#")[2]
        return name, response.body.get("message") or response.body.get("Message") or ""

    def table(self, name: str = "pets", *, sort: str | None = None, key_type: str = "S") -> None:
        """Make a table with the key `pk`, and perhaps a sort key, and wait for it."""
        keys = ["pk", *([sort] if sort else [])]
        body = {
            "TableName": name,
            "KeySchema": [
                {"AttributeName": key, "KeyType": role}
                for key, role in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            "AttributeDefinitions": [
                {"AttributeName": key, "AttributeType": key_type} for key in keys
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }
        made = self.ok("CreateTable", body)
        assert made["TableDescription"]["TableStatus"] == "CREATING"
        self.wait_for_status(name, "ACTIVE")

    def wait_for_status(self, name: str, status: str) -> None:
        for _ in range(100):
            shown = self.ask("DescribeTable", {"TableName": name})
            if shown.body.get("Table", {}).get("TableStatus", "GONE") == status:
                return
            self.loop.run_for(10_000)
        raise AssertionError(f"{name} never was {status}")

    def put(self, item: Json, table: str = "pets") -> None:
        self.ok("PutItem", {"TableName": table, "Item": item})

    def get(self, key: Json, table: str = "pets") -> Json | None:
        found: Json | None = self.ok("GetItem", {"TableName": table, "Key": key}).get("Item")
        return found

    def send(self, router: str, number: int, request: Request) -> None:
        """Send a request as it is, under a number of its own, once."""
        self.cluster.network.send("k1", router, to_frame("k1", number, 0, request))
