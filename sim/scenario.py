"""Scenarios: an experiment as data, in TOML; every key is checked and every mistake is named.

A scenario says how large the cluster is, how it is treated, and what its clients do.  It says
nothing of chance: a scenario and a seed are a run.  Only a failure's file has its seed with it
(`sim.recorded`).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from coordinator.options import CoordinatorOptions
from items.data import data
from network.weather import Weather
from partition.options import PartitionOptions
from router.options import RouterOptions
from sim.client import ClientOptions
from sim.disk import DiskSpeed
from sim.faults.steps import Step
from sim.keys import (
    KEYS,
    TOO_MANY_DIGITS,
    ScenarioError,
    Value,
    checked,
    delay_of,
    everything,
    span_of,
    typed,
    value_of,
)
from sim.permitted import permissions_in
from sim.recorded import SECTION, Recorded, recorded
from sim.regions.names import names_of, text_of_names
from sim.sense import check_sense, steps_of
from sim.settings import Settings, Shape
from sim.workloads.listed import Listed
from sim.workloads.registry import WORKLOADS

DEFAULT = "orders-and-payments"
STEPS, REGIONS = "faults.steps", "regions.names"  # Lists, as no other key is.
REQUESTS, TRANSACTIONS = "workload.requests", "workload.transactions"
SHIPPED, TOML = files("sim") / "scenarios", ".toml"
FILE_LENGTH_MAX = 2 << 20  # Characters; policies may be half of them.
NEAR_MAX = 3  # Keys to offer for one that there is not.
ALL_KEYS = "docs/scenarios.md has all keys"


@data
class Scenario:
    """An experiment, checked."""

    name: str
    description: str
    workload: str
    keys: Mapping[str, Value]  # All shared keys.
    workload_keys: Mapping[str, Value]  # The workload's own.
    steps: tuple[Step, ...] = ()  # Faults that are placed on steps of the protocol.
    failure: Recorded | None = None  # The run that failed, where a file is about one.

    def number(self, key: str) -> int:
        return int(self.keys[key])

    def span(self, key: str) -> tuple[int, int]:
        """Return the two ends of a key like '200..2000'."""
        return span_of(key, self.keys[key])

    @property
    def transactions(self) -> int:
        """How many transactions clients ask for: if they are listed, no more than those."""
        count = self.number(TRANSACTIONS)
        return count if self.listed is None else min(count, self.listed)

    @property
    def listed(self) -> int | None:
        """How many transactions are listed; None where the workload lists no requests."""
        if WORKLOADS[self.workload] is not Listed:
            return None
        return Listed(self.workload_keys).transactions

    @property
    def breaks_a_rule(self) -> bool:
        """Whether it is a failure of a mutant."""
        return self.failure is not None and self.failure.mutant is not None

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that the cluster is there in; none where there is but one."""
        return names_of(self.keys[REGIONS])

    def settings(self) -> Settings:
        """Return the options of all nodes that this scenario comes to."""
        number, keys = self.number, self.keys
        stalled_us = number("protocol.stalled_after_us")
        return Settings(
            Shape(
                partitions=number("cluster.partitions"),
                coordinators=number("cluster.coordinators"),
                routers=number("cluster.routers"),
                ledgers=number("cluster.ledgers"),
                managers=number("cluster.managers"),
                clients=number("workload.clients"),
                followers=number("cluster.followers"),
                readers=number("cluster.stream_readers") if keys["cluster.streams"] else 0,
            ),
            self.weather(),
            DiskSpeed(*self.span("disk.sync_us")),
            number("cluster.clock_skew_us"),
            PartitionOptions(
                stalled_us,
                max(1_000, stalled_us // 5),
                burst_us=number("cluster.burst_us"),
                tombstones_kept_us=number("protocol.tombstones_kept_us"),
            ),
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
                iterator_valid_us=number("protocol.iterator_valid_us"),
                permissions=permissions_in(keys),
                tells_price=number("cluster.read_units") > 0,
                followers=number("cluster.followers"),
                follower_deadline_us=number("protocol.repeat_first_us"),
            ),
            ClientOptions(
                attempts_max=number("client.attempts_max"),
                attempt_deadline_us=number("client.attempt_deadline_us"),
                pause_first_us=number("client.pause_first_us"),
                pause_most_us=number("client.pause_most_us"),
                think_us=number("client.think_us"),
                repeats_throttled=number("cluster.write_units") > 0,
            ),
            clock_drift_ppm=number("cluster.clock_drift_ppm"),
            follower_delay=delay_of("cluster.follower_delay_us", keys["cluster.follower_delay_us"]),
        )

    def weather(self) -> Weather:
        keys = self.keys
        return Weather(
            delay_of("network.delay_us", keys["network.delay_us"]),
            loss=float(keys["network.loss"]),
            repeat=float(keys["network.repeat"]),
            late=float(keys["network.late"]),
            late_us=self.number("network.late_us"),
            corrupt=float(keys["network.corrupt"]),
        )


def shipped() -> dict[str, Scenario]:
    """Return the scenarios that come with the product, by name."""
    return {name: load(name) for name in shipped_names()}


def shipped_names() -> list[str]:
    files = [entry.name for entry in SHIPPED.iterdir()]
    return sorted(name.removesuffix(TOML) for name in files if name.endswith(TOML))


