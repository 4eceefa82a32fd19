"""The wire to the letter: what the service answers before anybody looks at the request itself."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest

from items.errors import CONDITIONAL_CHECK_FAILED, RESOURCE_NOT_FOUND, DynamoDBError
from items.limits import REQUEST_BYTES_MAX
from network.messages import Response
from router.http import DRAINED_BYTES_MAX, HttpDoor

AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=d"
HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.PutItem",
    "authorization": AUTHORIZATION,
    "x-amz-date": "20261122T000000Z",
}
REQUEST_ID = "A" * 52


class Reply:
    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status, self.raw = status, body
        self.headers = {name.decode(): value.decode() for name, value in headers}
        assert self.headers["content-length"] == str(len(body))
        assert self.headers["x-amz-crc32"] == str(zlib.crc32(body))
        assert self.headers["x-amzn-requestid"] == REQUEST_ID

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class Asker:
    """Asks a door, and remembers what came through it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, str | None]] = []
        self.unheard: list[Any] = []  # What of the last body nobody asked for.
        self.answer = Response(200, {})
        self.door = HttpDoor(
            self._call, ["PutItem", "GetItem", "TagResource"], lambda: REQUEST_ID, ["TagResource"]
        )

    async def _call(self, operation: str, body: dict[str, Any], call: str | None) -> Response:
        self.calls.append((operation, body, call))
        return self.answer

    def ask(
        self,
        body: bytes | list[bytes] = b"{}",
        *,
        method: str = "POST",
        query: bytes = b"",
        leave_out: str = "",
        **headers: str,
    ) -> Reply:
        found = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        found.pop(leave_out, None)
        return self.ask_plainly(body, method=method, query=query, headers=found)

    def ask_plainly(
        self,
        body: bytes | list[bytes] = b"",
        *,
        method: str = "POST",
        query: bytes = b"",
        headers: dict[str, str],
    ) -> Reply:
        parts = [body] if isinstance(body, bytes) else body
        self.unheard = coming = [
            {"type": "http.request", "body": part, "more_body": n < len(parts) - 1}
            for n, part in enumerate(parts)
        ]
        sent: list[Any] = []
        scope = {
            "type": "http",
            "method": method,
            "raw_path": b"/",
            "query_string": query,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

        async def receive() -> Any:
            return coming.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.door(scope, receive, send))
        start, end = sent
        return Reply(start["status"], start["headers"], end["body"])


@pytest.fixture
def asker() -> Asker:
    return Asker()


# What goes through.


def test_a_request_goes_through_and_its_answer_comes_back(asker: Asker) -> None:
    asker.answer = Response(200, {"Attributes": {"a": {"S": "é"}}})

    reply = asker.ask(b'{"TableName": "t"}', amz_sdk_invocation_id="call-1")

    assert asker.calls == [("PutItem", {"TableName": "t"}, "call-1")]
    assert (reply.status, reply.json) == (200, {"Attributes": {"a": {"S": "é"}}})
    assert reply.headers["content-type"] == "application/x-amz-json-1.0"
    assert reply.headers["server"] == "Server"


def test_a_request_without_a_call_id_is_a_call_of_its_own(asker: Asker) -> None:
    asker.ask()

    assert asker.calls == [("PutItem", {}, None)]


def test_a_body_may_come_in_parts(asker: Asker) -> None:
    asker.ask([b'{"Tab', b"", b'leName": "t"}'])

    assert asker.calls == [("PutItem", {"TableName": "t"}, None)]


def test_plain_json_is_answered_in_kind(asker: Asker) -> None:
    reply = asker.ask(content_type="application/json; charset=utf-8")

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"


def test_an_error_keeps_its_status_and_its_content_type(asker: Asker) -> None:
    asker.answer = Response(400, DynamoDBError(RESOURCE_NOT_FOUND).body())

    reply = asker.ask()

    assert reply.status == 400
    assert reply.json == {
        "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message": "Requested resource not found",
    }
    assert reply.headers["content-type"] == "application/x-amz-json-1.0"


def test_beside_an_item_the_message_has_a_capital_letter(asker: Asker) -> None:
    item = {"pk": ("S", "a")}
    asker.answer = Response(400, DynamoDBError(CONDITIONAL_CHECK_FAILED, item=item).body())

    assert asker.ask().json == {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "Item": {"pk": {"S": "a"}},
        "Message": "The conditional request failed",
    }


# Compression.


def test_a_compressed_request_is_read(asker: Asker) -> None:
    asker.ask(gzip.compress(b'{"TableName": "t"}', mtime=0), content_encoding="gzip")

    assert asker.calls == [("PutItem", {"TableName": "t"}, None)]


