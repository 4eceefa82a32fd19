"""Which runs are tried: the failing one with one choice flipped, with the rule, or another seed."""

from collections.abc import Iterator
from dataclasses import replace

from items.data import data
from sim.faults.steps import MessageAt, Step
from sim.keys import COUNTED, KEYS, MILD
from sim.scenario import Scenario
from sim.search.shrink.failure import Failure

OTHER_SEEDS = 50
TURNED_OFF = (*COUNTED, *MILD)  # Keys that make trouble, unless they are as they are by default.


@data
class Variant:
    """A run that differs from the failing one in one thing."""

    what: str  # As in 'without lose c1>p1 #3'.
    scenario: Scenario
    seed: int
    mutant: str | None


def flips(failure: Failure) -> Iterator[Variant]:
    """Leave one thing out: each step, each fault that a key asks for, each request."""
    for what, scenario in (*_steps(failure), *_keys(failure), *_requests(failure)):
        yield Variant(f"without {what}", scenario, failure.seed, failure.mutant)


def unbroken(failure: Failure) -> Iterator[Variant]:
    """Put the rule in force that is broken on purpose, if one is."""
    if failure.mutant is not None:
        what = f"without the mutant {failure.mutant}"
        yield Variant(what, failure.scenario, failure.seed, None)


def other_seeds(failure: Failure) -> Iterator[Variant]:
    """Let chance be another one."""
    for seed in range(OTHER_SEEDS):
        if seed != failure.seed:
            yield Variant(f"from seed {seed}", failure.scenario, seed, failure.mutant)


def _steps(failure: Failure) -> Iterator[tuple[str, Scenario]]:
    scenario = failure.scenario
    for n, step in enumerate(scenario.steps):
        left = (*scenario.steps[:n], *scenario.steps[n + 1 :])
        yield f"'{step}'", replace(scenario, steps=left)


def _keys(failure: Failure) -> Iterator[tuple[str, Scenario]]:
    scenario = failure.scenario
    for key in TURNED_OFF:
        value, default = scenario.keys[key], KEYS[key][0]
        if value != default:
            yield f"{key}={value}", replace(scenario, keys={**scenario.keys, key: default})


def _requests(failure: Failure) -> Iterator[tuple[str, Scenario]]:
    """Leave each request of a listed world out; who asks for nothing at all has no run to show."""
    scenario = failure.scenario
    lines = requests_of(scenario)
    for n, line in enumerate(lines):
        if len(lines) == 1:
            return
        left = "\n".join([*lines[:n], *lines[n + 1 :]])
        client = line.partition(":")[0]
        place = sum(other.startswith(f"{client}:") for other in lines[: n + 1])
        steps = tuple(_after(f"{client}.{place}", step) for step in scenario.steps)
        yield (
            f"'{line}'",
            replace(
                scenario,
                workload_keys={**scenario.workload_keys, "requests": left},
                steps=tuple(step for step in steps if step is not None),
            ),
        )


def _after(left_out: str, step: Step) -> Step | None:
    """Return a step as it is called when a request is left out; None if it was about that one."""
    what = step.what
    if not isinstance(what, MessageAt) or not what.of:
        return step
    client, _, place = what.of.partition(".")
    gone, _, place_gone = left_out.partition(".")
    if client != gone or int(place) < int(place_gone):
        return step
    if place == place_gone:
        return None
    return replace(step, what=replace(what, of=f"{client}.{int(place) - 1}"))


def requests_of(scenario: Scenario) -> list[str]:
    """Return what a listed world's clients ask for, a line each; nothing for another workload."""
    if scenario.workload != "listed":
        return []
    lines = str(scenario.workload_keys["requests"]).splitlines()
    return [line.strip() for line in lines if line.strip()]
