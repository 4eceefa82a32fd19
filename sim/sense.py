"""What makes no sense in a scenario although each key by itself is right."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from partition.options import PartitionOptions
from partition.propagator import ASKED_US
from replication.options import ReplicationOptions
from sim.faults.step_words import StepError
from sim.faults.steps import Step
from sim.faults.steps import parse as parse_step
from sim.keys import ScenarioError, Value, delay_of, span_of
from sim.permitted import permissions_in
from sim.regions.names import names_of
from sim.stream_reader import PAUSES_US
from sim.workloads.listed import Listed
from sim.workloads.registry import make

STEPS_MAX = 1_000
UNITS = ("cluster.read_units", "cluster.write_units")
# Hosts of each kind: k1, k2 … are as many as the key says.
COUNTS = {
    "k": "workload.clients",
    "r": "cluster.routers",
    "c": "cluster.coordinators",
    "p": "cluster.partitions",
    "l": "cluster.ledgers",
    "m": "cluster.managers",
}
# One of these, in whatever is no step.
HOST_THERE = re.compile(rf"(?<![\w.])[{''.join(COUNTS)}][1-9][0-9]*(?![\w.])", re.ASCII)
# Faults that keep a host or a message away, by the key that asks for them, and how long they do.
AWAY = {
    "faults.pauses": "faults.pause_us",
    "faults.cuts": "faults.cut_us",
    "faults.one_way_cuts": "faults.cut_us",
    "faults.flaps": "faults.flap_us",
    "faults.splits": "faults.split_us",
    "faults.holds": "faults.hold_us",
    "faults.full_disks": "faults.full_disk_us",
    "faults.partition_splits": "faults.late_child_us",
}
CLOCKS_APART_US_MAX = PartitionOptions().stream_kept_us // 2
KEEP = ("faults.pauses", "faults.holds")  # What keeps copies of messages for so long.


def check_sense(
    workload: str, workload_keys: Mapping[str, Value], keys: Mapping[str, Value]
) -> None:
    """Check what keys say together.

    Raises:
        ScenarioError: Naming the mistake, and what would be right.
    """
    try:
        made = make(workload, workload_keys)
    except ValueError as error:
        raise ScenarioError(f"workload.{error}") from error
    if isinstance(made, Listed):
        _check_clients(made, int(keys["workload.clients"]))
    parts = [f"network.{name}" for name in ("loss", "repeat", "late", "corrupt")]
    total = sum(float(keys[part]) for part in parts)
    if total > 1:
        raise ScenarioError(
            f"{', '.join(parts[:-1])} and {parts[-1]} are parts of what a link carries:"
            f" together they may be 1 at most, not {total:g}"
        )
    permissions_in(keys)
    _check_regions(keys)
    units = [int(keys[key]) for key in UNITS]
    if any(units) and not all(units):
        raise ScenarioError(
            f"{' and '.join(UNITS)} go together: tables are provisioned with both, or on demand"
        )
    _check_times(keys)
    _check_clocks(keys, 0)


def _check_clients(listed: Listed, count: int) -> None:
    for client in listed.clients:
        if int(client[1:]) > count:
            raise ScenarioError(
                f"workload.requests names {client}; there are k1 to k{count}, as workload.clients"
                " says"
            )


def _check_regions(keys: Mapping[str, Value]) -> None:
    if names_of(keys["regions.names"]) and keys["cluster.streams"]:
        raise ScenarioError(
            "cluster.streams and regions.names do not go together: the tables of several regions"
            " have streams of their own, which the replicators read"
        )


def _check_times(keys: Mapping[str, Value]) -> None:
    def number(key: str) -> int:
        return int(keys[key])

    # Nobody may ask about a transaction whose entry is forgotten (§3.5): an entry outlives a call
    # with all its attempts, and every message and host on the way.
    delay_us = delay_of("network.delay_us", keys["network.delay_us"]).longest_us
    if number("faults.clogs") or number("faults.swizzles"):
        delay_us *= 100
    slowest_us = number("network.late_us") + delay_us
    call_us = number("client.attempts_max") * (
        number("client.attempt_deadline_us") + number("client.pause_most_us")
    )
    away_us = 3 * slowest_us + number("protocol.repeat_most_us") + call_us
    away_us += number("protocol.transaction_deadline_us") + number("protocol.operation_deadline_us")
    hosts_us = span_of("faults.downtime_us", keys["faults.downtime_us"])[1]
    hosts_us += sum(span_of(span, keys[span])[1] for key, span in AWAY.items() if number(key))
    away_us = max(away_us, hosts_us)
    if number("protocol.token_valid_us") <= 2 * away_us:
        raise ScenarioError(
            "protocol.token_valid_us must be more than twice as long as a call, a message or a host"
            f" may be away ({away_us} µs): the ledger must outlive what asks it"
        )
    # Nor may an entry come that an index has forgotten to have removed: copies are late, or wait at
    # hosts and links that stand still.
    copies_us = ASKED_US + 3 * slowest_us
    copies_us += 2 * sum(span_of(AWAY[key], keys[AWAY[key]])[1] for key in KEEP if number(key))
    if number("protocol.tombstones_kept_us") <= copies_us:
        raise ScenarioError(
            "protocol.tombstones_kept_us must be longer than a copy of a message may be away"
            f" ({copies_us} µs): an index must remember what was removed for longer"
        )
    settling_us = 4 * number("protocol.stalled_after_us") + number("protocol.votes_deadline_us")
    settling_us += 4 * number("protocol.repeat_most_us") + 8 * slowest_us
    who = "recovery"
    if keys["cluster.streams"] and number("cluster.stream_readers"):
        _check_iterators(keys)
        who = "recovery, and a reader of streams that rests or whose answer was lost,"
        settling_us += number("client.attempt_deadline_us") + number("client.pause_most_us")
        settling_us += max(PAUSES_US)
    if names_of(keys["regions.names"]):
        who = "recovery, and regions that hear of each other,"
        far_us = delay_of("regions.delay_us", keys["regions.delay_us"]).longest_us
        settling_us += 4 * ReplicationOptions().far_most_us + 4 * far_us
    if number("run.calm_us_max") <= settling_us:
        raise ScenarioError(
            f"run.calm_us_max must be longer than {who} may take with this scenario's time"
            f" limits ({settling_us} µs)"
        )


def _check_clocks(keys: Mapping[str, Value], stepped_us: int) -> None:
    """Check that no clock ages a stream's records before a reader can have them."""
    apart_us = stepped_us + 2 * int(keys["cluster.clock_skew_us"])
    longest_us = span_of("faults.clock_jump_us", keys["faults.clock_jump_us"])[1]
    apart_us += int(keys["faults.clock_jumps"]) * longest_us
    if keys["cluster.streams"] and apart_us > CLOCKS_APART_US_MAX:
        raise ScenarioError(
            "cluster.clock_skew_us, faults.clock_jump_us and faults.steps may have clocks no more"
            f" than half a day apart where there are streams ({CLOCKS_APART_US_MAX} µs, not"
            f" {apart_us}): a stream's records are kept for a day by their partition's clock"
        )


