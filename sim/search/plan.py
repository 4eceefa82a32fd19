"""A plan: which runs a sweep is to make, in which order, and which are done already.

Chunks go round the combinations in turn, so that a sweep that ends early has looked at all alike.
"""

from collections.abc import Mapping

from items.data import data
from sim.scenario import Scenario

RUNS_MAX = 10_000_000  # Of one sweep; a byte each is kept where some are done already.


@data
class Chunk:
    """Seeds of one combination that a worker runs one after another."""

    combination: int
    scenario: Scenario
    seeds: tuple[int, ...]
    mutant: str | None = None


class Plan:
    """The runs of a sweep: `combinations` × seeds from `first` up to and without `end`."""

    def __init__(
        self,
        scenarios: tuple[Scenario, ...],
        settings: tuple[Mapping[str, str], ...],
        *,
        first: int,
        end: int,
        base: Scenario | None = None,
        mutant: str | None = None,
    ) -> None:
        assert len(scenarios) == len(settings)
        assert 0 < len(scenarios) * (end - first) <= RUNS_MAX
        self.scenarios, self.settings = scenarios, settings
        self.first, self.end = first, end
        self.base = base or scenarios[0]  # As it is without any setting, where that makes sense.
        self.mutant = mutant  # The rule that is broken in all runs.
        self._next = [first] * len(scenarios)
        self._done: list[bytearray] = []  # Made when the first run is found done.

    @property
    def runs(self) -> int:
        return len(self.scenarios) * (self.end - self.first)

    def is_within(self, seed: int) -> bool:
        return self.first <= seed < self.end

    def skip(self, combination: int, seed: int) -> bool:
        """Leave out a run that is done; say whether it was still to be made."""
        if not self._done:
            self._done = [bytearray(self.end - self.first) for _ in self.scenarios]
        place = seed - self.first
        if self._done[combination][place]:
            return False
        self._done[combination][place] = 1
        return True

    def chunk(self, size: int) -> Chunk | None:
        """Take the next seeds of the combination that is furthest behind; None: all are taken."""
        while True:
            combination = min(range(len(self._next)), key=self._next.__getitem__)
            seed = self._next[combination]
            if seed >= self.end:  # Whoever is furthest behind is through.
                return None
            seeds: list[int] = []
            while seed < self.end and len(seeds) < size:
                if not (self._done and self._done[combination][seed - self.first]):
                    seeds.append(seed)
                seed += 1
            self._next[combination] = seed
            if seeds:
                return Chunk(combination, self.scenarios[combination], tuple(seeds), self.mutant)
