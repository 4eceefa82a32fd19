"""Faults on demand, as text: `loss=0.05,crash=coordinator:10s,latency=5ms..50ms`.

    loss=P          a message between nodes gets lost
    repeat=P        … or arrives twice
    latency=A..B    … or takes from A to B (A alone: just so long)
    crash=KIND:T    about every T a coordinator, partition, ledger, router, manager or any node
                    crashes, and comes back a second later (KIND:T:D - after D)
    skew=T          clocks are off by up to T, either way
    conflict=P      an item of a transaction, or a single write, meets a transaction
    throttle=P      a partition takes no new work
    unknown=P       a client is not told what came of its request: 500, and it may have happened

    next OPERATION: conflict N    the N-th item (the first) of that request meets a transaction
    next OPERATION: throttle N    … or its partition takes no new work
    next OPERATION: unknown       … or nobody is told what came of the request

P is a probability; T, A, B, D are durations in us, ms, s or m.  Faults act on the cluster's own
network, hosts and partitions: clients see what the service's clients see.
"""

import re
from collections.abc import Callable

from items.data import data
from items.limits import TRANSACTION_ACTIONS_MAX as ACTIONS_MAX

UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000}
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m)")
DURATION_US_MAX = 24 * 3_600 * UNITS["s"]
CRASH_US_MIN = 100_000
DOWN_US = 1_000_000
KINDS = {
    "coordinator": "c",
    "partition": "p",
    "ledger": "l",
    "router": "r",
    "manager": "m",
    "any": "lpmcr",
}
TEXT_MAX = 1_000
NEXT = re.compile(r"next\s+(\w+)\s*:\s*(\w+)(?:\s+([0-9]{1,4}))?")
WRITES = ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem")
CAN_MEET = {  # What can happen to which operations.
    "conflict": (*WRITES, "TransactGetItems"),
    "throttle": (*WRITES, "TransactGetItems", "GetItem"),
    "unknown": (*WRITES, "TransactGetItems", "GetItem", "BatchWriteItem", "BatchGetItem"),
}
EXAMPLES = {"latency": "5ms..50ms", "crash": "coordinator:10s", "skew": "50ms"}  # Of no chances.
CHANCES = ("loss", "repeat", "conflict", "throttle", "unknown")


class FaultsError(ValueError):
    """A text that names no faults: what is wrong with it, and what would be right."""


@data
class Crashes:
    """How often a node of some kind crashes, and for how long."""

    kind: str
    every_us: int
    down_us: int = DOWN_US


@data
class Faults:
    """How much trouble there is to be."""

    loss: float = 0.0
    repeat: float = 0.0
    latency_us_min: int = 0
    latency_us_max: int = 0
    skew_us: int = 0
    conflict: float = 0.0
    throttle: float = 0.0
    unknown: float = 0.0
    crashes: tuple[Crashes, ...] = ()

    def __str__(self) -> str:
        """Give the text that reads as these faults; 'none' if there are none."""
        parts = [f"{name}={told}" for name in CHANCES if (told := getattr(self, name))]
        if self.latency_us_max:
            least, most = shown(self.latency_us_min), shown(self.latency_us_max)
            parts.append(f"latency={least}..{most}")
        if self.skew_us:
            parts.append(f"skew={shown(self.skew_us)}")
        parts += [
            f"crash={one.kind}:{shown(one.every_us)}:{shown(one.down_us)}" for one in self.crashes
        ]
        return ",".join(parts) or "none"


def shown(duration_us: int) -> str:
    """Write a duration in the largest unit that it is a whole number of."""
    for unit, us in reversed(UNITS.items()):
        if duration_us % us == 0 and duration_us >= us:
            return f"{duration_us // us}{unit}"
    return f"{duration_us}us"


@data
class Next:
    """What is to happen to the next request for an operation."""

    operation: str
    what: str  # conflict, throttle or unknown.
    place: int  # Of the item, counted from 1.

    def __str__(self) -> str:
        return f"next {self.operation}: {self.what}"


NONE = Faults()


