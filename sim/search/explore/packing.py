"""States as single integers, so that millions of them have room.

Of what a state is made of there are few: thousands of sets of messages on their way, hundreds of
situations of the nodes together.  Each has a number, and a state is its five numbers, side by side.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from sim.search.explore.state import Left, State

BITS = 26  # Of each number.
MASK = (1 << BITS) - 1
T = TypeVar("T", bound=Hashable)


class Numbered(Generic[T]):
    """Values by number, in the order in which they first came."""

    def __init__(self) -> None:
        self.all: list[T] = []
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.all)
            assert number <= MASK, "more than a tiny world has"
            self.all.append(value)
        return number


class Packing:
    """What the states of one walk are made of."""

    def __init__(self) -> None:
        self._storages: Numbered[tuple[int, ...]] = Numbered()
        self._coordinators: Numbered[tuple[int, ...]] = Numbered()
        self._flying: Numbered[tuple[int, ...]] = Numbered()
        self._left: Numbered[Left] = Numbered()

    def packed(self, state: State) -> int:
        """Return the integer that stands for a state."""
        storages, coordinators, flying, seen, left = state
        packed = self._storages.number(storages)
        packed = packed << BITS | self._coordinators.number(coordinators)
        packed = packed << BITS | self._flying.number(flying)
        packed = packed << BITS | seen
        return packed << BITS | self._left.number(left)

    def unpacked(self, packed: int) -> State:
        """Return the state that an integer stands for."""
        left, packed = packed & MASK, packed >> BITS
        seen, packed = packed & MASK, packed >> BITS
        flying, packed = packed & MASK, packed >> BITS
        return State(
            self._storages.all[packed >> BITS],
            self._coordinators.all[packed & MASK],
            self._flying.all[flying],
            seen,
            self._left.all[left],
        )
