"""Coordinators: what one answer makes of one situation, worked out once.

A coordinator at work is a coroutine, which nobody can copy.  But it does the same again when it is
told the same, so a situation is all that it was told: its request, and the answer to each of its
questions, in the order of the questions.  (Of the answers to one fan-out the order is no matter:
the coordinator goes on when it has all of them.)  Each step begins a coordinator anew, on a host of
its own, tells it all that, and looks what it has said since.

Each transaction, and each recovery of one, has a coordinator of its own: two tasks of one host
share nothing that matters but its crash.
"""

from collections.abc import Hashable

from coordinator.options import CoordinatorOptions
from coordinator.server import CoordinatorServer
from items.data import data
from network.host import Host
from network.ids import TransactionId, transaction_id
from network.messages import Envelope, Message, Recover, from_frame, to_frame
from sim.bugs import said_of
from sim.loop import new_loop
from sim.script_world import CalmChance
from sim.search.explore.frozen import frozen
from sim.search.explore.world import World

WAIT_US = 26_000_000  # Longer than any time limit of a question that has one.
INCARNATION = 1


@data
class Heard:
    """One answer that a coordinator was given, or the silence that it took for one."""

    fanout: int  # The number of the first question that was asked together with this one.
    is_silence: bool
    number: int  # Of the question; of silence, of the first one without an answer.
    reply: Message | None


@data
class Coordinator:
    """One situation of a coordinator that is at work."""

    name: str
    source: str  # Who asked it …
    first: bytes  # … and what.
    told: tuple[Heard, ...]
    said_count: int  # Messages that it has sent so far.
    fanout: int  # The number of the first of the questions that it has asked last.
    questions: tuple[int, ...]  # Those without an answer, by number.
    transaction: TransactionId | str  # Which it drives; empty if it only reads.


@data
class Turn:
    """What came of telling a coordinator something."""

    coordinator: int | None  # The situation afterwards; None: it has nothing left to do.
    asked: tuple[tuple[str, bytes], ...]  # New questions: to whom, and the frame.
    answers: tuple[Envelope, ...]  # What its client is told.
    bug: str  # What a node has raised, if it has.


class Coordinators:
    """All situations of all coordinators by number, and the steps between them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.all: list[Coordinator] = []
        self._numbers: dict[Hashable, int] = {}
        self._turns: dict[Hashable, Turn | None] = {}

    def begin(self, name: str, first: bytes) -> Turn:
        """Let a coordinator begin with a request."""
        key = name, first
        known = self._turns.get(key)
        if known is None:
            source, _, _, message = from_frame(first)
            drives = message.transaction if isinstance(message, Recover) else self._minted(name)
            blank = Coordinator(name, source, first, (), 0, 0, (), drives)
            known = self._turns[key] = self._turn(blank, blank.told)
        assert known is not None, "a request leads to something"
        return known

    def hear(self, coordinator: int, number: int, heard: int, reply: Message) -> Turn:
        """Let a coordinator hear the answer to one of its questions; `heard` numbers it."""
        key = coordinator, number, heard
        known = self._turns.get(key)
        if known is None:
            before = self.all[coordinator]
            told = Heard(before.fanout, False, number, reply)
            known = self._turns[key] = self._turn(before, _in_order(before.told, told))
        assert known is not None, "whoever waits for an answer takes it"
        return known

    def give_up(self, coordinator: int) -> Turn | None:
        """Let a coordinator wait for so long that it goes on without; None if it never does."""
        key = coordinator, "silence"
        if key not in self._turns:
            before = self.all[coordinator]
            assert before.questions, "who is at work waits for somebody"
            told = Heard(before.fanout, True, before.questions[0], None)
            turn = self._turn(before, _in_order(before.told, told))
            goes_on = turn.asked or turn.answers or turn.coordinator is None
            self._turns[key] = turn if goes_on else None
        return self._turns[key]

    def _minted(self, name: str) -> TransactionId:
        """Return the id of the transaction that a coordinator mints for its one request."""
        return transaction_id(node=name, incarnation=INCARNATION, count=1, chance=0)

    def _turn(self, before: Coordinator, told: tuple[Heard, ...]) -> Turn:
        said, is_over, bug = _replayed(self._world, before.name, before.first, told)
        fresh = said[before.said_count :]
        new = tuple([one.number for _, one, _ in fresh if not one.reply_to])
        heard = {one.number for one in told}
        # Whoever gives up does so on all that he asked together.
        gave_up = any(one.is_silence and one.fanout == before.fanout for one in told)
        old = () if gave_up else tuple([one for one in before.questions if one not in heard])
        after = Coordinator(
            before.name,
            before.source,
            before.first,
            told,
            len(said),
            new[0] if new else before.fanout,
            (*old, *new),
            before.transaction,
        )
        return Turn(
            None if is_over else self._number(after),
            tuple([(target, frame) for target, one, frame in fresh if not one.reply_to]),
            tuple([one for _, one, _ in fresh if one.reply_to]),
            bug,
        )

    def _number(self, coordinator: Coordinator) -> int:
        key = coordinator.name, coordinator.first, frozen(coordinator.told)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.all)
            self.all.append(coordinator)
        return number


def _in_order(told: tuple[Heard, ...], one: Heard) -> tuple[Heard, ...]:
    """Add what was told; of one fan-out the answers come by number, and silence after them."""
    return tuple(sorted((*told, one), key=lambda each: (each.fanout, each.is_silence, each.number)))


Said = tuple[str, Envelope, bytes]


class _Network:
    """A `Transport` that keeps what is sent, each message once: what is repeated says nothing."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self._numbers: set[int] = set()

    def send(self, _: str, target: str, frame: bytes) -> None:
        envelope = from_frame(frame)
        if envelope.number not in self._numbers:
            self._numbers.add(envelope.number)
            self.said.append((target, envelope, frame))


class _Clock:
    """A `Clock` that stands still."""

    def __init__(self, us: int) -> None:
        self._us = us

    def now_us(self) -> int:
        return self._us


def _replayed(
    world: World, name: str, first: bytes, told: tuple[Heard, ...]
) -> tuple[list[Said], bool, str]:
    """Begin a coordinator and tell it all this; return what it says, and whether it is through."""
    loop, network, bugs = new_loop(), _Network(), list[str]()
    host = Host(
        name,
        INCARNATION,
        loop=loop,
        transport=network,
        clock=_Clock(world.clock_us(name)),
        timers=loop,
        chance=CalmChance(),
    )
    host.failed = lambda _, error: bugs.append(said_of(error))
    try:
        server = CoordinatorServer(host, world.placement(), CoordinatorOptions())
        server.receive(first)
        loop.run_for(0)
        for one in told:
            if one.is_silence:
                loop.run_for(WAIT_US)
            else:
                assert one.reply is not None, "silence has a place of its own"
                server.receive(to_frame("", one.number, one.number, one.reply))
                loop.run_for(0)
    except Exception as error:  # noqa: BLE001  # A node's bug: that is a finding.
        bugs.append(said_of(error))
    is_over = not vars(host)["_tasks"]
    host.crash()
    loop.run_for(0)
    return network.said, is_over, bugs[0] if bugs else ""
