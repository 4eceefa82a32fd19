"""The links between regions: slow, lossy, and cut for a while now and then."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

from network.lossy import LossyNetwork
from network.weather import Weather
from sim.chance import NamedChance
from sim.faults.links import Links
from sim.keys import delay_of
from sim.loop import VirtualLoop
from sim.regions.gate import MARK
from sim.scenario import Scenario
from sim.trace import Trace

TICK_US = 5_000  # Places in the work are looked at in steps of this.


class FarLinks:
    """All links between the regions of one run."""

    def __init__(self, loop: VirtualLoop, chance: NamedChance, scenario: Scenario) -> None:
        keys = scenario.keys
        delay = delay_of("regions.delay_us", keys["regions.delay_us"])
        loss, repeat = float(keys["regions.loss"]), float(keys["regions.repeat"])
        self._calm, self._rough = Weather(delay), Weather(delay, loss, repeat)
        self.trace = Trace(loop)
        self.network = LossyNetwork(loop, chance, self._calm, self.trace)
        self.cut_count = 0
        self._loop, self._links = loop, Links(self.network, self.trace)
        self._cuts = deque(cuts_drawn(chance, scenario))
        self._is_over = True
        self._begun: Callable[[], int] = lambda: 0

    def begin(self, begun: Callable[[], int]) -> None:
        """Make trouble from now on; `begun` says how many transactions have begun."""
        self.network.change_weather(self._rough)
        self._is_over, self._begun = False, begun
        if self._cuts:
            self._look(None, None)

    def end(self) -> None:
        """Make no more trouble, and heal what there is."""
        self._is_over = True
        self._links.heal()
        self.network.change_weather(self._calm)

    def _look(self, _: None, __: None) -> None:
        if self._is_over:
            return
        while self._cuts and self._cuts[0].place <= self._begun():
            cut = self._cuts.popleft()
            one, other = cut.ends
            self.cut_count += 1
            for name in ends(one, other):
                self._links.cut(name)
            self._loop.after(cut.length_us, self._join, one, other)
        if self._cuts:
            self._loop.after(TICK_US, self._look, None, None)

    def _join(self, one: str, other: str) -> None:
        if not self._is_over:
            for name in ends(one, other):
                self._links.join(name)


class Cut(NamedTuple):
    """A link that is cut for a while."""

    place: int  # When so many transactions have begun …
    ends: tuple[str, str]  # … between these two regions …
    length_us: int  # … for so long.


def cuts_drawn(chance: NamedChance, scenario: Scenario) -> list[Cut]:
    """Draw which links are cut and when, in that order."""
    pairs = list(combinations(scenario.regions, 2))
    least_us, most_us = scenario.span("regions.cut_us")
    total = scenario.number("workload.transactions") * len(scenario.regions)
    comes = chance.site("region cut comes")
    found: list[Cut] = []
    for n in range(1, scenario.number("regions.cuts") + 1):
        place = chance.site("region cut place").at(n, total)
        pair = pairs[chance.site("region cut pair").at(n, len(pairs))]
        length_us = least_us + chance.site("region cut length").at(n, most_us - least_us + 1)
        if comes.happens(1.0):  # Each comes, unless it is overridden: 0 is calm.
            found.append(Cut(place, pair, length_us))
    return sorted(found)


def ends(one: str, other: str) -> Sequence[tuple[str, str]]:
    """Name both directions between two regions' replicators."""
    first, second = f"{one}{MARK}x1", f"{other}{MARK}x1"
    return (first, second), (second, first)
