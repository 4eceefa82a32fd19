"""Whether a request is signed.  Every signature is right here: what is checked is that it is there.

The service's refusals name each part that is missing, so whoever forgot one can read which.  Where
there are no policies that is all: any access key will do, and whose it is makes no difference.
Where there are, `router.identity` goes on from here.
"""

from urllib.parse import parse_qsl

from items.errors import (
    INCOMPLETE_SIGNATURE,
    INVALID_SIGNATURE,
    MISSING_AUTHENTICATION_TOKEN,
    DynamoDBError,
)

PARAMETERS = ("Credential", "Signature", "SignedHeaders")
MARKS = tuple(f"{name}=" for name in PARAMETERS)
QUERY_PARAMETERS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
)
BOTH = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."


def refuse_unsigned(headers: dict[bytes, bytes], query: bytes) -> None:
    """Refuse a request that has no signature, or half of one.

    Raises:
        DynamoDBError
    """
    authorization = headers.get(b"authorization", b"").decode("latin1").strip()
    asked = presigned(query) if query else None
    if asked is not None:
        if authorization:
            raise DynamoDBError(INVALID_SIGNATURE, BOTH)
        refuse_incomplete_query(asked)
        return
    if not authorization.startswith("AWS4-"):
        raise DynamoDBError(MISSING_AUTHENTICATION_TOKEN)
    has_date = b"x-amz-date" in headers or b"date" in headers
    if not (has_date and all(map(authorization.__contains__, MARKS))):
        refuse_incomplete_header(authorization, has_date=has_date)


def presigned(query: bytes) -> dict[str, str] | None:
    """Return the parameters of a request that has its signature in them; None of any other."""
    if b"X-Amz-Algorithm" not in query:
        return None
    asked = dict(parse_qsl(query.decode("latin1"), keep_blank_values=True))
    return asked if "X-Amz-Algorithm" in asked else None


def refuse_incomplete_header(authorization: str, *, has_date: bool) -> None:
    parts = authorization.replace(",", " ").split()[1:]
    there = {name for name, _, value in (part.partition("=") for part in parts) if value}
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in PARAMETERS
        if name not in there
    ]
    if not has_date:
        missing.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if missing:
        missing.append(f"Authorization={authorization}")
        raise DynamoDBError(INCOMPLETE_SIGNATURE, " ".join(missing))


def refuse_incomplete_query(asked: dict[str, str]) -> None:
    missing = [
        f"AWS query-string parameters must include '{name}'."
        for name in QUERY_PARAMETERS
        if not asked.get(name)
    ]
    if missing:
        missing.append("Re-examine the query-string parameters.")
        raise DynamoDBError(INCOMPLETE_SIGNATURE, " ".join(missing))
