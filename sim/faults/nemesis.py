"""The nemesis: makes trouble while the clients are at work, as a scenario's `[faults]` say.

When a fault comes is drawn as a place in the work ('when the 17th transaction has begun') and a
moment after it, so that trouble is spread over a run however long it takes.
"""

from collections import deque
from collections.abc import Iterator

from sim.cluster import Cluster
from sim.faults.kinds import KINDS, Kind
from sim.faults.placed import Placed, PlacedStep
from sim.faults.plan import Plan
from sim.faults.victims import Draw
from sim.faults.world import STRENGTHS, Begun, Fault, World
from sim.workload import Budget

TICK_US = 500  # Places in the work are looked at in steps of this.
AFTER_US_MAX = 5_000  # How long after its place in the work a fault comes, at most.


class Nemesis:
    """The trouble of one run."""

    def __init__(self, cluster: Cluster, budget: Budget, plan: Plan) -> None:
        self.world = World(cluster)
        self._budget, self._plan = budget, plan
        self._placed = Placed(plan.steps, self.world) if plan.steps else None
        coming = [
            (fault, kind)
            for kind in KINDS
            if plan.counts[kind.name]
            for fault in self._drawn(kind, plan.counts[kind.name])
        ]
        self._coming = deque(sorted(coming, key=lambda one: one[0].place))
        self._began_us = 0

    def begin(self) -> None:
        self._began_us = self.world.cluster.loop.now_us
        self._await_next()
        if self._placed is not None:
            self._placed.begin()

    def end(self) -> None:
        """Make no more trouble, and heal all that there is."""
        if self._placed is not None:
            self._placed.end()
        self.world.heal()

    def counts(self) -> dict[str, int]:
        """Count what was carried out, by kind: crashes always, and whatever was asked for."""
        asked = [name for name in (kind.name for kind in KINDS) if self._is_asked(name)]
        named = dict.fromkeys(["crashes", *asked])
        if self._placed is not None:
            named["steps"] = None
        return {name: self.world.counts[name] for name in named}

    def told(self) -> tuple[PlacedStep, ...]:
        """Say of each step whether it came."""
        return self._placed.told() if self._placed is not None else ()

    def _is_asked(self, name: str) -> bool:
        return bool(self._plan.counts[name]) or name in self._plan.off

    def _drawn(self, kind: Kind, count: int) -> Iterator[Fault]:
        cluster, (least_us, most_us) = self.world.cluster, self._plan.spans[kind.span]
        comes = cluster.chance.site(f"{kind.one} comes")
        for n in range(1, count + 1):
            draw = Draw(cluster.chance.site, kind.one, n)
            if comes.happens(1.0):  # Each comes, unless it is overridden: 0 is calm.
                yield Fault(
                    draw("place", self._budget.total),
                    draw("after", AFTER_US_MAX),
                    kind.victims(draw, cluster),
                    least_us + draw(kind.length, most_us - least_us + 1),
                    draw("strength", STRENGTHS),
                )

    def _await_next(self) -> None:
        """See to it that somebody looks when the next place in the work is reached."""
        if not self._coming:
            return
        place = self._coming[0][0].place
        if place <= self._budget.begun:
            self._look_soon()
        else:
            self._budget.tell(place, self._look_soon)

    def _look_soon(self) -> None:
        gone_us = self.world.cluster.loop.now_us - self._began_us
        ticks = max(1, -(-gone_us // TICK_US))
        self.world.after(ticks * TICK_US - gone_us, self._look)

    def _look(self, _: None) -> None:
        while self._coming and self._coming[0][0].place <= self._budget.begun:
            fault, kind = self._coming.popleft()
            self.world.after(fault.after_us, self._begin, (fault, kind))
        self._await_next()

    def _begin(self, one: tuple[Fault, Kind]) -> None:
        fault, kind = one
        begun = kind.begin(self.world, fault)
        if begun is Begun.ANEW:
            self.world.counts[kind.name] += 1
        if begun is not Begun.NOTHING:
            self.world.after(fault.length_us, self._end, one)

    def _end(self, one: tuple[Fault, Kind]) -> None:
        fault, kind = one
        kind.end(self.world, fault)
