"""The shrunk story of what a hunt has found first, and how long it is."""

from items.data import data
from sim.search.broken import needs_of
from sim.search.hunt.shots import NONE, drawn_for
from sim.search.shrink.failure import found
from sim.search.shrink.shrink import shrink


@data
class Finding:
    """What is to be told: the seed that found a mutant first."""

    mutant: str
    seed: int


@data
class Tale:
    """How short a finding has become."""

    mutant: str
    transactions: int
    choices: int
    events: int
    sentences: tuple[str, ...]
    cpu_s: float


def tell(finding: Finding) -> Tale | None:
    """Shrink a finding; for a worker.  None if the run does not fail any more."""
    mutant = None if finding.mutant == NONE else finding.mutant
    scenario = drawn_for(finding.seed, tuple(needs_of(mutant).items())).scenario
    failure = None if scenario.regions else found(scenario, finding.seed, mutant)
    if failure is None:  # Of several regions nothing is shrunk.
        return None
    shrunk = shrink(failure)
    return Tale(
        finding.mutant,
        shrunk.transactions,
        shrunk.choices,
        shrunk.events,
        shrunk.sentences,
        shrunk.cpu_s,
    )
