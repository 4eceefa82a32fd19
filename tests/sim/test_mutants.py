"""Every mutant is found: a run that is wrong in one way leads to a finding of its kind.

The seeds are counted from 0, and a mutant that takes more of them than the limit is a hole in the
checks or in the workloads.
"""

import pytest

from sim.run import run
from sim.scenario import Scenario, load
from tests.sim.mutants import MUTANTS, Mutant
from tests.sim.trouble import TROUBLE

SEEDS_MAX = 100


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    scenario = load(mutant.scenario, {**TROUBLE, "network.late": "0.05", **mutant.more})
    mutant.patch(monkeypatch)

    found = (seed for seed in range(SEEDS_MAX) if mutant.kinds & kinds_found(scenario, seed))
    first = next(found, None)

    assert first is not None, f"no seed below {SEEDS_MAX} finds it"
    request.node.user_properties.append(("seeds", first + 1))  # For reports.


def kinds_found(scenario: Scenario, seed: int) -> set[str]:
    return {finding.kind for finding in run(scenario, seed).findings}
