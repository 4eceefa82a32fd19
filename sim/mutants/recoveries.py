"""Mutants of recovery: what becomes of transactions that nobody finishes (§3.5)."""

from dataclasses import replace
from typing import Any

from coordinator import recovery, server
from coordinator.ledger import Ledger, State, Transaction, entry_of
from coordinator.manager import RecoveryManager
from coordinator.write import Tools
from items.actions import Action
from network.messages import Cancel, Commit, Done, Prepare, Recover
from partition import rules
from partition.machine import Machine
from partition.record import Record
from sim.mutants.decisions import keys_of
from sim.mutants.mutant import IMPATIENT, OF_TRANSACTIONS, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches


@mutant(
    "§3.5",
    "There is no recovery.",
    "items are held up for ever by what a crashed coordinator has left",
    code="M35",
    kinds=("unfinished",),
    hint=Hint("bookshop"),
)
def nobody_recovers(patches: Patches) -> None:
    async def recover(*_: Any) -> None: ...

    patches.set(server, "recover", recover)


@mutant(
    "§3.5",
    "Recovery cancels whatever it finds, also what was decided to be committed.",
    "half transactions: committed here, cancelled there",
    code="M21",
    kinds=(*WRONG_DATA, "read refuted"),
    hint=Hint("orders-and-payments"),
)
def recovery_always_cancels(patches: Patches) -> None:
    @patches.around(recovery, "recover")
    async def recover(original: Any, message: Recover, tools: Tools) -> None:
        entry = await tools.ledger.find(message.entry)
        if entry is not None and entry.transaction.actions:
            for node, keys in keys_of(entry.transaction, tools).items():
                order = Cancel(message.transaction, keys)
                reply = await tools.peers.ask(node, order, tools.options.patience(None))
                assert isinstance(reply, Done), "a partition knows its keys"
        await original(message, tools)

    patches.set(server, "recover", recovery.recover)


@mutant(
    "§3.5",
    "Recovery commits what it finds undecided, without asking for the votes.",
    "half transactions: what was rejected is missing",
    code="M36",
    kinds=(*WRONG_DATA, "commit lost"),
    hint=Hint("bank", IMPATIENT),
)
def recovery_presumes_commit(patches: Patches) -> None:
    @patches.around(recovery, "recover")
    async def recover(original: Any, message: Recover, tools: Tools) -> None:
        entry = await tools.ledger.find(message.entry)
        if entry is not None and entry.state is State.PREPARING:
            await tools.ledger.decide(entry.transaction, ())
        await original(message, tools)

    patches.set(server, "recover", recovery.recover)


@mutant(
    "§3.5",
    "Recovery gives the transaction that it takes over a timestamp of its own.",
    "items of one transaction bear two timestamps, and the ledger a third",
    kinds=WRONG_DATA,
    hint=Hint("hot-keys", IMPATIENT),
)
def recovery_stamps_anew(patches: Patches) -> None:
    @patches.around(recovery, "drive")
    async def drive(original: Any, transaction: Any, tools: Tools, answer: Any) -> None:
        stamped = replace(transaction, timestamp=tools.timestamps.next())
        await original(stamped, tools, answer)

    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Any:
        ongoing = record.ongoing
        if ongoing is not None and ongoing.transaction == request.transaction:
            return record, rules.ACCEPT  # The rule asserts that there is one timestamp.
        return original(record, request, action)


@mutant(
    "§3.5",
    "A prepare that its own cancel overtook is nobody's business: what is completed is done.",
    "items are held up for ever by promises that came too late",
    code="M34",
    kinds=("unfinished",),
    hint=Hint("bank"),
    source=(
        "Apache Kafka: a write that came after its transaction had been aborted began another one,"
        " which nobody ended ('hanging transactions', KIP-890)"
    ),
)
def orphans_are_left(patches: Patches) -> None:
    @patches.around(recovery, "recover")
    async def recover(original: Any, message: Recover, tools: Tools) -> None:
        entry = await tools.ledger.find(message.entry)
        if entry is not None and entry.state is not State.COMPLETED:
            await original(message, tools)

    patches.set(server, "recover", recovery.recover)


