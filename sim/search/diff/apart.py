"""In what two messages differ that are the same in words."""

from dataclasses import fields, is_dataclass

from network.codec import CodecError
from network.messages import from_frame
from sim.search.diff.seen import SeenEvent

SHOWN_MAX = 80  # Characters of a value.


def apart(one: SeenEvent | None, other: SeenEvent | None) -> str:
    """Name the first field in which two events of the same words differ; '' if none is known."""
    if one is None or other is None or one.said != other.said or one.exact == other.exact:
        return ""
    try:
        messages = [from_frame(bytes.fromhex(seen.exact)).message for seen in (one, other)]
    except (CodecError, ValueError):  # No message, or none that anybody can read.
        return ""
    return _apart("", *messages)


def _apart(path: str, one: object, other: object) -> str:
    if one == other:
        return ""
    if is_dataclass(one) and type(one) is type(other):
        for field in fields(one):
            name = f"{path}.{field.name}" if path else field.name
            found = _apart(name, getattr(one, field.name), getattr(other, field.name))
            if found:
                return found
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        parts = (
            _apart(f"{path}[{n}]", *pair) for n, pair in enumerate(zip(one, other, strict=True))
        )
        return next((found for found in parts if found), "")
    return f"{path} is {_shown(one)}, and {_shown(other)} where it passes"


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
