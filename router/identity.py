"""Whose a request is: AWS's Signature Version 4, verified.

Whoever signs and whoever verifies write the request down in the same way - method, path, query,
headers, hash of the body - and make an HMAC of that with a key derived from the secret, the day,
the region and the service.  The same HMAC means the same secret; nobody who has read it all on the
way can make another.  A signature is good for five minutes around the server's time, or as long as
a presigned request says.

The service takes no payload that is not signed, so the body's hash is always taken of the body.
"""

import re
from calendar import timegm
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from hmac import compare_digest, digest
from urllib.parse import quote_from_bytes, unquote_to_bytes

from items.data import data
from items.errors import (
    INCOMPLETE_SIGNATURE,
    INVALID_SIGNATURE,
    UNRECOGNIZED_CLIENT,
    DynamoDBError,
)
from router.http import Head
from router.policies import Permissions, Principal
from router.signatures import presigned, refuse_incomplete_header, refuse_unsigned

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE, TERMINATOR = "dynamodb", "aws4_request"
SKEW_SECONDS = 5 * 60
EXPIRES_SECONDS_MAX = 7 * 24 * 3600
TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
# What decides what a request means has to be signed.
SIGNED = ("host", "x-amz-target", "x-amz-date", "x-amz-security-token")


@data
class Claim:
    """What a request says about its signature."""

    access_key: str
    scope: str  # day/region/service/aws4_request
    signed_headers: tuple[str, ...]
    signature: str
    time: str  # As in 20261122T080038Z.
    expires_seconds: int | None  # Of a presigned request, where it says so.
    is_temporary: bool  # With a session's token; nobody has given any here.


class Door:
    """Finds out who sent a request."""

    def __init__(self, permissions: Permissions, region: str, now_us: Callable[[], int]) -> None:
        self._permissions, self._region, self._now_us = permissions, region, now_us
        self._keys: dict[str, tuple[str, bytes]] = {}  # By access key: the latest scope, its key.

    def access_key(self, head: Head, body: bytes) -> str:
        """Return the access key of whoever signed this.

        Raises:
            DynamoDBError: The signature is missing or wrong, somebody unknown's, or too old.
        """
        refuse_unsigned(head.headers, head.query)
        claim = claim_of(head)
        self._check_scope(claim)
        principal = self._permissions.principals.get(claim.access_key)
        if principal is None or claim.is_temporary:
            raise DynamoDBError(UNRECOGNIZED_CLIENT)
        self._check_time(claim)
        check_signed_headers(claim, head)
        request = canonical_request(claim, head, body)
        text = f"{ALGORITHM}\n{claim.time}\n{claim.scope}\n{sha256(request).hexdigest()}"
        expected = digest(self._key(principal, claim.scope), text.encode(), "sha256")
        if not compare_digest(expected.hex().encode(), claim.signature.encode()):
            raise DynamoDBError(INVALID_SIGNATURE)
        return principal.access_key

    def _check_scope(self, claim: Claim) -> None:
        parts = claim.scope.split("/")
        if len(parts) != 4 or not claim.access_key:
            raise DynamoDBError(
                INCOMPLETE_SIGNATURE,
                "Credential must have exactly 5 slash-delimited elements, e.g."
                f" keyid/date/region/service/term, got '{claim.access_key}/{claim.scope}'",
            )
        day, region, service, terminator = parts
        if region != self._region:
            wrong = f"Credential should be scoped to a valid region, not '{region}'. "
        elif service != SERVICE:
            wrong = f"Credential should be scoped to correct service: '{SERVICE}'. "
        elif terminator != TERMINATOR:
            wrong = (
                "Credential should be scoped with a valid terminator:"
                f" '{TERMINATOR}', not '{terminator}'. "
            )
        elif day != claim.time[:8]:
            wrong = (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date"
                f" from HTTP: '{day}' != '{claim.time[:8]}', from '{claim.time}'."
            )
        else:
            return
        raise DynamoDBError(INVALID_SIGNATURE, wrong)

    def _check_time(self, claim: Claim) -> None:
        """Refuse what was signed too long ago, or will be."""
        now, signed = self._now_us() // 1_000_000, seconds_of(claim.time)
        earliest, latest = now - SKEW_SECONDS, now + SKEW_SECONDS
        if signed > latest:
            wrong = f"not yet current: {claim.time} is still later than"
            wrong += f" {time_of(latest)} ({time_of(now)} + 5 min.)"
        elif claim.expires_seconds is not None and signed + claim.expires_seconds < now:
            wrong = f"expired: {time_of(signed + claim.expires_seconds)} is now earlier than"
            wrong += f" {time_of(now)}"
        elif claim.expires_seconds is None and signed < earliest:
            wrong = f"expired: {claim.time} is now earlier than"
            wrong += f" {time_of(earliest)} ({time_of(now)} - 5 min.)"
        else:
            return
        raise DynamoDBError(INVALID_SIGNATURE, f"Signature {wrong}")

    def _key(self, principal: Principal, scope: str) -> bytes:
        """Derive the key of a day, a region and a service; each principal's latest is kept."""
        known = self._keys.get(principal.access_key)
        if known is not None and known[0] == scope:
            return known[1]
        key = b"AWS4" + principal.secret.encode()
        for part in scope.split("/"):
            key = digest(key, part.encode(), "sha256")
        self._keys[principal.access_key] = scope, key
        return key


