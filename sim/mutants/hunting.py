"""One run of a mutant where its hint says, and the first of many seeds that finds it."""

from collections.abc import Iterable

from sim.mutants.catalogue import applied
from sim.mutants.mutant import Mutant
from sim.result import Result
from sim.run import run
from sim.scenario import load


def broken_run(mutant: Mutant, seed: int) -> Result:
    """Run a mutant from a seed, where its hint says."""
    scenario = load(mutant.hint.scenario, mutant.hint.settings)
    with applied(mutant):
        return run(scenario, seed)


def is_found(mutant: Mutant, result: Result) -> bool:
    """Say whether a run has a finding of a kind that the mutant must lead to."""
    return any(finding.kind in mutant.kinds for finding in result.findings)


def first_seed(mutant: Mutant, seeds: Iterable[int]) -> int | None:
    """Return the first of these seeds that finds a mutant; None if none does."""
    return next((seed for seed in seeds if is_found(mutant, broken_run(mutant, seed))), None)
