"""The world of a golden script: calm, and nothing in it left to chance."""

from coordinator.options import CoordinatorOptions
from items.keys import placement_hash
from network.weather import Uniform, Weather
from partition.options import PartitionOptions
from router.options import RouterOptions
from sim.chance import NamedChance, NamedSite
from sim.client import ClientOptions
from sim.cluster import Cluster
from sim.disk import DiskSpeed
from sim.keys import is_whole
from sim.script_requests import ScriptError, options
from sim.settings import Settings, Shape

DELAY_US = 1_000
LONG_US = 60_000_000  # Longer than a script, as a rule.
# What `cluster` may set, and what holds where it does not.
DEFAULTS = {
    "partitions": 2,
    "coordinators": 1,
    "clients": 2,
    "attempts": 1,  # That a client makes.
    "attempt_us": LONG_US,  # How long each may take.
    "repeat_us": LONG_US,  # The wait before a question between nodes is asked again, at first.
    "router_repeat_us": LONG_US,  # … if it is a router that asks.
    "stalled_after_us": 5_000_000,
    "votes_deadline_us": 25_000_000,
    "token_valid_us": 600_000_000,
    "units": 0,  # Read and write units a second of the table; 0: it is on demand.
    "burst_us": 1_000_000,  # For so long units are saved: a new table has as many.
}


class CalmSite(NamedSite):
    """A place that draws what was chosen for it, and else what is calm."""

    def __init__(self) -> None:
        super().__init__(b"", None)
        self._chosen = [0]

    def choose(self, value: int) -> None:
        """Let the next draw that nothing was chosen for, and all after it, be `value`."""
        self._chosen.append(value)

    def at(self, n: int, bound: int) -> int:  # noqa: ARG002  # Calm is the same each time.
        if len(self._chosen) > 1:
            self._chosen.pop(0)
        return self._chosen[0]


class CalmChance(NamedChance):
    """No chance at all."""

    def __init__(self) -> None:
        super().__init__(0)
        self._calm: dict[str, CalmSite] = {}

    def site(self, name: str) -> CalmSite:
        return self._calm.setdefault(name, CalmSite())


def settings(text: str) -> Settings:
    """Read what `cluster` sets."""
    given = dict(DEFAULTS)
    for name, value in options(text, tuple(DEFAULTS)).items():
        if not is_whole(value):
            raise ScriptError(f"{name} is a number, not {value!r}")
        given[name] = int(value)
    repeat_us, stalled_us = given["repeat_us"], given["stalled_after_us"]
    return Settings(
        Shape(
            partitions=given["partitions"],
            coordinators=given["coordinators"],
            routers=1,
            clients=given["clients"],
        ),
        Weather(Uniform(DELAY_US, DELAY_US)),
        DiskSpeed(DELAY_US, DELAY_US),
        0,
        PartitionOptions(stalled_us, burst_us=given["burst_us"]),
        CoordinatorOptions(
            stalled_after_us=stalled_us,
            repeat_first_us=repeat_us,
            repeat_most_us=LONG_US,
            votes_deadline_us=given["votes_deadline_us"],
            token_valid_us=given["token_valid_us"],
        ),
        RouterOptions(
            transaction_deadline_us=LONG_US,
            repeat_first_us=given["router_repeat_us"],
            repeat_most_us=LONG_US,
        ),
        ClientOptions(attempts_max=given["attempts"], attempt_deadline_us=given["attempt_us"]),
    )


def units_in(text: str) -> int:
    """Read how many units a second the table is to have."""
    return int(options(text, tuple(DEFAULTS)).get("units", DEFAULTS["units"]))


def key_on(letter: str, owner: str, cluster: Cluster) -> str:
    """Return a key value that begins with `letter` and lives on this partition."""
    owned = cluster.placement.range_of(owner)
    for n in range(10_000):
        value = f"{letter}{n}"
        if owned.first <= placement_hash((("S", value),)) < owned.end:
            return value
    raise ScriptError(f"{owner} owns too little")
