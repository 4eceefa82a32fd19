"""The tally of a sweep: of one size, however many runs it counts.

Counts, and of each kind of finding the first few seeds: not the first that came back, which differs
from sweep to sweep, but the lowest.
"""

from bisect import insort
from collections import Counter

from items.data import data
from network.events import EVENTS
from sim.search.rows import Kind, Row

FIRST_MAX = 5  # Seeds that are named for each kind of finding.
KINDS_MAX = 100  # Kinds of finding that are told apart.
SHAPES_MAX = 100_000  # Sets of marks that are told apart.
OTHER: Kind = ("sweep", "other kinds of finding")


@data
class FailedRun:
    """One run that had a finding."""

    combination: int
    seed: int
    explanation: str


class Group:
    """All findings of one kind."""

    def __init__(self) -> None:
        self.runs = self.count = 0
        self.first: list[FailedRun] = []

    def add(self, row: Row, count: int, explanation: str) -> None:
        self.runs += 1
        self.count += count
        insort(self.first, FailedRun(row.combination, row.seed, explanation), key=_place)
        del self.first[FIRST_MAX:]


class Tally:
    """The counts of one combination."""

    def __init__(self) -> None:
        self.runs = self.failed = self.not_set_up = self.messages = self.virtual_us = 0
        self.outcomes = [0, 0, 0]  # Transactions committed, cancelled, unknown.

    def add(self, row: Row) -> None:
        if not row.is_set_up:
            self.not_set_up += 1
            return
        self.runs += 1
        self.failed += not row.ok
        self.messages += row.messages
        self.virtual_us += row.virtual_us
        for place, count in enumerate(row.outcomes):
            self.outcomes[place] += count


class Seeds:
    """The seeds that were judged in every combination, which are as many independent tries.

    The runs of one seed are none: they share its draws, such as which faults it switches off.
    """

    def __init__(self, combinations: int) -> None:
        self.whole = self.failed = 0  # Failed: in at least one combination.
        self._combinations = combinations
        self._open: dict[int, tuple[int, bool]] = {}  # Runs of a seed so far, and if one failed.

    def add(self, row: Row) -> None:
        runs, failed = self._open.pop(row.seed, (0, False))
        runs, failed = runs + 1, failed or not row.ok
        if runs < self._combinations:
            self._open[row.seed] = runs, failed
            return
        self.whole += 1
        self.failed += failed


class Results:
    """What a sweep has found so far."""

    def __init__(self, combinations: int) -> None:
        self.tallies = [Tally() for _ in range(combinations)]
        self.seeds = Seeds(combinations)
        self.groups: dict[Kind, Group] = {}
        self.not_set_up = Group()
        self.marks: Counter[str] = Counter()  # In how many runs each was seen.
        self.faults: Counter[str] = Counter()  # How many were carried out.
        self._shapes: Counter[frozenset[str]] = Counter()  # Runs by the set of their marks.

    @property
    def runs(self) -> int:
        """How many runs were judged."""
        return sum(tally.runs for tally in self.tallies)

    @property
    def failed(self) -> int:
        return sum(tally.failed for tally in self.tallies)

    @property
    def never_seen(self) -> tuple[str, ...]:
        return tuple(mark for mark in EVENTS if not self.marks[mark])

    def add(self, row: Row) -> None:
        self.tallies[row.combination].add(row)
        if not row.is_set_up:
            self.not_set_up.add(row, 1, *row.explanations)
            return
        self.seeds.add(row)
        for (kind, count), told in zip(row.findings.items(), row.explanations, strict=True):
            self._group(kind).add(row, count, told)
        self.faults.update(row.faults)
        seen = frozenset(mark for mark, count in row.marks.items() if count)
        self.marks.update(dict.fromkeys(sorted(seen), 1))
        if seen in self._shapes or len(self._shapes) < SHAPES_MAX:
            self._shapes[seen] += 1

    def novelty(self) -> float | None:
        """Estimate how likely the next run is to show a set of marks that none has shown before.

        Good and Turing: as likely as what was seen exactly once.  None where that says nothing:
        no run yet, or more sets of marks than are told apart.
        """
        if not self.runs or len(self._shapes) == SHAPES_MAX:
            return None
        return sum(1 for count in self._shapes.values() if count == 1) / self.runs

    @property
    def shapes(self) -> int:
        """How many different sets of marks runs have shown."""
        return len(self._shapes)

    def _group(self, kind: Kind) -> Group:
        if kind not in self.groups and len(self.groups) >= KINDS_MAX:
            kind = OTHER
        return self.groups.setdefault(kind, Group())


def _place(seen: FailedRun) -> tuple[int, int]:
    return seen.combination, seen.seed
