"""The calls of clients, and which messages and changes belong to them.

A call is what a client asks for once, whatever number of attempts it takes: `k1/12`.  Inside it is
known by its attempts, its token (the key of its ledger entry), and its transaction's id.  A message
belongs to a call if it names it by one of these, or answers a message that does.
"""

from items.actions import Action, Put
from items.data import data
from network.ids import Timestamp
from network.messages import (
    Envelope,
    Prepare,
    Request,
    Write,
)
from network.placement import LEDGER_TABLE
from partition.storage import Changes
from sim.belonging import entry_in, named_in
from sim.checkers.entries import batch_of


@data
class Prepared:
    """A transaction of a call: mostly one, another one where a token begins anew."""

    id: str
    timestamp: Timestamp


class Calls:
    """All calls of a run, in the order in which they began."""

    def __init__(self) -> None:
        self.transactions: dict[str, list[Prepared]] = {}  # By call.
        self._names: dict[str, str] = {}  # By attempt, token and transaction's id.
        self._questions: dict[tuple[str, int], str] = {}  # By asker and number.

    def of_message(self, envelope: Envelope, target: str) -> str:
        """Return the call that a message belongs to; empty if it is nobody's.

        Every message has to pass here, in the order in which they are sent.
        """
        if envelope.reply_to:
            return self._questions.get((target, envelope.reply_to), "")
        message = envelope.message
        if isinstance(message, Request):
            call = self._asked(envelope, message)
        else:
            call = self.of_name(named_in(message))
            if call and isinstance(message, Prepare):
                self._prepared(call, message)
            elif call and isinstance(message, Write):
                self._entered(call, message.action)
        if call:
            self._questions[envelope.source, envelope.number] = call
        return call

    def _asked(self, envelope: Envelope, request: Request) -> str:
        """Note an attempt of a call as it leaves its client."""
        attempt = f"{envelope.source}#{envelope.number}"
        call = request.call or attempt
        self.transactions.setdefault(call, [])
        self._names[attempt] = self._names[call] = call
        token = request.body.get("ClientRequestToken")
        if token:
            self._names[str(token)] = call
        return call

    def _prepared(self, call: str, prepare: Prepare) -> None:
        self._names.setdefault(prepare.transaction, call)
        known = self.transactions[call]
        if all(one.id != prepare.transaction for one in known):
            known.append(Prepared(prepare.transaction, prepare.timestamp))

    def _entered(self, call: str, action: Action) -> None:
        """Note under which id a transaction is to be entered; the ledger may have another one."""
        if action.table == LEDGER_TABLE and isinstance(action, Put):
            self._names.setdefault(str(action.item["Transaction"][1]), call)

    def of_name(self, name: str) -> str:
        """Return the call that is known by this name, or has such an entry; empty if none is."""
        return self._names.get(name) or self._names.get(batch_of(name), "")

    def of_changes(self, changes: Changes) -> str:
        """Return the call that an append belongs to; empty if it is nobody's."""
        call = self.of_name(changes.cause)
        return call or self.of_name(entry_in([key for key, _ in changes.records]))