@mutant(
    "§3.5",
    "Partitions tell nobody of transactions that have been ongoing on them for too long.",
    "items are held up for ever by promises that came too late",
    kinds=("unfinished",),
    hint=Hint("bank"),
)
def partitions_keep_quiet(patches: Patches) -> None:
    patches.set(Machine, "_stalled", lambda *_: ())


@mutant(
    "§3.5",
    "A transaction that the ledger no longer knows counts as committed; cancelled ones go at once.",
    "what was cancelled is carried out, by a late prepare and the recovery of its promise",
    kinds=(*WRONG_DATA, "cancelled and committed", "token applied twice", "applied uncommitted"),
    hint=Hint("bank", IMPATIENT),
)
def missing_entries_mean_commit(patches: Patches) -> None:
    @patches.around(Ledger, "complete")
    async def complete(
        original: Any, self: Ledger, transaction: Transaction, *, committed: bool
    ) -> None:
        await original(self, transaction, committed=committed)
        if not committed:
            await self.purge(transaction.entry, transaction.id)

    @patches.around(recovery, "recover")
    async def recover(original: Any, message: Recover, tools: Tools) -> None:
        entry = await tools.ledger.find(message.entry)
        is_gone = entry is None or entry.transaction.id != message.transaction
        if not is_gone or not message.partition:
            await original(message, tools)
            return
        order = Commit(message.transaction, message.keys)
        patience = tools.options.patience(tools.options.answer_deadline_us)
        await tools.peers.ask(message.partition, order, patience)

    patches.set(server, "recover", recovery.recover)


@mutant(
    "§3.5",
    "A recovery manager looks through the ledger nodes that there were at first, and no others.",
    "what a crashed coordinator has left stays PREPARING for ever, once the ledger has split",
    kinds=("unfinished",),
    blind=OF_TRANSACTIONS,
    hint=Hint(
        "bank",
        {
            "cluster.partitions": "1",
            "client.attempts_max": "1",
            "faults.partition_splits": "10",
            "faults.crashes": "30",
            "faults.downtime_us": "1000..100000",
        },
    ),
    needs={"client.attempts_max": "1", "faults.partition_splits": "10"},
)
def managers_learn_of_no_ledgers(patches: Patches) -> None:
    @patches.around(RecoveryManager, "_look_at_all")
    def look(original: Any, self: Any) -> None:
        if not self._looked_at:
            original(self)


@mutant(
    "§3.5",
    "A finished transaction is purged when an unfinished one would be stalled, not ten minutes on.",
    "a request is carried out again for whoever asks for it under the same token",
    kinds=("token applied twice", "token forgotten", "cancelled and committed", *WRONG_DATA),
    hint=Hint("work-queue", IMPATIENT),
)
def finished_entries_are_purged_early(patches: Patches) -> None:
    @patches.around(RecoveryManager, "__init__")
    def begun(original: Any, self: Any, *rest: Any) -> None:
        *others, options = rest
        early = replace(options, token_valid_us=options.stalled_after_us)
        original(self, *others, early)


@mutant(
    "§3.5",
    "What was decided long ago is purged, also where a partition has yet to hear of it.",
    "half transactions: what has no entry any more is taken for cancelled",
    kinds=("token forgotten", "cancelled and committed", "half a transaction", *WRONG_DATA),
    hint=Hint("bank", IMPATIENT),
)
def decided_entries_are_purged(patches: Patches) -> None:
    @patches.around(RecoveryManager, "_judge")
    async def judge(original: Any, self: Any, page: Any, stalled_lsn: int, old_lsn: int) -> None:
        for item, lsn in zip(page.items, page.lsns, strict=True):
            entry = entry_of(item)
            if entry.is_decided and entry.state is not State.COMPLETED and lsn <= stalled_lsn:
                committed = entry.state is State.COMMITTING
                await self._ledger.complete(entry.transaction, committed=committed)
                await self._ledger.purge(entry.transaction.entry, entry.transaction.id)
        await original(self, page, stalled_lsn, old_lsn)
