"""Whose message it is: the request of a client that it belongs to, named k2.1, k2.2 and so on.

A message belongs to a request if it names it - by the client's call, by its token, which is its
entry's key in the ledger, by the transaction's id - or if it answers a message that does.  Requests
are counted client by client since the trouble began, so that a name stays what it is when another
client asks for less.
"""

from collections import Counter

from network.messages import (
    Envelope,
    Message,
    Prepare,
    Request,
)
from sim.belonging import named_in


class Whose:
    """The requests of one run, and which messages are theirs."""

    def __init__(self) -> None:
        self._requests: dict[str, str] = {}  # By call, token, attempt and transaction.
        self._questions: dict[tuple[str, int], str] = {}  # By asker and number.
        self._counts: Counter[str] = Counter()

    def of(self, envelope: Envelope, target: str) -> str:
        """Return the name of the request that a message belongs to; '' if it is nobody's.

        Every message has to pass here, in the order in which they are sent.
        """
        if envelope.reply_to:
            return self._questions.get((target, envelope.reply_to), "")
        name = self._of(envelope, envelope.message)
        if name:
            self._questions[envelope.source, envelope.number] = name
        return name

    def request_of(self, name: str) -> str:
        """Return the request that a call, a token or a transaction is; '' if none is known."""
        return self._requests.get(name, "")

    def _of(self, envelope: Envelope, message: Message) -> str:
        if isinstance(message, Request):
            return self._asked(envelope, message)
        name = self._requests.get(named_in(message), "")
        if name and isinstance(message, Prepare):
            self._requests[message.transaction] = name
        return name

    def _asked(self, envelope: Envelope, request: Request) -> str:
        call = request.call or f"{envelope.source}#{envelope.number}"
        name = self._requests.get(call)
        if name is None:
            self._counts[envelope.source] += 1
            name = self._requests[call] = f"{envelope.source}.{self._counts[envelope.source]}"
            token = request.body.get("ClientRequestToken")
            if token:
                self._requests[token] = name
        self._requests[f"{envelope.source}#{envelope.number}"] = name
        return name
