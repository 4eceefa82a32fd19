"""What many shots at one mutant say: how many seeds it takes, and with how much certainty.

A seed finds the mutant with probability p = hits / shots, so that it takes 1 / p seeds on the
average; Wilson's interval for p gives the interval for that mean.  All of it speaks of the
portfolio and its fixed seeds.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf

from items.data import data
from sim.search.hunt.shots import Kind, Shot
from sim.search.verdict import wilson

FOUND = "found"
SURVIVED = "survives, as it must"
CRIED_WOLF = "found, and it must not be"
UNFOUND = "not found so far"  # … by a hunt that was interrupted before it knew why.
UNTRIED = "not tried"  # … as it was interrupted before there was any run of it.
TOO_NARROW = "workload too narrow"  # In no run did the broken rule change anything.
BLIND = "checker blind"  # It changed runs, and no check saw anything wrong.


@data
class Mean:
    """Seeds to a finding on the average, and the interval that holds with 95 %."""

    seeds: float
    least: float
    most: float


@data
class Hunted:
    """What came of the hunt for one mutant."""

    name: str
    verdict: str
    shots: int
    hits: int
    seeds: int  # Up to the first finding, that one counted; all of them if there is none.
    seconds: float  # CPU time of these.
    seconds_a_shot: float
    mean: Mean | None
    first: Shot | None  # That with the first finding.
    checkers: Mapping[str, int]  # Which checker saw it first, by the hits.
    strategies: Mapping[str, tuple[int, int]]  # Hits of how many shots.
    changed: int | None  # Runs that the broken rule changed; None: nobody asked.

    @property
    def found(self) -> bool:
        return self.hits > 0

    @property
    def ok(self) -> bool:
        """Say whether it is as it should be: found, or not to be found."""
        return self.verdict in (FOUND, SURVIVED)

    @property
    def kind(self) -> Kind | None:
        return self.first.kinds[0] if self.first is not None else None

    @property
    def strategy(self) -> str | None:
        return self.first.strategy if self.first is not None else None

    @property
    def checker(self) -> str | None:
        return self.kind[0] if self.kind is not None else None


def hunted(name: str, shots: Sequence[Shot], *, may_survive: bool) -> Hunted:
    """Add up the shots at one mutant, in the order of their seeds."""
    hits = [shot for shot in shots if shot.kinds]
    first = hits[0] if hits else None
    until = [shot for shot in shots if first is None or shot.seed <= first.seed]
    compared = [shot.is_changed for shot in shots if shot.is_changed is not None]
    changed = sum(compared) if compared else None
    return Hunted(
        name,
        verdict_on(bool(hits), changed, may_survive=may_survive) if shots else UNTRIED,
        shots=len(shots),
        hits=len(hits),
        seeds=len(until),
        seconds=sum(shot.cpu_s for shot in until),
        seconds_a_shot=sum(shot.cpu_s for shot in shots) / max(1, len(shots)),
        mean=mean_of(len(hits), len(shots)),
        first=first,
        checkers=Counter(shot.kinds[0][0] for shot in hits),
        strategies=by_strategy(shots),
        changed=changed,
    )


def verdict_on(is_found: bool, changed: int | None, *, may_survive: bool) -> str:
    """Say in two or three words how the hunt has ended, and why there is nothing if so."""
    if may_survive:
        return CRIED_WOLF if is_found else SURVIVED
    if is_found:
        return FOUND
    if changed is None:
        return UNFOUND
    return BLIND if changed else TOO_NARROW


def mean_of(hits: int, shots: int) -> Mean | None:
    """Return how many seeds a finding takes; None where there was no finding."""
    if not hits:
        return None
    least, most = wilson(hits, shots)
    return Mean(shots / hits, 1 / most, 1 / least if least else inf)


def by_strategy(shots: Sequence[Shot]) -> dict[str, tuple[int, int]]:
    names = dict.fromkeys(shot.strategy for shot in shots)
    return {
        name: (
            sum(bool(shot.kinds) for shot in shots if shot.strategy == name),
            sum(shot.strategy == name for shot in shots),
        )
        for name in names
    }
