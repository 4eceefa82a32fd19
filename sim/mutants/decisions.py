"""Mutants of the second phase: the commit point, and when and what a client is answered (§3.3)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast

from coordinator import ledger, recovery, server, tokens, write
from coordinator.ledger import Entry, Transaction
from coordinator.write import Answer, Tools
from items.errors import TRANSACTION_CONFLICT_REASON
from network.messages import Commit, Done, Failed, Finished, RecordKey
from network.owners import Answers, Owners, by_owner
from network.rpc import Ask, Patience
from sim.mutants.mutant import IMPATIENT, ONCE, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches

OFTEN_LOST = {"network.loss": "0.2", "workload.orders": "2", "workload.transactions": "100"}
# What is late and comes at last is in order for all of these; it takes real time, item by item.
BLIND_TO_DELAY = ("outcomes", "singletons", "reasons", "timestamps", "instants")
WAIT_US = 20_000


def keys_of(transaction: Transaction, tools: Tools) -> dict[str, tuple[RecordKey, ...]]:
    """Return the keys that each partition has a part in."""
    keys = write.keys_of(transaction)
    return {
        node: tuple(keys[n] for n in mine)
        for node, mine in by_owner(tools.owners.placement, keys).items()
    }


@mutant(
    "§3.5",
    "The later of two decisions stands in the ledger: nothing is compared before it is set.",
    "two coordinators on one transaction: one commits, the other cancels",
    code="M19",
    kinds=("decided twice", "cancelled and committed", *WRONG_DATA),
    hint=Hint("hot-keys", IMPATIENT),
)
def decisions_compare_nothing(patches: Patches) -> None:
    @patches.around(ledger, "_update")
    def update(original: Any, key: Any, text: str, condition: str, values: Any) -> Any:
        return original(key, text, condition.replace("#state = :preparing AND ", ""), values)


@mutant(
    "§3.5",
    "Commits are sent before the decision is in the ledger.",
    "half transactions: after a crash, recovery decides otherwise",
    code="M20",
    kinds=(*WRONG_DATA, "read refuted"),
    hint=Hint("game-shop"),
)
def commits_precede_their_decision(patches: Patches) -> None:
    async def drive(transaction: Transaction, tools: Tools, answer: Answer) -> None:
        votes = await write.collect_votes(transaction, tools)
        reasons = write.reasons_for(votes)
        if not reasons:
            asks: list[Ask] = [
                (node, Commit(transaction.id, keys))
                for node, keys in keys_of(transaction, tools).items()
            ]
            await tools.peers.ask_all(asks, tools.options.patience(5_000_000))
        entry = await tools.ledger.decide(transaction, reasons)
        if entry is not None:
            await write.finish(transaction, entry, tools, answer)

    patches.set(server, "drive", drive)


@mutant(
    "§3.3",
    "The client is told 'committed' when it is decided, before the commits are applied.",
    "stale reads: whoever was told 'committed' may read what was there before",
    code="M07",
    kinds=("stale read",),
    blind=BLIND_TO_DELAY,
    hint=Hint("orders-and-payments", OFTEN_LOST),
)
def answers_precede_commits(patches: Patches) -> None:
    @around_finish(patches)
    async def finish(
        original: Any, transaction: Any, entry: Entry, tools: Any, answer: Any
    ) -> None:
        answer(Finished(entry.reasons, replayed=False))
        await original(transaction, entry, tools, lambda _: None)


@mutant(
    "§3.3",
    "A commit that finds nothing ongoing is taken for a failure, and the client told so.",
    "'cancelled' for what another coordinator has committed",
    code="M30",
    kinds=("cancelled and committed",),
    hint=Hint("bank", IMPATIENT),
)
def nothing_to_commit_is_failure(patches: Patches) -> None:
    @around_finish(patches)
    async def finish(
        original: Any, transaction: Transaction, entry: Entry, tools: Tools, answer: Answer
    ) -> None:
        overheard = Overheard(tools.owners)
        reasons = (TRANSACTION_CONFLICT_REASON,) * len(transaction.actions)

        def told(outcome: Finished | Failed) -> None:
            failed = overheard.nothing_to_do and not entry.is_cancelled
            answer(Finished(reasons, replayed=False) if failed else outcome)

        listening = replace(tools, owners=cast("Owners", overheard))
        await original(transaction, entry, listening, told)


class Overheard:
    """A coordinator's way to its participants that notes who had nothing to carry out."""

    def __init__(self, owners: Owners) -> None:
        self._owners, self.nothing_to_do = owners, False

    async def ask(self, *question: Any) -> Answers:
        answers = await self._owners.ask(*question)
        done = [reply.changed for _, reply in answers if isinstance(reply, Done)]
        self.nothing_to_do |= any(not any(changed) for changed in done)
        return answers


