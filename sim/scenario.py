"""Scenarios: an experiment as data, in TOML; every key is checked and every mistake is named.

A scenario says how large the cluster is, how it is treated, and what its clients do.  It says
nothing of chance: a scenario and a seed are a run.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from coordinator.options import CoordinatorOptions
from items.data import data
from network.lossy import LogNormal, Uniform, Weather
from partition.options import PartitionOptions
from router.options import RouterOptions
from sim.client import ClientOptions
from sim.cluster import Settings, Shape
from sim.disk import DiskSpeed
from sim.workloads.registry import WORKLOADS, make

Value: TypeAlias = int | float | str | bool
DEFAULT = "orders-and-payments"
SHIPPED = files("sim") / "scenarios"

# Every key that scenarios share, with its default and the least and most that it may be.
KEYS: dict[str, tuple[Value, float, float]] = {
    "cluster.partitions": (4, 1, 1000),
    "cluster.coordinators": (2, 1, 1000),
    "cluster.routers": (2, 1, 1000),
    "cluster.ledgers": (1, 1, 1000),
    "cluster.managers": (1, 1, 1000),
    "cluster.clock_skew_us": (0, 0, 86_400_000_000),
    "network.delay_us": ("200..2000", 0, 0),
    "network.loss": (0.0, 0, 1),
    "network.repeat": (0.0, 0, 1),
    "network.late": (0.0, 0, 1),
    "network.late_us": (50_000, 0, 600_000_000),
    "disk.sync_us": ("200..1000", 0, 0),
    "faults.crashes": (0, 0, 10_000),
    "faults.downtime_us": ("100000..8000000", 0, 0),
    "protocol.transaction_actions_max": (100, 1, 100),
    "protocol.allow_reserved_words": (False, 0, 1),
    "protocol.stalled_after_us": (5_000_000, 1_000, 3_600_000_000),
    "protocol.votes_deadline_us": (25_000_000, 1_000, 3_600_000_000),
    "protocol.answer_deadline_us": (5_000_000, 1_000, 3_600_000_000),
    "protocol.token_valid_us": (600_000_000, 1_000, 86_400_000_000),
    "protocol.read_redrives": (0, 0, 100),
    "protocol.repeat_first_us": (40_000, 1_000, 600_000_000),
    "protocol.repeat_most_us": (1_000_000, 1_000, 600_000_000),
    "protocol.transaction_deadline_us": (12_000_000, 1_000, 3_600_000_000),
    "protocol.operation_deadline_us": (5_000_000, 1_000, 3_600_000_000),
    "protocol.table_cache_us": (1_000_000, 0, 3_600_000_000),
    "client.attempts_max": (8, 1, 100),
    "client.attempt_deadline_us": (1_000_000, 1_000, 600_000_000),
    "client.pause_first_us": (50_000, 1, 600_000_000),
    "client.pause_most_us": (5_000_000, 1, 600_000_000),
    "client.think_us": (2_000, 1, 600_000_000),
    "run.trouble_us_max": (3_600_000_000, 1_000, 10**15),
    "run.calm_us_max": (120_000_000, 1_000, 10**15),
    "workload.clients": (8, 1, 4_000),
    "workload.transactions": (200, 1, 100_000_000),
}


class ScenarioError(ValueError):
    """A scenario that cannot be run; the text names the mistake and what would be right."""


@data
class Scenario:
    """An experiment, checked."""

    name: str
    description: str
    workload: str
    keys: Mapping[str, Value]  # All shared keys.
    workload_keys: Mapping[str, Value]  # The workload's own.

    def number(self, key: str) -> int:
        return int(self.keys[key])

    def span(self, key: str) -> tuple[int, int]:
        """Return the two ends of a key like '200..2000'."""
        return span_of(key, self.keys[key])

    def settings(self) -> Settings:
        """Return the options of all nodes that this scenario comes to."""
        number, keys = self.number, self.keys
        stalled_us = number("protocol.stalled_after_us")
        return Settings(
            Shape(
                number("cluster.partitions"),
                number("cluster.coordinators"),
                number("cluster.routers"),
                number("cluster.ledgers"),
                number("cluster.managers"),
                number("workload.clients"),
            ),
            self.weather(),
            DiskSpeed(*self.span("disk.sync_us")),
            number("cluster.clock_skew_us"),
            PartitionOptions(stalled_us, max(1_000, stalled_us // 5)),
            CoordinatorOptions(
                repeat_first_us=number("protocol.repeat_first_us"),
                repeat_most_us=number("protocol.repeat_most_us"),
                votes_deadline_us=number("protocol.votes_deadline_us"),
                answer_deadline_us=number("protocol.answer_deadline_us"),
                stalled_after_us=stalled_us,
                scan_us=max(1_000, stalled_us // 2),
                token_valid_us=number("protocol.token_valid_us"),
                read_redrives=number("protocol.read_redrives"),
            ),
            RouterOptions(
                transaction_actions_max=number("protocol.transaction_actions_max"),
                allow_reserved_words=bool(keys["protocol.allow_reserved_words"]),
                transaction_deadline_us=number("protocol.transaction_deadline_us"),
                write_deadline_us=number("protocol.operation_deadline_us"),
                read_deadline_us=number("protocol.operation_deadline_us"),
                repeat_first_us=number("protocol.repeat_first_us"),
                repeat_most_us=number("protocol.repeat_most_us"),
                table_cache_us=number("protocol.table_cache_us"),
            ),
            ClientOptions(
                attempts_max=number("client.attempts_max"),
                attempt_deadline_us=number("client.attempt_deadline_us"),
                pause_first_us=number("client.pause_first_us"),
                pause_most_us=number("client.pause_most_us"),
                think_us=number("client.think_us"),
            ),
        )

    def weather(self) -> Weather:
        keys = self.keys
        return Weather(
            delay_of("network.delay_us", keys["network.delay_us"]),
            float(keys["network.loss"]),
            float(keys["network.repeat"]),
            float(keys["network.late"]),
            self.number("network.late_us"),
        )


def shipped() -> dict[str, Scenario]:
    """Return the scenarios that come with the product, by name."""
    names = sorted(entry.name for entry in SHIPPED.iterdir() if entry.name.endswith(".toml"))
    return {name.removesuffix(".toml"): load(name.removesuffix(".toml")) for name in names}


def load(name: str, settings: Mapping[str, str] | None = None) -> Scenario:
    """Load a shipped scenario by name, or a file by path, with some keys set otherwise.

    Raises:
        ScenarioError: There is no such scenario, or it says what makes no sense.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise ScenarioError(f"there is no scenario file {name!r}")
        text, title = _text_of(path), path.stem
    else:
        source = SHIPPED / f"{name}.toml"
        if "/" in name or not source.is_file():
            known = sorted(e.name.removesuffix(".toml") for e in SHIPPED.iterdir())
            known = [one for one in known if not one.startswith("_")]
            raise ScenarioError(
                f"there is no scenario {name!r}; there are {', '.join(known)},"
                " or give the path of a .toml file"
            )
        text, title = source.read_text(encoding="utf-8"), name
    return parse(text, title, settings or {})


