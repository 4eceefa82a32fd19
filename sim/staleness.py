"""How stale the eventual reads of a run were: which part of them, and for how long.

An answer is stale if a follower gave it and something newer than an item on it was durable by then;
its age is for how long there had been.  (Where a router gave a follower up and asked the partition,
the follower's answer counts all the same: it was given.)
"""

from collections.abc import Iterable
from typing import NamedTuple

from items.data import data
from sim.checkers.evidence import may_be_late
from sim.figures import nearest_rank
from sim.followed import Answer, Followed
from sim.history import Operation


class Point(NamedTuple):
    """One eventual read that was answered."""

    us: int  # When the follower answered; for others, when the client was answered.
    age_us: int  # 0: it was not stale.
    call: str
    node: str  # The follower; empty if a partition answered.


@data
class Staleness:
    """All eventual reads of a run."""

    points: tuple[Point, ...]

    @property
    def by_followers(self) -> int:
        return sum(bool(point.node) for point in self.points)

    @property
    def ages_us(self) -> list[int]:
        """The ages of the stale ones, in order."""
        return sorted(point.age_us for point in self.points if point.age_us)

    def age_us(self, percent: int) -> int | None:
        """Return the age that so many in a hundred of the stale answers do not exceed."""
        ages = self.ages_us
        return nearest_rank(ages, percent) if ages else None


def staleness_of(history: Iterable[Operation], followed: Followed) -> Staleness:
    """Look at every eventual read that was answered."""
    given: dict[str, Answer] = {one.request: one for one in followed.answers}
    points = []
    for operation in history:
        if operation.outcome != "committed" or not may_be_late(operation):
            continue
        found = [given[attempt] for attempt in operation.attempts if attempt in given]
        if found:
            last = found[-1]
            points.append(Point(last.us, last.age_us, operation.call, last.node))
        else:
            points.append(Point(operation.returned_us, 0, operation.call, ""))
    return Staleness(tuple(sorted(points)))
