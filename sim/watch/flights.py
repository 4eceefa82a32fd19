"""Transactions and other calls in flight: how far each has come, item by item.

A call begins with its client's first request and is over when the client has its answer *and* the
ledger has completed its transaction: one that was answered may still be committing, and one that
nobody waits for any more may be recovered.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from coordinator.ledger import State, entry_of
from items.values import Item
from network.ids import NEVER
from network.messages import (
    Accept,
    Envelope,
    Eventual,
    Message,
    OfRange,
    Read,
    Readings,
    ReadTransaction,
    RecordKey,
    Request,
    Votes,
    Write,
    WriteRefused,
    WriteTransaction,
    Written,
)
from network.placement import LEDGER_TABLE, is_internal
from partition.storage import Changes
from sim.belonging import entered_by
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.report.calls import Calls
from sim.watch.flight import Flight, keys_of, short
from sim.watch.nodes import kind_of
from sim.watch.picture import (
    ACCEPTED,
    APPLIED,
    ASKED,
    FREED,
    NOT_ASKED,
    REJECTED,
    Decided,
    Going,
)
from sim.words import Words

QUESTIONS_MAX = 10_000  # Kept until they are answered; most of those that never are got lost.
FLIGHTS_MAX = 10_000


class Flights:
    """All calls under way, and the decisions that are made about them."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._flights: dict[str, Flight] = {}  # By call.
        self._calls = Calls()
        self._open: dict[str, Flight] = {}  # In the ledger and not completed, by transaction.
        self._questions: dict[tuple[str, int], tuple[Flight, Sequence[RecordKey]]] = {}

    def going(self) -> Iterator[Going]:
        return (flight.going(self._words) for flight in self._flights.values())

    def waiting(self) -> Counter[str]:
        """Say for how many calls each client waits."""
        return Counter(one.client for one in self._flights.values() if one.is_waited_for)

    def is_open(self, transaction: str) -> bool:
        """Say whether the ledger has a transaction that is not completed."""
        return transaction in self._open

    # Messages --------------------------------------------------------------------------------

    def sent(self, us: int, envelope: Envelope, target: str) -> None:
        """Take a message as it leaves; all of them have to pass here, in their order."""
        call, message = self._calls.of_message(envelope, target), envelope.message
        while isinstance(message, OfRange | Eventual):
            message = message.question
        if isinstance(message, Request):
            # Who reads streams asks for ever, and nobody notes what it is told.
            if kind_of(envelope.source) == "client":
                self._asked(us, call, message).client = envelope.source
        elif envelope.reply_to:
            self._replied((target, envelope.reply_to), message)
        elif call in self._flights:
            self._inside(self._flights[call], envelope, target, message)

    def _asked(self, us: int, call: str, request: Request) -> Flight:
        flight = self._flights.get(call)
        if flight is None:
            flight = self._begin(us, call, f"{request.operation} asked")
        flight.is_waited_for = True
        flight.attempts += request.incarnation > 0  # The first one only asks for its number.
        return flight

    def _begin(self, us: int, call: str, phase: str) -> Flight:
        if len(self._flights) >= FLIGHTS_MAX:
            del self._flights[next(iter(self._flights))]
        flight = self._flights[call] = Flight(us, call, phase)
        return flight

    def _inside(self, flight: Flight, envelope: Envelope, target: str, message: Message) -> None:
        if isinstance(message, WriteTransaction | ReadTransaction):
            if not flight.is_open:
                flight.phase = f"at {target}"
            for key in keys_of(message):
                flight.parts.setdefault(key, NOT_ASKED)
            return
        if isinstance(message, Read) and message.round:
            flight.phase = f"round {message.round}"
        if isinstance(message, Write) and (entered := entered_by(message)):
            flight.name = self._words.transaction(entered)
        keys = keys_of(message)
        if keys and not is_internal(keys[0][0]):
            self._ask(flight, (envelope.source, envelope.number), keys)

    def _ask(self, flight: Flight, question: tuple[str, int], keys: Sequence[RecordKey]) -> None:
        if len(self._questions) >= QUESTIONS_MAX:
            del self._questions[next(iter(self._questions))]
        self._questions[question] = flight, keys
        for key in keys:
            if flight.parts.get(key, NOT_ASKED) != APPLIED:
                flight.parts[key] = ASKED

    def _replied(self, question: tuple[str, int], message: Message) -> None:
        flight, keys = self._questions.pop(question, (None, ()))
        if flight is None:
            return
        match message:
            case Votes(votes=votes):
                signs = [ACCEPTED if isinstance(vote, Accept) else REJECTED for vote in votes]
            case Readings() | Written():
                signs = [ACCEPTED] * len(keys)
            case WriteRefused():
                signs = [REJECTED] * len(keys)
            case _:
                return
        for key, sign in zip(keys, signs, strict=False):
            if flight.parts.get(key) == ASKED:
                flight.parts[key] = sign

    # Durable changes -------------------------------------------------------------------------

    def durable(self, us: int, changes: Changes) -> Iterator[Decided | str]:
        """Take a change; give the decision that it makes, or the id of what it completes."""
        flight = self._open.get(changes.cause)
        for key, record in changes.records:
            if key[0] == LEDGER_TABLE:
                if record is not None and record.item is not None:
                    yield from self._entered(us, record.item)
            elif flight is not None:
                is_promised = record is not None and record.ongoing is not None
                ended = APPLIED if changes.timestamp != NEVER else FREED
                flight.sign(key, ACCEPTED if is_promised else ended)

    def _entered(self, us: int, item: Item) -> Iterator[Decided | str]:
        transaction, state = str(item["Transaction"][1]), str(item["State"][1])
        before = self._open.get(transaction)
        if state == State.COMPLETED if before is None else state == before.phase:
            return  # Another call was refused beside it.
        flight = self._open[transaction] = before or self._flight_of(us, transaction, item)
        flight.phase = state
        if state == State.COMPLETED:
            del self._open[transaction]
            flight.is_open = False
            if not flight.is_waited_for:
                self._flights.pop(flight.call, None)
            yield transaction
        elif state != State.PREPARING:
            yield self._decided(us, flight, item)

    def _flight_of(self, us: int, transaction: str, item: Item) -> Flight:
        """Return the flight of a transaction, which may be known by the ledger alone."""
        call = self._calls.of_name(transaction) or str(item["Entry"][1])
        flight = self._flights.get(call)
        if flight is None:
            flight = self._begin(us, call, "")
        flight.name, flight.is_open = self._words.transaction(transaction), True
        if not flight.parts:
            flight.entered = item
        return flight

    def _decided(self, us: int, flight: Flight, item: Item) -> Decided:
        codes: list[str] = []
        if flight.phase == State.CANCELLING:
            flight.read_entry()
            codes = [reason.code for reason in entry_of(item).reasons]
        outcome = "cancelled" if codes else "committed"
        parts = flight.ended(self._words, codes)
        return Decided(us, flight.name, short(flight.call), outcome, parts)

    # Answers ---------------------------------------------------------------------------------

    def answered(self, operation: Operation) -> Decided | None:
        """Take what a client was told in the end; a read transaction is decided by that."""
        flight = self._flights.get(operation.call)
        if flight is not None:
            flight.is_waited_for, flight.told = False, operation.outcome
            if not flight.is_open:
                del self._flights[operation.call]
        if operation.name != READ_TRANSACTION and not (
            operation.name == WRITE_TRANSACTION and operation.outcome == "unknown"
        ):
            return None
        codes = [str(reason["Code"]) for reason in operation.reasons]
        parts = () if flight is None else flight.ended(self._words, codes)
        name = "" if flight is None else flight.name
        return Decided(operation.returned_us, name, operation.call, operation.outcome, parts)
