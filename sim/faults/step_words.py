"""The words of the step language: kinds of messages, numbers, durations."""

import re
from difflib import get_close_matches
from typing import get_args

from network.messages import Message

UNITS_US = {"us": 1, "ms": 1_000, "s": 1_000_000}
DURATION_US_MAX = 86_400_000_000
NUMBER_MAX = 1_000_000_000
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    "tenth",
)


class StepError(ValueError):
    """A text that is no step; it says what would be one."""


def _kind(message: type) -> str:
    """Name a kind of message as people do: `WriteTransaction` is a write-transaction."""
    dashed = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", message.__name__).lower()
    return {"votes": "vote", "response": "answer"}.get(dashed, dashed)


KINDS: dict[str, type] = {_kind(message): message for message in get_args(Message)}
KIND_OF = {message: kind for kind, message in KINDS.items()}


def kind_of(word: str) -> str:
    """Read a kind of message, in the singular or the plural."""
    for known in (word, word.removesuffix("s"), f"{word}s"):
        if known in KINDS:
            return known
    near = get_close_matches(word, KINDS, 1, 0.7)
    known = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
    raise StepError(f"{word!r} is no kind of message; {known}")


def number_of(ordinal: str | None, number: str | None) -> int:
    """Read 'second', '4th' or the digits after a #; the first is meant where nothing is said."""
    if ordinal and number:
        raise StepError(f"say {ordinal!r} or '#{number}', not both")
    if ordinal in ORDINALS:
        return ORDINALS.index(ordinal) + 1
    digits = number or "1"
    if ordinal:
        counted = re.fullmatch(r"([0-9]+)(st|nd|rd|th)", ordinal)
        if not counted:
            raise StepError(f"{ordinal!r} is no number: say 'second', '4th' or '#4'")
        digits = counted[1]
    if len(digits) > 10 or not 1 <= int(digits) <= NUMBER_MAX:
        raise StepError(f"a number is from 1 to {NUMBER_MAX}, not {digits}")
    return int(digits)


def duration(text: str) -> int:
    """Read '90ms' as µs."""
    found = re.fullmatch(r"([0-9]{1,11})(us|ms|s)", text)
    us = int(found[1]) * UNITS_US[found[2]] if found else 0
    if not 1 <= us <= DURATION_US_MAX:
        raise StepError(f"a duration is like 90ms, 2s or 500us, up to a day, not {text!r}")
    return us


def shown_us(us: int | None) -> str:
    """Write µs as they are read."""
    us = us or 0
    unit = next(unit for unit in ("s", "ms", "us") if us % UNITS_US[unit] == 0)
    return f"{us // UNITS_US[unit]}{unit}"