def parse(text: str) -> Faults:
    """Read faults from their text; an empty one is none.

    Raises:
        FaultsError
    """
    if len(text) > TEXT_MAX:
        raise FaultsError(f"faults are told in {TEXT_MAX} characters at most")
    found: dict[str, object] = {}
    crashes: list[Crashes] = []
    for part in text.split(","):
        name, equals, told = (one.strip() for one in part.partition("="))
        if not name and not equals:
            continue
        if name not in READERS:
            raise no_fault(part.strip())
        if not equals:
            raise FaultsError(f"{name} takes a value, as in {name}={EXAMPLES.get(name, '0.02')}")
        if name == "crash":
            crashes.append(crash(told))
        elif name in found or (name == "latency" and "latency_us_min" in found):
            raise FaultsError(f"{name} is there twice: give it once")
        else:
            found.update(READERS[name](name, told))
    faults = Faults(**found, crashes=tuple(crashes))  # type: ignore[arg-type]  # Read by name.
    if faults.loss + faults.repeat > 0.95:
        raise FaultsError("loss and repeat together must leave 5 % of the messages alone")
    return faults


def no_fault(part: str) -> FaultsError:
    """Say what is wrong with what begins like no fault."""
    if is_next(part):
        return FaultsError(
            f"{part[:100]!r} is a step: it stands alone, and is told to a server that runs"
        )
    return FaultsError(f"{part!r} is no fault: there are {', '.join(READERS)}, as in loss=0.05")


def is_next(text: str) -> bool:
    return text.strip().startswith("next ")


def parse_next(text: str) -> Next:
    """Read what is to happen to one request.

    Raises:
        FaultsError
    """
    found = NEXT.fullmatch(text.strip())
    if "," in text:
        raise FaultsError("a step stands alone: tell one at a time, and faults without it")
    if found is None or found[2] not in CAN_MEET:
        raise FaultsError(
            f"{text.strip()[:100]!r} is no step: say 'next TransactWriteItems: conflict 2',"
            f" or {' or '.join(list(CAN_MEET)[1:])} in place of conflict"
        )
    operation, what, place = found[1], found[2], int(found[3] or 1)
    if operation not in CAN_MEET[what]:
        raise FaultsError(f"{what} can happen to {', '.join(CAN_MEET[what])}, not to {operation}")
    items = ACTIONS_MAX if operation.startswith("Transact") else 1
    if not 1 <= place <= items:
        has = f"has {items} at most" if items > 1 else "has one"
        raise FaultsError(f"items are counted from 1, and {operation} {has}: there is no {place}")
    return Next(operation, what, place)


def probability(name: str, told: str) -> dict[str, object]:
    if not re.fullmatch(r"0|1|[01]?\.[0-9]+|1\.0+", told) or not 0.0 <= float(told) <= 1.0:
        raise FaultsError(f"{name} is a probability from 0 to 1, as in {name}=0.05, not {told!r}")
    return {name: float(told)}


def latency(name: str, told: str) -> dict[str, object]:
    least, dots, most = told.partition("..")
    least_us, most_us = duration(name, least), duration(name, most if dots else least)
    if least_us > most_us:
        raise FaultsError(f"latency goes from less to more, as in 5ms..50ms, not {told!r}")
    return {"latency_us_min": least_us, "latency_us_max": most_us}


def skew(name: str, told: str) -> dict[str, object]:
    return {"skew_us": duration(name, told)}


def crash(told: str) -> Crashes:
    kind, *durations = (one.strip() for one in told.split(":"))
    if kind not in KINDS or not 1 <= len(durations) <= 2:
        raise FaultsError(
            f"crash names one of {', '.join(KINDS)} and how often, as in crash=coordinator:10s,"
            f" not {told!r}"
        )
    every_us, *down = (duration("crash", one) for one in durations)
    if every_us < CRASH_US_MIN:
        raise FaultsError(f"a node crashes every 100ms at most, not every {durations[0]}")
    return Crashes(kind, every_us, *down)


def duration(name: str, told: str) -> int:
    found = DURATION.fullmatch(told.strip())
    duration_us = round(float(found[1]) * UNITS[found[2]]) if found else -1
    if not 0 <= duration_us <= DURATION_US_MAX:
        raise FaultsError(
            f"{name} takes a duration of up to a day, as in 50ms (us, ms, s, m), not {told!r}"
        )
    return duration_us


READERS: dict[str, Callable[[str, str], dict[str, object]]] = {
    "loss": probability,
    "repeat": probability,
    "latency": latency,
    "crash": latency,  # Read apart: it may come more than once.
    "skew": skew,
    "conflict": probability,
    "throttle": probability,
    "unknown": probability,
}
