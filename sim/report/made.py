"""How much of a page is made, for whoever waits for it."""

from collections.abc import Callable
from typing import TypeAlias

PARTS = 6  # Of making a page, each about as long as the others.
Progress: TypeAlias = Callable[[int, int], None]  # Parts made, of how many as is known so far.


class Made:
    """Counts the parts of a page; one that comes out too large is made once more."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._parts, self._total = 0, 0

    def begin(self) -> None:
        """Begin a page, of as many parts as every page has."""
        self._total += PARTS

    def part(self) -> None:
        """Take it that a part is made."""
        self._parts += 1
        if self._progress is not None:
            self._progress(self._parts, self._total)
