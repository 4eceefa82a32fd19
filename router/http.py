"""The HTTP door: DynamoDB's wire protocol, as a raw ASGI application.

One route, `POST /` with the operation's name in `X-Amz-Target` and JSON both ways; so there is no
web framework.  This file turns bytes into a call and its answer into bytes.  It knows no operation,
no socket and no cluster: `call` carries out what was asked, whoever that is.

Refusals come in the service's order: too large, not a POST of JSON, JSON that cannot be read, no
such operation, no signature (`router.signatures`); all others are the API's.
"""

import gzip
import zlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from typing import Any, TypeAlias

import orjson

from items.data import data
from items.errors import NESTING_TOO_DEEP, SERIALIZATION, DynamoDBError
from items.errors import validation as invalid
from items.limits import REQUEST_BYTES_MAX
from network.messages import Response
from router.left_out import unknown_operation
from router.signatures import refuse_unsigned

Message: TypeAlias = MutableMapping[str, Any]  # ASGI's.
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
# Operation, body and the call's id, the same in all attempts of one call (None: not told).
Call: TypeAlias = Callable[[str, dict[str, Any], str | None], Awaitable[Response]]

DRAINED_BYTES_MAX = 64 << 20  # Somebody who still speaks does not hear an answer.
HEAD_BYTES_MAX = 16 << 10  # Request line and headers.
NESTING_MAX = 200  # JSON in JSON: a request may have 32 levels of lists and maps, two each.
BRACKETS_FEW = 100  # So few cannot nest too deeply: most bodies are not looked at again.
COMPRESSED_FROM = 1_024  # Bytes: shorter answers are not worth it.
TARGET = b"DynamoDB_20120810"
STREAMS_TARGET = b"DynamoDBStreams_20120810"  # Of a service of its own, at the same port.
OF_STREAMS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
JSON_TYPES = (b"application/x-amz-json-1.0", b"application/json")
HEALTHY = b"healthy: dynamodb.us-east-1.amazonaws.com "
UNKNOWN_PAGE = b"<UnknownOperationException/>\n"
EXPOSED = b"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"
CORS_SECONDS = b"172800"


@data
class Head:
    """What is known of a request before its body."""

    client: str
    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]  # Names in lower case; of a repeated one the last.
    size_bytes: int


# Whoever signed a request, and what carries their calls out; raises DynamoDBError for a stranger.
Identify: TypeAlias = Callable[[Head, bytes], Call]

# What is asked under another path, and with which body: status, type and text, or nothing if there
# is nothing under that path.
Beside: TypeAlias = Callable[[Head, bytes], tuple[int, str, str] | None]


