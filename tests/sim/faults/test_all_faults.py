"""All faults that a correct system survives, at once, in every scenario: nothing is found."""

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from sim.faults.kinds import KINDS
from sim.keys import SURVIVED
from sim.result import outcomes
from sim.run import run
from sim.scenario import load, shipped

ROOT = Path(__file__).parents[3]
SEEDS, SEEDS_SOAK = 6, 600
ALL = {"faults.all": "2", "workload.transactions": "40"}
DIGEST = """
from sim.run import run
from sim.scenario import load
steps = '["crash c1 after its ledger write", "lose the second vote", "pause p1 at commit #3"]'
keys = {{"faults.all": "3", "faults.steps": steps, "workload.transactions": "30"}}
print([run(load(name, keys), {seed}).digest for name in ("bank", "hot-keys")])
"""


@cache
def swept(name: str, seeds: int) -> tuple[Counter[str], tuple[str, ...]]:
    """Run a scenario from many seeds; return the runs that had each fault, and what was found."""
    scenario = load(name, ALL)
    seen: Counter[str] = Counter()
    found: list[str] = []
    # Other seeds in each: what a seed switches off, it switches off everywhere.
    first = 1_000 * sorted(shipped()).index(name)
    for seed in range(first, first + seeds):
        result = run(scenario, seed)
        seen.update(kind for kind, count in result.faults.items() if count)
        seen["committed"] += outcomes(result.history)[0]["committed"]
        found += [f"seed {seed}: {finding.explanation}" for finding in result.findings]
    return seen, tuple(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_scenario_with_all_faults_has_no_finding(name: str, soak: bool) -> None:
    seen, found = swept(name, SEEDS_SOAK if soak else SEEDS)

    assert found == ()
    assert seen["committed"] > 0


@pytest.mark.slow
def test_every_kind_of_fault_has_been_carried_out(soak: bool) -> None:
    seen: Counter[str] = Counter()
    for name in shipped():
        seen.update(swept(name, SEEDS_SOAK if soak else SEEDS)[0])

    survivable = [kind.name for kind in KINDS if f"faults.{kind.name}" in SURVIVED]
    assert [kind for kind in (*survivable, "late", "corrupt") if not seen[kind]] == []


def digest(noise: int, seed: int = 7) -> str:
    """Run with all faults, and faults on steps, in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": str(noise), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", DIGEST.format(seed=seed)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.slow
def test_a_run_with_all_faults_is_the_same_in_every_process() -> None:
    assert len({digest(noise) for noise in (1, 2, 3)}) == 1
    assert digest(1) != digest(1, seed=8)
