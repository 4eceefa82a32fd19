"""Which mutants' failures are made short: whatever shows, and shows in one cluster."""

from sim.mutants.catalogue import MUTANTS
from sim.mutants.mutant import Mutant
from sim.scenario import load


def _is_of_one_cluster(mutant: Mutant) -> bool:
    return not load(mutant.hint.scenario, mutant.hint.settings).regions


SHRINKABLE = tuple(
    name
    for name, mutant in MUTANTS.items()
    if not mutant.is_equivalent and _is_of_one_cluster(mutant)
)
