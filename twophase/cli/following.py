"""Follows the first transactions of a run through all messages, for their stories.

A message belongs to a transaction if it names it: by the client's call or attempt, by its token
(which is its entry's key in the ledger), by its id - or if it answers a message that does.
"""

from typing import Any

from items.data import data
from network.messages import (
    Envelope,
    Message,
    Prepare,
    Request,
    Write,
    from_frame,
)
from partition.storage import Changes
from sim.belonging import entered_by, entry_in, named_in
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION
from sim.trace import Event
from sim.words import Words

FOLLOWED_MAX = 3
LINES_MAX = 500  # Of one transaction.


class Sent:
    """A message of a transaction, and what became of it."""

    def __init__(
        self, us: int, source: str, target: str, message: Message, *, again: bool = False
    ) -> None:
        self.us, self.source, self.target, self.message = us, source, target, message
        self.again = again  # The same question has been asked before.
        self.arrived_us: list[int] = []
        self.lost: str = ""  # Why.


@data
class Noted:
    """Something that happened on one host."""

    us: int
    host: str
    event: str
    changes: Changes | None = None  # What became durable, if that was it.


class Followed:
    """One transaction."""

    def __init__(self, call: str, operation: str) -> None:
        self.call, self.operation = call, operation
        self.lines: list[Sent | Noted] = []  # In the order of time.

    def add(self, line: Sent | Noted) -> None:
        if len(self.lines) < LINES_MAX:
            self.lines.append(line)


class Follower:
    """A `sim.trace.Listener` that keeps what belongs to the first transactions."""

    def __init__(self) -> None:
        self.followed: list[Followed] = []
        self.hosts: list[Noted] = []  # Crashes and restarts, of whatever host.
        self.words = Words()  # Who is called what: t1 is one transaction in all stories.
        self._names: dict[str, Followed] = {}  # By call, token, attempt and id.
        self._asked: dict[tuple[str, int], Followed] = {}  # By asker and question.
        self._flying: dict[tuple[str, str, int], Sent] = {}  # By link and number.

    def __call__(self, event: Event) -> None:
        fields = event.fields
        match event.name:
            case "message.sent":
                self._sent(event.us, fields)
            case "message.delivered":
                sent = self._of_link(fields)
                if sent is not None:
                    sent.arrived_us.append(event.us)
            case "message.lost":
                sent = self._of_link(fields)
                if sent is not None:
                    sent.lost = fields["because"]
            case "change.durable":
                self._durable(event.us, fields["host"], fields["changes"])
            case "host.crashed" | "host.started":
                self.hosts.append(Noted(event.us, fields["host"], event.name))
            case _:
                followed = self._names.get(fields.get("transaction", ""))
                if followed is not None:
                    followed.add(Noted(event.us, fields["host"], event.name))

    def _of_link(self, fields: dict[str, Any]) -> Sent | None:
        link = fields["link"]
        return self._flying.get((link.source, link.target, fields["number"]))

    def _sent(self, us: int, fields: dict[str, Any]) -> None:
        link, envelope = fields["link"], from_frame(fields["frame"])
        self._name(envelope.message)
        followed = self._whose(envelope, link.target)
        if followed is None:
            return
        question = (envelope.source, envelope.number)
        again = not envelope.reply_to and question in self._asked
        if not envelope.reply_to:
            self._asked[question] = followed
        sent = Sent(us, link.source, link.target, envelope.message, again=again)
        self._flying[link.source, link.target, fields["number"]] = sent
        followed.add(sent)

    def _name(self, message: Message) -> None:
        """Name a transaction as it is entered, followed or not, as a report does."""
        match message:
            case Prepare(transaction=name):
                self.words.transaction(name)
            case Write() if entered := entered_by(message):
                self.words.transaction(entered)
            case _:
                pass

    def _whose(self, envelope: Envelope, target: str) -> Followed | None:
        """Return the transaction that a message belongs to, if that is followed."""
        if envelope.reply_to:
            return self._asked.get((target, envelope.reply_to))
        message = envelope.message
        if isinstance(message, Request):
            return self._request(envelope, message)
        followed = self._names.get(named_in(message))
        if followed is not None and isinstance(message, Prepare):
            self._names[message.transaction] = followed
        return followed

    def _request(self, envelope: Envelope, request: Request) -> Followed | None:
        """Begin to follow a client's transaction if it is one of the first, or go on with it."""
        call = request.call or ""
        followed = self._names.get(call)
        if followed is None:
            is_transaction = request.operation in (WRITE_TRANSACTION, READ_TRANSACTION)
            if not call or not is_transaction or len(self.followed) == FOLLOWED_MAX:
                return None
            followed = self._names[call] = Followed(call, request.operation)
            self.followed.append(followed)
            token = request.body.get("ClientRequestToken")
            if token:
                self._names[token] = followed
        self._names[f"{envelope.source}#{envelope.number}"] = followed
        return followed

    def _durable(self, us: int, host: str, changes: Changes) -> None:
        followed = self._names.get(changes.cause)
        if followed is None:
            followed = self._names.get(entry_in([key for key, _ in changes.records]))
        if followed is not None:
            followed.add(Noted(us, host, "change.durable", changes))
