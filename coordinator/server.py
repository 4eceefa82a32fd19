"""A coordinator's shell: requests in, a task for each, answers out.

A coordinator has no disk.  What it remembers between requests only saves work or gives a clock a
start; kill it at any line and recovery finishes what it began.
"""

from collections.abc import Coroutine
from typing import Any

from coordinator.ledger import REFUSED_CALLS_MAX, Entry, Ledger, Transaction
from coordinator.options import CoordinatorOptions
from coordinator.read import ReadTransactions
from coordinator.recovery import nobody_waits, recover
from coordinator.timestamps import Timestamps
from coordinator.tokens import MISMATCH, from_earlier, is_mismatch
from coordinator.write import Answer, Tools, drive, finish
from items.errors import (
    IDEMPOTENT_PARAMETER_MISMATCH,
    INTERNAL_SERVER_ERROR,
    TRANSACTION_IN_PROGRESS,
)
from network.host import Host
from network.ids import TransactionId, transaction_id
from network.messages import (
    Envelope,
    Failed,
    Finished,
    Frame,
    Message,
    ReadTransaction,
    Recover,
    WriteTransaction,
    from_frame,
)
from network.owners import Owners
from network.placement import Placement
from network.rpc import Peers

SIGHTINGS_MAX = 1_000  # Unfinished entries that retries ran into.


class CoordinatorServer:
    """One incarnation of a coordinator."""

    def __init__(self, host: Host, placement: Placement, options: CoordinatorOptions) -> None:
        self._host, self._options = host, options
        self._peers = Peers(host)
        owners = Owners(host, self._peers, placement)
        self._tools = Tools(
            self._peers,
            Ledger(host, self._peers, placement, options),
            Timestamps(host.name, host.now_us),
            options,
            host.note,
            owners,
        )
        self._reads = ReadTransactions(owners, options, host.note)
        self._id_site = host.site("transaction id")
        self._begun = 0
        self._working: set[tuple[str, int]] = set()  # Requests under way, by source and number.
        self._driving: set[TransactionId] = set()  # Transactions that recovery gave us.
        self._sightings: dict[TransactionId, int] = {}  # When a retry first saw it PREPARING.

    def receive(self, frame: Frame) -> None:
        """Take an answer, or begin a task for a request."""
        envelope = from_frame(frame)
        message = envelope.message
        if envelope.reply_to:
            self._peers.answered(envelope.reply_to, message)
        elif isinstance(message, Recover):
            self._take_over(message)
        elif (envelope.source, envelope.number) in self._working:
            pass  # A copy of a request that is under way waits with it for the one answer.
        elif isinstance(message, WriteTransaction):
            self._admit(envelope, self._write(envelope, message))
        elif isinstance(message, ReadTransaction):
            self._admit(envelope, self._read(envelope, message))

    def _take_over(self, message: Recover) -> None:
        """Drive a transaction, unless it is being driven here already or there are too many."""
        transaction, driving = message.transaction, self._driving
        if transaction not in driving and len(driving) < self._options.transactions_max:
            driving.add(transaction)
            self._host.spawn(self._recover(message))

    def _admit(self, envelope: Envelope, work: Coroutine[Any, Any, None]) -> None:
        if len(self._working) >= self._options.transactions_max:
            work.close()
            # No definite refusal: a copy of the request may find room, and be carried out.
            self._reply(envelope, Failed.of(INTERNAL_SERVER_ERROR))
            return
        self._working.add((envelope.source, envelope.number))
        self._host.spawn(work)

    def _reply(self, envelope: Envelope, message: Message) -> None:
        self._peers.reply(envelope.source, envelope.number, message)

    async def _read(self, envelope: Envelope, message: ReadTransaction) -> None:
        self._begun += 1
        answer = await self._reads.read(
            message.keys, f"{message.request}/{self._host.name}.{self._begun}"
        )
        self._working.discard((envelope.source, envelope.number))
        self._reply(envelope, answer)

    async def _write(self, envelope: Envelope, message: WriteTransaction) -> None:
        def answer(outcome: Finished | Failed) -> None:
            self._working.discard((envelope.source, envelope.number))
            self._reply(envelope, outcome)

        # The timestamp is taken at receipt, before the ledger is written (§3.2).
        self._begun += 1
        transaction = Transaction(
            transaction_id(
                node=self._host.name,
                incarnation=self._host.incarnation,
                count=self._begun,
                chance=self._id_site.below(1 << 26),
            ),
            message.token,
            self._tools.timestamps.next(),
            message.call,
            message.fingerprint,
            message.actions,
        )
        while True:
            entry = await self._tools.ledger.begin(transaction)
            if entry is None:
                answer(Failed.of(TRANSACTION_IN_PROGRESS))
                return
            if entry.transaction.id == transaction.id:
                self._host.note("token.begun_anew" if entry.refused else "transaction.begun")
                if entry.is_decided:  # Recovery was faster.
                    await finish(transaction, entry, self._tools, answer)
                else:
                    await drive(transaction, self._tools, answer)
                return
            if await self._meet(entry, message, answer):
                return

    async def _meet(self, entry: Entry, message: WriteTransaction, answer: Answer) -> bool:
        """Deal with the entry that is there already; False if the request is to begin anew."""
        ledger = self._tools.ledger
        if is_mismatch(entry, message):
            if len(entry.refused) >= REFUSED_CALLS_MAX:
                answer(Failed.of(INTERNAL_SERVER_ERROR))  # No refusal that would be forgotten.
                return True
            if not await ledger.refuse(entry, message.call, (MISMATCH,)):
                return False  # Somebody was faster: look again.
        outcome = from_earlier(entry, message)
        if outcome is not None:
            self._note_earlier(outcome, entry)
            if not entry.is_decided:
                self._sighted(entry.transaction)
            answer(outcome)
            return True
        if entry.is_cancelled and entry.transaction.call != message.call:
            # Another call's attempt, cancelled: help it out of the way.
            await finish(entry.transaction, entry, self._tools, nobody_waits)
            return False
        self._host.note("token.replayed", transaction=entry.transaction.id)
        await finish(entry.transaction, entry, self._tools, answer, replayed=True)
        return True

    def _note_earlier(self, outcome: Finished | Failed, entry: Entry) -> None:
        if isinstance(outcome, Finished):
            event = "token.replayed"
        elif outcome.error == IDEMPOTENT_PARAMETER_MISMATCH.name:
            event = "token.mismatched"
        elif outcome.error == TRANSACTION_IN_PROGRESS.name:
            event = "token.in_progress"
        else:
            return  # Too many were refused under this token: no mark of its own.
        self._host.note(event, transaction=entry.transaction.id)

    def _sighted(self, transaction: Transaction) -> None:
        """Note that a retry met an unfinished transaction; have it driven once it is stalled.

        The paper leaves this to recovery managers; AWS documents it of retries, after 5 s.
        """
        now_us = self._host.elapsed_us()
        if len(self._sightings) >= SIGHTINGS_MAX:
            self._sightings.clear()
        first_us = self._sightings.setdefault(transaction.id, now_us)
        if now_us - first_us >= self._options.stalled_after_us:
            del self._sightings[transaction.id]
            self._take_over(Recover(transaction.id, transaction.entry, "", ()))

    async def _recover(self, message: Recover) -> None:
        self._host.note("recovery.began", transaction=message.transaction)
        try:
            await recover(message, self._tools)
        finally:
            self._driving.discard(message.transaction)
