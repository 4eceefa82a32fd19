"""Mutants of what a request's token remembers, and of the ledger's memory (§2.3, §3.5)."""

from dataclasses import replace
from typing import Any

from coordinator import ledger, server, tokens
from coordinator.ledger import Entry, Ledger, Reasons, State, Transaction
from network.ids import TransactionId
from sim.mutants.mutant import ONCE, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches

IMPATIENT_CLIENTS = {"client.attempt_deadline_us": "20000"}
# A cancelled call and another one under the same token.
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


# Several calls under one token -------------------------------------------------------------------

# Workers who hardly do anything but hear of the same two jobs again.
CROWDED = {
    **ONCE,
    "workload.transactions": "150",
    "workload.jobs": "2",
    "workload.newer": "0.5",
    "workload.deliveries": "8",
}
# A message is slow now and then, so that two begin anew on what both of them have read.
SLOW = {"network.late": "0.2", "network.late_us": "60000", "protocol.repeat_first_us": "200000"}
# Half of all messages come twice, and jobs are often cancelled for want of budget.
TWICE = {
    "network.late": "0.05",
    "network.repeat": "0.5",
    "network.late_us": "15000",
    "workload.transactions": "120",
    "workload.jobs": "3",
    "workload.teams": "3",
    "workload.budget": "1",
    "workload.deliveries": "4",
}


@mutant(
    "§2.3",
    "A request is not compared with the one that its token stands for.",
    "'committed' for what nobody carries out",
    kinds=("mismatch overlooked",),
    hint=Hint("work-queue"),
    needs={"scenario": "work-queue"},
)
def requests_are_not_compared(patches: Patches) -> None:
    def is_mismatch(_: Entry, __: Any) -> bool:
        return False

    patches.set(tokens, "is_mismatch", is_mismatch)
    patches.set(server, "is_mismatch", is_mismatch)


@mutant(
    "§2.3",
    "A cancellation is remembered for every call under its token, not for its own alone.",
    "a call that nobody has tried is told what came of another, and a job is never done",
    kinds=("reason misplaced",),
    hint=Hint("work-queue"),
    needs={"scenario": "work-queue"},
)
def calls_are_not_told_apart(patches: Patches) -> None:
    @patches.around(Entry, "refusal_of")
    def refusal_of(original: Any, self: Entry, call: str) -> Reasons:
        return self.reasons or original(self, call)


@mutant(
    "§2.3",
    "Of two calls that ask for the same one is a mismatch, until the other one is over.",
    "a worker who asks for the same as another is told that it is something else",
    kinds=("mismatch invented",),
    hint=Hint("work-queue"),
    needs={"scenario": "work-queue"},
)
def each_call_is_another_request(patches: Patches) -> None:
    def is_mismatch(original: Any, entry: Entry, message: Any) -> bool:
        if entry.is_cancelled or entry.refusal_of(message.call):
            return False
        is_other = entry.transaction.call not in ("", message.call)
        return is_other or bool(original(entry, message))

    for place in (tokens, server):
        patches.around(place, "is_mismatch")(is_mismatch)


@mutant(
    "§3.5",
    "Who begins anew under a token replaces whatever stands there by then.",
    "a promise that nobody decides about, or a commit that is forgotten",
    kinds=("token forgotten", "token applied twice", "cancelled and committed"),
    hint=Hint("work-queue", {**CROWDED, **SLOW}),
    needs={"scenario": "work-queue", **CROWDED, **SLOW},
)
def anew_replaces_whatever_is_there(patches: Patches) -> None:
    @patches.around(ledger, "_entering")
    def entering(original: Any, entry: Entry, expected: Entry | None) -> Any:
        put = original(entry, expected)
        return put if expected is None else replace(put, condition=None, names={}, values={})


@mutant(
    "§2.3",
    "That a request did not match its token is told, and not written down.",
    "a late copy of what was refused is carried out when the token is free",
    kinds=("cancelled and committed",),
    hint=Hint("work-queue", {**CROWDED, **TWICE}),
    needs={"scenario": "work-queue", **CROWDED, **TWICE},
)
def mismatches_are_not_remembered(patches: Patches) -> None:
    async def refuse(*_: Any) -> bool:
        return True

    patches.set(Ledger, "refuse", refuse)
