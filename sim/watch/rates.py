"""How often something happens now: counters, looked at again and again, as rates a second."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from items.data import data

WINDOW_SECONDS = 2.0  # Over which a rate is taken: shorter ones flicker.


@data
class Rate:
    """Requests of one operation."""

    operation: str
    a_second: float
    total: int
    refused: int  # Or without a definite answer.


class Rates:
    """The answers of a server, by operation."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Counter[str]]] = deque()
        self._refused: Counter[str] = Counter()

    def take(self, seconds: float, answers: Iterable[Mapping[str, Any]]) -> None:
        """Take the counters as they are at a moment, by some clock that does not step back."""
        totals: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        for one in answers:
            totals[one["operation"]] += one["count"]
            refused[one["operation"]] += one["count"] * (one["outcome"] != "done")
        if self._seen and totals.total() < self._seen[-1][1].total():
            self._seen.clear()  # Another process counts from 0.
        self._refused = refused
        self._seen.append((seconds, totals))
        # One that is older than the window stays, to be compared with.
        while len(self._seen) > 2 and self._seen[1][0] <= seconds - WINDOW_SECONDS:
            self._seen.popleft()

    def rates(self) -> list[Rate]:
        """Say how it is now, the most frequent operation of all first."""
        if not self._seen:
            return []
        (began, before), (ended, now) = self._seen[0], self._seen[-1]
        seconds = ended - began
        return [
            Rate(
                operation,
                (total - before[operation]) / seconds if seconds > 0 else 0.0,
                total,
                self._refused[operation],
            )
            for operation, total in now.most_common()
        ]
