"""A connection of the server: uvicorn's, with a short way for what comes all day.

Nearly every request is a POST of JSON to `/`, in one piece, on a connection that waits for each
answer.  Such a one is read here at a glance and answered in one write, in a third of the time that
ASGI's scopes and events take.  Whatever is anything else - a body in parts, another method or path,
`Expect`, a head that looks odd - is uvicorn's, and so is all that comes on that connection later.

Nobody is waited for without end.  Machines go to sleep and networks vanish without a word: so who
has something to say and is silent for long is let go, also in the middle of a request, and what is
said around a body is heard up to a length.
"""

import asyncio
import re
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from items.data import data
from router.http import HEAD_BYTES_MAX, Answer, Head, HttpDoor
from twophase.local.open_files import LastFiles

START = b"POST / HTTP/1.1\r\n"
# A header's line, from the end of the line before: `name: value`, with one space and none behind.
LINE = re.compile(
    rb"\n([-_.0-9A-Za-z]+): ([^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?)(?=\r\n)"
)
UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
# No request has as much before its body, or behind it.  A head that is only too long for the
# service is heard to its end, because whoever still speaks does not hear an answer.
AROUND_BYTES_MAX = 1 << 20
FAILED = Answer(
    500, b"Internal Server Error", ((b"connection", b"close"), (b"content-length", b"21"))
)


@data
class Plain:
    """A request that goes the short way."""

    headers: dict[bytes, bytes]  # Names in lower case.
    body: bytes


def plain_request(received: bytes) -> Plain | None:
    """Read a request that is there as a whole, and has nothing about it; None for any other.

    Stricter than the standard: each header is `name: value`, with one space and none behind.
    """
    end = received.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
    if end < 0 or not received.startswith(START):
        return None
    before = len(START) - 1
    lines = LINE.findall(received, before, end + 2)
    headers = {name.lower(): value for name, value in lines}
    body = received[end + 4 :]
    if (
        headers.get(b"content-length") == b"%d" % len(body)
        and len(lines) == received.count(b"\n", before, end)  # Nothing else is there.
        and len(headers) == len(lines)  # No name comes twice.
        and headers.keys().isdisjoint(UNUSUAL)
        and headers.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    ):
        return Plain(headers, body)
    return None


def without_upgrade(received: bytes) -> bytes:
    """Leave out a request's offer to speak another protocol, which nobody has to take up.

    Java's client offers HTTP/2 with every request (RFC 9110 §7.8); uvicorn's parser would take what
    follows the head for that other protocol, and the request's body would be lost.
    """
    if not received.startswith(START):
        return received
    head, end, rest = received.partition(b"\r\n\r\n")
    return UPGRADE.sub(b"", head) + end + rest


class Connection(HttpToolsProtocol):
    """One connection, for as long as the client or the server keeps it."""

    def __init__(self, door: HttpDoor, files: LastFiles | None = None, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._door, self._files = door, files
        self._is_plain = True  # So far: nothing has gone the long way.
        self._working: asyncio.Task[None] | None = None  # On a request that goes the short way.
        self._cycle_under_way: RequestResponseCycle | None = None  # The long way's last begun one.
        self._early = b""  # What came before the answer to what was there.
        self._is_last = False  # No further request is taken: the server stops, or the client has.
        self._quiet_since = 0.0  # When something was last heard, or answered.
        self._around_bytes = 0  # Heard since a head or a part of a body was there as a whole.

    def connection_made(  # type: ignore[override]  # As uvicorn has it: a transport to write on.
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._quiet_since = self.loop.time()
        self._wait(self.timeout_keep_alive)
        if self._files is not None:
            self._files.opened(transport.get_extra_info("socket").fileno())

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        begun = self._cycle_under_way
        if begun is not None and not begun.response_complete:
            # uvicorn tells the last request only, and what is answered may be one before it.
            begun.disconnected = True
            begun.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._cycle_under_way = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Take what the client says."""
        self._quiet_since = self.loop.time()
        if self._working is not None:  # On the short way: so is what comes now, for the moment.
            self._early += data
            self.flow.pause_reading()
            return
        plain = plain_request(data) if self._is_plain else None
        if plain is None:
            self._is_plain = False
            self._hear(data)
            return
        client = self.client[0] if self.client else ""
        head = Head(client, "POST", "/", b"", plain.headers, 0)
        self._working = task = self.loop.create_task(self._answer(head, plain.body))
        self.tasks.add(task)

    def _hear(self, data: bytes) -> None:
        """Take what goes the long way."""
        self._around_bytes += len(data)
        super().data_received(without_upgrade(data))
        if self.transport.is_closing():
            return
        if self._around_bytes > AROUND_BYTES_MAX:
            self.send_400_response("Request header too large")
        elif self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)

    def on_headers_complete(self) -> None:
        self._around_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._around_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._around_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._quiet_since = self.loop.time()
        super().on_response_complete()

    async def _answer(self, head: Head, body: bytes) -> None:
        task = self._working
        assert task is not None, "it is this very task"
        try:
            answer = await self._door.answered(head, body)
        except Exception as error:
            # A connection's top: a bug in a node must not vanish with its task.
            self.logger.error("a request could not be answered", exc_info=error)
            answer = FAILED
        except asyncio.CancelledError:  # The server has waited long enough for it.
            self.transport.close()
            raise
        finally:
            self.tasks.discard(task)
        if self.flow.write_paused:
            await self.flow.drain()
        self._working = None
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        """Write an answer, and go on with what has come meanwhile."""
        if self.transport.is_closing():
            return
        headers = [*self.server_state.default_headers, *answer.headers]
        is_last = self._is_last or (b"connection", b"close") in answer.headers
        if self._is_last:
            headers.append((b"connection", b"close"))
        lines = b"\r\n".join(map(b": ".join, headers))
        status = STATUS_LINE[answer.status]
        self.transport.write(b"%b%b\r\n\r\n%b" % (status, lines, answer.body))
        self.server_state.total_requests += 1
        if is_last:
            self.transport.close()
            return
        self._quiet_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)
        if self._early:
            early, self._early = self._early, b""
            self.flow.resume_reading()
            self.data_received(early)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio asks for a bool.
        """Answer what is under way, also for a client that has nothing more to say."""
        if self._working is not None:
            self._is_last = True
            return True
        cycle = self._cycle()
        if cycle is None or cycle.response_complete or cycle.more_body:
            return super().eof_received()
        cycle.keep_alive = False
        return True

    def shutdown(self) -> None:
        """Answer what is under way, and close; what was not heard to its end is dropped."""
        if self._working is None:
            cycle = self._cycle()
            if cycle is not None and cycle.more_body:
                self.transport.close()
            else:
                super().shutdown()
        self._is_last = True

    def _cycle(self) -> RequestResponseCycle | None:
        """Return what goes the long way; None before the first such request, as uvicorn has it."""
        return self.cycle

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been quiet for long; it is looked at now and then."""
        self.timeout_keep_alive_task = None
        if self.transport.is_closing():
            return
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0 or self._is_answering():
            self._wait(max(left, 1.0))
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        """Say whether the client waits for us, and not we for the client."""
        cycle = self._cycle()
        return self._working is not None or not (
            cycle is None or cycle.response_complete or cycle.more_body
        )

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )
