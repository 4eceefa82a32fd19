"""Before a partition: some of what arrives there is refused, as the partition would refuse it.

A refusal that is made up here must be as true as any: whoever is told 'conflict' or 'throttled' may
believe that this did not happen.  So all copies of one message meet the same fate, and what a
partition that came back would refuse is left to it.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from items.errors import (
    PROVISIONED_THROUGHPUT_EXCEEDED,
    PROVISIONED_THROUGHPUT_EXCEEDED_REASON,
    TRANSACTION_CONFLICT,
    TRANSACTION_CONFLICT_REASON,
    DynamoDBError,
)
from items.keys import Key
from items.typed_json import from_json
from items.values import AttributeValue
from network.host import Chance, Site, Transport
from network.ids import TransactionId
from network.messages import (
    Accept,
    Envelope,
    Message,
    OfRange,
    Prepare,
    Read,
    Reading,
    Readings,
    Reject,
    Scan,
    Throttled,
    Votes,
    Write,
    WriteRefused,
    from_frame,
    to_frame,
)
from partition.machine import Machine
from partition.server import PartitionServer
from twophase.local.faults import Faults, Next

PARTS = 1 << 32
NUMBERS = 1 << 32  # A site counts its draws below this; messages of one incarnation do as well.
NOBODY = TransactionId("00000000-0000-8000-8000-000000000000")  # In the way, and never there.


class Told(Protocol):
    """Who knows how much trouble there is to be, and counts what there was."""

    faults: Faults
    marks: dict[str, "Mark"]
    chance: Chance

    def count(self, what: str) -> None: ...


class Gate:
    """Stands before one partition: some of what arrives is refused as the partition would."""

    def __init__(
        self, name: str, server: PartitionServer, network: Transport, trouble: Told
    ) -> None:
        self._name, self._network, self._trouble = name, network, trouble
        self._machine: Machine = server.machine
        self._receive = server.receive
        self._sites: dict[tuple[str, str], Site] = {}

    def receive(self, frame: bytes) -> None:
        faults, marks = self._trouble.faults, self._trouble.marks
        if faults.conflict == 0.0 and faults.throttle == 0.0 and not marks:
            self._receive(frame)
            return
        envelope = from_frame(frame)
        mark = marks.get(asked_for(envelope.message)) if marks else None
        if mark is not None:
            answer = mark.answer(envelope.message, self._machine.incarnation)
            if answer is not None:
                self._say(envelope, answer)
                return
        if self._happens(faults.conflict, "conflict", envelope):
            answer = self._conflict(envelope)
            if answer is not None:
                self._trouble.count("conflict")
                self._say(envelope, answer)
                return
        machine = self._machine
        machine.throttled = self._happens(faults.throttle, "throttle", envelope)
        if machine.throttled:
            self._trouble.count("throttle")
        self._receive(frame)
        machine.throttled = False

    def _say(self, envelope: Envelope, answer: Message) -> None:
        told = to_frame(self._name, 0, envelope.number, answer)
        self._network.send(self._name, envelope.source, told)

    def _happens(self, probability: float, what: str, envelope: Envelope) -> bool:
        """Draw by the message's own number: all copies of a message meet the same fate.

        Otherwise a write could be carried out, and its copy be told that it surely was not.
        """
        if probability == 0.0 or not is_new_work(envelope.message):
            return False
        site = self._sites.get((what, envelope.source))
        if site is None:
            site = self._trouble.chance.site(f"{self._name} {what} {envelope.source}")
            self._sites[what, envelope.source] = site
        return site.at(envelope.number % NUMBERS, PARTS) >= PARTS - probability * PARTS

    def _conflict(self, envelope: Envelope) -> Message | None:
        """Make the answer of somebody whose item is ongoing; None for whoever cannot meet that."""
        message = envelope.message
        # One item is in the way, the others are not.
        place = envelope.number
        match message:
            case Prepare(actions=actions):
                votes: list[Accept | Reject] = [Accept()] * len(actions)
                votes[place % len(actions)] = Reject(TRANSACTION_CONFLICT_REASON, None)
                return Votes(tuple(votes))
            case Write(incarnation=incarnation) if incarnation == self._machine.incarnation:
                kind = TRANSACTION_CONFLICT
                return WriteRefused.of(kind)
            case Read(keys=keys, round=1):
                readings = [Reading(None, 0, None)] * len(keys)
                readings[place % len(keys)] = Reading(None, 0, NOBODY)
                return Readings(tuple(readings))
            case _:
                return None


class Mark:
    """What is to happen to one request, where its item is."""

    def __init__(self, step: Next, wanted: list[AttributeValue] | None) -> None:
        self._conflicts = step.what == "conflict"
        self._wanted = wanted  # The item's attributes; None: whichever item the request is about.

    def answer(self, message: Message, incarnation: int) -> Message | None:
        """Answer in the partition's place; None if this is not about the item."""
        conflicts = self._conflicts
        match message:
            case Prepare(actions=actions):
                met = [self._is_it(action.key) for action in actions]
                reason = (
                    TRANSACTION_CONFLICT_REASON
                    if conflicts
                    else PROVISIONED_THROUGHPUT_EXCEEDED_REASON
                )
                votes = tuple([Reject(reason, None) if one else Accept() for one in met])
                return Votes(votes) if any(met) else None
            case Write(incarnation=meant, action=action) if meant == incarnation:
                kind = TRANSACTION_CONFLICT if conflicts else PROVISIONED_THROUGHPUT_EXCEEDED
                refused = WriteRefused.of(kind)
                return refused if self._is_it(action.key) else None
            case Read(keys=keys, round=number) if number < 2:
                met = [self._is_it(key) for _, key in keys]
                if not any(met):
                    return None
                if not conflicts:
                    return Throttled()
                return Readings(tuple([Reading(None, 0, NOBODY if one else None) for one in met]))
            case _:
                return None

    def _is_it(self, key: Key) -> bool:
        return self._wanted is None or all(value in self._wanted for value in key)


def is_new_work(message: Message) -> bool:
    """Say whether a client asks for this: refused, it leaves nothing half done."""
    question = message.question if isinstance(message, OfRange) else message
    return isinstance(question, Prepare | Write | Read | Scan)


def asked_for(message: Message) -> str:
    """Return the name of the request, or of the transaction's entry, that a message is about."""
    match message:
        case Prepare(entry=entry):
            return entry
        case Write(request=request):
            return request
        case Read(request=request):
            return request.partition("/")[0]
        case _:
            return ""


def wanted(body: Mapping[str, Any], place: int) -> list[AttributeValue] | None:
    """Find the attributes of a transaction's item; None for requests of one item."""
    if "TransactItems" not in body:
        return None
    try:
        (entry,) = body["TransactItems"][place - 1].values()
        attributes = entry.get("Key") or entry.get("Item")
        return [from_json(value) for value in attributes.values()]
    except (DynamoDBError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return []  # A request that is wrong, or has no such item: its router will say so.
