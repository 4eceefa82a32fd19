"""What a run's faults are to be: what its scenario asks for, less what the run switches off.

'Swarm': where `faults.swarm` is true, each run switches each kind of fault on or off by a draw of
its own, half of them on the average.  If every run had everything, what takes a crash and *no* loss
would never be seen.
"""

from collections.abc import Mapping
from dataclasses import replace

from items.data import data
from sim.chance import NamedChance
from sim.faults.kinds import KINDS
from sim.faults.steps import Step
from sim.scenario import Scenario
from sim.settings import Settings

# What is drawn for each message or clock, by its key.
ALWAYS = {
    "loss": "network.loss",
    "repeat": "network.repeat",
    "late": "network.late",
    "corrupt": "network.corrupt",
    "skew": "cluster.clock_skew_us",
    "drift": "cluster.clock_drift_ppm",
}


@data
class Plan:
    """How much trouble there is to be."""

    settings: Settings
    counts: Mapping[str, int]  # By kind.
    spans: Mapping[str, tuple[int, int]]  # How long faults last: the shortest, and the longest.
    steps: tuple[Step, ...]
    off: tuple[str, ...]  # What the scenario asks for, and this run has switched off.


def planned(scenario: Scenario, chance: NamedChance) -> Plan:
    """Return the plan of a run's faults."""
    asked = {kind.name: scenario.number(f"faults.{kind.name}") for kind in KINDS}
    asked |= {name: float(scenario.keys[key]) > 0 for name, key in ALWAYS.items()}
    off: tuple[str, ...] = ()
    if scenario.keys["faults.swarm"]:
        there = [name for name, count in asked.items() if count]
        off = tuple(name for name in there if not chance.site(f"swarm {name}").happens(0.5))
    counts = {kind.name: 0 if kind.name in off else asked[kind.name] for kind in KINDS}
    spans = {kind.span: scenario.span(f"faults.{kind.span}") for kind in KINDS if counts[kind.name]}
    return Plan(_settings(scenario, off), counts, spans, scenario.steps, off)


def _settings(scenario: Scenario, off: tuple[str, ...]) -> Settings:
    settings = scenario.settings()
    weather = settings.weather
    weather = replace(
        weather,
        loss=0.0 if "loss" in off else weather.loss,
        repeat=0.0 if "repeat" in off else weather.repeat,
        late=0.0 if "late" in off else weather.late,
        corrupt=0.0 if "corrupt" in off else weather.corrupt,
    )
    needs_seals = weather.corrupt > 0 or any(step.act == "corrupt" for step in scenario.steps)
    return replace(
        settings,
        weather=weather,
        clock_skew_us=0 if "skew" in off else settings.clock_skew_us,
        clock_drift_ppm=0 if "drift" in off else settings.clock_drift_ppm,
        seals=needs_seals,
    )
