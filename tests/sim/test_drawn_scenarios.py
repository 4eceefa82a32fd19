"""Scenarios that nobody would write: many keys at once, drawn by chance.  No check finds anything.

Bugs of the simulation itself live where rare things meet: splits where units are spent, a reader
whose iterators expire at once, answers that nobody waits for any more.
"""

from random import Random

import pytest

from sim.keys import COUNTED, KEYS, VIEWS, ScenarioError
from sim.run import run
from sim.scenario import Scenario, load, shipped
from sim.tables import SetupError

FEW, MANY, PARTS = 120, 5_000, 8
SECONDS_MAX = 10  # Of any time that is drawn.
# So that what is away for long, or is asked for long, is no finding.
OUTLIVED = {
    "protocol.token_valid_us": "86400000000",
    "protocol.tombstones_kept_us": "86400000000",
    "run.calm_us_max": "10000000000",
}
# What changes a cluster most, all of it drawn together or not at all.
CHANGES: tuple[dict[str, tuple[str, ...]], ...] = (
    {"cluster.streams": VIEWS},
    {"regions.names": ("2", "3")},
    {"cluster.followers": ("1", "2")},
    {"cluster.read_units": ("1", "5", "50"), "cluster.write_units": ("1", "5", "50")},
    {"faults.partition_splits": ("1", "5", "20")},
    {"faults.all": ("1", "3")},
)
# What makes a run false, or endless, and what is drawn (or set) otherwise.
LEFT_OUT = {
    *OUTLIVED,
    *(key for change in CHANGES for key in change),
    *("faults.lying_disks", "faults.lying_disk_us", "run.canary", "permissions.policies"),
    *("run.trouble_us_max", "workload.transactions", "workload.clients"),
}


def time_of(random: Random, least: float = 1) -> int:
    """Draw a time in µs, short ones as often as long ones."""
    return int(max(least, 10 ** random.uniform(0, 6) * random.randint(1, SECONDS_MAX)))


def span_of(random: Random) -> str:
    return "..".join(str(us) for us in sorted((time_of(random), time_of(random))))


def value_of(random: Random, key: str) -> str:
    default, least, most = KEYS[key]
    if isinstance(default, bool):
        return random.choice(("true", "false"))
    if isinstance(default, str):
        return span_of(random)
    if isinstance(default, float):
        return str(random.choice((0, 0.02, 0.1, 0.3)))
    if key.endswith("_us"):
        return str(int(min(time_of(random, least), most)))
    if key in COUNTED:
        return str(random.choice((1, 2, 5, 20)))
    return str(int(min(random.choice((1, 2, 3, 8, 50)), most)))


def keys_of(random: Random) -> dict[str, str]:
    """Draw a few keys, and now and then what changes a cluster most."""
    drawn = random.sample(sorted(KEYS.keys() - LEFT_OUT), random.choice((2, 4, 8, 16)))
    keys = OUTLIVED | {key: value_of(random, key) for key in drawn}
    keys["workload.transactions"] = random.choice(("10", "30"))
    keys["workload.clients"] = random.choice(("1", "3", "8", "20"))
    for change in random.sample(CHANGES, random.choice((0, 1, 1, 2, 3))):
        keys |= {key: random.choice(values) for key, values in change.items()}
    return keys


def drawn_from(number: int) -> tuple[Scenario, str] | None:
    """Draw a scenario, and the command that runs it; None if it makes no sense."""
    random = Random(number)
    name, keys = random.choice(sorted(shipped())), keys_of(random)
    words = [f"twophase simulate {name} --seed {number}"]
    words += [f"--set {key}={value}" for key, value in keys.items()]
    try:
        return load(name, keys), " ".join(words)
    except ScenarioError:
        return None


@pytest.mark.parametrize("part", range(PARTS))
def test_no_drawn_scenario_has_a_finding(part: int, soak: bool) -> None:
    runs, told = 0, list[tuple[str, str]]()
    for number in range(part, MANY if soak else FEW, PARTS):
        drawn = drawn_from(number)
        if drawn is None:
            continue
        scenario, command = drawn
        try:
            result = run(scenario, number)
        except SetupError as error:  # Its time limits are too short for its network.
            told.append((str(error), command))
            continue
        runs += 1
        assert result.findings == (), command
    assert [one for one in told if "was answered 4" in one[0]] == []
    assert runs > len(told), "hardly any scenario could be run"
