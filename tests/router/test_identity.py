"""Whose a request is: our verifier against botocore's own signers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from items.errors import DynamoDBError
from router.http import Head
from router.identity import Door
from router.policies import Permissions, Principal

NOW = datetime(2026, 11, 22, 8, 0, 38, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 1_000_000
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = Credentials("APP", SECRET)
REGION = "us-east-1"
URL = "http://127.0.0.1:8000/"
BODY = json.dumps({"TableName": "Orders"}).encode()
HEADERS = {
    "X-Amz-Target": "DynamoDB_20120810.PutItem",
    "Content-Type": "application/x-amz-json-1.0",
}


class Presigner(botocore.auth.SigV4QueryAuth):  # type: ignore[misc]  # Nobody has typed it.
    """Signs in the query, and leaves the body where it is."""

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        body, request.data = request.data, b""
        super()._modify_request_before_signing(request)
        request.data = body


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with patch.object(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: NOW):
        yield


@pytest.fixture
def door() -> Door:
    return door_at(NOW_US)


def door_at(now_us: int) -> Door:
    principals = {
        "APP": Principal("app", "APP", (), SECRET),
        "OTHER": Principal("other", "OTHER", (), "another secret"),
    }
    return Door(Permissions(principals), REGION, lambda: now_us)


def signed(
    body: bytes = BODY,
    *,
    url: str = URL,
    keys: Credentials = KEYS,
    region: str = REGION,
    service: str = "dynamodb",
    signer: type[botocore.auth.SigV4Auth] = botocore.auth.SigV4Auth,
    **more: str,
) -> Head:
    """Have botocore sign a request, and give what of it arrives."""
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in more.items()}}
    request = AWSRequest("POST", url, headers, body)
    signer(keys, service, region).add_auth(request)
    parts = urlsplit(request.url)
    came = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
    came.setdefault(b"host", parts.netloc.encode())
    return Head("127.0.0.1", "POST", parts.path or "/", parts.query.encode(), came, 0)


def changed(head: Head, name: bytes, before: bytes, after: bytes) -> Head:
    value = head.headers[name]
    assert before in value
    headers = {**head.headers, name: value.replace(before, after)}
    return Head(head.client, head.method, head.path, head.query, headers, 0)


def refusal(door: Door, head: Head, body: bytes = BODY) -> tuple[str, str]:
    with pytest.raises(DynamoDBError) as refused:
        door.access_key(head, body)
    return refused.value.kind.name, refused.value.message


MISMATCH = (
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS"
    " Secret Access Key and signing method. Consult the service documentation for details.",
)
UNKNOWN = (
    "UnrecognizedClientException",
    "The security token included in the request is invalid.",
)


# Right ones.


def test_what_botocore_signs_is_who_signed_it(door: Door) -> None:
    assert door.access_key(signed(), BODY) == "APP"
    assert door.access_key(signed(keys=Credentials("OTHER", "another secret")), BODY) == "OTHER"
    assert door.access_key(signed(b""), b"") == "APP"


def test_the_example_of_the_specification_is_verified() -> None:
    # 'get-vanilla-query-order-key-case' of AWS's own test suite for Signature Version 4.
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    headers = {
        b"host": b"example.amazonaws.com",
        b"x-amz-date": b"20150830T123600Z",
        b"authorization": b"AWS4-HMAC-SHA256"
        b" Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        b" SignedHeaders=host;x-amz-date,"
        b" Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    }
    head = Head("", "GET", "/", b"Param2=value2&Param1=value1", headers, 0)
    principals = {"AKIDEXAMPLE": Principal("example", "AKIDEXAMPLE", (), SECRET)}
    door = Door(Permissions(principals), REGION, lambda: int(at.timestamp()) * 1_000_000)

    with patch("router.identity.SERVICE", "service"):
        assert door.access_key(head, b"") == "AKIDEXAMPLE"


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
in_queries = st.text("ab -_.~!*'()/:@$,;[]%é漢", min_size=1, max_size=6)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    body=st.binary(max_size=40),
    query=st.dictionaries(in_queries, in_queries, max_size=3),
    path=st.text("ab-_.~é /", max_size=6),
    values=st.lists(words, max_size=3),
    blanks=st.sampled_from([" ", "  ", "   "]),
    signer=st.sampled_from([botocore.auth.SigV4Auth, Presigner]),
)
def test_whatever_botocore_signs_is_verified_and_nothing_else(
    *,
    body: bytes,
    query: dict[str, str],
    path: str,
    values: list[str],
    blanks: str,
    signer: type[botocore.auth.SigV4Auth],
) -> None:
    encode = botocore.auth.percent_encode_sequence
    plain = "/".join(part for part in path.split("/") if part not in ("", ".", ".."))
    url = URL + botocore.auth.quote(plain) + (f"?{encode(query)}" if query else "")
    door = door_at(NOW_US)

    head = signed(body, url=url, signer=signer, X_Amz_Meta=blanks.join(values))

    assert door.access_key(head, body) == "APP"
    assert refusal(door, head, body + b" ") == MISMATCH
    assert refusal(door, changed(head, b"x-amz-target", b"Put", b"Get"), body) == MISMATCH
    more = head.query + b"&more=1" if head.query else b"more=1"
    longer = Head(head.client, head.method, head.path, more, head.headers, 0)
    assert refusal(door, longer, body) == MISMATCH


def test_the_date_may_be_in_the_header_that_http_has_for_it(door: Door) -> None:
    dated = signed(Date="a date that the signer replaces")

    assert b"x-amz-date" not in dated.headers
    assert door.access_key(dated, BODY) == "APP"


# Wrong ones.


def test_a_wrong_secret_is_told_from_an_unknown_key(door: Door) -> None:
    assert refusal(door, signed(keys=Credentials("APP", "another secret"))) == MISMATCH
    assert refusal(door, signed(keys=Credentials("NOBODY", SECRET))) == UNKNOWN
    assert refusal(door, signed(keys=Credentials("APP", SECRET, "a session"))) == UNKNOWN
    presigned = signed(keys=Credentials("APP", SECRET, "a session"), signer=Presigner)
    assert refusal(door, presigned) == UNKNOWN


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (b"x-amz-target", b"Put", b"Delete"),
        (b"content-type", b"1.0", b"1.1"),
        (b"host", b"8000", b"8001"),
        (b"authorization", b"Signature=", b"Signature=0"),
        (b"authorization", b"content-type;", b""),
        (b"authorization", b"SignedHeaders=", b"SignedHeaders=accept;"),
        (b"authorization", b"Credential=APP", b"Credential=OTHER"),
    ],
)
def test_what_is_changed_on_the_way_is_noticed(
    door: Door, name: bytes, before: bytes, after: bytes
) -> None:
    assert refusal(door, changed(signed(), name, before, after)) == MISMATCH


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"host", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
        (b"x-amz-target", "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."),
        (b"x-amz-date", "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."),
    ],
)
def test_what_decides_the_meaning_must_be_signed(door: Door, name: bytes, expected: str) -> None:
    head = signed(A="first", Zz="last")
    listed = head.headers[b"authorization"].partition(b"SignedHeaders=")[2].partition(b",")[0]
    fewer = b";".join(one for one in listed.split(b";") if one != name)

    told = refusal(door, changed(head, b"authorization", listed, fewer))

    assert told == ("InvalidSignatureException", expected)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-300, None),
        (300, None),
        (
            301,
            "Signature expired: 20261122T080038Z is now earlier than 20261122T080039Z"
            " (20261122T080539Z - 5 min.)",
        ),
        (
            -301,
            "Signature not yet current: 20261122T080038Z is still later than 20261122T080037Z"
            " (20261122T075537Z + 5 min.)",
        ),
    ],
)
def test_a_signature_is_good_for_five_minutes(seconds: int, expected: str | None) -> None:
    door = door_at(NOW_US + seconds * 1_000_000)

    if expected is None:
        assert door.access_key(signed(), BODY) == "APP"
    else:
        assert refusal(door, signed()) == ("InvalidSignatureException", expected)


def test_a_presigned_request_says_itself_how_long_it_is_good() -> None:
    head = signed(signer=Presigner)  # For an hour.
    later = [door_at(NOW_US + seconds * 1_000_000) for seconds in (3_600, 3_601, -301)]

    assert later[0].access_key(head, BODY) == "APP"
    assert refusal(later[1], head)[1] == (
        "Signature expired: 20261122T090038Z is now earlier than 20261122T090039Z"
    )
    assert refusal(later[2], head)[1].startswith("Signature not yet current")


@pytest.mark.parametrize(
    ("region", "service", "expected"),
    [
        ("eu-west-1", "dynamodb", "Credential should be scoped to a valid region, not 'eu-west-1"),
        (REGION, "s3", "Credential should be scoped to correct service: 'dynamodb'. "),
    ],
)
def test_a_signature_for_somewhere_else_is_refused(
    door: Door, region: str, service: str, expected: str
) -> None:
    name, told = refusal(door, signed(region=region, service=service))

    assert (name, told[: len(expected)]) == ("InvalidSignatureException", expected)


@pytest.mark.parametrize(
    ("before", "after", "name", "expected"),
    [
        (b"/20261122/", b"/20261121/", "InvalidSignature", "Date in Credential scope does not"),
        (b"aws4_request", b"aws5", "InvalidSignature", "Credential should be scoped with a valid"),
        (b"APP/2026", b"APP2026", "IncompleteSignature", "Credential must have exactly 5 slash"),
        (b"APP/", b"/", "IncompleteSignature", "Credential must have exactly 5 slash"),
        (b"HMAC", b"ECDSA", "IncompleteSignature", "Unsupported AWS 'algorithm': 'AWS4-ECDSA"),
        (b"Signature=", b"Sig=", "IncompleteSignature", "Authorization header requires 'Signat"),
        (b"Credential=", b"XCredential=", "IncompleteSignature", "Authorization header requires"),
    ],
)
def test_what_is_no_signature_is_told_as_what_it_is(
    door: Door, before: bytes, after: bytes, name: str, expected: str
) -> None:
    told = refusal(door, changed(signed(), b"authorization", before, after))

    assert told[0] == f"{name}Exception"
    assert told[1].startswith(expected)


@pytest.mark.parametrize("date", [b"yesterday", b"20261322T080038Z", b"20261122T080038", b""])
def test_a_date_that_is_none_is_told(door: Door, date: bytes) -> None:
    for name in (b"x-amz-date", b"date"):
        head = signed()
        headers = {key: value for key, value in head.headers.items() if key != b"x-amz-date"}
        dated = Head("", "POST", "/", b"", {**headers, name: date}, 0)

        told = refusal(door, dated)

        assert told[0] == "IncompleteSignatureException"
        assert told[1].startswith(f"Date must be in ISO-8601 'basic format'. Got '{date.decode()}'")


@pytest.mark.parametrize("expires", ["soon", "-1", "604801", "9" * 30])
def test_a_presigned_request_says_seconds_up_to_a_week(door: Door, expires: str) -> None:
    head = signed(signer=Presigner)
    query = head.query.replace(b"X-Amz-Expires=3600", f"X-Amz-Expires={expires}".encode())

    told = refusal(door, Head("", "POST", "/", query, head.headers, 0))

    assert told[0] == "IncompleteSignatureException"
    assert told[1].startswith("X-Amz-Expires must be ")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    authorization=st.binary(max_size=60),
    query=st.binary(max_size=40),
    date=st.binary(max_size=20),
    path=st.text(st.characters(max_codepoint=255), max_size=5),
)
def test_nothing_that_comes_gets_in_or_gets_stuck(
    authorization: bytes, query: bytes, date: bytes, path: str
) -> None:
    head = signed()
    prefix = b"AWS4-HMAC-SHA256 Credential=APP/20261122/us-east-1/dynamodb/aws4_request, "
    marks = b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261122T080038Z&X-Amz-SignedHeaders=h&"
    presigned = marks + b"X-Amz-Credential=APP/20261122/us-east-1/dynamodb/aws4_request&"
    without = {name: value for name, value in head.headers.items() if name != b"authorization"}
    tries = [
        Head("", "POST", path, query, {**head.headers, b"authorization": authorization}, 0),
        Head(
            "",
            "POST",
            path,
            query,
            {**head.headers, b"authorization": prefix + authorization, b"x-amz-date": date},
            0,
        ),
        Head("", "POST", path, presigned + b"X-Amz-Signature=" + query, without, 0),
        Head("", "POST", path, b"X-Amz-Algorithm&" + query, without, 0),
    ]

    for one in tries:
        refusal(door_at(NOW_US), one)  # And no other exception.


def test_yesterdays_key_does_for_nothing_today() -> None:
    today, tomorrow = signed(), NOW + timedelta(days=1)
    door = door_at(NOW_US)
    assert door.access_key(today, BODY) == "APP"
    with patch.object(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: tomorrow):
        later = signed()

    door = door_at(int(tomorrow.timestamp()) * 1_000_000)

    assert door.access_key(later, BODY) == "APP"
    assert refusal(door, today)[1].startswith("Signature expired")
    assert door.access_key(later, BODY) == "APP"
