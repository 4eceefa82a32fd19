"""A client: a node as well, whose requests and answers cross the lossy network (§2).

It does what an SDK does: one `amz-sdk-invocation-id` a call, a ClientRequestToken for each write
transaction, a time limit for each attempt, a growing pause between attempts, and another attempt
after silence, a 5xx, throttling and TransactionInProgressException.  Singleton writes and changes
of tables it asks for once: a second attempt would be a second operation, refused perhaps because
the first one was carried out.  Only what was throttled, and so surely was not carried out, is asked
for again, if tables are provisioned.
"""

from collections.abc import Mapping
from typing import Any

from items.data import data
from items.errors import CATALOGUE, PROVISIONED_THROUGHPUT_EXCEEDED
from network.host import Host
from network.messages import Request, Response, Restarted, from_frame
from network.rpc import Patience, Peers
from sim.history import WRITE_TRANSACTION, History, Operation

NOT_REPEATED = {
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "CreateTable",
    "UpdateTable",
    "UpdateTimeToLive",
    "DeleteTable",
}
THROTTLED = PROVISIONED_THROUGHPUT_EXCEEDED.name
PATIENT_US, PATIENT_ATTEMPTS = 60_000_000, 8
HANDSHAKES_MAX = 10  # Refusals of requests that named an incarnation nobody has.


@data
class ClientOptions:
    """What an SDK lets its user set."""

    attempts_max: int = 8
    attempt_deadline_us: int = 1_000_000  # One lost message costs all of it, as over HTTP.
    pause_first_us: int = 50_000
    pause_most_us: int = 5_000_000
    think_us: int = 2_000  # Between two operations, at most.
    repeats_throttled: bool = False  # Also what is not idempotent: it surely has not happened.


class Client:
    """One client, its conversation with the routers, and what it saw."""

    def __init__(
        self, host: Host, routers: list[str], options: ClientOptions, history: History
    ) -> None:
        self.name = host.name
        self.host = host
        self.options = options
        self._routers = routers
        self._history = history
        self._peers = Peers(host)
        self._patience = _patience(options.attempt_deadline_us)
        self._attempts_max = options.attempts_max
        self._router_site = host.site("router")
        self._pause_site = host.site("pause")
        self._incarnations: dict[str, int] = {}
        self._calls = self._versions = 0

    def receive(self, frame: bytes) -> None:
        envelope = from_frame(frame)
        self._peers.answered(envelope.reply_to, envelope.message)

    def version(self) -> str:
        """Mint a value that nobody else writes, so that a history can be judged by its values."""
        self._versions += 1
        return f"{self.name}.{self._versions}"

    def be_patient(self) -> None:
        """From now on wait long and ask often, whatever the scenario says of clients."""
        self._patience = _patience(max(self.options.attempt_deadline_us, PATIENT_US))
        self._attempts_max = max(self.options.attempts_max, PATIENT_ATTEMPTS)

    async def think(self) -> None:
        """Pause a moment, as people do between two operations."""
        await self.host.sleep(1 + self._pause_site.below(self.options.think_us))

    async def call(
        self, name: str, request: Mapping[str, Any], call: str | None = None
    ) -> Operation:
        """Ask for one operation, as often as an SDK would, and note what came of it.

        `call` is its amz-sdk-invocation-id, the same in all attempts; without one it gets its own.
        """
        self._calls += 1
        call = call or f"{self.name}/{self._calls}"
        if name == WRITE_TRANSACTION and "ClientRequestToken" not in request:
            request = {**request, "ClientRequestToken": f"{call}/token"}
        invoked_us = self.host.elapsed_us()
        attempts: list[str] = []
        response: Response | None = None
        for n in range(self._attempts_max):
            if n:
                await self._pause(n)
            response = await self._attempt(name, request, call, attempts)
            if not _is_worth_another(response) or not self._may_repeat(name, response):
                break
        operation = Operation(
            len(self._history),
            self.name,
            name,
            request,
            call,
            invoked_us,
            self.host.elapsed_us(),
            attempts,
            response.status if response else 0,
            response.body if response else {},
        )
        self._history.add(operation)
        if operation.is_unknown:
            self.host.note("request.unknown", call=call)
        return operation

    async def _attempt(
        self, name: str, request: Mapping[str, Any], call: str, attempts: list[str]
    ) -> Response | None:
        """Ask one router once; None is silence, or a refusal that says nothing about a copy."""
        router = self._routers[self._router_site.below(len(self._routers))]
        for _ in range(HANDSHAKES_MAX):
            incarnation = self._incarnations.get(router, 0)
            question = Request(name, request, call, incarnation)
            number = self._peers.next_number()
            attempts.append(f"{self.name}#{number}")
            reply = await self._peers.ask(router, question, self._patience)
            if isinstance(reply, Restarted):
                self._incarnations[router] = reply.incarnation
                if incarnation == 0:
                    attempts.pop()  # Nobody has incarnation 0: surely nothing happened.
                    continue
                return None
            return reply if isinstance(reply, Response) else None
        return None

    def _may_repeat(self, name: str, response: Response | None) -> bool:
        """Say whether another attempt could do no harm."""
        if name not in NOT_REPEATED:
            return True
        return self.options.repeats_throttled and _error_of(response) == THROTTLED

    async def _pause(self, n: int) -> None:
        most_us = min(self.options.pause_first_us << n, self.options.pause_most_us)
        await self.host.sleep(most_us // 2 + self._pause_site.below(most_us // 2 + 1))


def _patience(deadline_us: int) -> Patience:
    return Patience(deadline_us, deadline_us, deadline_us, repeats=False)


def _error_of(response: Response | None) -> str:
    return "" if response is None else str(response.body.get("__type", "")).rpartition("#")[2]


def _is_worth_another(response: Response | None) -> bool:
    """Say whether an SDK would try again: after silence, a 5xx, and errors that pass."""
    if response is None:
        return True
    if response.status == 200:
        return False
    error = _error_of(response)
    return response.status >= 500 or (error in CATALOGUE and CATALOGUE[error].retryable)
