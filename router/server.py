"""A router's shell: requests in, a task for each, answers out.

A router has no disk.  What it remembers are the answers to requests that must not be carried out
twice, and that memory ends with its incarnation: so a request names the incarnation that it means,
and is refused by any other.
"""

from collections.abc import Mapping
from typing import Any

import msgpack

from items.errors import INTERNAL_SERVER_ERROR, REQUEST_LIMIT_EXCEEDED, DynamoDBError
from network.codec import pack
from network.host import Host
from network.messages import Envelope, Message, Request, Response, Restarted, from_frame
from network.once import Once
from network.placement import Placement
from network.rpc import Peers
from router.api import Api
from router.options import RouterOptions

# What a copy must not do again.  A write transaction with a token is known by its token.
NOT_IDEMPOTENT = (
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteTable",
)
TRANSACTION = "TransactWriteItems"


class RouterServer:
    """One incarnation of a router."""

    def __init__(
        self, host: Host, placement: Placement, coordinators: list[str], options: RouterOptions
    ) -> None:
        self._host, self._options = host, options
        self._peers = Peers(host)
        self.api = Api(host, self._peers, placement, coordinators, options)
        self._once = Once(host.incarnation)
        self._working: set[tuple[str, int]] = set()  # Requests under way, by source and number.

    def receive(self, frame: bytes) -> None:
        """Take an answer, or begin a task for a request."""
        envelope = from_frame(frame)
        message = envelope.message
        if envelope.reply_to:
            self._peers.answered(envelope.reply_to, message)
        elif isinstance(message, Request):
            self._take(envelope, message)

    def _take(self, envelope: Envelope, request: Request) -> None:
        source, number = envelope.source, envelope.number
        if request.incarnation != self._host.incarnation:
            self._reply(envelope, Restarted(self._host.incarnation))
            return
        if (source, number) in self._working:
            return  # The one answer will do for this copy as well.
        once = is_carried_out_once(request)
        if once:
            earlier = self._once.earlier(source, number, request.incarnation)
            if earlier is not None:
                self._reply(envelope, earlier)
                return
        if len(self._working) >= self._options.requests_max:
            self._answer(envelope, refusal(request), once=once)
            return
        self._working.add((source, number))
        if once:
            self._once.begin(source, number)
        self._host.spawn(self._carry_out(envelope, request, once=once))

    async def _carry_out(self, envelope: Envelope, request: Request, *, once: bool) -> None:
        try:
            response = await self.api.call(
                request.operation,
                with_lists(request.body),
                call=request.call,
                request=f"{envelope.source}#{envelope.number}",
            )
        finally:
            self._working.discard((envelope.source, envelope.number))
        self._answer(envelope, response, once=once)

    def _answer(self, envelope: Envelope, response: Response, *, once: bool) -> None:
        if once:
            self._once.answer(envelope.source, envelope.number, response)
        self._reply(envelope, response)

    def _reply(self, envelope: Envelope, message: Message) -> None:
        self._peers.reply(envelope.source, envelope.number, message)


def is_carried_out_once(request: Request) -> bool:
    """Say whether a copy of this request has to be answered from memory."""
    if request.operation == TRANSACTION:
        return request.body.get("ClientRequestToken") is None
    return request.operation in NOT_IDEMPOTENT


def refusal(request: Request) -> Response:
    """Answer what is too much at once.

    A transaction with a token is not remembered here, so a later copy of it may be carried out: it
    cannot be told that it surely did not happen.
    """
    known_by_token = request.operation == TRANSACTION and not is_carried_out_once(request)
    error = DynamoDBError(INTERNAL_SERVER_ERROR if known_by_token else REQUEST_LIMIT_EXCEEDED)
    return Response(error.kind.status, error.body())


def with_lists(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give a body with lists where a frame has tuples, as JSON is read everywhere else."""
    listed: dict[str, Any] = msgpack.unpackb(pack(body), strict_map_key=False)
    return listed
