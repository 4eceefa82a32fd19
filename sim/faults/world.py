"""What faults have to do with: the cluster, its links and disks, and whether there is trouble."""

from collections import Counter
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from items.data import data
from sim.cluster import Cluster
from sim.faults.disks import Disks
from sim.faults.links import Links


class Begun(Enum):
    """What came of a fault when its time had come."""

    NOTHING = auto()  # It hit nobody, or not yet: nothing is to end, and nothing to be counted.
    LONGER = auto()  # What it does was done already, and goes on for longer: it only has an end.
    ANEW = auto()  # It was carried out: it is counted, and has an end.

    @classmethod
    def of(cls, *, is_new: bool) -> "Begun":
        return cls.ANEW if is_new else cls.LONGER


STRENGTHS = 1 << 16


@data
class Fault:
    """One fault that is to come."""

    place: int  # When so many transactions have begun …
    after_us: int  # … and so much time has gone by …
    victims: tuple[str, ...]  # … these hosts are hit: one, the two ends of a link, or more …
    length_us: int  # … for so long …
    strength: int  # … so hard, of STRENGTHS; what that means is the kind's own matter.

    @property
    def times(self) -> int:
        """How many times as long things take, where that is what it means: ten to a hundred."""
        return 10 + self.strength % 91


class World:
    """The cluster, as faults see it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.links = Links(cluster.network, cluster.trace)
        self.disks = Disks(cluster)
        self.counts: Counter[str] = Counter()  # Faults that were carried out, by kind.
        self.over = False  # The trouble is: whatever was to come does not.
        self._throttles: Counter[str] = Counter()

    def after(self, delay_us: int, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` after `delay_us`, if there is still trouble then."""
        self.cluster.loop.after(delay_us, self._unless_over, function, argument)

    def throttle(self, partition: str) -> bool:
        """Let a partition refuse new work, as DynamoDB does where there is too much of it.

        Returns: Whether it took new work until now.
        """
        self._throttles[partition] += 1
        self.cluster.throttle(partition, is_on=True)
        return self._throttles[partition] == 1

    def relent(self, partition: str) -> None:
        """End one throttling of a partition."""
        self._throttles[partition] -= 1
        self.cluster.throttle(partition, is_on=self._throttles[partition] > 0)

    def heal(self) -> None:
        """End all faults that are going on, and bring back who is down."""
        self.over = True
        cluster = self.cluster
        self.links.heal()
        self.disks.heal()
        for name in list(self._throttles):
            cluster.throttle(name, is_on=False)
        for name in cluster.all_names():
            cluster.resume(name)
        for name in cluster.all_names():
            cluster.start(name)

    def _unless_over(self, function: Callable[[Any], None], argument: Any) -> None:
        if not self.over:
            function(argument)