def _check_iterators(keys: Mapping[str, Value]) -> None:
    """Check that a reader can come back in time: its answer travels, then its next question."""
    travels_us = 2 * delay_of("network.delay_us", keys["network.delay_us"]).longest_us
    if int(keys["protocol.iterator_valid_us"]) <= travels_us:
        raise ScenarioError(
            "protocol.iterator_valid_us must be longer than an answer and the next question may"
            f" travel ({travels_us} µs): else a reader of streams comes back too late for ever"
        )


def steps_of(value: Any, keys: Mapping[str, Value]) -> tuple[Step, ...]:
    """Read `faults.steps`: a list of texts; from a command line the list's TOML, or one step.

    Raises:
        ScenarioError: Naming what is no step, or a host that is not there.
    """
    if isinstance(value, str):
        try:
            value = tomllib.loads(f"steps = {value}")["steps"]
        except tomllib.TOMLDecodeError:
            value = [value]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ScenarioError(f'faults.steps is to be a list like ["lose vote #2"], not {value!r}')
    if len(value) > STEPS_MAX:
        raise ScenarioError(f"faults.steps may have {STEPS_MAX} steps, not {len(value)}")
    steps = tuple(_step(text, keys) for text in value)
    _check_clocks(keys, sum(abs(one.us or 0) for one in steps if one.act == "clock"))
    return steps


def _step(text: str, keys: Mapping[str, Value]) -> Step:
    try:
        step = parse_step(text)
    except StepError as error:
        # Of a host that is not there nothing else needs to be said, such as that it has no disk.
        _check_hosts(text, HOST_THERE.findall(text), keys)
        raise ScenarioError(f"faults.steps: {error}") from error
    _check_hosts(str(step), step.hosts(), keys)
    return step


def _check_hosts(step: str, hosts: Iterable[str], keys: Mapping[str, Value]) -> None:
    for host in hosts:
        kind, number = host.rstrip("0123456789"), int(host.lstrip("abcdefghijklmnopqrstuvwxyz"))
        count = _count_of(kind, keys)
        if number > count:
            known = ", ".join(f"{one}1" for one in COUNTS)
            there = f"{kind}1 to {kind}{count}" if count else f"hosts like {known}"
            raise ScenarioError(f"faults.steps: {step!r} names {host}; there are {there}")


def _count_of(kind: str, keys: Mapping[str, Value]) -> int:
    """Return how many hosts of a kind there are."""
    if kind == "f":
        return int(keys["cluster.partitions"]) * int(keys["cluster.followers"])
    return int(keys[COUNTS[kind]]) if kind in COUNTS else 0