@pytest.mark.parametrize("body", [b"{}", gzip.compress(b"{}", mtime=0)[:-4]])
def test_a_request_that_says_gzip_and_is_not_cannot_be_read(asker: Asker, body: bytes) -> None:
    reply = asker.ask(body, content_encoding="gzip")

    assert (reply.status, asker.calls) == (400, [])
    assert reply.json == {"__type": "com.amazon.coral.service#SerializationException"}


def test_a_small_body_that_grows_without_end_is_refused(asker: Asker) -> None:
    bomb = gzip.compress(b'"' + b"a" * REQUEST_BYTES_MAX + b'"', mtime=0)

    assert asker.ask(bomb, content_encoding="gzip").status == 400
    assert asker.calls == []


def test_a_long_answer_is_compressed_for_whoever_takes_it(asker: Asker) -> None:
    asker.answer = Response(200, {"Item": {"a": {"S": "x" * 5_000}}})

    plain, packed = asker.ask(), asker.ask(accept_encoding="gzip, deflate")

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.raw) == plain.raw


def test_a_short_answer_is_not_compressed(asker: Asker) -> None:
    assert "content-encoding" not in asker.ask(accept_encoding="gzip").headers


# Not a call.


def test_somebody_who_only_looks_is_told_that_we_are_well(asker: Asker) -> None:
    reply = asker.ask_plainly(method="GET", headers={})

    assert (reply.status, reply.raw) == (200, b"healthy: dynamodb.us-east-1.amazonaws.com ")
    assert reply.headers["x-amz-crc32"] == "3128867991"  # As the service says.


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_what_is_no_post_of_json_finds_nothing(asker: Asker, method: str) -> None:
    reply = asker.ask_plainly(b"{}", method=method, headers={"content-type": "text/plain"})

    assert (reply.status, reply.raw) == (404, b"<UnknownOperationException/>\n")
    assert reply.headers["x-amz-crc32"] == "3552371480"  # As the service says.


