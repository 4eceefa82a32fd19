"""The states of a walk and the steps between them: what can be reached, and how.

Kept in arrays, four bytes a step, because there are tens of millions.
"""

from array import array
from collections.abc import Iterable


class Graph:
    """Steps between states, which are looked at in the order of their numbers."""

    def __init__(self) -> None:
        self._starts = array("Q")  # Where each state's steps begin, of those looked at so far …
        self._targets = array("I")  # … among all steps: where each leads.

    @property
    def steps(self) -> int:
        return len(self._targets)

    def look_at(self, source: int) -> None:
        """Begin with the steps of the next state."""
        assert source == len(self._starts), "states are looked at in their order"
        self._starts.append(len(self._targets))

    def lead_to(self, target: int) -> None:
        """Add a step of the state that is looked at."""
        self._targets.append(target)

    def onward(self, source: int) -> "array[int]":
        """Return where a state's steps lead."""
        starts = self._starts
        end = starts[source + 1] if source + 1 < len(starts) else len(self._targets)
        return self._targets[starts[source] : end]

    def lost(self, ends: Iterable[int]) -> int | None:
        """Return the first state from which none of the ends can be reached; None: there is none.

        Each state was looked at.
        """
        starts, sources = self._backward()
        found = bytearray(len(self._starts))
        waiting = [*ends]
        for one in waiting:
            found[one] = 1
        while waiting:
            target = waiting.pop()
            for source in sources[starts[target] : starts[target + 1]]:
                if not found[source]:
                    found[source] = 1
                    waiting.append(source)
        at = found.find(0)
        return None if at < 0 else at

    def _backward(self) -> "tuple[array[int], array[int]]":
        """Return the sources of all steps by target, and where each target's begin."""
        count = len(self._starts)
        starts = array("Q", bytes(8 * (count + 1)))
        for target in self._targets:
            starts[target + 1] += 1
        for target in range(count):
            starts[target + 1] += starts[target]
        sources = array("I", bytes(4 * len(self._targets)))
        filled = starts[:]
        for source in range(count):
            for target in self.onward(source):
                sources[filled[target]] = source
                filled[target] += 1
        return starts, sources

    def ways(self) -> int | None:
        """Count the ways from the first state to a state without a step.

        None if one can go in a circle, and there are any number.
        """
        open_count = array("I", bytes(4 * len(self._starts)))
        for target in self._targets:
            open_count[target] += 1
        ways: dict[int, int] = {0: 1}  # To the states that are in hand.
        total, done, waiting = 0, 0, [0]
        while waiting:
            source = waiting.pop()
            done += 1
            here, onward = ways.pop(source), self.onward(source)
            for target in onward:
                ways[target] = ways.get(target, 0) + here
                open_count[target] -= 1
                if not open_count[target]:
                    waiting.append(target)
            total += 0 if onward else here
        return total if done == len(self._starts) else None
