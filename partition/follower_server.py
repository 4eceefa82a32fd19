"""A follower's shell: hear the partition's log, apply it late, ask for what is missing, answer.

A follower has no disk.  After a restart, and whenever it has missed too much, it fetches a copy of
all that its partition serves.  How late it applies what it hears is drawn from a distribution, for
each piece of log; pieces are applied in their order, so one that is slow holds up those behind it.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from items.data import data
from network.host import Host
from network.messages import Copy, Envelope, Eventual, Follow, Frame, Log, Message, from_frame
from network.rpc import Patience, Peers
from network.weather import LogNormal, Uniform
from partition.follower import REFUSED, Entries, Follower

PATIENCE = Patience(20_000, 200_000, None)  # The partition may be down: then for as long.
PIECES_MAX = 10_000  # Heard and not applied; what comes then is asked for later.


@data
class FollowerOptions:
    delay: Uniform | LogNormal = Uniform(5_000, 50_000)  # From hearing to applying.
    page_bytes_max: int = 1_048_576


Observe = Callable[["FollowerServer", Envelope, Message], None]


class FollowerServer:
    """One incarnation of a follower."""

    def __init__(
        self, host: Host, partition: str, options: FollowerOptions, observe: Observe | None = None
    ) -> None:
        self.partition = partition
        self.host = host
        self.state = Follower(options.page_bytes_max)
        self._peers = Peers(host)
        self._delay, self._observe = options.delay, observe
        self._delay_site = host.site("apply delay")
        self._pieces = 0  # Heard so far, for the draws.
        # What is to be applied: when, and up to which place.
        self._waiting: deque[tuple[int, Entries, int]] = deque()
        self._is_asking = True
        host.spawn(self._ask())

    def receive(self, frame: Frame) -> None:
        """Take an answer, a piece of log, or a question."""
        envelope = from_frame(frame)
        message = envelope.message
        if envelope.reply_to:
            self._peers.answered(envelope.reply_to, message)
        elif isinstance(message, Log):
            self._hear(message)
        else:
            answer: Message = REFUSED
            if isinstance(message, Eventual):
                answer = self.state.answer(message.question)
                if self._observe is not None:
                    self._observe(self, envelope, answer)
            self._peers.reply(envelope.source, envelope.number, answer)

    # The log -----------------------------------------------------------------------------------

    def _hear(self, log: Log) -> None:
        if len(self._waiting) >= PIECES_MAX:
            return
        entries = self.state.hear(log)
        if entries is not None:
            self._put_off(entries)
        elif not self._is_asking:
            self._is_asking = True
            self.host.spawn(self._ask())

    def _put_off(self, entries: Entries) -> None:
        """Apply a piece later, and none before those that were heard before."""
        now_us, upto = self.host.elapsed_us(), self.state.heard
        due_us = self._waiting[-1][0] if self._waiting else now_us
        if entries:
            self._pieces += 1
            due_us = max(due_us, now_us + self._delay.draw(self._delay_site, self._pieces))
        elif not self._waiting:
            self.state.reach(upto)
            return
        self._waiting.append((due_us, entries, upto))
        self.host.after(due_us - now_us, self._apply)

    def _apply(self, _: Any) -> None:
        """Apply what is due; after a copy there is less than was put off."""
        now_us, waiting = self.host.elapsed_us(), self._waiting
        while waiting and waiting[0][0] <= now_us:
            _, entries, upto = waiting.popleft()
            for entry in entries:
                if not self.state.apply(entry):
                    self._begin_anew()
                    return
            self.state.reach(upto)

    def _begin_anew(self) -> None:
        self._waiting.clear()
        self.state.begins_anew()
        if not self._is_asking:
            self._is_asking = True
            self.host.spawn(self._ask())

    async def _ask(self) -> None:
        """Ask for what is missing until it is here: a piece of log, or all parts of a copy."""
        while True:
            question = Follow(*self.state.next_part)
            reply = await self._peers.ask(self.partition, question, PATIENCE)
            if isinstance(reply, Copy):
                if self.state.fetch(reply):
                    self._waiting.clear()
                    break
            elif isinstance(reply, Log):
                entries = self.state.hear(reply)
                if entries is not None:
                    self._put_off(entries)
                    break
        self._is_asking = False