def test_a_page_of_another_origin_may_ask(asker: Asker) -> None:
    asked = {
        "origin": "http://example",
        "access-control-request-headers": "x-amz-target",
        "access-control-request-method": "POST",
    }

    reply = asker.ask_plainly(method="OPTIONS", headers=asked)

    assert (reply.status, reply.raw) == (200, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-headers"] == "x-amz-target"
    assert reply.headers["access-control-allow-methods"] == "POST"
    assert reply.headers["access-control-max-age"] == "172800"
    assert asker.ask(origin="http://example").headers["access-control-allow-origin"] == "*"


# Refusals, in the service's order.


def test_without_a_body_target_and_signature_are_looked_at_first(asker: Asker) -> None:
    unknown = asker.ask(b"", leave_out="x-amz-target")
    unsigned = asker.ask(b"", leave_out="authorization")
    untyped = asker.ask(b"", leave_out="content-type")

    assert asker.calls == []
    assert unknown.json == {"__type": "com.amazon.coral.service#UnknownOperationException"}
    assert unsigned.json["__type"].endswith("#MissingAuthenticationTokenException")
    assert untyped.json == {"__type": "com.amazon.coral.service#SerializationException"}
    assert untyped.headers["content-type"] == "application/x-amz-json-1.0"
    assert {unknown.status, unsigned.status, untyped.status} == {400}


@pytest.mark.parametrize("body", [b"{", b"hello", b'{"a": NaN}', b"\xff", b"[" * 2_000])
def test_what_is_no_json_cannot_be_read(asker: Asker, body: bytes) -> None:
    reply = asker.ask(body, leave_out="x-amz-target")

    assert (reply.status, asker.calls) == (400, [])
    assert reply.json == {"__type": "com.amazon.coral.service#SerializationException"}


@pytest.mark.parametrize(
    "target",
    [
        "",
        "PutItem",
        "DynamoDB_20120810.",
        "DynamoDB_20120810.PutItems",
        "DynamoDB_2.PutItem",
        "a.ListBackups",
    ],
)
def test_an_unknown_operation_is_told_before_a_missing_signature(asker: Asker, target: str) -> None:
    reply = asker.ask(x_amz_target=target, leave_out="authorization")

    assert (reply.status, asker.calls) == (400, [])
    assert reply.json == {"__type": "com.amazon.coral.service#UnknownOperationException"}


def test_an_operation_that_is_left_out_is_told_so(asker: Asker) -> None:
    reply = asker.ask(x_amz_target="DynamoDB_20120810.ExecuteStatement")

    assert (reply.status, asker.calls) == (400, [])
    assert reply.json == {
        "__type": "com.amazon.coral.service#UnknownOperationException",
        "message": "ExecuteStatement is not supported by twophase",
    }


@pytest.mark.parametrize("authorization", ["", "Basic YTpi"])
def test_a_request_without_a_signature_is_refused(asker: Asker, authorization: str) -> None:
    reply = asker.ask(authorization=authorization)

    assert (reply.status, asker.calls) == (400, [])
    assert reply.json == {
        "__type": "com.amazon.coral.service#MissingAuthenticationTokenException",
        "message": "Request is missing Authentication Token",
    }


def test_half_a_signature_is_told_what_it_lacks(asker: Asker) -> None:
    reply = asker.ask(authorization="AWS4-HMAC-SHA256 Credential=a", leave_out="x-amz-date")

    assert (reply.status, asker.calls) == (400, [])
    assert reply.json == {
        "__type": "com.amazon.coral.service#IncompleteSignatureException",
        "message": "Authorization header requires 'Signature' parameter."
        " Authorization header requires 'SignedHeaders' parameter."
        " Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        " Authorization=AWS4-HMAC-SHA256 Credential=a",
    }


def test_a_signature_may_be_in_the_query(asker: Asker) -> None:
    whole = (
        b"X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d&X-Amz-Date=e"
    )

    assert asker.ask(query=whole, leave_out="authorization").status == 200
    both = asker.ask(query=whole)
    assert both.json["__type"].endswith("#InvalidSignatureException")
    half = asker.ask(query=b"X-Amz-Algorithm=a&X-Amz-Date=e", leave_out="authorization")
    assert half.json["message"] == (
        "AWS query-string parameters must include 'X-Amz-Credential'."
        " AWS query-string parameters must include 'X-Amz-Signature'."
        " AWS query-string parameters must include 'X-Amz-SignedHeaders'."
        " Re-examine the query-string parameters."
    )


@pytest.mark.parametrize("body", [b"[]", b'"hello"', b"5", b"null"])
def test_json_that_is_no_structure_cannot_be_read(asker: Asker, body: bytes) -> None:
    reply = asker.ask(body)

    assert (reply.status, asker.calls) == (400, [])
    assert reply.json["__type"].endswith("#SerializationException")


# Limits.


def test_a_body_of_16_mb_is_taken_and_one_byte_more_is_not(asker: Asker) -> None:
    text = b'{"a": "%s"}' % (b"x" * (REQUEST_BYTES_MAX - 9))

    assert len(text) == REQUEST_BYTES_MAX
    assert asker.ask([text[:100], text[100:]]).status == 200
    refused = asker.ask([text, b" "])
    assert (refused.status, refused.raw) == (413, b"")
    assert refused.headers["connection"] == "close"


def test_a_body_without_end_is_not_listened_to_for_ever(asker: Asker) -> None:
    part = b" " * (8 << 20)
    parts = [part] * (2 * DRAINED_BYTES_MAX // len(part))

    assert asker.ask(parts).status == 413
    assert len(asker.unheard) * len(part) == DRAINED_BYTES_MAX - len(part)


def test_headers_of_more_than_16_kb_are_refused(asker: Asker) -> None:
    assert asker.ask(x_more="a" * 15_000).status == 200
    assert asker.ask(x_more="a" * 16_500).status == 400
    assert asker.ask(query=b"a" * 16_500).status == 400


@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"M":', b"}")])
def test_what_is_nested_too_deeply_is_refused_and_deep_items_are_not(
    asker: Asker, opens: bytes, closes: bytes
) -> None:
    def nested(levels: int) -> bytes:
        return b'{"Item": %s1%s}' % (opens * levels, closes * levels)

    assert asker.ask(nested(150)).status == 200
    refused = asker.ask(nested(400))
    assert refused.status == 400
    assert "Nesting Levels have exceeded supported limits" in refused.json["message"]


@pytest.mark.parametrize(("target", "told"), [("PutItem", b"{}"), ("TagResource", b"")])
def test_where_there_is_nothing_to_say_an_operation_may_say_nothing_at_all(
    asker: Asker, target: str, told: bytes
) -> None:
    reply = asker.ask(x_amz_target=f"DynamoDB_20120810.{target}")

    assert (reply.status, reply.raw) == (200, told)


def test_who_goes_away_is_not_answered(asker: Asker) -> None:
    sent: list[Any] = []
    coming = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": []}
    asyncio.run(asker.door(scope, receive, send))

    assert sent == asker.calls == []
