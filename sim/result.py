"""What came of a run: its history and findings, and what is counted of it."""

from collections import Counter
from collections.abc import Mapping

from items.data import data
from sim.books import Capacity
from sim.checkers.finding import Finding
from sim.faults.placed import PlacedStep
from sim.history import History
from sim.indexes_seen import IndexLag
from sim.regions.figures import AcrossRegions
from sim.scenario import Scenario
from sim.staleness import Staleness
from sim.streams_seen import StreamsSeen


@data
class Result:
    """What came of a run."""

    scenario: Scenario
    seed: int
    history: History
    findings: tuple[Finding, ...]
    marks: Mapping[str, int]  # Events of `network.events`, and how often each was seen.
    messages: Mapping[str, int]  # sent, delivered, lost, repeated
    faults: Mapping[str, int]  # By kind, how often each was carried out.
    switched_off: tuple[str, ...]  # Faults that the scenario asks for, and swarm left out.
    steps: tuple[PlacedStep, ...]  # What came of each of the scenario's steps.
    checks: tuple[str, ...]  # The names of the checks that were made.
    virtual_us: int
    digest: str
    staleness: Staleness | None = None  # Of eventual reads, where partitions have followers.
    streams: StreamsSeen | None = None  # Of tables' streams, where they have any.
    index_lag: IndexLag | None = None  # Of global indexes, where tables have indexes.
    capacity: Capacity | None = None  # Of provisioned tables, where there are any.
    regions: AcrossRegions | None = None  # Where there are several.

    @property
    def ok(self) -> bool:
        return not self.findings


def outcomes(history: History) -> tuple[Counter[str], Counter[str]]:
    """Count the outcomes of all transactions, and the reasons of the cancelled ones by code."""
    ends: Counter[str] = Counter({"committed": 0, "cancelled": 0, "unknown": 0})
    codes: Counter[str] = Counter()
    for operation in history:
        if operation.is_transaction:
            ends[operation.outcome] += 1
            for reason in operation.reasons:
                if reason["Code"] != "None":
                    codes[reason["Code"]] += 1
    return ends, codes
