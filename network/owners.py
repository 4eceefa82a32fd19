"""Asking the owners of keys, whoever they are by now (§3.1).

A node's placement may be old, and a range may be on its way to another node.  Then a partition says
`NotMine`, with the placement that it knows, and has done nothing; so the question is put to the
owners that are known then, and what one partition was asked may have to be asked of two.  While
nobody serves a range, nobody knows better: one waits and asks again, until the deadline.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from network.host import Host
from network.messages import Message, NotMine, RecordKey
from network.placement import Placement
from network.rpc import Patience, Peers

MOVING_US = 20_000  # The first wait for a range that is on its way; each further one is doubled …
MOVING_US_MAX = 1_000_000  # … up to this.

Answers = list[tuple[Sequence[int], Any]]  # What was answered about which positions.


class Owners:
    """One node's way to the owners of keys."""

    def __init__(self, host: Host, peers: Peers, placement: Placement) -> None:
        self.placement = placement
        self._host, self._peers = host, peers

    async def ask(
        self,
        keys: Sequence[RecordKey],
        question: Callable[[Sequence[int]], Message],
        patience: Patience,
        positions: Iterable[int] | None = None,
    ) -> Answers:
        """Ask each owner about its keys, by their positions; None is silence until the deadline.

        Only about some of the keys where `positions` are given.
        """
        asked_us = self._host.elapsed_us()
        groups = by_owner(self.placement, keys, positions)
        asks = [(node, question(mine)) for node, mine in groups.items()]
        replies = await self._peers.ask_all(asks, patience, asked_us)
        answers: Answers = list(zip(groups.values(), replies, strict=True))
        for reply in replies:
            if is_elsewhere(reply):
                return await self._ask_elsewhere(keys, question, patience, answers, asked_us)
        return answers

    async def _ask_elsewhere(
        self,
        keys: Sequence[RecordKey],
        question: Callable[[Sequence[int]], Message],
        patience: Patience,
        answers: Answers,
        asked_us: int,
    ) -> Answers:
        """Ask the owners that are known now about what is not where it was asked for."""
        pauses = Pauses(self._host, self.placement, patience.deadline_us, asked_us)
        while True:
            strays = [answer for answer in answers if is_elsewhere(answer[1])]
            if not strays:
                return answers
            answers = [answer for answer in answers if not is_elsewhere(answer[1])]
            left_us = await pauses.heed(reply for _, reply in strays)
            if left_us == 0:
                return [*answers, *((mine, None) for mine, _ in strays)]
            positions = sorted(n for mine, _ in strays for n in mine)
            groups = by_owner(self.placement, keys, positions)
            asks = [(node, question(mine)) for node, mine in groups.items()]
            rest = Patience(patience.first_us, patience.most_us, left_us, patience.repeats)
            replies = await self._peers.ask_all(asks, rest)
            answers += zip(groups.values(), replies, strict=True)


def by_owner(
    placement: Placement, keys: Sequence[RecordKey], positions: Iterable[int] | None = None
) -> dict[str, list[int]]:
    """Return the positions of the keys (or of these of them) that each node owns, in order."""
    groups: dict[str, list[int]] = {}
    owner = placement.owner
    for position in range(len(keys)) if positions is None else positions:
        groups.setdefault(owner(*keys[position]), []).append(position)
    return groups


class Pauses:
    """One question's waits for ranges on their way: ever longer, and all within its deadline."""

    def __init__(
        self,
        host: Host,
        placement: Placement,
        deadline_us: int | None = None,
        asked_us: int | None = None,
    ) -> None:
        self._host, self._placement = host, placement
        began_us = host.elapsed_us() if asked_us is None else asked_us
        self._until_us = None if deadline_us is None else began_us + deadline_us
        self._next_us = MOVING_US

    async def heed(self, strays: Iterable[NotMine]) -> int | None:
        """Learn what the strays know; if that is nothing new, wait.

        Returns how much time is left, 0 if none is; None if there is no deadline.
        """
        learned = [self._placement.learn(stray.placement) for stray in strays]
        left_us = self._left_us()
        if not any(learned):
            pause_us = self._next_us if left_us is None else min(self._next_us, left_us)
            self._next_us = min(2 * self._next_us, MOVING_US_MAX)
            await self._host.sleep(pause_us)
            left_us = self._left_us()
        return left_us

    def _left_us(self) -> int | None:
        if self._until_us is None:
            return None
        return max(0, self._until_us - self._host.elapsed_us())


def is_elsewhere(reply: Any) -> bool:
    """Say whether a partition refused because it does not own (all of) what it was asked about."""
    return type(reply) is NotMine and not reply.table
