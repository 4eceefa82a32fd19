"""Mutants of what a request's token remembers, and of the ledger's memory (§2.3, §3.5)."""

from dataclasses import replace
from typing import Any

from coordinator import ledger
from coordinator.ledger import Entry, Ledger, State, Transaction
from network.ids import TransactionId
from sim.mutants.mutant import ONCE, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches

IMPATIENT_CLIENTS = {"client.attempt_deadline_us": "20000"}
# A cancelled call and another one under the same token: shipped workloads have a token a call.
TWO_REQUESTS = """k1: write check(b if exists) [token=T]
k2: at 12ms write put(d, 1) [token=T]
k2: get d
"""
TWO_CALLS = {
    "workload.requests": TWO_REQUESTS,
    "workload.clients": "2",
    "workload.transactions": "2",
    **IMPATIENT_CLIENTS,
    # That the first call is completed is told late, while the second one's commit is on its way.
    "faults.steps": '["delay write #4 to l1 by 60ms", "delay commit #1 by 300ms"]',
    "protocol.repeat_first_us": "1000000",  # And nobody asks again meanwhile.
}

# A decision on its way, while a retry has the transaction driven and another call begins anew.
OVERTAKEN = {
    "workload.requests": TWO_REQUESTS.replace("12ms", "400ms"),
    "workload.clients": "2",
    "workload.transactions": "2",
    **IMPATIENT_CLIENTS,
    "protocol.stalled_after_us": "50000",
    "faults.steps": '["delay write #3 to l1 by 450ms", "delay prepare #3 by 300ms"]',
    "protocol.repeat_first_us": "1000000",
}


@mutant(
    "§2.3",
    "Each attempt is entered in the ledger as a transaction of its own, whatever is there.",
    "a request whose answer was lost is carried out twice",
    code="M23",
    kinds=("token applied twice", "cancelled and committed", *WRONG_DATA),
    hint=Hint("bank"),
    source=(
        "MongoDB 4.2.6: a transaction that was tried again could take effect twice, and see itself"
        " (Jepsen: MongoDB 4.2.6, 2020)"
    ),
)
def tokens_are_forgotten(patches: Patches) -> None:
    @patches.around(ledger, "_entering")
    def entering(original: Any, entry: Entry, expected: Entry | None) -> Any:
        return replace(original(entry, expected), condition=None)


@mutant(
    "§2.3",
    "A call that was refused may begin anew under its token, if one of its copies comes late.",
    "'cancelled' for what is carried out after all",
    kinds=("cancelled and committed",),
    hint=Hint("bank"),
)
def refused_calls_begin_anew(patches: Patches) -> None:
    def may_begin_anew(found: Entry, _: str) -> bool:
        return found.state is State.COMPLETED and found.is_cancelled

    patches.set(ledger, "may_begin_anew", may_begin_anew)


@mutant(
    "§3.5",
    "A finished transaction is purged from the ledger at once, and its token with it.",
    "a request whose answer was lost is carried out twice",
    kinds=("token applied twice", "cancelled and committed", *WRONG_DATA),
    hint=Hint("bank"),
)
def entries_are_purged_at_once(patches: Patches) -> None:
    @patches.around(Ledger, "complete")
    async def complete(
        original: Any, self: Ledger, transaction: Transaction, *, committed: bool
    ) -> None:
        await original(self, transaction, committed=committed)
        await self.purge(transaction.entry, TransactionId(transaction.id))


@mutant(
    "§3.5",
    "That a transaction is completed is noted with whatever stands under its token by then.",
    "stale reads: 'committed' for a transaction whose commits are still on their way",
    kinds=("stale read",),
    hint=Hint("one-transaction", {**ONCE, **TWO_CALLS}),
    needs={"scenario": "one-transaction", **TWO_CALLS},
)
def completions_ask_for_no_owner(patches: Patches) -> None:
    @patches.around(ledger, "_update")
    def update(original: Any, key: Any, text: str, condition: str, values: Any) -> Any:
        if ":completed" in values:
            condition = condition.replace(" AND #transaction = :id", "")
        return original(key, text, condition, values)


@mutant(
    "§3.5",
    "A decision is made of whatever stands under its token by then.",
    "'cancelled' for what was wrong with another transaction, or 'committed' with its votes",
    kinds=("reason misplaced",),
    hint=Hint("one-transaction", {**ONCE, **OVERTAKEN}),
    needs={"scenario": "one-transaction", **OVERTAKEN},
)
def decisions_ask_for_no_owner(patches: Patches) -> None:
    @patches.around(ledger, "_update")
    def update(original: Any, key: Any, text: str, condition: str, values: Any) -> Any:
        if ":preparing" in values:
            condition = condition.replace(" AND #transaction = :id", "")
        return original(key, text, condition, values)