# What a request says ------------------------------------------------------------------------------


def claim_of(head: Head) -> Claim:
    """Read what a request says about its signature, which is there."""
    asked = presigned(head.query)
    if asked is not None:
        algorithm = asked["X-Amz-Algorithm"]
        said = {key.removeprefix("X-Amz-"): value for key, value in asked.items()}
        time, expires = asked["X-Amz-Date"], expires_of(asked)
    else:
        authorization = head.headers[b"authorization"].decode("latin1").strip()
        refuse_incomplete_header(authorization, has_date=True)
        algorithm, *parts = authorization.replace(",", " ").split()
        said = {key: value for key, _, value in [part.partition("=") for part in parts]}
        time, expires = time_in(head.headers), None
    if algorithm != ALGORITHM:
        raise DynamoDBError(INCOMPLETE_SIGNATURE, f"Unsupported AWS 'algorithm': '{algorithm}'.")
    access_key, _, scope = said["Credential"].partition("/")
    signed_headers = tuple(said["SignedHeaders"].lower().split(";"))
    seconds_of(time)
    is_temporary = "Security-Token" in said or b"x-amz-security-token" in head.headers
    return Claim(access_key, scope, signed_headers, said["Signature"], time, expires, is_temporary)


def expires_of(asked: Mapping[str, str]) -> int | None:
    text = asked.get("X-Amz-Expires")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise DynamoDBError(INCOMPLETE_SIGNATURE, f"X-Amz-Expires must be seconds, not '{text}'.")
    if int(text) > EXPIRES_SECONDS_MAX:
        most = f"must be less than a week (in seconds), {EXPIRES_SECONDS_MAX} at most"
        raise DynamoDBError(INCOMPLETE_SIGNATURE, f"X-Amz-Expires {most}.")
    return int(text)


def time_in(headers: dict[bytes, bytes]) -> str:
    """Find when a request was signed: `X-Amz-Date`, or `Date` as HTTP writes it."""
    time = headers.get(b"x-amz-date")
    if time is not None:
        return time.decode("latin1")
    date = headers[b"date"].decode("latin1")
    if TIME.fullmatch(date):
        return date
    try:
        return time_of(timegm(parsedate_to_datetime(date).utctimetuple()))
    except (ValueError, OverflowError):  # No date: told as what it is, for who reads it next.
        return date


def seconds_of(time: str) -> int:
    try:
        if TIME.fullmatch(time):
            return timegm(datetime.strptime(time, TIME_FORMAT).replace(tzinfo=UTC).timetuple())
    except ValueError:  # Such as a 13th month.
        pass
    raise DynamoDBError(
        INCOMPLETE_SIGNATURE,
        f"Date must be in ISO-8601 'basic format'. Got '{time}'."
        " See http://en.wikipedia.org/wiki/ISO_8601",
    )


def time_of(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(TIME_FORMAT)


def check_signed_headers(claim: Claim, head: Head) -> None:
    for name in SIGNED:
        if name not in claim.signed_headers and (name == "host" or name.encode() in head.headers):
            shown = "'Host' or ':authority'" if name == "host" else f"'{name}'"
            text = f"{shown} must be a 'SignedHeader' in the AWS Authorization."
            raise DynamoDBError(INVALID_SIGNATURE, text)


# The canonical request ----------------------------------------------------------------------------


def canonical_request(claim: Claim, head: Head, body: bytes) -> bytes:
    """Write a request down as its signer did."""
    names = sorted(claim.signed_headers)
    lines = [
        head.method.encode(),
        encoded(head.path.encode("latin1"), safe="/"),
        canonical_query(head.query),
        *(name.encode() + b":" + canonical_value(head.headers, name) for name in names),
        b"",
        ";".join(names).encode(),
        sha256(body).hexdigest().encode(),
    ]
    return b"\n".join(lines)


def canonical_value(headers: dict[bytes, bytes], name: str) -> bytes:
    return b" ".join(headers.get(name.encode(), b"").split())


def canonical_query(query: bytes) -> bytes:
    """Write the parameters in order, each character in the one way that AWS has for it."""
    if not query:
        return b""
    pairs = []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name != b"X-Amz-Signature":
            pairs.append((encoded(unquote_to_bytes(name)), encoded(unquote_to_bytes(value))))
    return b"&".join([name + b"=" + value for name, value in sorted(pairs)])


def encoded(text: bytes, safe: str = "") -> bytes:
    return quote_from_bytes(text, safe=f"-_.~{safe}").encode()
