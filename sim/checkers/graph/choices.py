"""What a search has chosen: which of two blocks of a key came first, and what follows from that.

A *choice* is that one block came before another.  Where some choices cannot stand together, the
latest of them must be the other way round for as long as the others stand: an *order*.  So nothing
that was chosen between has to be tried in vain (backjumping with its reasons, as SAT solvers do
it: Marques-Silva and Sakallah, GRASP, 1996).

One transaction may begin several blocks at once, and then it may be for each of them that it came
too early.  Of these orders the first is tried, as a choice of its own, and the others instead of it
where it cannot stand.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping

from items.data import data

Choice = tuple[int, int]  # The first of these blocks came before the second.
Choices = frozenset[Choice]
ALWAYS = 0


@data
class Order:
    """Which block came before another, and why: it follows from choices, or was chosen itself."""

    choice: Choice
    because: Choices
    since: int  # The time of the latest of these, or of its own choosing.
    instead: tuple[Choice, ...] = ()  # What else could be, if it was chosen.

    @property
    def reasons(self) -> Choices:
        return frozenset([self.choice]) if self.instead else self.because


class Orders:
    """All orders that hold at some time of a search."""

    def __init__(self, blocks: int) -> None:
        self._clock = ALWAYS
        self._began = [ALWAYS] * blocks  # When each was chosen.
        self._before: dict[int, dict[int, Order]] = {}  # By the later block, and the earlier one.
        # Those that hold only as long as some choices stand, the latest last.
        self._passing: list[Order] = []

    def tick(self) -> int:
        self._clock += 1
        return self._clock

    def begin(self, block: int, time: int) -> None:
        """Note when a block was chosen to come before all others that have not begun."""
        self._began[block] = time

    def before(self, block: int) -> Mapping[int, Order]:
        """Return the blocks that come before this one."""
        return self._before.get(block, {})

    def why(self, one: int, other: int) -> Choices:
        """Return the choices by which one block, that has begun, comes before another."""
        order = self.before(other).get(one)
        return frozenset([(one, other)]) if order is None else order.reasons

    def time(self, choice: Choice) -> int:
        one, other = choice
        order = self.before(other).get(one)
        return self._began[one] if order is None else order.since

    def latest(self, choices: Iterable[Choice]) -> int:
        return max(map(self.time, choices), default=ALWAYS)

    def refuted(self, choices: Choices) -> tuple[int, Order]:
        """Return the latest time of some choices that cannot all stand, and what that leaves."""
        choices = frozenset(self._made(choices))
        latest = self.latest(choices)
        first = sorted(choice for choice in choices if self.time(choice) == latest)
        rest = choices.difference(first)
        one, other = first[0]
        order = self.before(other).get(one)
        if order is None:
            instead = [(other, one) for one, other in first]
        else:
            rest |= order.because
            instead = [*order.instead]
        left, *others = instead
        since = self.tick() if others else self.latest(rest)
        return latest, Order(left, rest, since, tuple(others))

    def _made(self, choices: Iterable[Choice]) -> Iterator[Choice]:
        """List choices, and for what follows by now from others these others."""
        for one, other in choices:
            order = self.before(other).get(one)
            if order is None or order.instead:
                yield one, other
            else:
                yield from self._made(order.because)

    def add(self, order: Order) -> None:
        """Let an order hold; of two that say the same, the one that holds longer is enough."""
        one, other = order.choice
        before = self._before.setdefault(other, {})
        if one in before:
            if before[one].since <= order.since:
                return
            self._passing.remove(before[one])
        before[one] = order
        if order.since != ALWAYS:
            insort(self._passing, order, key=_since)

    def forget(self, time: int) -> Iterator[Order]:
        """Take back what does not hold without the choices from some time on."""
        while self._passing and self._passing[-1].since >= time:
            order = self._passing.pop()
            one, other = order.choice
            del self._before[other][one]
            yield order


def _since(order: Order) -> int:
    return order.since
