"""DynamoDB's numbers: 38 significant digits from 1E-130 to 9.99…E+125, exact, written plainly.

A number travels as text. Here every number has one text, without exponent, plus sign or needless
zero, so that 1000 and 1e3 are one key and one member of a set. Nothing is ever rounded: what does
not fit is refused.
"""

import re
from decimal import Context, Decimal

from items.errors import (
    NUMBER_OVERFLOW,
    NUMBER_TOO_LONG,
    NUMBER_UNDERFLOW,
    DynamoDBError,
    validation,
)
from items.limits import NUMBER_DIGITS_MAX, NUMBER_EXPONENT_MAX, NUMBER_EXPONENT_MIN

# `*+` gives nothing back: a megabyte of digits that ends in a letter is refused in linear time.
NUMBER = re.compile(r"([+-]?)([0-9]*+)\.?([0-9]*+)(?:[eE]([+-]?[0-9]++))?")

# Exact for whatever two numbers give: from 1E+126 down to the 38th digit of 1E-130 are 294 digits.
EXACT = Context(prec=300)

# An exponent this long is out of range whatever stands before it: a request has no 10^9 digits.
EXPONENT_LENGTH_MAX = 10


def canonical(text: str) -> str:
    """Write a number the one way it is stored.

    Raises:
        DynamoDBError: ValidationException if it is no number, too big, too small or too long.
    """
    # Nearly every number is a short integer, and those are canonical as they stand.
    if text.isdigit() and text.isascii() and text[0] != "0" and len(text) <= NUMBER_DIGITS_MAX:
        return text
    if text == "0":
        return text
    found = NUMBER.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise not_a_number(text)
    sign, whole, fraction, exponent = found.groups()

    # The number is 0.DIGITS × 10^point, and DIGITS begins and ends with another digit than zero.
    digits = (whole + fraction).lstrip("0")
    point = len(digits) - len(fraction) + bounded(exponent)
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if point - 1 > NUMBER_EXPONENT_MAX:
        raise validation(NUMBER_OVERFLOW)
    if point - 1 < NUMBER_EXPONENT_MIN:
        raise validation(NUMBER_UNDERFLOW)
    if len(digits) > NUMBER_DIGITS_MAX:
        raise validation(NUMBER_TOO_LONG)
    return ("-" if sign == "-" else "") + plain(digits, point)


def add(left: str, right: str) -> str:
    """Add two canonical numbers; raises as `canonical` does."""
    if "." in left or "." in right:
        return canonical(format(EXACT.add(Decimal(left), Decimal(right)), "f"))
    total = str(int(left) + int(right))
    return total if len(total) <= NUMBER_DIGITS_MAX else canonical(total)


def subtract(left: str, right: str) -> str:
    """Subtract one canonical number from another; raises as `canonical` does."""
    return add(left, right[1:] if right[0] == "-" else "-" + right)


def not_a_number(text: str) -> DynamoDBError:
    message = "The parameter cannot be converted to a numeric value"
    return validation(f"{message}: {text}" if text else message)


def bounded(exponent: str | None) -> int:
    """Read an exponent; one that is absurdly long becomes one that is merely far out of range."""
    if exponent is None:
        return 0
    magnitude = exponent.lstrip("+-").lstrip("0")[:EXPONENT_LENGTH_MAX] or "0"
    return -int(magnitude) if exponent[0] == "-" else int(magnitude)


def plain(digits: str, point: int) -> str:
    """Write 0.`digits` × 10^`point` without exponent."""
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return digits[:point] + "." + digits[point:]
