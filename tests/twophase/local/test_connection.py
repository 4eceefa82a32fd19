"""A connection: what goes the short way, what does not, and that nobody can tell them apart."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from network.messages import Response
from router.http import HEAD_BYTES_MAX, HttpDoor
from tests.twophase.light import new_table
from twophase.local.connection import AROUND_BYTES_MAX, Connection, plain_request
from twophase.local.serving import config_of
from twophase.testing import local_dynamodb

HEADERS = {
    "host": "localhost",
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.GetItem",
    "x-amz-date": "20261122T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c",
}


def request(n: int = 0, *, line: str = "POST / HTTP/1.1", **more: str) -> bytes:
    """Make a request that is the n-th; `more` are headers, an empty one is left out."""
    body = b'{"n": %d}' % n
    found = {**HEADERS, "content-length": str(len(body))}
    found.update({name.replace("_", "-"): told for name, told in more.items()})
    lines = [line, *(f"{name}: {told}" for name, told in found.items() if told)]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = self.paused = False

    def write(self, data: Any) -> None:
        assert not self.closed, "written after the end"
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Line:
    """A client at one end of a connection, and at the other a door that answers what it is told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: asyncio.Queue[Any] = asyncio.Queue()
        door = HttpDoor(self._call, ["GetItem"], lambda: "id")
        config = config_of(door)
        config.load()
        self.state = ServerState()
        self.connection = Connection(
            door, config=config, server_state=self.state, app_state={}, _loop=None
        )
        self.wire = Wire()
        self.connection.connection_made(self.wire)

    async def _call(self, _: str, body: dict[str, Any], __: str | None) -> Response:
        self.asked.append(body)
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return Response(200, answer)

    async def hear(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.data_received(part)
            await settled()

    async def answer(self, answer: Any) -> None:
        self.answers.put_nowait(answer)
        await settled()

    def take(self) -> bytes:
        written, self.wire.written = self.wire.written, b""
        return written

    @property
    def is_plain(self) -> bool:
        return self.connection._is_plain  # Which way was taken, nobody can see.


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def on_a_line(work: Callable[[Line], Awaitable[None]]) -> None:
    async def run() -> None:
        await work(Line())

    asyncio.run(run())


def without_order(answer: bytes) -> tuple[bytes, set[bytes], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    return line, {field.lower() for field in fields}, body


# The two ways.

UNUSUAL = {
    "another method": request(line="PUT / HTTP/1.1"),
    "another path": request(line="POST /x HTTP/1.1"),
    "an old version": request(line="POST / HTTP/1.0"),
    "parts of a body": request(content_length="", transfer_encoding="chunked"),
    "who waits for a word": request(expect="100-continue"),
    "who will close": request(connection="close"),
    "a space behind": request(user_agent="somebody "),
    "a tab": request(user_agent="some\tbody"),
    "a number of another form": request(content_length="08"),
    "too short a body": request(content_length="9"),
    "more behind": request() + request(),
    "a name with a space": request().replace(b"x-amz-date", b"x-amz date"),
    "a folded line": request().replace(b"host: localhost", b"host: local\r\n host"),
    "a name twice": request().replace(b"host: localhost", b"host: a\r\nhost: b"),
    "a bare line feed": request().replace(b"host: localhost", b"host: a\nb: c"),
    "a bare carriage return": request().replace(b"host: localhost", b"host: a\rb"),
    "something between two lines": request().replace(b"host: localhost", b"host: a\rb\r\n\tc"),
    "a line feed too many": request().replace(b"host: localhost\r", b"host: localhost\rx\n"),
    "no name": request().replace(b"host: localhost", b": localhost"),
    "no value": request().replace(b"host: localhost", b"host: "),
    "two spaces before": request().replace(b"host: localhost", b"host:  localhost"),
    "no head to its end": request().partition(b"\r\n\r\n")[0],
    "a head without end": request(user_agent="x" * HEAD_BYTES_MAX),
    "no head at all": b"\x00\x01\x02",
}


@pytest.mark.parametrize("unusual", UNUSUAL.values(), ids=list(UNUSUAL))
def test_what_is_unusual_goes_the_long_way(unusual: bytes) -> None:
    assert plain_request(unusual) is None


@pytest.mark.parametrize(
    "headers", [{}, {"User_Agent": "x: y,z=1 (a;b)"}, {"Connection": "Keep-Alive"}]
)
def test_what_sdks_say_goes_the_short_way(headers: dict[str, str]) -> None:
    plain = plain_request(request(7, **headers))

    assert plain is not None
    assert plain.body == b'{"n": 7}'
    assert plain.headers[b"x-amz-target"] == b"DynamoDB_20120810.GetItem"


class Heard:
    """What httptools makes of a request."""

    def __init__(self, received: bytes) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.url = self.body = b""
        self.ended = 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(received)
        self.method = parser.get_method()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ended += 1


WORDS = st.binary(max_size=8) | st.sampled_from(
    [b"connection", b"close", b"content-length", b"8", b"host", b": ", b"\r\n", b" ", b"\t", b"\n"]
)


@given(st.lists(WORDS, max_size=8).map(b"".join), st.integers(0, 400))
@example(b": ", 17)  # A header without a name.
def test_what_goes_the_short_way_is_read_as_on_the_long_one(noise: bytes, place: int) -> None:
    received = request()[:place] + noise + request()[place:]
    plain = plain_request(received)
    if plain is not None:
        heard = Heard(received)
        assert (heard.method, heard.url, heard.ended) == (b"POST", b"/", 1)
        assert (plain.headers, plain.body) == (heard.headers, heard.body)


def test_an_answer_is_the_same_on_both_ways() -> None:
    async def work(line: Line) -> None:
        await line.hear(request())
        await line.answer({"a": 1})
        short = line.take()
        assert line.is_plain
        await line.hear(request()[:40], request()[40:])
        await line.answer({"a": 1})
        assert not line.is_plain
        assert without_order(short) == without_order(line.take())

    on_a_line(work)


# One after the other.


def test_a_request_that_comes_early_is_answered_after_the_one_before_it() -> None:
    async def work(line: Line) -> None:
        await line.hear(request(1), request(2)[:30])
        assert line.wire.paused
        assert line.asked == [{"n": 1}]
        await line.answer({"first": 1})
        assert line.take().endswith(b'{"first":1}')
        assert not line.wire.paused
        await line.hear(request(2)[30:])
        await line.answer({"second": 2})
        assert line.take().endswith(b'{"second":2}')

    on_a_line(work)


def test_many_requests_at_once_are_answered_in_order() -> None:
    async def work(line: Line) -> None:
        await line.hear(request(1) + request(2) + request(3))
        for n in (1, 2, 3):
            await line.answer({"n": n})
        assert line.asked == [{"n": 1}, {"n": 2}, {"n": 3}]
        assert line.take().count(b"HTTP/1.1 200 OK") == 3

    on_a_line(work)


def test_a_connection_serves_one_request_after_the_other() -> None:
    async def work(line: Line) -> None:
        for n in range(3):
            await line.hear(request(n))
            await line.answer({"n": n})
            assert line.take().endswith(b'{"n":%d}' % n)
        assert line.is_plain
        assert not line.state.tasks

    on_a_line(work)


# Ends.


def test_a_bug_behind_the_door_is_told_as_one_and_closes_the_connection() -> None:
    async def work(line: Line) -> None:
        await line.hear(request())
        await line.answer(RuntimeError("a bug"))
        assert line.take().startswith(b"HTTP/1.1 500 ")
        assert line.wire.closed

    on_a_line(work)


def test_who_goes_away_is_not_answered_and_harms_nobody() -> None:
    async def work(line: Line) -> None:
        await line.hear(request())
        line.wire.close()
        line.connection.connection_lost(None)
        await line.answer({})
        assert line.take() == b""
        assert not line.state.tasks
        assert not line.state.connections

    on_a_line(work)


def test_a_server_that_stops_answers_what_is_under_way_and_closes() -> None:
    async def work(line: Line) -> None:
        await line.hear(request(1), request(2))
        line.connection.shutdown()
        assert not line.wire.closed
        await line.answer({"n": 1})
        assert b"connection: close\r\n" in line.take()
        assert line.wire.closed
        assert line.asked == [{"n": 1}]

    on_a_line(work)


def test_a_server_that_stops_closes_what_is_idle_at_once() -> None:
    async def work(line: Line) -> None:
        await line.hear(request())
        await line.answer({})
        line.connection.shutdown()
        assert line.wire.closed

    on_a_line(work)


def test_a_server_that_has_waited_long_enough_closes() -> None:
    async def work(line: Line) -> None:
        await line.hear(request())
        (task,) = line.state.tasks
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):  # As it was asked to.
            await task
        assert line.wire.closed
        assert not line.state.tasks

    on_a_line(work)


def test_a_connection_that_is_quiet_for_long_is_closed_and_one_at_work_is_not() -> None:
    async def work(line: Line) -> None:
        connection = line.connection
        await line.hear(request())
        await line.answer({})
        assert connection.timeout_keep_alive_task is not None
        connection.timeout_keep_alive_handler()
        assert not line.wire.closed, "it was heard just now"

        connection.timeout_keep_alive = 0
        await line.hear(request())
        connection.timeout_keep_alive_handler()
        assert not line.wire.closed, "it waits for an answer"
        await line.answer({})
        connection.timeout_keep_alive_handler()
        assert line.wire.closed

    on_a_line(work)


HALVES = {
    "nothing": [],
    "a part of a line": [b"POST /"],
    "a part of a head": [request()[:60]],
    "a head": [request().partition(b"{")[0]],
    "a part of a body": [request()[:-1]],
    "a part of a chunk": [request(content_length="", transfer_encoding="chunked")[:-8] + b"9\r\n{"],
    "who waits for a word": [request(expect="100-continue").partition(b"{")[0]],
}


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("half", HALVES.values(), ids=list(HALVES))
def test_who_is_silent_in_the_middle_of_a_request_is_let_go(
    half: list[bytes], is_first: bool
) -> None:
    async def work(line: Line) -> None:
        connection = line.connection
        if not is_first:
            await line.hear(request())
            await line.answer({})
        await line.hear(*half)
        connection.timeout_keep_alive_handler()
        assert not line.wire.closed, "it was heard just now"
        assert connection.timeout_keep_alive_task is not None, "it is looked at again"

        connection.timeout_keep_alive = 0
        connection.timeout_keep_alive_handler()
        assert line.wire.closed

    on_a_line(work)


def test_who_has_said_all_on_the_long_way_is_answered_however_late() -> None:
    async def work(line: Line) -> None:
        await line.hear(request()[:60], request()[60:])
        assert not line.is_plain
        line.connection.timeout_keep_alive = 0
        line.connection.timeout_keep_alive_handler()
        assert not line.wire.closed, "it waits for an answer"
        await line.answer({"a": 1})
        assert line.take().endswith(b'{"a":1}')

    on_a_line(work)


def test_of_a_connection_that_is_gone_nothing_is_left_to_be_looked_at() -> None:
    async def work(line: Line) -> None:
        line.connection.connection_lost(ConnectionResetError())
        assert line.connection.timeout_keep_alive_task is None

    on_a_line(work)


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_who_asks_for_much_at_once_and_leaves_is_no_error(
    answered: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(line: Line) -> None:
        await line.hear(request(1) + request(2) + request(3))
        assert not line.is_plain
        for n in range(answered):
            await line.answer({"n": n})
        written = line.take()
        line.wire.close()
        line.connection.connection_lost(None)
        await line.answer({"n": answered})
        assert written.count(b"HTTP/1.1 200 OK") == answered
        assert line.take() == b""
        assert len(line.asked) == answered + 1, "nobody waits for the rest"

    on_a_line(work)
    assert caplog.messages == []


CHUNKED = request(content_length="", transfer_encoding="chunked").partition(b"{")[0]
ENDLESS = {
    "an address": (b"POST /", b"x"),
    "a header": (b"POST / HTTP/1.1\r\nx: ", b"x"),
    "headers": (b"POST / HTTP/1.1\r\n", b"x: y\r\n"),
    "what is told of a chunk": (CHUNKED + b"8;", b"x"),
    "headers behind a body": (CHUNKED + b"0\r\n", b"x: y\r\n"),
}


@pytest.mark.parametrize(("begins", "goes_on"), ENDLESS.values(), ids=list(ENDLESS))
def test_what_goes_on_without_end_around_a_body_is_refused(begins: bytes, goes_on: bytes) -> None:
    part = goes_on * (AROUND_BYTES_MAX // len(goes_on) // 4)

    async def work(line: Line) -> None:
        await line.hear(begins)
        said = 0
        while not line.wire.closed:
            assert said <= AROUND_BYTES_MAX + len(part), "it is heard without end"
            await line.hear(part)
            said += len(part)
        assert line.take().startswith(b"HTTP/1.1 400 ")

    on_a_line(work)


def test_a_body_of_any_length_is_no_head() -> None:
    async def work(line: Line) -> None:
        size = 2 * AROUND_BYTES_MAX
        head = request(content_length=str(size)).partition(b"{")[0]
        await line.hear(head, *[b" " * (size // 8)] * 8)
        assert not line.wire.closed
        assert b"SerializationException" in line.take()

    on_a_line(work)


def test_an_answer_waits_for_a_client_that_does_not_listen() -> None:
    async def work(line: Line) -> None:
        line.connection.pause_writing()
        await line.hear(request())
        await line.answer({"a": 1})
        assert line.take() == b""
        line.connection.resume_writing()
        await settled()
        assert line.take().endswith(b'{"a":1}')

    on_a_line(work)


# With a server ------------------------------------------------------------------------------------


def heard(url: str, *parts: bytes, ends: bool = False) -> bytes:
    """Say something to a server, part by part, and hear what it says until it closes or waits."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        for part in parts:
            if part is not parts[0]:
                time.sleep(0.05)  # So that they are not taken for one.
            client.sendall(part)
        if ends:
            client.shutdown(socket.SHUT_WR)
        client.settimeout(10)
        return client.recv(100_000)


JAVAS = {
    "connection": "Upgrade, HTTP2-Settings",
    "upgrade": "h2c",
    "http2-settings": "AAMAAABkAARAAAAAAAIAAAAA",
}


@pytest.mark.parametrize("is_in_parts", [False, True])
def test_an_offer_of_another_protocol_is_not_taken_up_and_costs_nothing(is_in_parts: bool) -> None:
    asked = request(0, line="POST / HTTP/1.1", x_amz_target="DynamoDB_20120810.ListTables", **JAVAS)
    head, end, body = asked.partition(b"\r\n\r\n")
    with local_dynamodb() as server:
        answer = heard(server.url, head + end, body) if is_in_parts else heard(server.url, asked)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"TableNames":[]}')


def test_a_client_that_has_said_all_is_answered(tmp_path: Path) -> None:
    content = json.dumps(new_table()).encode()
    head = request(x_amz_target="DynamoDB_20120810.CreateTable", content_length="")
    asked = head.replace(b"\r\n\r\n", b"\r\ncontent-length: %d\r\n\r\n" % len(content))
    with local_dynamodb(data=tmp_path) as server:
        # The answer takes a sync or two, and the end comes at once.
        answer = heard(server.url, asked.partition(b"{")[0] + content, ends=True)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"TableDescription" in answer


def test_one_that_says_it_in_pieces_and_ends_is_answered_as_well() -> None:
    asked = request(0, x_amz_target="DynamoDB_20120810.ListTables", transfer_encoding="chunked")
    head, end, body = asked.partition(b"\r\n\r\n")
    head = b"\r\n".join(one for one in head.split(b"\r\n") if b"content-length" not in one.lower())
    with local_dynamodb() as server:
        pieces = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        answer = heard(server.url, head + end + pieces, ends=True)

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_request_that_was_not_heard_to_its_end_holds_nobody_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(line: Line) -> None:
        await line.hear(request(1)[:-3])
        line.connection.shutdown()
        assert line.wire.closed
        line.connection.connection_lost(None)
        await settled()
        assert not line.state.tasks

    on_a_line(work)
    assert caplog.text == ""


def test_a_child_of_the_process_does_not_keep_the_door_open() -> None:
    with local_dynamodb() as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=5)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
