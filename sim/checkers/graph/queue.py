"""Who could come next in a search, the first one due; and who waits, and where.

Whoever cannot come is parked at one place that stands in the way, a key or a block, and nobody
looks at it until that place calls.  A key calls one at a time: who is then held up elsewhere, or
was gone already, lets it call the next.
"""

from collections.abc import Iterator
from heapq import heappop, heappush

from sim.checkers.graph.observed import NOBODY

READY = -2  # A place that is none: ready to be looked at.


class Queue:
    """Transactions that nothing but blocks keeps waiting."""

    def __init__(self) -> None:
        self._where: dict[int, int] = {}  # By transaction: where it is parked, or READY.
        self._ready: list[tuple[int, int, int]] = []  # Due time, transaction, who called it.
        self._parked: dict[int, list[tuple[int, int]]] = {}  # By place: due time, transaction.

    def __iter__(self) -> Iterator[int]:
        return iter(self._where)

    def add(self, txn: int, due: int, caller: int = NOBODY) -> None:
        self._where[txn] = READY
        heappush(self._ready, (due, txn, caller))

    def drop(self, txn: int) -> None:
        """Let one go; what is left of it in the heaps is passed over."""
        self._where.pop(txn, None)

    def next(self) -> tuple[int, int, int] | None:
        """Return the first one due with its due time and its caller."""
        while self._ready:
            due, txn, caller = heappop(self._ready)
            if self._where.get(txn) == READY:
                return due, txn, caller
            self.call(caller)
        return None

    def park(self, txn: int, due: int, place: int, caller: int) -> None:
        self._where[txn] = place
        heappush(self._parked.setdefault(place, []), (due, txn))
        if place != caller:
            self.call(caller)

    def call(self, place: int) -> None:
        """Let the first one that is parked here be looked at."""
        parked = self._parked.get(place)
        while parked:
            due, txn = heappop(parked)
            if self._where.get(txn) == place:
                self.add(txn, due, place)
                return

    def call_all(self, place: int) -> None:
        for due, txn in self._parked.pop(place, ()):
            if self._where.get(txn) == place:
                self.add(txn, due)
