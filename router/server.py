"""A router's shell: requests in, a task for each, answers out.

A router has no disk.  What it remembers are the answers to requests that must not be carried out
twice, and that memory ends with its incarnation: so a request names the incarnation that it means,
and is refused by any other.
"""

from contextlib import suppress

from items.errors import REQUEST_LIMIT_EXCEEDED, DynamoDBError
from network.host import Host
from network.messages import Envelope, Frame, Message, Request, Response, Restarted, from_frame
from network.once import Once
from network.placement import Placement
from network.rpc import Peers
from router.api import Api
from router.options import RouterOptions

# What a copy must not do again.  A write transaction is known by its token, but a copy of it must
# not be carried out after it was refused at the door, say because its table did not exist then.
CARRIED_OUT_ONCE = (
    "TransactWriteItems",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteTable",
    "UpdateTable",
    "UpdateTimeToLive",
    "TagResource",
    "UntagResource",
)


ANSWERS_PER_CLIENT_MAX = 32  # A client asks a few things at a time, where a router asks many.


class RouterServer:
    """One incarnation of a router."""

    def __init__(
        self, host: Host, placement: Placement, coordinators: list[str], options: RouterOptions
    ) -> None:
        self._host, self._options = host, options
        self._peers = Peers(host)
        self.api = Api(host, self._peers, placement, coordinators, options)
        self._once = Once(host.incarnation, ANSWERS_PER_CLIENT_MAX)
        self._working: set[tuple[str, int]] = set()  # Requests under way, by source and number.
        if options.tables_check_us:
            host.spawn(self._look_now_and_then())

    def look_for_tables(self) -> None:
        """Finish what a crashed router left of its tables, in a task of its own."""
        self._host.spawn(self._look_for_tables())

    def receive(self, frame: Frame) -> None:
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
        once = request.operation in CARRIED_OUT_ONCE
        if once:
            earlier = self._once.earlier(source, number, request.incarnation)
            if earlier is not None:
                self._reply(envelope, earlier)
                return
        if len(self._working) >= self._options.requests_max:
            error = DynamoDBError(REQUEST_LIMIT_EXCEEDED)
            self._answer(envelope, Response(error.kind.status, error.body()), once=once)
            return
        self._working.add((source, number))
        if once:
            self._once.begin(source, number)
        self._host.spawn(self._carry_out(envelope, request, once=once))

    async def _carry_out(self, envelope: Envelope, request: Request, *, once: bool) -> None:
        try:
            response = await self.api.call(
                request.operation,
                request.body,
                call=request.call,
                request=f"{envelope.source}#{envelope.number}",
                caller=envelope.source,
            )
        finally:
            self._working.discard((envelope.source, envelope.number))
        self._answer(envelope, response, once=once)

    async def _look_now_and_then(self) -> None:
        while True:
            await self._host.sleep(self._options.tables_check_us)
            await self._look_for_tables()

    async def _look_for_tables(self) -> None:
        with suppress(DynamoDBError):  # Where definitions cannot be read, there is another time.
            await self.api.look_for_tables()

    def _answer(self, envelope: Envelope, response: Response, *, once: bool) -> None:
        if once:
            self._once.answer(envelope.source, envelope.number, response)
        self._reply(envelope, response)

    def _reply(self, envelope: Envelope, message: Message) -> None:
        self._peers.reply(envelope.source, envelope.number, message)
