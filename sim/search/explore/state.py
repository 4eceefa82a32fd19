"""What a state of a tiny world is, what a step, and what is known of all of them.

Everything has a number: situations of nodes, messages, what has been seen.  `Known` has what they
stand for, and grows as the walk goes on.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from items.data import data
from network.messages import Envelope, Message, Write, from_frame
from sim.search.explore.coordinators import Coordinators
from sim.search.explore.notes import Notes
from sim.search.explore.storages import Storages
from sim.search.explore.world import KINDS, World

CRASHES, LOSSES, REPEATS, TAKEOVERS, TIMEOUTS, RETRIES = range(len(KINDS))
Left = tuple[int, ...]  # How often each thing may still go wrong, and all of them together.


class State(NamedTuple):
    """All that is so at one moment, in numbers."""

    storages: tuple[int, ...]  # Situations of partitions and the ledger node.
    coordinators: tuple[int, ...]  # Situations of those that are at work, in order.
    flying: tuple[int, ...]  # Messages on their way, each as often as it is, in order.
    seen: int
    left: Left


class Step(NamedTuple):
    """One thing that can happen."""

    kind: str
    what: int = 0  # A request, a message on its way, a coordinator's or a storage's place …
    how: str = ""  # … and a word on how: keep, lose.
    other: int = 0


@data
class Flying:
    """A kind of message on its way."""

    target: str
    frame: bytes
    envelope: Envelope


class Exchange(NamedTuple):
    """Who said what to whom, and what was answered at once."""

    source: str
    target: str
    message: Message
    reply: Message | None


class Bug(NamedTuple):
    """Something that is wrong by itself, whatever comes after it."""

    kind: str
    text: str


class Known:
    """What the numbers of one walk stand for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.notes = Notes(world)
        self.storages = Storages(world, self.notes)
        self.coordinators = Coordinators(world)
        self.flying: list[Flying] = []
        self.places = {name: place for place, name in enumerate(world.storages)}
        self._flying_numbers: dict[tuple[str, bytes], int] = {}
        self._clocks_us = [world.clock_us(name) for name in world.storages]

    def flies(self, target: str, frame: bytes) -> int:
        """Return the number of a message on its way."""
        number = self._flying_numbers.get((target, frame))
        if number is None:
            number = self._flying_numbers[target, frame] = len(self.flying)
            self.flying.append(Flying(target, frame, from_frame(frame)))
        return number

    def clock_us(self, place: int) -> int:
        return self._clocks_us[place]

    def waiting(self, coordinators: Iterable[int], flying: int) -> int | None:
        """Return which of the coordinators waits for the answer to a message, if one does."""
        source, number = self.flying[flying].envelope[:2]
        for one in coordinators:
            found = self.coordinators.all[one]
            if found.name == source and number in found.questions:
                return one
        return None

    def is_refused_at_the_door(self, flying: int, storages: Sequence[int]) -> bool:
        """Say whether a write names no incarnation that is: that is how one asks for it."""
        one = self.flying[flying]
        if not isinstance(one.envelope.message, Write):
            return False
        there = self.storages.all[storages[self.places[one.target]]]
        return one.envelope.message.incarnation != there.incarnation