def parse(text: str, name: str, settings: Mapping[str, str]) -> Scenario:
    """Read a scenario from its TOML text.

    Raises:
        ScenarioError: As for `load`.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario {name}: not TOML: {error}") from error
    given = _flat(document, name)
    description = given.pop("description", "")
    if not isinstance(description, str):
        raise ScenarioError(f"scenario {name}: description must be a text")
    for key, value in settings.items():
        given[key] = _value_of(value)
    workload = given.pop("workload.name", None)
    if workload not in WORKLOADS:
        raise ScenarioError(
            f"scenario {name}: workload.name must be one of {', '.join(sorted(WORKLOADS))}"
        )
    own = {f"workload.{key}": value for key, value in WORKLOADS[str(workload)].KEYS.items()}
    keys = {key: default for key, (default, _, _) in KEYS.items()}
    workload_keys = {key.partition(".")[2]: value for key, value in own.items()}
    for key, value in given.items():
        if key in KEYS:
            keys[key] = _checked(key, value)
        elif key in own:
            workload_keys[key.partition(".")[2]] = _typed(key, value, own[key])
        else:
            raise ScenarioError(f"{key!r} is no key of a scenario; {_nearest(key, [*KEYS, *own])}")
    scenario = Scenario(name, description, str(workload), keys, workload_keys)
    _check_sense(scenario)
    return scenario


def _check_sense(scenario: Scenario) -> None:
    keys = scenario.keys
    try:
        make(scenario.workload, scenario.workload_keys)
    except ValueError as error:
        raise ScenarioError(f"workload.{error}") from error
    total = sum(float(keys[f"network.{name}"]) for name in ("loss", "repeat", "late"))
    if total > 1:
        raise ScenarioError(
            "network.loss, network.repeat and network.late are parts of what a link carries:"
            f" together they may be 1 at most, not {total:g}"
        )
    # Nobody may ask about a transaction whose entry is forgotten (§3.5): an entry outlives a call
    # with all its attempts, and every message and host on the way.
    number = scenario.number
    slowest_us = number("network.late_us") + scenario.weather().delay.longest_us
    call_us = number("client.attempts_max") * (
        number("client.attempt_deadline_us") + number("client.pause_most_us")
    )
    away_us = 3 * slowest_us + number("protocol.repeat_most_us") + call_us
    away_us += number("protocol.transaction_deadline_us") + number("protocol.operation_deadline_us")
    away_us = max(away_us, scenario.span("faults.downtime_us")[1])
    if number("protocol.token_valid_us") <= 2 * away_us:
        raise ScenarioError(
            "protocol.token_valid_us must be more than twice as long as a call, a message or a host"
            f" may be away ({away_us} µs): the ledger must outlive what asks it"
        )
    settling_us = 4 * number("protocol.stalled_after_us") + number("protocol.votes_deadline_us")
    settling_us += 4 * number("protocol.repeat_most_us") + 8 * slowest_us
    if number("run.calm_us_max") <= settling_us:
        raise ScenarioError(
            "run.calm_us_max must be longer than recovery may take with this scenario's time"
            f" limits ({settling_us} µs)"
        )


def delay_of(key: str, value: Value) -> Uniform | LogNormal:
    """Read a distribution of delays: '200..2000', or 'log-normal 500' with its median."""
    words = str(value).split()
    if len(words) == 2 and words[0] == "log-normal" and words[1].isdigit() and int(words[1]):
        return LogNormal(int(words[1]))
    return Uniform(*span_of(key, value, " or 'log-normal 500' (its median)"))


def span_of(key: str, value: Value, otherwise: str = "") -> tuple[int, int]:
    """Read a span of µs like '200..2000'; one number is both its ends."""
    first, dots, last = str(value).partition("..")
    ends = (first, last if dots else first)
    if not all(end.isdigit() and len(end) < 16 for end in ends) or int(ends[0]) > int(ends[1]):
        raise ScenarioError(f"{key} is to be µs like '200..2000'{otherwise}, not {value!r}")
    return int(ends[0]), int(ends[1])


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"scenario file {path} cannot be read: {error}") from error


def _flat(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Write sections as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            for inner, deep in value.items():
                flat[f"{key}.{inner}"] = deep
        else:
            flat[key] = value
    for key, value in flat.items():
        if not isinstance(value, int | float | str | bool):
            raise ScenarioError(f"scenario {name}: {key} is to be a single value")
    return flat


def _value_of(text: str) -> Value:
    """Read a value of `--set key=value`: as TOML where it is TOML, else as the text it is."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, int | float | str | bool) else text


def _checked(key: str, value: Value) -> Value:
    default, least, most = KEYS[key]
    if isinstance(default, str):
        if key == "network.delay_us":
            delay_of(key, value)
        else:
            span_of(key, value)
        return value
    value = _typed(key, value, default)
    if not least <= float(value) <= most:
        raise ScenarioError(f"{key} is to be from {least:g} to {most:g}, not {value}")
    return value


def _typed(key: str, value: Value, default: Value) -> Value:
    if isinstance(default, bool) or isinstance(value, bool):
        right = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        right = isinstance(value, int | float) and value == value  # noqa: PLR0124  # Not a NaN.
    else:
        right = isinstance(value, type(default))
    if not right:
        kind = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        raise ScenarioError(f"{key} is to be {kind[type(default)]}, not {value!r}")
    return value


def _nearest(key: str, known: list[str]) -> str:
    section = key.partition(".")[0]
    near = [one for one in known if one.startswith(f"{section}.")] or known
    return f"there are {', '.join(sorted(near))}"
