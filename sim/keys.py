"""The keys that all scenarios share: their defaults, their bounds, and how a value is read."""

import re
import tomllib
from collections.abc import Mapping
from typing import TypeAlias

from network.weather import LogNormal, Uniform

Value: TypeAlias = int | float | str | bool

# Every key that scenarios share, with its default and the least and most that it may be.
KEYS: dict[str, tuple[Value, float, float]] = {
    "cluster.partitions": (4, 1, 1000),
    "cluster.coordinators": (2, 1, 1000),
    "cluster.routers": (2, 1, 1000),
    "cluster.ledgers": (1, 1, 1000),
    "cluster.managers": (1, 1, 1000),
    "cluster.followers": (0, 0, 5),
    "cluster.streams": ("", 0, 0),
    "cluster.stream_readers": (1, 0, 10),
    "cluster.follower_delay_us": ("5000..50000", 0, 0),
    "cluster.read_units": (0, 0, 1_000_000),
    "cluster.write_units": (0, 0, 1_000_000),
    "cluster.burst_us": (300_000_000, 1_000_000, 3_600_000_000),
    "cluster.clock_skew_us": (0, 0, 86_400_000_000),
    "cluster.clock_drift_ppm": (0, 0, 100_000),
    "network.delay_us": ("200..2000", 0, 0),
    "network.loss": (0.0, 0, 1),
    "network.repeat": (0.0, 0, 1),
    "network.late": (0.0, 0, 1),
    "network.corrupt": (0.0, 0, 1),
    "network.late_us": (50_000, 0, 600_000_000),
    "disk.sync_us": ("200..1000", 0, 0),
    "faults.crashes": (0, 0, 10_000),
    "faults.downtime_us": ("100000..8000000", 0, 0),
    "faults.pauses": (0, 0, 10_000),
    "faults.pause_us": ("50000..5000000", 0, 0),
    "faults.clock_jumps": (0, 0, 10_000),
    "faults.clock_jump_us": ("1000..2000000", 0, 0),
    "faults.cuts": (0, 0, 10_000),
    "faults.one_way_cuts": (0, 0, 10_000),
    "faults.cut_us": ("50000..5000000", 0, 0),
    "faults.flaps": (0, 0, 10_000),
    "faults.flap_us": ("100000..5000000", 0, 0),
    "faults.splits": (0, 0, 10_000),
    "faults.split_us": ("50000..5000000", 0, 0),
    "faults.holds": (0, 0, 10_000),
    "faults.hold_us": ("10000..5000000", 0, 0),
    "faults.clogs": (0, 0, 10_000),
    "faults.clog_us": ("50000..5000000", 0, 0),
    "faults.swizzles": (0, 0, 10_000),
    "faults.swizzle_us": ("200000..5000000", 0, 0),
    "faults.slow_disks": (0, 0, 10_000),
    "faults.slow_disk_us": ("50000..5000000", 0, 0),
    "faults.full_disks": (0, 0, 10_000),
    "faults.full_disk_us": ("10000..2000000", 0, 0),
    "faults.torn_writes": (0, 0, 10_000),
    "faults.throttles": (0, 0, 10_000),
    "faults.throttle_us": ("50000..2000000", 0, 0),
    "faults.partition_splits": (0, 0, 900),
    "faults.late_child_us": ("50000..8000000", 0, 0),
    "faults.lying_disks": (0, 0, 10_000),
    "faults.lying_disk_us": ("50000..2000000", 0, 0),
    "faults.all": (0, 0, 100),
    "faults.swarm": (False, 0, 1),
    "protocol.transaction_actions_max": (100, 1, 100),
    "protocol.allow_reserved_words": (False, 0, 1),
    "protocol.stalled_after_us": (5_000_000, 1_000, 3_600_000_000),
    "protocol.votes_deadline_us": (25_000_000, 1_000, 3_600_000_000),
    "protocol.answer_deadline_us": (5_000_000, 1_000, 3_600_000_000),
    "protocol.token_valid_us": (600_000_000, 1_000, 86_400_000_000),
    "protocol.tombstones_kept_us": (600_000_000, 1_000, 86_400_000_000),
    "protocol.read_redrives": (0, 0, 100),
    "protocol.repeat_first_us": (40_000, 1_000, 600_000_000),
    "protocol.repeat_most_us": (1_000_000, 1_000, 600_000_000),
    "protocol.transaction_deadline_us": (12_000_000, 1_000, 3_600_000_000),
    "protocol.operation_deadline_us": (5_000_000, 1_000, 3_600_000_000),
    "protocol.iterator_valid_us": (900_000_000, 1_000, 3_600_000_000),
    "protocol.table_cache_us": (1_000_000, 0, 3_600_000_000),
    "client.attempts_max": (8, 1, 100),
    "client.attempt_deadline_us": (1_000_000, 1_000, 600_000_000),
    "client.pause_first_us": (50_000, 1, 600_000_000),
    "client.pause_most_us": (5_000_000, 1, 600_000_000),
    "client.think_us": (2_000, 1, 600_000_000),
    "permissions.policies": ("", 0, 0),
    "regions.names": ("", 0, 0),
    "regions.delay_us": ("40000..120000", 0, 0),
    "regions.loss": (0.0, 0, 1),
    "regions.repeat": (0.0, 0, 1),
    "regions.cuts": (0, 0, 10_000),
    "regions.cut_us": ("500000..5000000", 0, 0),
    "regions.transactions": (False, 0, 1),
    "run.trouble_us_max": (3_600_000_000, 1_000, 10**15),
    "run.calm_us_max": (120_000_000, 1_000, 10**15),
    "run.canary": (False, 0, 1),
    "run.graph": (False, 0, 1),
    "workload.clients": (8, 1, 4_000),
    "workload.transactions": (200, 1, 100_000_000),
}

