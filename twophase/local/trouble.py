"""The trouble of a served cluster: faults as `twophase.local.faults` has them, carried out.

All of it happens between nodes: a message that is lost, a host that crashes, a partition that says
no.  The HTTP connection works; what a client sees is what the cluster makes of its trouble.

Every choice is drawn by name from the seed.  Which request meets which choice hangs on when it
comes, on real time: a seed gives the same weather, not the same run.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, Protocol

from network.host import Chance, Receive
from network.lossy import Link, LossyNetwork
from network.weather import Uniform, Weather
from partition.server import PartitionServer
from router.transactions import MINTED_MARK
from sim.clock import either_way
from twophase.local.faults import (
    KINDS,
    NONE,
    Crashes,
    Faults,
    FaultsError,
    Next,
    is_next,
    parse,
    parse_next,
)
from twophase.local.gate import Gate, Mark, wanted
from twophase.local.world import RealTimers

STEPS_MAX = 1_000  # That wait for requests, of one operation.
ANSWERED, NOT_ASKED, NOT_TOLD = range(3)


class NoWatcher:
    """Looks away; a `network.lossy.Watcher`."""

    def sent(self, link: Link, number: int, frame: bytes, fate: int) -> None: ...

    def delivered(self, link: Link, number: int, frame: bytes) -> None: ...

    def lost(self, link: Link, number: int, frame: bytes, because: str) -> None: ...

    def held(self, link: Link, number: int, frame: bytes) -> None: ...


def troubled_network(loop: asyncio.AbstractEventLoop, chance: Chance) -> LossyNetwork:
    """Make a network whose weather can change; calm at first."""
    return LossyNetwork(RealTimers(loop), chance, weather_of(NONE), NoWatcher())


def weather_of(faults: Faults) -> Weather:
    return Weather(
        Uniform(faults.latency_us_min, faults.latency_us_max),
        loss=faults.loss,
        repeat=faults.repeat,
        late_us=1_000,  # A copy comes a moment after the message.
    )


class Troubled(Protocol):
    """Whose hosts can be troubled."""

    def all_names(self) -> list[str]: ...

    def crash(self, name: str) -> None: ...

    def start_again(self, name: str, _: None) -> None: ...

    def set_clock(self, name: str, offset_us: int) -> None: ...


class Trouble:
    """All faults of one cluster, as they are at this moment."""

    def __init__(self, network: LossyNetwork, chance: Chance, timers: RealTimers) -> None:
        self.faults, self.chance = NONE, chance
        self.counts: dict[str, int] = {}  # What was carried out here; the network does not say.
        self._network, self._timers = network, timers
        self.marks: dict[str, Mark] = {}  # Requests to which something is to happen, by their name.
        self._next: dict[str, deque[Next]] = {}  # By operation.
        self._change = 0  # Counts the changes: what was planned before one does not happen.
        self._answer_site = chance.site("answer")
        self._cluster: Troubled | None = None

    def of(self, cluster: Troubled) -> None:
        """Learn whom there is to trouble."""
        self._cluster = cluster

    def change(self, faults: Faults) -> None:
        """Make this trouble from now on; `NONE` heals all, and no step waits any more."""
        self.faults = faults
        if faults == NONE:
            self._next.clear()
        self._change += 1
        self._network.change_weather(weather_of(faults))
        assert self._cluster is not None, "there is a cluster"
        for name in self._cluster.all_names():
            self._cluster.set_clock(name, self.clock_offset_us(name))
        for crashes in faults.crashes:
            self._plan(crashes, self._change)

    def clock_offset_us(self, name: str) -> int:
        """Draw by how much a host's clock is off now."""
        return either_way(self.chance.site(f"{name} clock").at(1, 2 * self.faults.skew_us + 1))

    def tell(self, text: str) -> None:
        """Make other trouble from now on, or remember what is to happen to the next request.

        Raises:
            FaultsError: The text names neither.
        """
        if not is_next(text):
            self.change(parse(text))
            return
        step = parse_next(text)
        steps = self._next.setdefault(step.operation, deque())
        if len(steps) >= STEPS_MAX:
            raise FaultsError(f"{STEPS_MAX} steps wait for {step.operation} already")
        steps.append(step)

    def waiting(self) -> dict[str, int]:
        """Say which steps no request has met yet, and how many of each."""
        return dict(Counter(str(step) for steps in self._next.values() for step in steps))

    def begin(self, operation: str, body: Mapping[str, Any], request: str) -> tuple[int, str]:
        """Draw what becomes of a request's answer, and mark it if it was told what happens to it.

        Returns the fate, and what to `end` when it is answered.
        """
        steps = self._next.get(operation)
        if not steps:
            return self._fate_of_answer(), ""
        step = steps.popleft()
        self.count(str(step))
        if step.what == "unknown":
            return NOT_TOLD, ""
        name = request
        if operation == "TransactWriteItems":
            name = body.get("ClientRequestToken") or f"{MINTED_MARK}{request}"
        self.marks[name] = Mark(step, wanted(body, step.place))
        return ANSWERED, name

    def end(self, name: str) -> None:
        self.marks.pop(name, None)

    def gate(self, name: str, server: PartitionServer) -> Receive:
        return Gate(name, server, self._network, self).receive

    def _fate_of_answer(self) -> int:
        """Draw what becomes of a request: answered, not asked, or carried out and not told."""
        probability = self.faults.unknown
        if probability == 0.0 or not self._answer_site.happens(probability):
            return ANSWERED
        self.count("unknown")
        return NOT_ASKED + self._answer_site.below(2)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _plan(self, crashes: Crashes, change: int) -> None:
        """Plan the next crash: at half to one and a half times the time between two."""
        site = self.chance.site(f"crash {crashes.kind}")
        wait_us = crashes.every_us // 2 + site.below(crashes.every_us + 1)
        self._timers.after(wait_us, self._happen, crashes, change)

    def _happen(self, crashes: Crashes, change: int) -> None:
        if change != self._change:
            return
        assert self._cluster is not None, "there is a cluster"
        names = [name for name in self._cluster.all_names() if name[0] in KINDS[crashes.kind]]
        name = names[self.chance.site(f"crash {crashes.kind} victim").below(len(names))]
        self._cluster.crash(name)
        self.count(f"crash of {name}")
        self._timers.after(crashes.down_us, self._cluster.start_again, name, None)
        self._plan(crashes, change)
