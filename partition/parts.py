"""Parts: as much of something long as one message holds."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

PART_MAX = 1_000  # Of them in one message …
PART_BYTES = 1_048_576  # … and their size, give or take the last one.

T = TypeVar("T")


def parts_of(things: Iterable[T], size_bytes: Callable[[T], int]) -> Iterator[tuple[T, ...]]:
    """Cut into parts, in order; of nothing at all there is one, and nothing is in it."""
    part: list[T] = []
    size = 0
    for one in things:
        if len(part) == PART_MAX or size >= PART_BYTES:
            yield tuple(part)
            part, size = [], 0
        part.append(one)
        size += size_bytes(one)
    yield tuple(part)
