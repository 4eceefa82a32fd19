"""A simulated disk: durable a while after it was asked, and not at all if the host crashes before.

One sync makes everything durable that was appended while the one before was under way (group
commit).  At a crash, what was appended and not synced may have reached the disk or not: a prefix of
it has, drawn by chance.  The disk's contents are also the evidence of the white-box checks: what a
disk has is what happened, whatever a node believed.
"""

from collections.abc import Callable

from items.data import data
from network.host import Chance, Timers
from partition.storage import Changes, Contents, Stored


@data
class DiskSpeed:
    """How long a sync takes: any time from `least_us` to `most_us`."""

    least_us: int = 200
    most_us: int = 1_000


# Told of an append that has become durable, with the number that it was given when appended.
Durable = Callable[[str, int, Changes], None]
Numbered = Callable[[], int]  # Numbers the moments of a run, one after the other.


class SimulatedDisk:
    """One host's disk; survives its host's incarnations.  A `Storage`."""

    def __init__(
        self,
        host: str,
        *,
        timers: Timers,
        chance: Chance,
        speed: DiskSpeed,
        number: Numbered,
        durable: Durable,
    ) -> None:
        self.contents = Contents()
        self.speed = speed
        self._host, self._timers, self._number, self._durable = host, timers, number, durable
        self._sync_site = chance.site(f"{host} disk sync")
        self._crash_site = chance.site(f"{host} disk crash")
        self._waiting: list[tuple[int, Changes, Callable[[], None]]] = []
        self._syncing: list[tuple[int, Changes, Callable[[], None]]] = []

    def load(self) -> Stored:
        assert not self._waiting + self._syncing, "a disk has one host at a time"
        return self.contents.load()

    def append(self, changes: Changes, then: Callable[[], None]) -> None:
        self._waiting.append((self._number(), changes, then))
        if not self._syncing:
            self._sync()

    def crash(self) -> None:
        """Lose the power: some of what was not synced is there nevertheless, in order."""
        unsynced = self._syncing + self._waiting
        self._syncing, self._waiting = [], []
        if unsynced:
            for number, changes, _ in unsynced[: self._crash_site.below(len(unsynced) + 1)]:
                self._take(number, changes)

    def _sync(self) -> None:
        self._syncing, self._waiting = self._waiting, []
        speed = self.speed
        delay_us = speed.least_us + self._sync_site.below(speed.most_us - speed.least_us + 1)
        self._timers.after(delay_us, self.synced, self._syncing, None)

    def synced(self, batch: list[tuple[int, Changes, Callable[[], None]]], _: None) -> None:
        """End a sync, unless a crash came in between."""
        if batch is not self._syncing:
            return
        self._syncing = []
        for number, changes, then in batch:
            self._take(number, changes)
            then()
        if self._waiting:
            self._sync()

    def _take(self, number: int, changes: Changes) -> None:
        self.contents.take(changes)
        self._durable(self._host, number, changes)
