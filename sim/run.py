"""One run: a pure function of a scenario, a seed and overrides.

It is of one cluster, or of several regions with a cluster each, as the scenario says.
"""

from typing import Protocol

from sim.chance import Overrides
from sim.cluster_run import Run
from sim.course import Course, Progress
from sim.regions.run import RegionsRun
from sim.result import Result
from sim.scenario import Scenario
from sim.trace import Listener
from sim.workload import Workload


class Going(Protocol):
    """A run while it goes on: of one cluster, or of several regions."""

    scenario: Scenario
    workload: Workload
    course: Course

    def listen(self, listener: Listener) -> None: ...

    def go(self, progress: Progress | None = None) -> Result: ...


def run(
    scenario: Scenario,
    seed: int,
    overrides: Overrides | None = None,
    *,
    listeners: tuple[Listener, ...] = (),
    progress: Progress | None = None,
) -> Result:
    """Run a scenario from a seed: the same three arguments, the same result, to the byte."""
    going = begun(scenario, seed, overrides)
    for listener in listeners:
        going.listen(listener)
    return going.go(progress)


def begun(scenario: Scenario, seed: int, overrides: Overrides | None = None) -> Going:
    """Prepare a run of one cluster, or of several regions, as the scenario says."""
    if not scenario.regions:
        return Run(scenario, seed, overrides)
    return RegionsRun(scenario, seed, overrides)
