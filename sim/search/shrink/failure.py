"""A failure: the run that it is, its anomaly class, and the file that holds it.

A failure is scenario + seed + mutant, and what was found there.  Its file is a scenario with one
more section, so that whatever runs a scenario runs a failure:

    [failure]
    seed = 7
    mutant = "reads-have-one-round"
    finding = "instants: read refuted"
    digest = "…"

The *leading* finding says which anomaly it is.  What harms clients leads; what is only seen inside
the nodes comes after it, and last what explains other findings.  Of a mutant that leads which its
rule leads to.
"""

import os
from collections.abc import Iterable
from dataclasses import replace

from items.data import data
from sim.checkers.finding import Finding
from sim.keys import ScenarioError
from sim.recorded import Recorded
from sim.result import Result
from sim.run import run
from sim.scenario import Scenario, load
from sim.search.broken import broken, kinds_of
from sim.search.shrink.scenario_file import written

Kind = tuple[str, str]  # A finding's checker, and its kind.

LEADING = (
    *("outcomes", "items", "timestamps", "instants", "strict", "reasons", "singletons"),
    *("calm", "structure", "disks", "nodes", "graph", "invariant", "canary"),
)
# These say of what others have found what it means, for the graph or for a workload's own rule.
EXPLAIN = ("graph", "invariant")
# Two words for one thing: the committed writers have no order that explains what is there.  Which
# of them it is depends on whether the last writer of an item is among those who contradict.
ONE_CLASS = frozenset({"data differ", "order refuted"})


@data
class Failure:
    """A run that failed, and how."""

    scenario: Scenario
    seed: int
    mutant: str | None
    kinds: tuple[Kind, ...]  # Of all findings, each once; the leading one first.
    digest: str

    @property
    def leading(self) -> Kind:
        return self.kinds[0]

    @property
    def anomaly(self) -> frozenset[str]:
        """Return the kinds of finding that are this anomaly."""
        return class_of(self.leading[1])

    def led_by(self, anomaly: frozenset[str]) -> "Failure":
        """Return the same failure as one of this anomaly, if that is among what was found."""
        kinds = sorted(self.kinds, key=lambda kind: kind[1] not in anomaly)
        return replace(self, kinds=tuple(kinds))

    def is_seen(self, findings: Iterable[Finding]) -> bool:
        """Say whether findings show the same anomaly, whatever else they show."""
        anomaly = self.anomaly
        return any(one.kind in anomaly for one in findings)


def class_of(kind: str) -> frozenset[str]:
    return ONE_CLASS if kind in ONE_CLASS else frozenset({kind})


def found(scenario: Scenario, seed: int, mutant: str | None) -> Failure | None:
    """Run a scenario; return the failure, or None if it does not fail.

    Raises:
        SetupError: It cannot even be set up.
    """
    with broken(mutant):
        return failure_of(run(scenario, seed), mutant)


def failure_of(result: Result, mutant: str | None) -> Failure | None:
    """Return the failure that a run is, or None if it has no finding."""
    kinds = ordered(result.findings, kinds_of(mutant))
    if not kinds:
        return None
    return Failure(result.scenario, result.seed, mutant, kinds, result.digest)


def ordered(findings: Iterable[Finding], expected: tuple[str, ...] = ()) -> tuple[Kind, ...]:
    """Return the kinds of findings, each once, the leading one first."""
    kinds = list(dict.fromkeys((one.checker, one.kind) for one in findings))

    def rank(kind: Kind) -> tuple[bool, bool, int]:
        place = LEADING.index(kind[0]) if kind[0] in LEADING else len(LEADING)
        return kind[0] in EXPLAIN, kind[1] not in expected, place

    return tuple(sorted(kinds, key=rank))


# Its file ----------------------------------------------------------------------------------------


def text_of(failure: Failure, description: str = "", comments: Iterable[str] = ()) -> str:
    """Write a failure's file; comments stand at its top, a line each."""
    recorded = Recorded(failure.seed, failure.mutant, failure.leading, failure.digest)
    return written(failure.scenario, recorded, description, comments)


def read(path: str) -> Failure:
    """Read a failure's file.  What else was found there is known only when it is run again.

    Raises:
        ScenarioError: There is none, or it is none.
    """
    if os.path.isdir(path):  # Not pathlib's, which raises what is wrong with a name.
        raise ScenarioError(f"{path!r} is a directory, not a failure's file")
    if not os.path.exists(path):
        raise ScenarioError(f"there is no failure's file {path!r}")
    if not path.endswith(".toml"):
        raise ScenarioError(f"{path!r} is no failure's file: the name of one ends in .toml")
    scenario = load(path)
    recorded = scenario.failure
    if recorded is None:
        raise ScenarioError(
            f"{path} is a scenario without a failure: it has no section [failure] with a seed;"
            " `twophase simulate … --failure FILE` writes one"
        )
    return Failure(scenario, recorded.seed, recorded.mutant, (recorded.finding,), recorded.digest)