@data
class Answer:
    """A status, a body and headers: at first the answer's own, in the end all that it has."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class TooLargeError(Exception):
    """The body is longer than the service takes."""


class GoneError(Exception):
    """The client went away before it had said all."""


class HttpDoor:
    """The application.  `request_id` mints the id that an answer carries.

    Operations `without_body` answer nothing at all where others would answer `{}`.
    """

    def __init__(
        self,
        call: Call,
        operations: Collection[str],
        request_id: Callable[[], str],
        without_body: Collection[str] = (),
        *,
        beside: Beside | None = None,
        identify: Identify | None = None,
    ) -> None:
        """Answer calls; `beside` answers what is asked under any other path than `/`.

        With `identify` signatures are verified, and what it gives takes the place of `call`.
        """
        self._call, self._request_id, self._beside = call, request_id, beside
        self._identify = identify
        # `DynamoDB_20120810.PutItem` → PutItem
        self._targets = {target_of(name): name for name in operations}
        self._silent = {target_of(name) for name in without_body}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http", "the door speaks HTTP and nothing else"
        head = head_of(scope)
        try:
            answer = await self._heard(head, receive)
        except GoneError:  # Nobody is there to be answered.
            return
        status, headers = answer.status, list(answer.headers)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _heard(self, head: Head, receive: Receive) -> Answer:
        """Hear a request to its end, and answer it."""
        if head.size_bytes > HEAD_BYTES_MAX:
            refusal = Answer(400, b"Request header too large\n", ((b"connection", b"close"),))
            return self._signed(refusal, head)
        try:
            body = await body_of(receive)
        except TooLargeError:
            return self._signed(Answer(413, b"", ((b"connection", b"close"),)), head)
        return await self.answered(head, body)

    async def answered(self, head: Head, body: bytes) -> Answer:
        """Answer a request that has been heard to its end."""
        return self._signed(await self._answer(head, body), head)

    async def _answer(self, head: Head, body: bytes) -> Answer:
        if self._beside is not None and head.path != "/":
            page = self._beside(head, body)
            if page is not None:
                status, text_type, text = page
                return Answer(status, text.encode(), ((b"content-type", text_type.encode()),))
        kind = head.headers.get(b"content-type", b"").partition(b";")[0].strip()
        if head.method != "POST" or (body and kind not in JSON_TYPES):
            return answer_without_json(head)
        try:
            response = await self._carried_out(head, body)
        except DynamoDBError as error:
            response = Response(error.kind.status, error.body())
        told = orjson.dumps(response.body if response.status == 200 else as_written(response.body))
        if told == b"{}" and head.headers.get(b"x-amz-target") in self._silent:
            told = b""
        told_as = kind if kind in JSON_TYPES else JSON_TYPES[0]
        return Answer(response.status, told, ((b"content-type", told_as),))

    async def _carried_out(self, head: Head, body: bytes) -> Response:
        """Read what is asked, and have it carried out.

        Raises:
            DynamoDBError: It cannot be read, or may not be asked.
        """
        request = json_of(unpacked(head, body)) if body else None  # No body: told of last.
        target = head.headers.get(b"x-amz-target", b"")
        operation = self._targets.get(target)
        if operation is None:
            service, _, name = target.partition(b".")
            raise unknown_operation(name.decode("latin1") if service == TARGET else "")
        if self._identify is None:
            refuse_unsigned(head.headers, head.query)
            carry_out = self._call
        else:
            carry_out = self._identify(head, body)
        if not isinstance(request, dict):
            raise DynamoDBError(SERIALIZATION)
        if body.count(b"{") + body.count(b"[") > BRACKETS_FEW:
            refuse_nested(request)
        call = head.headers.get(b"amz-sdk-invocation-id")
        return await carry_out(operation, request, None if call is None else call.decode("latin1"))

    def _signed(self, answer: Answer, head: Head) -> Answer:
        """Add what every answer has."""
        body, headers = answer.body, list(answer.headers)
        if len(body) >= COMPRESSED_FROM and b"gzip" in head.headers.get(b"accept-encoding", b""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers.append((b"content-encoding", b"gzip"))
        if b"origin" in head.headers:
            headers.append((b"access-control-allow-origin", b"*"))
            headers.append((b"access-control-expose-headers", EXPOSED))
        headers += (
            (b"server", b"Server"),
            (b"x-amzn-requestid", self._request_id().encode()),
            # Of the very bytes that are sent; clients check it.
            (b"x-amz-crc32", b"%d" % zlib.crc32(body)),
            (b"content-length", b"%d" % len(body)),
        )
        return Answer(answer.status, body, tuple(headers))


def head_of(scope: Message) -> Head:
    pairs: list[tuple[bytes, bytes]] = scope["headers"]
    query: bytes = scope["query_string"]
    # Each header's line has `: ` and an end of line as well.
    size = len(scope["raw_path"]) + len(query) + sum([len(n) + len(v) + 4 for n, v in pairs])
    client = (scope.get("client") or ("", 0))[0]
    path = scope["raw_path"].decode("latin1")
    return Head(client, scope["method"], path, query, dict(pairs), size)


def as_written(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write an error as the service does: beside an item its message has a capital letter."""
    if "Item" not in error or "message" not in error:
        return error
    return {("Message" if name == "message" else name): told for name, told in error.items()}


def answer_without_json(head: Head) -> Answer:
    """Answer what is no call: a browser's question, somebody's look whether we are there."""
    if head.method == "OPTIONS" and b"origin" in head.headers:
        return Answer(200, b"", tuple(allowed(head.headers)))
    if head.method == "GET":
        return Answer(200, HEALTHY)
    return Answer(404, UNKNOWN_PAGE)


def allowed(headers: dict[bytes, bytes]) -> Iterable[tuple[bytes, bytes]]:
    """Allow a page of any origin what it asks for."""
    for asked, told in (
        (b"access-control-request-headers", b"access-control-allow-headers"),
        (b"access-control-request-method", b"access-control-allow-methods"),
    ):
        if asked in headers:
            yield told, headers[asked]
    yield b"access-control-max-age", CORS_SECONDS


# Bodies -----------------------------------------------------------------------------------------


async def body_of(receive: Receive) -> bytes:
    """Take the whole body, and no more than the service takes.

    Raises:
        TooLargeError, GoneError
    """
    message = await receive()
    part: bytes = message.get("body", b"")
    parts, size = [part], len(part)
    while message.get("more_body"):
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= REQUEST_BYTES_MAX:
            parts.append(part)
        elif size > DRAINED_BYTES_MAX:
            break
    if message["type"] == "http.disconnect":
        raise GoneError
    if size > REQUEST_BYTES_MAX:
        raise TooLargeError
    return b"".join(parts)


def unpacked(head: Head, body: bytes) -> bytes:
    """Undo the client's compression.

    Raises:
        DynamoDBError: SerializationException: it is no gzip, or more than the service takes.
    """
    if head.headers.get(b"content-encoding", b"").lower() != b"gzip":
        return body
    gunzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = gunzip.decompress(body, REQUEST_BYTES_MAX)
    except zlib.error:
        raise DynamoDBError(SERIALIZATION) from None
    if not gunzip.eof:
        raise DynamoDBError(SERIALIZATION)
    return plain


def target_of(operation: str) -> bytes:
    """Return how requests name an operation in their header."""
    return (STREAMS_TARGET if operation in OF_STREAMS else TARGET) + b"." + operation.encode()


def json_of(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise DynamoDBError(SERIALIZATION) from None


def refuse_nested(request: dict[str, Any]) -> None:
    """Refuse what is nested so deeply that reading it would never come to the service's limit."""
    level: list[Any] = [request]
    for _ in range(NESTING_MAX):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise invalid(NESTING_TOO_DEEP)