@mutant(
    "§3.3",
    "A partition that does not answer a commit is not asked again, and taken to have applied it.",
    "stale reads: whoever was told 'committed' may read what was there before",
    kinds=("stale read",),
    blind=BLIND_TO_DELAY,
    hint=Hint("orders-and-payments", OFTEN_LOST),
)
def silence_is_taken_for_done(patches: Patches) -> None:
    @around_finish(patches)
    async def finish(
        original: Any, transaction: Any, entry: Any, tools: Tools, answer: Any
    ) -> None:
        asking_once = replace(tools, owners=cast("Owners", AskingOnce(tools.owners)))
        await original(transaction, entry, asking_once, answer)

    patches.set(write, "without_answer", lambda _: [])


class AskingOnce:
    """A coordinator's way to its participants that asks once and waits for a moment."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners

    async def ask(self, keys: Any, question: Any, _: Patience) -> Answers:
        once = Patience(WAIT_US, WAIT_US, WAIT_US, repeats=False)
        return await self._owners.ask(keys, question, once)


Finishing = Callable[..., Awaitable[None]]


def around_finish(patches: Patches) -> Callable[[Finishing], Finishing]:
    """Replace `finish` wherever it was imported by name."""

    def enter(replacement: Finishing) -> Finishing:
        @patches.around(write, "finish")
        async def finish(original: Any, *args: Any, replayed: bool = False) -> None:
            await replacement(partial(original, replayed=replayed), *args)

        for module in (server, recovery):
            patches.set(module, "finish", write.finish)
        return replacement

    return enter


@mutant(
    "§3.5",
    "The prepares are sent, and answered, before the transaction is entered in the ledger.",
    "half transactions: recovery finds no entry, and frees what the coordinator counts on",
    kinds=(*WRONG_DATA, "commit lost", "half a transaction"),
    hint=Hint("bank", {**IMPATIENT, "protocol.repeat_first_us": "300000", "network.loss": "0.15"}),
)
def prepares_precede_their_entry(patches: Patches) -> None:
    @patches.around(server.CoordinatorServer, "__init__")
    def born(original: Any, self: Any, *rest: Any) -> None:
        original(self, *rest)
        tools: Any = self._tools  # It breaks a rule of that very class.
        entries, begin = tools.ledger, tools.ledger.begin
        entries.early = {}  # The votes of each transaction that is not entered yet.

        async def begin_late(transaction: Transaction) -> Entry | None:
            entries.early[transaction.id] = await write.collect_votes(transaction, tools)
            entered: Entry | None = await begin(transaction)
            return entered

        entries.begin = begin_late

    @patches.around(write, "collect_votes")
    async def collect_votes(original: Any, transaction: Transaction, tools: Any) -> Any:
        votes = tools.ledger.early.pop(transaction.id, None)
        return await original(transaction, tools) if votes is None else votes


@mutant(
    "§2.3",
    "A retry is told 'committed' as soon as it finds that decided, before the commits are applied.",
    "stale reads: whoever was told 'committed' may read what was there before",
    kinds=("stale read",),
    hint=Hint(
        "bank",
        {
            **ONCE,
            "workload.transactions": "60",
            "network.late": "0.2",
            "network.late_us": "400000",
            "protocol.repeat_first_us": "300000",
            "client.attempt_deadline_us": "20000",
            "client.pause_first_us": "5000",
        },
    ),
)
def retries_are_told_at_once(patches: Patches) -> None:
    @patches.around(tokens, "from_earlier")
    def from_earlier(original: Any, entry: Entry, message: Any) -> Any:
        answer = original(entry, message)
        if answer is None and not entry.is_cancelled:
            return Finished((), replayed=True)
        return answer

    patches.set(server, "from_earlier", tokens.from_earlier)
