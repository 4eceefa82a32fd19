"""What JSON must look like to be read as values at all, before anyone asks what the values are.

DynamoDB turns JSON into typed objects before it validates anything. JSON that does not fit, a
number where text belongs, is refused there: SerializationException, in the words of the library
that did it. A binary may also be given as `bytes`, by a client in this process.
"""

from base64 import b64encode
from binascii import a2b_base64
from typing import Any

from items.errors import DYNAMODB, DynamoDBError, serialization
from items.limits import NESTING_MAX

STRUCTURE_UNEXPECTED = "Start of structure or map found where not expected"
VALUE_CLASS = f"{DYNAMODB}.AttributeValue"

ARRAYS = (list, tuple)  # What a JSON array is read as, by a parser and from a frame.


WORDS_OF_TRUTH = {
    "true": True,
    "1": True,
    "yes": True,
    "false": False,
    "0": False,
    "no": False,
}


def check_item_shape(json: Any, depth: int = 0) -> None:
    """Look at the whole of an item, however early a value in it may be wrong.

    Raises:
        DynamoDBError: SerializationException if it, or anything in it, has the wrong shape.
    """
    for value in as_map(json).values():
        check_shape(value, depth)


def check_shape(json: Any, depth: int = 0) -> None:
    """Look at the whole of one value; raises as `check_item_shape` does."""
    if json is None:
        return  # Absent, not misshapen.
    for kind, content in as_structure(json).items():
        # Deeper than this everything is refused for its depth, so nobody need look.
        if content is None or depth > NESTING_MAX:
            continue
        if kind in ("S", "N"):
            as_text(content)
        elif kind in ("BOOL", "NULL"):
            as_truth(content)
        elif kind == "B":
            as_bytes(content)
        elif kind == "M":
            check_item_shape(content, depth + 1)
        elif kind in ("L", "SS", "NS", "BS"):
            check_elements_shape(kind, as_list(content), depth)


def check_elements_shape(kind: str, elements: list[Any] | tuple[Any, ...], depth: int) -> None:
    for element in elements:
        if kind == "L":
            check_shape(element, depth + 1)
        elif element is not None:
            as_bytes(element) if kind == "BS" else as_text(element)


def as_structure(json: Any) -> dict[str, Any]:
    if isinstance(json, dict):
        return json
    if isinstance(json, ARRAYS):
        raise serialization(f"Unrecognized collection type class {VALUE_CLASS}")
    raise serialization("Unexpected value type in payload")


def as_map(json: Any) -> dict[str, Any]:
    if isinstance(json, dict):
        return json
    if isinstance(json, ARRAYS):
        raise serialization(
            f"Unrecognized collection type java.util.Map<java.lang.String, {VALUE_CLASS}>"
        )
    raise serialization("Unexpected field type")


def as_list(json: Any) -> list[Any] | tuple[Any, ...]:
    """Return what stands for a JSON array: a list, or the tuple that a frame brings it as."""
    if isinstance(json, ARRAYS):
        return json
    if isinstance(json, dict):
        raise serialization(STRUCTURE_UNEXPECTED)
    raise serialization("Unexpected field type")


def as_text(json: Any) -> str:
    if not isinstance(json, str):
        refuse_as("java.lang.String", json)
        raise serialization(f"{token(json)} cannot be converted to String")
    if not json.isascii():
        check_unicode(json)
    return json


def as_bool(json: Any) -> bool:
    if isinstance(json, bool):
        return json
    refuse_as("java.lang.Boolean", json)
    if isinstance(json, str):
        raise serialization("Unexpected token received from parser")
    raise serialization(f"{token(json)} cannot be converted to Boolean")


def as_truth(json: Any) -> bool:
    """Read an attribute value's BOOL or NULL, which some words may stand for as well."""
    truth = WORDS_OF_TRUTH.get(json.lower()) if isinstance(json, str) else None
    return as_bool(json) if truth is None else truth


def as_bytes(json: Any) -> bytes:
    if isinstance(json, bytes):
        return json
    refuse_as("java.nio.ByteBuffer", json)
    if not isinstance(json, str):
        raise serialization("only base-64-encoded strings are convertible to bytes")
    try:
        content = a2b_base64(json, strict_mode=True)
    except ValueError:
        raise wrong_base64(json) from None
    # 'QR==' says no more than 'QQ==' does: one of the two has bits that nobody reads.
    if b64encode(content).decode() != json:
        raise wrong_base64(json)
    return content


def refuse_as(java_class: str, json: Any) -> None:
    """Refuse a list or an object where one single thing belongs."""
    if isinstance(json, ARRAYS):
        raise serialization(f"Unrecognized collection type class {java_class}")
    if isinstance(json, dict):
        raise serialization(STRUCTURE_UNEXPECTED)


def token(json: Any) -> str:
    """Name what stands there as DynamoDB's JSON parser names it."""
    if isinstance(json, bool):
        return "TRUE_VALUE" if json else "FALSE_VALUE"
    return "NUMBER_VALUE" if isinstance(json, int) else "DECIMAL_VALUE"


def check_unicode(text: str) -> None:
    """Refuse half a surrogate pair: JSON can write it, but UTF-8 has no bytes for it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise serialization("Invalid UTF-16 surrogate in a string") from None


def wrong_base64(text: str) -> DynamoDBError:
    if len(text) % 4:
        return serialization(
            f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(text)}"
        )
    strange = next((c for c in text if not (c.isascii() and (c.isalnum() or c in "+/="))), None)
    if strange is not None:
        return serialization(f"Invalid Base64 character: '{strange}'")
    return serialization("Invalid last non-pad Base64 character dectected")  # DynamoDB's spelling.
