"""Which versions an item may have had while an operation lasted, by real time and decisions alone.

What was answered before the operation was asked for had happened by then; what was asked for only
after its answer had not, nor had a transaction that was not decided by then.  Between the two
anything goes.  Both ends are found by bisection, because an item has as many versions as a run has
writes, and each page asks of each item on it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType

from sim.checkers.evidence import NEVER_US, Version, returned_us
from sim.history import Operation


class Lifetime:
    """One item's versions, with when each of them may have come."""

    def __init__(
        self,
        versions: Sequence[Version],
        writers: Mapping[str, Operation],
        decided_us: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`decided_us` are the transactions' decisions, by their ids."""
        found = [writers.get(version.writer) for version in versions]
        asked = [
            decided_us.get(version.writer, 0 if writer is None else writer.invoked_us)
            for version, writer in zip(versions, found, strict=True)
        ]
        ended = [NEVER_US if writer is None else returned_us(writer) for writer in found]
        # A version is there no earlier than those before it, and over with when a later one is.
        self._asked = list(accumulate(asked, max))
        self._ended = list(accumulate(reversed(ended), min))[::-1]

    def during(self, operation: Operation) -> range:
        """Count the versions up to each one that there may have been; 0: nothing yet.

        Empty if real time contradicts itself, which others find.
        """
        first = bisect_left(self._ended, operation.invoked_us)
        last = bisect_right(self._asked, operation.returned_us)
        return range(first, last + 1)
