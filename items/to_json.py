"""Values as DynamoDB's JSON writes them: `("N", "42")` is `{"N": "42"}`, binaries are base64.

The way back, with all that a client can get wrong, is in `typed_json`.
"""

from base64 import b64encode
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
