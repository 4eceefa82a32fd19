"""A grid: `--set key=a,b,c` gives a key several values, and several such keys multiply.

A comma inside quotes or brackets belongs to its value, as TOML has it: `key=["a", "b"]` is one
value, `key="a,b","c"` two.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

COMBINATIONS_MAX = 1_000
OPENING, CLOSING = "[{(", "]})"

Settings = Mapping[str, str]


class GridError(ValueError):
    """A `--set` that makes no sense; the text says what would."""


def combinations_of(texts: Sequence[str]) -> tuple[Settings, ...]:
    """Return every combination of the values; the last key given varies fastest.

    Where a key comes twice, what comes last holds, as in a single run.

    Raises:
        GridError: A text is not KEY=VALUE[,VALUE…], or there are too many combinations.
    """
    values: dict[str, tuple[str, ...]] = {}
    for text in texts:
        key, equals, rest = text.partition("=")
        if not (key.strip() and equals and rest.strip()):
            raise GridError(
                f"--set takes KEY=VALUE or KEY=VALUE,VALUE…, as in network.loss=0,0.1, not {text!r}"
            )
        values[key.strip()] = values_of(key.strip(), " ".join(rest.splitlines()))
    count = prod(map(len, values.values()))
    if count > COMBINATIONS_MAX:
        raise GridError(f"--set asks for {count:,} combinations; {COMBINATIONS_MAX:,} are the most")
    return tuple(dict(zip(values, chosen, strict=True)) for chosen in product(*values.values()))


def values_of(key: str, text: str) -> tuple[str, ...]:
    """Part 'a,b,c' at its commas, but for those inside quotes and brackets."""
    parts, begin, depth, quote = [], 0, 0, ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in OPENING:
            depth += 1
        elif sign in CLOSING:
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[begin:place].strip())
            begin = place + 1
    parts.append(text[begin:].strip())
    if not all(parts):
        raise GridError(f"--set {key}={text} has nothing between two commas: give each value once")
    if len(set(parts)) < len(parts):
        raise GridError(f"--set {key}={text} gives a value twice: give each value once")
    return tuple(parts)
