"""Mutants from real history: bugs that others had, and published, in the words of this protocol.

Each does to a rule of ours what theirs did to a rule of theirs; `source` says whose it was.  Some
such bugs were in this zoo before anybody looked for them: those bear their source where they are.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from coordinator import write
from coordinator.ledger import Entry, Transaction
from coordinator.write import Answer, Tools
from items.actions import Action, Check
from items.errors import TRANSACTION_CONFLICT_REASON
from network.ids import NEVER
from network.messages import Cancel, Failed, Finished, Read, Reject, from_frame
from network.placement import HASHES, NOTHING, Range
from partition import rules
from partition.machine import Machine
from partition.now import Now
from partition.server import PartitionServer
from partition.storage import Changes
from sim.disk import SimulatedDisk
from sim.mutants.decisions import around_finish
from sim.mutants.mutant import WRONG_DATA, WRONG_READ, Hint, mutant
from sim.mutants.patches import Patches
from sim.mutants.prepares import SKEWED

SLOW_DISKS = {"disk.sync_us": "5000..20000", "faults.crashes": "20"}
SPLITS = {"faults.partition_splits": "4"}
HASTY = {"protocol.answer_deadline_us": "20000", "network.loss": "0.2"}


@mutant(
    "§3.1",
    "A read is answered at once, before what it shows is durable.",
    "dirty reads: somebody has seen what a crash takes back",
    kinds=(*WRONG_READ, "stale read", "garbage read"),
    hint=Hint("bank", SLOW_DISKS),
    source=(
        "VoltDB 6.3: reads were answered by one replica alone, and showed writes that were lost"
        " afterwards (Jepsen: VoltDB 6.3, 2016)"
    ),
)
def reads_show_what_is_not_durable(patches: Patches) -> None:
    @patches.around(PartitionServer, "receive")
    def receive(original: Any, self: Any, frame: Any) -> None:
        envelope = from_frame(frame)
        if not isinstance(envelope.message, Read):
            original(self, frame)
            return
        host = self._host  # It breaks a rule of that very class.
        output = self.machine.step(envelope, Now(host.now_us(), host.elapsed_us()))
        if self._observe is not None:
            self._observe(self.machine, envelope, output)
        self.peers.reply(envelope.source, envelope.number, output.reply)


@mutant(
    "§3.1",
    "A partition notes durably that a commit is carried out, and after that its data.",
    "lost updates: after a crash between the two nobody carries the commit out again",
    kinds=("applied unpromised", "application lost", *WRONG_DATA),
    hint=Hint("bank", SLOW_DISKS),
    source=(
        "etcd 3.5.0 to 3.5.2: how far the log had been applied was saved apart from the data, and a"
        " crash between the two lost some (etcd's postmortem of the v3.5 data inconsistency, 2022)"
    ),
)
def commits_are_noted_before_applied(patches: Patches) -> None:
    @patches.around(SimulatedDisk, "append")
    def append(
        original: Any, self: SimulatedDisk, changes: Changes, then: Callable[[], None]
    ) -> None:
        noted = []
        for key, record in changes.records:
            before = self.contents.records.get(key)
            if before is not None and before.ongoing is not None:
                ended = rules.cancel(before)
                if record is None or (record.ongoing is None and record != ended):
                    noted.append((key, ended))
        if noted:
            note = replace(changes, records=tuple(noted), tables=(), timestamp=NEVER)
            original(self, note, lambda: None)
        original(self, changes, then)


@mutant(
    "§3.2",
    "What comes too late is tried again with a new timestamp, and its writes are not judged again.",
    "lost updates: a condition that held once, and holds no longer, lets a write through",
    kinds=WRONG_DATA,
    hint=Hint("bank", SKEWED),
    source=(
        "TiDB 2.1.7: a transaction in conflict was tried again by itself, with a new timestamp and"
        " the writes worked out before (Jepsen: TiDB 2.1.7, 2019)"
    ),
)
def late_writes_are_not_judged_again(patches: Patches) -> None:
    @patches.around(write, "collect_votes")
    async def collect_votes(original: Any, transaction: Transaction, tools: Tools) -> Any:
        votes = await original(transaction, tools)
        refused = [vote for vote in votes if isinstance(vote, Reject)]
        if not refused or any(vote.in_the_way is None for vote in refused):
            return votes
        keys = write.keys_of(transaction)

        def cancel(mine: Any) -> Cancel:
            return Cancel(transaction.id, tuple(keys[n] for n in mine))

        patience = tools.options.patience(tools.options.answer_deadline_us)
        await tools.owners.ask(keys, cancel, patience)
        actions = tuple(unjudged(action) for action in transaction.actions)
        later = replace(transaction, timestamp=tools.timestamps.next(), actions=actions)
        return await original(later, tools)

    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Any, request: Any, action: Action) -> Any:
        ongoing = record.ongoing
        if ongoing is not None and ongoing.transaction == request.transaction:
            return record, rules.ACCEPT  # The rule asserts that there is one timestamp.
        return original(record, request, action)


def unjudged(action: Action) -> Action:
    return action if isinstance(action, Check) else replace(action, condition=None)


@mutant(
    "§3.3",
    "A commit that is not acknowledged in time is told as a cancellation.",
    "'cancelled' for what is carried out after all",
    kinds=("cancelled and committed",),
    hint=Hint("bank", HASTY),
    source=(
        "Redpanda 21.10.1: transactions of which clients were told that they had surely failed were"
        " committed (Jepsen: Redpanda 21.10.1, 2022)"
    ),
)
def silence_is_told_as_cancelled(patches: Patches) -> None:
    @around_finish(patches)
    async def finish(
        original: Any, transaction: Transaction, entry: Entry, tools: Any, answer: Answer
    ) -> None:
        reasons = (TRANSACTION_CONFLICT_REASON,) * max(1, len(transaction.actions))

        def told(outcome: Finished | Failed) -> None:
            is_silent = isinstance(outcome, Failed)
            answer(Finished(reasons, replayed=False) if is_silent else outcome)

        await original(transaction, entry, tools, told)


@mutant(
    "§3.1",
    "A partition that has given a range away goes on answering reads of it, from what is left.",
    "stale reads, and items that seem to be missing",
    kinds=(*WRONG_READ, "stale read", "garbage read"),
    hint=Hint("bank", SPLITS),
    source=(
        "CockroachDB: reads raced with the removal of the replica that they were reading, and"
        " missed data (Technical Advisory 64325, 2021)"
    ),
)
def parents_answer_reads_of_what_left(patches: Patches) -> None:
    @patches.around(Machine, "_read")
    def read_items(original: Any, self: Any, *asked: Any) -> Any:
        served = self._range  # It breaks a rule of that very class.
        if served == NOTHING:
            return original(self, *asked)
        self._range = Range(0, HASHES)
        try:
            return original(self, *asked)
        finally:
            self._range = served
