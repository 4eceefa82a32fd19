"""Questions and answers over a network that loses both: one future for a whole fan-out.

`ask_all` sends each question, sends it again while no answer comes, and resolves when everyone has
answered or was silent for too long.  A question that is sent again is the same bytes under the same
number, so whatever is asked with more than one attempt must be safe to hear twice (the messages say
so under 'Twice').  An answer counts only for the very question that it names.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from items.data import data
from network.host import Host
from network.ids import first_number
from network.messages import Frame, Message

PENDING_MAX = 100_000  # Questions of one node without an answer; more is a node out of control.


@data
class Patience:
    """How long a question waits for its answer, and how often it is asked meanwhile.

    The wait before each repeat doubles from `first_us` up to `most_us`, give or take a quarter by
    chance, so that those who were refused together do not come back together.
    """

    first_us: int
    most_us: int
    deadline_us: int | None  # None: for ever.
    repeats: bool = True


Ask: TypeAlias = tuple[str, Message]  # One question: whom, and what.


class _Fanout:
    """Questions that were asked together, and the answers so far."""

    __slots__ = ("future", "missing", "replies")

    def __init__(self, future: asyncio.Future[list[Any]], count: int) -> None:
        self.future = future
        self.replies: list[Any] = [None] * count
        self.missing = count


class _Question(NamedTuple):
    """One question without an answer so far."""

    waits: "_Fanout | asyncio.Future[Any]"  # For the answers to all, or for this one alone.
    place: int  # Among those asked together.
    target: str
    frame: Frame
    patience: Patience
    asked_us: int
    attempt: int
    lane: "_Lane"  # In which it waits.


_new = tuple.__new__  # What a named tuple's own `__new__` calls, without the detour.


class _Lane:
    """Timers of one duration: first in, first out, with one armed timer for the first of them.

    A question that is answered leaves at once, so that few are here and what they take is used
    again while it is in the processor's caches.
    """

    __slots__ = ("_host", "_peers", "delay_us", "due", "is_armed")

    def __init__(self, peers: "Peers", host: Host, delay_us: int) -> None:
        self._peers, self._host, self.delay_us = peers, host, delay_us
        self.due: dict[int, int] = {}  # When, by the question's number; the next one first.
        self.is_armed = False

    def add(self, now_us: int, number: int) -> None:
        self.due[number] = now_us + self.delay_us
        if not self.is_armed:
            self.arm()

    def arm(self) -> None:
        self.is_armed = True
        self._host.after(self.delay_us, self._fire)

    def _fire(self, _: Any) -> None:
        now_us, due = self._host.elapsed_us(), self.due
        while due:
            number = next(iter(due))
            left_us = due[number] - now_us
            if left_us > 0:
                self._host.after(left_us, self._fire)
                return
            del due[number]
            self._peers.expired(number)
        self.is_armed = False
        self._peers.leave(self)


class Peers:
    """A node's conversations with all other nodes.  Lives and dies with its host's incarnation."""

    def __init__(self, host: Host) -> None:
        self._host, self._name, self._framed = host, host.name, host.framed
        self._number = first_number(host.incarnation)
        self.questions: dict[int, _Question] = {}  # Without an answer, by number.
        self._lanes: dict[int, _Lane] = {}
        self._jitter = host.site("jitter")

    def ask_all(
        self, asks: Sequence[Ask], patience: Patience, now_us: int | None = None
    ) -> "asyncio.Future[list[Any]]":
        """Ask everyone at once; the replies come in the order asked, None where there was none.

        Whoever has just looked at the elapsed time may say so: `now_us`.
        """
        host, number, questions = self._host, self._number, self.questions
        name, framed = self._name, self._framed
        fanout = _Fanout(host.create_future(), len(asks))
        if not asks:
            fanout.future.set_result([])
            return fanout.future
        if now_us is None:
            now_us = host.elapsed_us()
        lane = self._lane_of(patience)
        for index, (target, message) in enumerate(asks):
            self._number = number = number + 1
            frame = framed((name, number, 0, message))
            questions[number] = _new(
                _Question, (fanout, index, target, frame, patience, now_us, 1, lane)
            )
            host.send(target, frame)
            lane.due[number] = now_us + lane.delay_us
            if not lane.is_armed:
                lane.arm()
        assert len(questions) <= PENDING_MAX, "a node asks without end"
        return fanout.future

    def ask(self, target: str, message: Message, patience: Patience) -> "asyncio.Future[Any]":
        """Ask one; None means silence until the deadline."""
        # As above, for one alone: most questions are.
        host, questions = self._host, self.questions
        future = host.create_future()
        now_us, lane = host.elapsed_us(), self._lane_of(patience)
        self._number = number = self._number + 1
        frame = self._framed((self._name, number, 0, message))
        questions[number] = _new(_Question, (future, 0, target, frame, patience, now_us, 1, lane))
        host.send(target, frame)
        lane.due[number] = now_us + lane.delay_us
        if not lane.is_armed:
            lane.arm()
        assert len(questions) <= PENDING_MAX, "a node asks without end"
        return future

    def tell(self, target: str, message: Message) -> None:
        """Say something once, for which no reply is due."""
        self.reply(target, 0, message)

    def reply(self, target: str, number: int, message: Message) -> None:
        """Answer the question `number` of `target`."""
        self._number = own = self._number + 1
        self._host.send(target, self._framed((self._name, own, number, message)))

    def next_number(self) -> int:
        """Return the number that the next message will have."""
        return self._number + 1

    def answered(self, number: int, message: Message | None) -> None:
        """Take an answer; one that nobody waits for any more changes nothing."""
        question = self.questions.pop(number, None)
        if question is None:
            return
        question.lane.due.pop(number, None)
        waits = question.waits
        if isinstance(waits, _Fanout):
            waits.replies[question.place] = message
            waits.missing -= 1
            if waits.missing == 0 and not waits.future.done():
                waits.future.set_result(waits.replies)
        elif not waits.done():
            waits.set_result(message)

    def expired(self, number: int) -> None:
        """Ask an open question again, or give it up."""
        question = self.questions[number]
        patience, now_us = question.patience, self._host.elapsed_us()
        left_us = None
        if patience.deadline_us is not None:
            left_us = question.asked_us + patience.deadline_us - now_us
            if left_us <= 0:
                self.answered(number, None)
                return
        if patience.repeats:
            self._host.send(question.target, question.frame)
        wait_us = min(patience.first_us << min(question.attempt, 30), patience.most_us)
        # A few waits only, so that each has a lane: three quarters, four or five of them.
        wait_us = wait_us * (3 + self._jitter.below(3)) // 4
        lane = self._lane(wait_us)
        self.questions[number] = question._replace(attempt=question.attempt + 1, lane=lane)
        if left_us is not None and left_us < wait_us:
            self._host.after(left_us, self._give_up, number)
        else:
            lane.add(now_us, number)

    def _give_up(self, number: int) -> None:
        self.answered(number, None)

    def leave(self, lane: _Lane) -> None:
        """Let go of a lane that is empty when its timer comes."""
        del self._lanes[lane.delay_us]

    def _lane_of(self, patience: Patience) -> _Lane:
        """Return the lane in which a new question waits: until its repeat, or its deadline.

        What is left of a deadline after a detour may be any time at all: such a lane is soon gone.
        """
        wait_us, deadline_us = patience.first_us, patience.deadline_us
        if deadline_us is not None and deadline_us < wait_us:
            wait_us = deadline_us
        return self._lanes.get(wait_us) or self._lane(wait_us)

    def _lane(self, delay_us: int) -> _Lane:
        """Return the lane of this duration: few are in use at once, as few durations are."""
        lane = self._lanes.get(delay_us)
        if lane is None:
            lane = self._lanes[delay_us] = _Lane(self, self._host, delay_us)
        return lane
