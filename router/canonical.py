"""JSON in one canonical form, so that what means the same has one fingerprint.

`orjson` writes it ten times as fast as the standard library, where it is there for this Python and
takes what there is to write.  Both write the same.
"""

import json
from base64 import b64encode
from typing import Any

from items.errors import NESTING_TOO_DEEP, validation

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]  # As it is then.


def as_text(content: object) -> str:
    """Write what JSON has no word for: a client in this process may give binaries as bytes."""
    assert isinstance(content, bytes), "checked as an attribute value"
    return b64encode(content).decode()


CANONICAL = json.JSONEncoder(
    ensure_ascii=False,
    separators=(",", ":"),
    sort_keys=True,
    default=as_text,
    check_circular=False,  # What was read from a frame or a text has no circles.
)


def canonical_json(json_value: Any) -> bytes:
    """Write JSON so that the order in which a client's language keeps maps does not count."""
    if orjson is not None:
        try:
            return orjson.dumps(json_value, default=as_text, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # Half a surrogate pair, an integer of many digits, many levels.
            pass
    try:
        return CANONICAL.encode(json_value).encode("utf-8", "surrogatepass")
    except RecursionError:  # An item that was found to be too deep, and is so beyond all measure.
        raise validation(NESTING_TOO_DEEP) from None