def load(name: str, settings: Mapping[str, str] | None = None) -> Scenario:
    """Load a shipped scenario by name, or a file by path, with some keys set otherwise.

    Raises:
        ScenarioError: There is no such scenario, or it says what makes no sense.
    """
    if name.endswith(TOML):
        path = Path(name)
        if not path.is_file():
            raise ScenarioError(f"there is no scenario file {name!r}")
        text, title = _text_of(path), path.stem
    else:
        source = SHIPPED / f"{name}{TOML}"
        if "/" in name or not source.is_file():
            raise ScenarioError(
                f"there is no scenario {name!r}; there are {', '.join(shipped_names())},"
                " or give the path of a .toml file"
            )
        text, title = source.read_text(encoding="utf-8"), name
    return parse(text, title, settings or {})


def parse(text: str, name: str, settings: Mapping[str, str]) -> Scenario:
    """Read a scenario from its TOML text.

    Raises:
        ScenarioError: As for `load`.
    """
    document = _document_in(text, name)
    section = document.pop(SECTION, None)
    if section is not None and not isinstance(section, dict):
        raise ScenarioError(f"scenario {name}: failure is to be a section, [failure]")
    failure = None if section is None else recorded(section, name)
    given = _flat(document, name)
    description = given.pop("description", "")
    if not isinstance(description, str):
        raise ScenarioError(f"scenario {name}: description must be a text")
    for key, value in settings.items():
        given[key] = value_of(key, value)
    if REGIONS in given:
        given[REGIONS] = text_of_names(given[REGIONS])
    steps = given.pop(STEPS, [])
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
            keys[key] = checked(key, value)
        elif key in own:
            workload_keys[key.partition(".")[2]] = typed(key, value, own[key])
        else:
            raise _unknown(key, [*KEYS, STEPS, *own], name, str(workload), settings)
    keys = everything(keys, settings)
    check_sense(str(workload), workload_keys, keys)
    placed = steps_of(steps, keys)
    made = Scenario(name, description, str(workload), keys, workload_keys, placed, failure)
    # A failure's file keeps the number with which it failed, if nobody changes what it lists.
    is_as_it_failed = failure is not None and not {REQUESTS, TRANSACTIONS} & settings.keys()
    return made if is_as_it_failed else _with_all_listed(made, is_set=TRANSACTIONS in given)


def _with_all_listed(scenario: Scenario, *, is_set: bool) -> Scenario:
    """Return a scenario in which all that it may list is asked for: its lines say how many.

    Raises:
        ScenarioError: It says fewer.
    """
    listed, count = scenario.listed, scenario.number(TRANSACTIONS)
    if listed is None or (is_set and count >= listed):
        return scenario
    if is_set:
        raise ScenarioError(
            f"{TRANSACTIONS} is {count}, and {REQUESTS} lists {listed} transactions: leave"
            f" {TRANSACTIONS} out, and all of them are asked for"
        )
    return replace(scenario, keys={**scenario.keys, TRANSACTIONS: max(1, listed)})


def _text_of(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:  # Some editors begin a text with a mark.
            text = file.read(FILE_LENGTH_MAX + 1)
    except UnicodeDecodeError as error:
        raise ScenarioError(f"scenario file {path} cannot be read: it is not UTF-8") from error
    except OSError as error:
        raise ScenarioError(f"scenario file {path} cannot be read: {error.strerror}") from error
    if len(text) > FILE_LENGTH_MAX:
        raise ScenarioError(
            f"scenario file {path} is too long: it may have {FILE_LENGTH_MAX:,} characters"
        )
    return text


def _document_in(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario {name}: not TOML: {error}") from error
    except ValueError as error:
        raise ScenarioError(f"scenario {name}: {TOO_MANY_DIGITS}") from error
    except RecursionError as error:
        raise ScenarioError(f"scenario {name}: its values are nested too deeply") from error


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
        if not isinstance(value, int | float | str | bool) and key not in (STEPS, REGIONS):
            raise ScenarioError(f"scenario {name}: {key} is to be a single value")
    return flat


def _unknown(
    key: str, known: list[str], name: str, workload: str, settings: Mapping[str, str]
) -> ScenarioError:
    others = [f"workload.{own}" for one in WORKLOADS.values() for own in one.KEYS]
    if key in others and key not in settings and "workload.name" in settings:
        return ScenarioError(
            f"scenario {name} sets {key}, which is no key of the workload {workload}: begin with a"
            f" scenario of that workload, or with a file that does not set {key}"
        )
    return ScenarioError(f"{key!r} is no key of a scenario; {_nearest(key, known)}")


def _nearest(key: str, known: list[str]) -> str:
    """Say which key may be meant; if none is like it, which ones its section has."""
    section, dot, _ = key.partition(".")
    of_section = [one for one in known if one.startswith(f"{section}.")] if dot else []
    sections = sorted({one.partition(".")[0] for one in known})
    near = _ending_as(key, known, 1.0) or _ending_as(key, of_section) or _ending_as(key, known)
    if near:
        return f"did you mean {' or '.join(near)}? {ALL_KEYS}"
    if of_section:
        return f"there are {', '.join(sorted(of_section))}"
    return f"{ALL_KEYS}, of the sections {', '.join(sections)}"


def _ending_as(key: str, known: list[str], likeness: float = 0.7) -> list[str]:
    """Return the keys whose last part is that of a key, or like it."""
    ends = [one.rpartition(".")[2] for one in known]
    alike = get_close_matches(key.rpartition(".")[2], ends, NEAR_MAX, likeness)
    return [one for one, end in zip(known, ends, strict=True) if end in alike][:NEAR_MAX]
