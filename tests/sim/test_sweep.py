"""Many seeds of every shipped scenario in trouble: nothing is wrong, and everything happens."""

from collections import Counter
from functools import cache

import pytest

from sim.result import outcomes
from sim.run import run
from sim.scenario import load, shipped
from tests.sim.trouble import TROUBLE

SEEDS, SEEDS_SOAK = 10, 200
# Recovery that waits for half a second only takes up what its own coordinator is busy with.
IMPATIENT = {"protocol.stalled_after_us": "500000"}
OFTEN = (
    "vote.repeated",
    "commit.repeated",
    "prepare.too_late",
    "orphan.ended",
    "recovery.cancelled",
    "read.met_ongoing",
    "read.met_change",
    "token.replayed",
)
OFTEN_IMPATIENT = ("coordinators.met", "recovery.committed", "partition.stalled")
RARELY = ("coordinators.met", "recovery.committed", "unknown outcome")


@cache
def swept(name: str, seeds: int, *, impatient: bool) -> tuple[Counter[str], tuple[str, ...]]:
    """Run a scenario from many seeds; return the marks seen, and what was found."""
    scenario = load(name, {**TROUBLE, **(IMPATIENT if impatient else {})})
    marks: Counter[str] = Counter()
    found: list[str] = []
    for seed in range(seeds):
        result = run(scenario, seed)
        ends, _ = outcomes(result.history)
        marks.update(result.marks)
        marks["unknown outcome"] += ends["unknown"]
        marks["committed"] += ends["committed"]
        marks["crash"] += result.faults["crashes"]
        found += [f"seed {seed}: {finding.explanation}" for finding in result.findings]
    return marks, tuple(found)


@pytest.mark.slow
@pytest.mark.parametrize("impatient", [False, True], ids=["patient", "impatient"])
@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_scenario_in_trouble_has_no_finding(name: str, impatient: bool, soak: bool) -> None:
    marks, found = swept(name, SEEDS_SOAK if soak else SEEDS, impatient=impatient)

    assert found == ()
    assert marks["committed"] > 0
    assert marks["crash"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("impatient", [False, True], ids=["patient", "impatient"])
def test_everything_that_can_happen_has_happened(impatient: bool, soak: bool) -> None:
    seen: Counter[str] = Counter()
    for name in shipped():
        marks, _ = swept(name, SEEDS_SOAK if soak else SEEDS, impatient=impatient)
        seen.update(marks)

    rarely = RARELY if soak and not impatient else ()
    expected = (*OFTEN, *(OFTEN_IMPATIENT if impatient else ()), *rarely)
    assert [mark for mark in expected if not seen[mark]] == []
