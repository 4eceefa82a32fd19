"""Values as DynamoDB's JSON writes them: `("N", "42")` is `{"N": "42"}`, binaries are base64.

The way back is here as well, for what was written here.  What a client writes, with all that it can
get wrong, is read in `typed_json`.
"""

from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Callable
from functools import partial
from typing import Any

from items.values import AttributeValue, Item

AS_THEY_ARE = ("S", "N", "BOOL", "NULL")  # Types whose contents JSON has as well.


def item_to_json(item: Item) -> dict[str, Any]:
    return {
        name: {kind: content} if kind in AS_THEY_ARE else to_json((kind, content))
        for name, (kind, content) in item.items()
    }


def to_json(value: AttributeValue) -> dict[str, Any]:
    kind, content = value
    if kind in AS_THEY_ARE:
        return {kind: content}
    if kind in ("SS", "NS"):
        return {kind: list(content)}
    if kind == "L":
        return {kind: [to_json(element) for element in content]}
    if kind == "M":
        return {kind: item_to_json(content)}
    if kind == "B":
        return {kind: base64_text(content)}
    assert kind == "BS", "the last of DynamoDB's types"
    return {kind: [base64_text(member) for member in content]}


def base64_text(content: bytes) -> str:
    return b64encode(content).decode()


def item_of_json(json: Any) -> Item:
    """Read back what `item_to_json` has written; as `value_of_json` does, it judges nothing."""
    return {name: value_of_json(value) for name, value in json.items()}


def value_of_json(json: Any) -> AttributeValue:
    """Read back what `to_json` has written, as it was when it was written.

    It was judged then.  Were it judged again, by rules that may be stricter today, what is stored
    could become unreadable.
    """
    ((kind, content),) = json.items()
    return kind, content if kind in AS_THEY_ARE else CONTENTS[kind](content)


BYTES = partial(a2b_base64, strict_mode=True)
CONTENTS: dict[str, Callable[[Any], Any]] = {
    "SS": tuple,
    "NS": tuple,
    "L": lambda elements: tuple([value_of_json(element) for element in elements]),
    "M": item_of_json,
    "B": BYTES,
    "BS": lambda members: tuple(map(BYTES, members)),
}
