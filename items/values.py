"""What an attribute can hold, how big it is, and which of two values comes first.

A value is a pair of its type and its content, `("N", "42")`, in one canonical form: equal values
are equal pairs, so `==` is DynamoDB's equality, and what is stored needs no class of its own to
cross a network. A number is its plain digits (`numbers.canonical`), a set is a sorted tuple
without duplicates, a list a tuple, a map a dict. Nobody changes a value once it is made.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

# Any: the content's type hangs on the first element, which a type checker cannot follow.
AttributeValue: TypeAlias = tuple[str, Any]
Item: TypeAlias = Mapping[str, AttributeValue]

SCALARS = ("S", "N", "B", "BOOL", "NULL")
SETS = ("SS", "NS", "BS")
DOCUMENTS = ("L", "M")
TYPES = SCALARS + SETS + DOCUMENTS

NULL: AttributeValue = ("NULL", True)
TRUE: AttributeValue = ("BOOL", True)
FALSE: AttributeValue = ("BOOL", False)

NUMBERS_CACHED = 4096  # Their weights: small ones come again and again.

DOCUMENT_BYTES = 3  # What an empty list or map weighs.
ELEMENT_BYTES = 1  # What each element adds to its own size.


def string_set(members: Iterable[str]) -> AttributeValue:
    return "SS", tuple(sorted(set(members)))


def number_set(members: Iterable[str]) -> AttributeValue:
    """Make a set of numbers that are in canonical form already."""
    return "NS", tuple(sorted(set(members), key=Decimal))


def binary_set(members: Iterable[bytes]) -> AttributeValue:
    return "BS", tuple(sorted(set(members)))


def size_bytes(item: Item) -> int:
    """Weigh an item as DynamoDB does: its names in UTF-8 and its values."""
    total = 0
    for name, (kind, content) in item.items():
        total += len(name) if name.isascii() else len(name.encode())
        if kind == "S":  # Most values are texts or numbers; the rest is worth a call.
            total += len(content) if content.isascii() else len(content.encode())
        elif kind == "N":
            total += number_bytes(content)
        else:
            total += value_size_bytes((kind, content))
    return total


def value_size_bytes(value: AttributeValue) -> int:
    """Weigh a value (developer guide, *Item sizes and formats*)."""
    kind, content = value
    match kind:
        case "S":
            return text_bytes(content)
        case "N":
            return number_bytes(content)
        case "B":
            return len(content)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return DOCUMENT_BYTES + sum(ELEMENT_BYTES + value_size_bytes(e) for e in content)
        case "M":
            return DOCUMENT_BYTES + ELEMENT_BYTES * len(content) + size_bytes(content)
        case "SS":
            return sum(map(text_bytes, content))
        case "NS":
            return sum(map(number_bytes, content))
        case "BS":
            return sum(map(len, content))
        case _:
            raise AssertionError(f"no type of DynamoDB's: {kind}")


def text_bytes(text: str) -> int:
    """Count the bytes that a text has in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


@lru_cache(NUMBERS_CACHED)
def number_bytes(digits: str) -> int:
    """Weigh a number: a byte for two significant digits, one for the scale, one for a minus.

    The digits are paired from the point on, in either direction: 15 is a pair, and 1.5 is two.
    """
    if digits == "0":
        return 1
    whole, _, fraction = digits.lstrip("-").partition(".")
    paired = "0" * (len(whole) % 2) + whole + fraction + "0" * (len(fraction) % 2)
    leading, trailing = len(paired) - len(paired.lstrip("0")), len(paired) - len(paired.rstrip("0"))
    pairs = len(paired) // 2 - leading // 2 - trailing // 2
    return pairs + (2 if digits[0] == "-" else 1)


def nesting(value: AttributeValue) -> int:
    """Count the lists and maps around the innermost value: 0 for a scalar or a set."""
    kind, content = value
    if kind == "L":
        return 1 + max(map(nesting, content), default=0)
    if kind == "M":
        return 1 + max(map(nesting, content.values()), default=0)
    return 0


def compare(left: AttributeValue, right: AttributeValue) -> int:
    """Order two strings, two numbers or two binaries: -1 if `left` comes first, 0 if equal, 1."""
    assert left[0] == right[0], "values of different types have no order"
    if left == right:
        return 0
    return -1 if sort_key(left) < sort_key(right) else 1


def sort_key(value: AttributeValue) -> Any:
    """Give something that Python orders as DynamoDB orders values of this type.

    Strings go by their UTF-8 bytes, which is the order of code points, which is Python's order of
    `str`. Numbers go by their worth and binaries by their unsigned bytes.
    """
    kind, content = value
    assert kind in ("S", "N", "B"), "only strings, numbers and binaries have an order"
    return Decimal(content) if kind == "N" else content
