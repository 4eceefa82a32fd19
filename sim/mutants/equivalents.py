"""Mutants that change nothing that anybody could see: they must survive, and each says why.

Each shows that a safeguard, or a part of one, is there for another reason than safety.
"""

from dataclasses import replace
from typing import Any

from coordinator import read, recovery, server
from coordinator.ledger import State
from coordinator.write import Tools
from items.actions import Action
from network.messages import Cancel, Prepare, Recover
from partition import rules
from partition.record import Record
from sim.mutants.mutant import Hint, mutant
from sim.mutants.patches import Patches


@mutant(
    "§3.4",
    "A read transaction does not ask in its first round whether anything is ongoing.",
    "none: at most a second round that was in vain",
    code="M09b",
    why="What was ongoing in round 1 and has ended since has moved the LSN, or changed nothing;"
    " what is ongoing still is met in round 2.  Round 1's question only saves the second round.",
    hint=Hint("game-shop"),
)
def first_rounds_ignore_the_ongoing(patches: Patches) -> None:
    patches.set(read, "is_ongoing", lambda _: False)


@mutant(
    "§3.3",
    "A repeated prepare is judged afresh, as if its own promise were not there.",
    "none: the same vote, at the price of judging twice",
    code="M31",
    why="While a promise stands nobody else may change its item, so the same question about the"
    " same item has the same answer.  (Rejected for its own promise it would be a mutant that is"
    " found: `repeated-prepares-conflict`.)",
    hint=Hint("bank"),
    of_partition=True,
)
def repeated_prepares_are_judged_afresh(patches: Patches) -> None:
    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Any:
        ongoing = record.ongoing
        if ongoing is None or ongoing.transaction != request.transaction:
            return original(record, request, action)
        kept, vote = original(replace(record, ongoing=None), request, action)
        return (record if kept.ongoing == ongoing else kept), vote


@mutant(
    "§3.5",
    "What is ongoing for a completed transaction is cancelled, also if that one was committed.",
    "none: a completed commit has left nothing that is ongoing",
    why="COMPLETED is written when every commit is applied, and from then on the item's timestamp"
    " fences every late copy of the prepare.",
    hint=Hint("orders-and-payments"),
)
def completed_means_cancelled(patches: Patches) -> None:
    @patches.around(recovery, "recover")
    async def recover(original: Any, message: Recover, tools: Tools) -> None:
        entry = await tools.ledger.find(message.entry)
        if entry is None or entry.state is not State.COMPLETED or not message.partition:
            await original(message, tools)
            return
        order = Cancel(message.transaction, message.keys)
        patience = tools.options.patience(tools.options.answer_deadline_us)
        await tools.peers.ask(message.partition, order, patience)

    patches.set(server, "recover", recovery.recover)
