"""What the checkers say of what has been seen, each thing once.

Where nothing is left to do, everything is judged: outcomes, reasons, what landed on the disks, each
item by itself, the order of timestamps and that of instants, and real time.  The data are those of
the partitions then.
"""

from collections.abc import Iterable

from items.values import Item
from sim.checkers.finding import Finding
from sim.checkers.instants import Instants
from sim.checkers.linear import check_items
from sim.checkers.model import Place
from sim.checkers.outcomes import check_outcomes, check_singletons
from sim.checkers.reasons import check_reasons
from sim.checkers.structure import check_structure
from sim.checkers.timestamps import check_timestamps
from sim.search.explore.state import State
from sim.search.explore.states import States

CHECKS = (
    *("outcomes", "singletons", "reasons", "structure", "items", "timestamps", "instants"),
    "strict",
)


class Judge:
    """The checkers, and what they have said."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._known: dict[tuple[int, ...], tuple[Finding, ...]] = {}

    @property
    def count(self) -> int:
        """Count the different ends that were judged."""
        return len(self._known)

    def findings(self, state: State) -> tuple[Finding, ...]:
        """Judge a state in which nothing is left to do."""
        key = (state.seen, *state.storages[:-1])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(self._judged(state))
        return known

    def _judged(self, state: State) -> Iterable[Finding]:
        evidence = self._states.known.notes.evidence(state.seen)
        data = self._data(state)
        instants = Instants(evidence)
        yield from check_outcomes(evidence)
        yield from check_singletons(evidence)
        yield from check_reasons(evidence)
        yield from check_structure(evidence)
        yield from check_items(evidence)
        yield from check_timestamps(evidence, instants, data)
        yield from instants.findings
        yield from instants.late

    def _data(self, state: State) -> dict[Place, Item]:
        return {
            key: item
            for one in state.storages[:-1]
            for key, item in self._states.known.storages.all[one].items
        }