DIGITS_MAX, DIGITS_OF_SEEDS = 15, 19  # Of a whole number in a scenario, and of any other.
TEXTS = ("permissions.policies", "cluster.streams", "regions.names")  # Whose words others read.
VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")  # What a stream shows.

# What `faults.all = N` asks for N of: every kind that a correct system survives.
NOT_SURVIVED = ("faults.lying_disks",)
COUNTED = tuple(
    key
    for key, (default, _, _) in KEYS.items()
    if key.startswith("faults.") and type(default) is int and key != "faults.all"
)
SURVIVED = tuple(key for key in COUNTED if key not in NOT_SURVIVED)
# … and of what comes with each message, or each clock, so much.
MILD: Mapping[str, Value] = {
    "network.loss": 0.02,
    "network.repeat": 0.02,
    "network.late": 0.02,
    "network.corrupt": 0.01,
    "cluster.clock_skew_us": 5_000,
    "cluster.clock_drift_ppm": 200,
}


# What `tomllib` raises a plain ValueError for: its other mistakes are TOMLDecodeErrors.
TOO_MANY_DIGITS = "a whole number has more digits than can be read"


class ScenarioError(ValueError):
    """A scenario that cannot be run; the text names the mistake and what would be right."""


def everything(keys: Mapping[str, Value], said: Mapping[str, str]) -> dict[str, Value]:
    """Return the keys that `faults.all` comes to; what is said of a key by itself holds."""
    count = int(keys["faults.all"])
    if not count:
        return dict(keys)
    least: dict[str, Value] = {**dict.fromkeys(SURVIVED, count), **MILD, "faults.swarm": True}
    more = {
        key: value
        for key, value in least.items()
        if key not in said and float(value) > float(keys[key])
    }
    return {**keys, **more}


def delay_of(key: str, value: Value) -> Uniform | LogNormal:
    """Read a distribution of delays: '200..2000', or 'log-normal 500' with its median."""
    words = str(value).split()
    if len(words) == 2 and words[0] == "log-normal" and is_whole(words[1]) and int(words[1]):
        return LogNormal(int(words[1]))
    return Uniform(*span_of(key, value, " or 'log-normal 500' (its median)"))


def is_whole(text: str, digits_max: int = DIGITS_MAX) -> bool:
    """Say whether a text is a whole number: `isdigit` alone takes ² and other scripts' digits.

    `int` by itself takes signs, blanks and underscores as well, and fails if there are too many.
    """
    return text.isascii() and text.isdigit() and len(text) <= digits_max


def whole_within(text: str, least: int, most: int) -> int | None:
    """Read a whole number; None if it is none, or out of bounds."""
    number = int(text) if is_whole(text, DIGITS_OF_SEEDS) else -1
    return number if least <= number <= most else None


def span_of(key: str, value: Value, otherwise: str = "") -> tuple[int, int]:
    """Read a span of µs like '200..2000'; one number is both its ends."""
    first, dots, last = str(value).partition("..")
    ends = (first, last if dots else first)
    are_numbers = all(is_whole(end) for end in ends)
    if not are_numbers or int(ends[0]) > int(ends[1]):
        order = ", the smaller number first," if are_numbers else ""
        raise ScenarioError(
            f"{key} is to be µs like '200..2000'{otherwise}{order or ','} not {value!r}"
            f"{_several(value)}"
        )
    return int(ends[0]), int(ends[1])


def value_of(key: str, text: str) -> Value:
    """Read a value of `--set key=value`: as TOML where it is TOML, else as the text it is.

    Raises:
        ScenarioError: It is a number that cannot be read.
    """
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    except ValueError as error:
        raise ScenarioError(f"{key}: {TOO_MANY_DIGITS}") from error
    return value if isinstance(value, int | float | str | bool) else text


def checked(key: str, value: Value) -> Value:
    default, least, most = KEYS[key]
    if isinstance(default, str):
        if key in ("network.delay_us", "cluster.follower_delay_us", "regions.delay_us"):
            delay_of(key, value)
        elif key not in TEXTS:
            span_of(key, value)
        elif not isinstance(value, str):
            raise ScenarioError(f"{key} is to be a text, not {value!r}")
        if key == "cluster.streams" and value not in ("", *VIEWS):
            raise ScenarioError(f"{key} is to be one of {', '.join(VIEWS)}, not {value!r}")
        return value
    value = typed(key, value, default)
    if not least <= float(value) <= most:
        raise ScenarioError(f"{key} is to be from {least:,} to {most:,}, not {value}")
    return value


def typed(key: str, value: Value, default: Value) -> Value:
    if isinstance(default, bool) or isinstance(value, bool):
        right = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        right = isinstance(value, int | float) and value == value  # noqa: PLR0124  # Not a NaN.
    else:
        right = isinstance(value, type(default))
    if not right:
        kind = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        written = ""
        if isinstance(default, float) and re.fullmatch(r"\.[0-9]+|[0-9]+\.", str(value)):
            written = f": it is written {float(value)}"
        raise ScenarioError(
            f"{key} is to be {kind[type(default)]}, not {value!r}{written or _several(value)}"
        )
    return value


def _several(value: Value) -> str:
    """Say who takes several values, if a text looks like some."""
    is_list = isinstance(value, str) and "," in value
    return "; several values, as in A,B, are for `twophase sweep`" if is_list else ""
