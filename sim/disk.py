"""A simulated disk: durable a while after it was asked, and not at all if the host crashes before.

One sync makes everything durable that was appended while the one before was under way (group
commit).  At a crash, what was appended and not synced may have reached the disk or not: a prefix of
it has, drawn by chance, and of the next one half may be there (`torn`).  The disk's contents are
also the evidence of the white-box checks: what a disk has is what happened, whatever a node
believed.

A disk can be slow, or full, and then an append fails; both a correct system survives.  And it can
lie: say that a write is durable which it loses at the next crash.  That breaks the promise that
everything else stands on.
"""

from collections.abc import Callable
from typing import Protocol

from items.data import data
from network.host import Chance, Timers
from partition.storage import Changes, Contents, Stored
from sim import torn


@data
class DiskSpeed:
    """How long a sync takes: any time from `least_us` to `most_us`."""

    least_us: int = 200
    most_us: int = 1_000

    def times(self, factor: int) -> "DiskSpeed":
        return DiskSpeed(self.least_us * factor, self.most_us * factor)


# Told of an append that has become durable, with the number that it was given when appended.
Durable = Callable[[str, int, Changes], None]
Numbered = Callable[[], int]  # Numbers the moments of a run, one after the other.
Noted = Callable[[str, str], None]  # Told of what else happens: an event, and the host.
Append = tuple[int, Changes, Callable[[], None]]


class DiskWatcher(Protocol):
    """Who wants to know of each write before and after it is durable, and may crash its host."""

    def appended(self, host: str, number: int) -> None: ...

    def durable_next(self, host: str, number: int) -> None: ...

    def durable_now(self, host: str, number: int) -> None: ...


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
        noted: Noted | None = None,
    ) -> None:
        self.contents = Contents()
        self.speed = speed
        self.watcher: DiskWatcher | None = None
        self.full: Callable[[str], None] | None = None  # Told of each append, which fails.
        self._host, self._timers, self._number, self._durable = host, timers, number, durable
        self._chance, self._noted = chance, noted
        self._sync_site = chance.site(f"{host} disk sync")
        self._crash_site = chance.site(f"{host} disk crash")
        self._waiting: list[Append] = []
        self._syncing: list[Append] = []
        self._synced: list[Append] = []  # Last first: nobody has been told of these yet.
        self._torn: tuple[int, bytes] | None = None  # A number, and what is there of its append.
        self.broken: list[Changes] = []  # Said to be durable, and lost in a crash.
        # While it lies: what it really has, and what it only says it has.
        self._truth: Contents | None = None
        self._lies: list[tuple[int, Changes]] = []

    def adopt(self, memory: Callable[[], Stored]) -> bool:  # noqa: ARG002  # The seam's.
        return False

    def load(self) -> Stored:
        assert not self._waiting + self._syncing, "a disk has one host at a time"
        if self._torn is not None:
            (number, raw), self._torn = self._torn, None
            changes = torn.read(raw)
            if changes is not None:
                self._take(number, changes)
            elif self._noted is not None:
                self._noted("write.dropped", self._host)
        return self.contents.load()

    def append(self, changes: Changes, then: Callable[[], None]) -> None:
        if self.full is not None:
            self.full(self._host)
            return
        number = self._number()
        if self.watcher is not None:
            self.watcher.appended(self._host, number)
        self._waiting.append((number, changes, then))
        if not self._syncing:
            self._sync()

    @property
    def is_writing(self) -> bool:
        """Whether anything is on its way to the disk."""
        return bool(self._syncing)

    def crash(self, *, keeps: int | None = None, tears: bool = False) -> None:
        """Lose the power: some of what was not synced is there nevertheless, in order."""
        while self._synced:  # Whoever was told of the one before has crashed the host.
            number, changes, _ = self._synced.pop()
            self._take(number, changes)
        unsynced = self._syncing + self._waiting
        self._syncing, self._waiting = [], []
        if self._truth is not None:
            self._lose_what_was_lied(self._truth)
        elif unsynced:
            kept = self._crash_site.below(len(unsynced) + 1) if keeps is None else keeps
            for number, changes, _ in unsynced[:kept]:
                self._take(number, changes)
            if tears and kept < len(unsynced):
                self._tear(unsynced[kept])

    def _tear(self, append: Append) -> None:
        number, changes, _ = append
        raw = torn.written(changes)
        cut = self._chance.site(f"{self._host} disk torn").below(len(raw) - 1)
        # The calm choice is the least of it: a torn write that is hardly there.
        self._torn = number, raw[: cut + 1]
        if self._noted is not None:
            self._noted("write.torn", self._host)

    # Syncs -----------------------------------------------------------------------------------

    def _sync(self) -> None:
        self._syncing, self._waiting = self._waiting, []
        speed = self.speed
        delay_us = speed.least_us + self._sync_site.below(speed.most_us - speed.least_us + 1)
        self._timers.after(delay_us, self.synced, self._syncing, None)

    def synced(self, batch: list[Append], _: None) -> None:
        """End a sync, unless a crash came in between."""
        if batch is not self._syncing:
            return
        if self.watcher is not None:
            self._synced_watched(batch, self.watcher)
        else:
            self._syncing, self._synced = [], batch
            batch.reverse()
            while batch:
                number, changes, then = batch.pop()
                self._take(number, changes)
                then()
        if self._waiting and not self._syncing:
            self._sync()

    def _synced_watched(self, batch: list[Append], watcher: DiskWatcher) -> None:
        """End a sync write by write: at each of them the host may crash."""
        while batch and self._syncing is batch:
            (number, changes, then), rest = batch[0], batch[1:]
            watcher.durable_next(self._host, number)
            if self._syncing is not batch:
                return
            self._syncing = batch = rest
            self._take(number, changes)
            watcher.durable_now(self._host, number)
            if self._syncing is not batch:
                return
            then()

    def _take(self, number: int, changes: Changes) -> None:
        self.contents.take(changes)
        self._durable(self._host, number, changes)
        if self._truth is not None:
            self._lies.append((number, changes))

    # Lies ------------------------------------------------------------------------------------

    @property
    def lies(self) -> bool:
        return self._truth is not None

    def lie(self) -> None:
        """From now on say of everything that it is durable, and write nothing."""
        self._truth, self._lies = self.contents.copy(), []

    def tell_the_truth(self) -> None:
        """Write what was only said to be written, and lie no more."""
        self._truth, self._lies = None, []

    def _lose_what_was_lied(self, truth: Contents) -> None:
        """Have of what was said to be durable a part only; the last of it is lost surely."""
        truth.incarnation = self.contents.incarnation
        kept = self._chance.site(f"{self._host} disk lies").below(max(1, len(self._lies)))
        for _, changes in self._lies[:kept]:
            truth.take(changes)
        self.broken += [changes for _, changes in self._lies[kept:]]
        self.contents = truth
        self._truth, self._lies = truth.copy(), []
