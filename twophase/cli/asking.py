"""How `twophase status` and `twophase faults` ask a running server."""

import json
import os
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import click

from twophase.cli.errors import BadInputError
from twophase.local.secret import SecretError, secret_for

DEFAULT_URL = "http://127.0.0.1:8000"
ANSWER_SECONDS = 10
BYTES_MAX = 64 << 20

url_option = click.option(
    "--url",
    metavar="URL",
    help=f"Where the server is.  [default: AWS_ENDPOINT_URL, or {DEFAULT_URL}]",
)


def ask(url: str | None, path: str, body: bytes | None = None) -> dict[str, Any]:
    """Ask a server that runs with --control, with its secret where that can be found.

    Raises:
        BadInputError: There is none, or it says no.
    """
    where = url or os.environ.get("AWS_ENDPOINT_URL") or DEFAULT_URL
    if not is_address(where):
        given = "--url" if url else "AWS_ENDPOINT_URL"
        raise BadInputError(f"{given} is an address such as {DEFAULT_URL}, not {where!r}")
    try:
        secret = secret_for(where)
    except SecretError as error:
        raise BadInputError(str(error)) from error
    request = Request(where.rstrip("/") + path, data=body)  # noqa: S310  # Just looked at.
    if secret is not None:
        request.add_unredirected_header("Authorization", f"Bearer {secret}")
    try:
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310  # Same.
            return as_object(answer.read(BYTES_MAX), where)
    except HTTPError as error:
        told = error.read(BYTES_MAX)
        if error.code in (400, 403):
            raise BadInputError(str(as_object(told, where).get("error", told))) from error
        raise not_ours(where) from error
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        told_reason = getattr(reason, "strerror", None) or str(reason)
        raise BadInputError(f"nobody answers at {where}: {told_reason.lower()}") from error


def is_address(where: str) -> bool:
    try:
        parts = urlsplit(where)
        return (
            parts.scheme in ("http", "https")
            and bool((parts.hostname or "").encode("idna"))
            and parts.port != 0
            and (parts.path + parts.query).isascii()
        )
    except ValueError:  # No port, no address of IPv6, or no name that a host could have.
        return False


def as_object(told: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(told)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise not_ours(where)
    return found


def not_ours(where: str) -> BadInputError:
    return BadInputError(
        f"what answers at {where} is no twophase server with --control, or is on another machine"
    )
