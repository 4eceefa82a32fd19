"""Delta debugging: the least part of a whole that still fails.

Parts are taken out in halves, quarters, eighths; what is left in the end cannot lose any single
part any more (Zeller and Hildebrandt's ddmin, complements only).
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def least(parts: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """Return a smallest part of a whole that fails; `fails` is true of the whole."""
    left = tuple(parts)
    size = len(left)  # Of what is taken out at once.
    while size >= 1 and left:
        taken_any = False
        start = 0
        while start < len(left):
            rest = left[:start] + left[start + size :]
            if fails(rest):
                left, taken_any = rest, True
            else:
                start += size
        if size == 1 and not taken_any:
            break
        size = min(size, len(left)) if taken_any and size == 1 else max(1, size // 2)
    return left
