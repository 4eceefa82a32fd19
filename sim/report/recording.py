"""A run as it went, for whoever shows it: its messages, durable changes and events, in order.

Made by a `Recorder`, which listens to a run while it goes on, or is fed from a trace file.  What
belongs to which call of a client is worked out on the way, so that a report can leave the rest out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from items.data import data
from network.messages import Eventual, Message, Page, Readings, from_frame
from partition.storage import Changes
from sim.history import Operation
from sim.report.calls import Calls
from sim.result import Result
from sim.search.shrink.failure import Failure
from sim.trace import FATES, Event
from sim.witness import Witness

MOMENTS_MAX = 600_000  # Of a run; what comes after them is counted and not kept.


class Sent:
    """A message as it left, and what became of it."""

    __slots__ = (
        *("us", "source", "target", "n", "id", "reply_to", "message", "fate", "again", "call"),
        *("arrivals_us", "lost_us", "because", "held_us"),
    )

    def __init__(
        self, us: int, link: tuple[str, str], n: int, ids: tuple[int, int], message: Message
    ) -> None:
        self.us = us
        self.source, self.target = link
        self.n = n  # The n-th on its link: `c1>p2 #3`.
        self.id, self.reply_to = ids  # Its number at its sender, and the one it answers; or 0.
        self.message = message
        self.fate = "carried"
        self.again = False  # The same question has been asked before.
        self.call = ""  # The client's call that it belongs to.
        self.arrivals_us: list[int] = []
        self.lost_us: int | None = (
            None  # When; of a repeated one perhaps only one copy, and of two the first.
        )
        self.because = ""  # Why it was lost.
        self.held_us: int | None = None  # Since when it waited at a door or on a held link.


@data
class Arrived:
    """A message, or a copy of it, was delivered."""

    us: int
    sent: Sent


@data
class Lost:
    """A message, or a copy of it, was lost."""

    us: int
    sent: Sent


@data
class Held:
    """A message began to wait."""

    us: int
    sent: Sent


@data
class Durable:
    """An append of a partition or ledger node became durable."""

    us: int
    host: str
    changes: Changes
    call: str


@data
class Noted:
    """An event that a node noted, or a fault (`network.events`)."""

    us: int
    event: str
    host: str  # Empty for what is no host's: a link's.
    fields: Mapping[str, Any]  # All of the event's, its host included.
    call: str


Moment: TypeAlias = Sent | Arrived | Lost | Held | Durable | Noted


def call_of(moment: Moment) -> str:
    """Return the client's call that a moment belongs to; '' if it is nobody's."""
    return moment.sent.call if isinstance(moment, Arrived | Lost | Held) else moment.call


@data
class Origin:
    """What was run, as far as it is known: a trace does not say."""

    scenario: str
    seed: int | None
    mutant: str | None
    command: str  # That does it again; empty if nobody knows.
    failure: Failure | None = None  # The file that it was read from, if it was one.
    comments: tuple[str, ...] = ()  # Of that file: a shrunk failure's story.


@data
class Recording:
    """A run, all that a report is made of."""

    origin: Origin
    moments: Sequence[Moment]
    unkept: int  # Moments that came after MOMENTS_MAX.
    operations: Sequence[Operation]  # What clients saw, in the order of their answers.
    calls: Calls  # By call: the transactions that it had, and their timestamps.
    result: Result | None  # None: only a trace is there.
    witness: Witness | None  # Likewise.
    end_us: int

    @property
    def tables(self) -> list[Mapping[str, Any]]:
        """Return the CreateTable requests of the run."""
        return [one.request for one in self.operations if one.name == "CreateTable"]

    @property
    def in_order(self) -> Sequence[Operation]:
        """Return the operations that have a place in a serial order: late reads have none."""
        late = self._late_calls()
        return [one for one in self.operations if one.call not in late]

    def _late_calls(self) -> set[str]:
        """Return the calls that ended well with what a follower answered, in whole or in part."""
        if self.result is not None:
            staleness = self.result.staleness
            return {point.call for point in staleness.points if point.node} if staleness else set()
        sent = [one for one in self.moments if isinstance(one, Sent)]
        followers = {one.target for one in sent if isinstance(one.message, Eventual)}
        answers = [one for one in sent if isinstance(one.message, (Readings, Page))]
        answered = {one.call for one in answers if one.source in followers}
        return {one.call for one in self.operations if one.outcome == "committed"} & answered


class Recorder:
    """Keeps what happens in a run; a `sim.trace.Listener`."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.unkept = 0
        self.calls = Calls()
        self.end_us = 0
        self._flying: dict[tuple[str, str, int], Sent] = {}
        self._asked: set[tuple[str, int]] = set()

    def __call__(self, event: Event) -> None:
        self.end_us = event.us
        if len(self.moments) >= MOMENTS_MAX:
            self.unkept += 1
            return
        if event.name.startswith("message."):
            self._message(event)
        elif event.name == "change.durable":
            changes: Changes = event.fields["changes"]
            call = self.calls.of_changes(changes)
            self.moments.append(Durable(event.us, event.fields["host"], changes, call))
        else:
            self._noted(event)

    def _message(self, event: Event) -> None:
        if event.name == "message.sent":
            self._sent(event.us, event.fields)
            return
        sent = self._of(event.fields)
        if sent is None:  # It left before anybody listened.
            return
        match event.name:
            case "message.delivered":
                sent.arrivals_us.append(event.us)
                self.moments.append(Arrived(event.us, sent))
            case "message.lost":
                if sent.lost_us is None:
                    sent.lost_us, sent.because = event.us, event.fields["because"]
                self.moments.append(Lost(event.us, sent))
            case _:
                sent.held_us = event.us
                self.moments.append(Held(event.us, sent))

    def _of(self, fields: Mapping[str, Any]) -> Sent | None:
        link = fields["link"]
        return self._flying.get((link.source, link.target, fields["number"]))

    def _sent(self, us: int, fields: Mapping[str, Any]) -> None:
        link, number = fields["link"], fields["number"]
        envelope = from_frame(fields["frame"])
        ends = link.source, link.target
        sent = Sent(us, ends, number, (envelope.number, envelope.reply_to), envelope.message)
        sent.fate = FATES[fields["fate"]]
        sent.call = self.calls.of_message(envelope, link.target)
        if not envelope.reply_to:
            question = (envelope.source, envelope.number)
            sent.again = question in self._asked
            self._asked.add(question)
        self._flying[(*ends, number)] = sent
        self.moments.append(sent)

    def _noted(self, event: Event) -> None:
        fields = event.fields
        call = self.calls.of_name(str(fields.get("transaction") or fields.get("call") or ""))
        self.moments.append(Noted(event.us, event.name, str(fields.get("host", "")), fields, call))


def recording_of(
    recorder: Recorder,
    origin: Origin,
    operations: Sequence[Operation],
    *,
    result: Result | None = None,
    witness: Witness | None = None,
) -> Recording:
    """Put together what a recorder has kept and what is known besides."""
    return Recording(
        origin,
        recorder.moments,
        recorder.unkept,
        operations,
        recorder.calls,
        result,
        witness,
        recorder.end_us,
    )
