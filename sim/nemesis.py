"""The nemesis: makes trouble while the clients are at work, as a scenario's `[faults]` say.

When a fault comes is drawn as a place in the work ('when the 17th transaction has begun') and a
moment after it, so that trouble is spread over a run however long it takes.
"""

from items.data import data
from sim.cluster import Cluster
from sim.workload import Budget

POLL_US = 500
AFTER_US_MAX = 5_000  # How long after its place in the work a fault comes, at most.


@data
class Faults:
    """How much trouble there is to be."""

    crashes: int = 0
    downtime_us_min: int = 100_000
    downtime_us_max: int = 8_000_000


@data
class _Crash:
    place: int  # When so many transactions have begun …
    after_us: int  # … and so much time has gone by …
    victim: str  # … this host crashes …
    downtime_us: int  # … for so long.


class Nemesis:
    """The trouble of one run."""

    def __init__(self, cluster: Cluster, budget: Budget, faults: Faults) -> None:
        self.crashes = 0  # Carried out.
        self._cluster, self._budget = cluster, budget
        self._over = False
        self._coming = sorted(self._draw(faults), key=lambda crash: crash.place)

    def begin(self) -> None:
        if self._coming:
            self._cluster.loop.after(POLL_US, self._look, None, None)

    def end(self) -> None:
        """Make no more trouble, and bring back who is down."""
        self._over = True
        for name in self._cluster.all_names():
            self._cluster.start(name)

    def _draw(self, faults: Faults) -> list[_Crash]:
        chance = self._cluster.chance
        victims = [name for name in self._cluster.all_names() if not name.startswith("k")]
        span_us = faults.downtime_us_max - faults.downtime_us_min
        place, after = chance.site("crash place"), chance.site("crash after")
        victim, downtime = chance.site("crash victim"), chance.site("crash downtime")
        return [
            _Crash(
                place.below(self._budget.total),
                after.below(AFTER_US_MAX),
                victims[victim.below(len(victims))],
                faults.downtime_us_min + downtime.below(span_us + 1),
            )
            for _ in range(faults.crashes)
        ]

    def _look(self, _: None, __: None) -> None:
        while self._coming and self._coming[0].place <= self._budget.begun:
            crash = self._coming.pop(0)
            self._cluster.loop.after(crash.after_us, self._crash, crash, None)
        if self._coming and not self._over:
            self._cluster.loop.after(POLL_US, self._look, None, None)

    def _crash(self, crash: _Crash, _: None) -> None:
        if self._over or not self._cluster.is_up(crash.victim):
            return
        self.crashes += 1
        self._cluster.crash(crash.victim)
        self._cluster.loop.after(crash.downtime_us, self._restart, crash, None)

    def _restart(self, crash: _Crash, _: None) -> None:
        self._cluster.start(crash.victim)
