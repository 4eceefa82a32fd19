"""Mutants of cancellation reasons: nobody's data suffers, and the client is told a lie (§2.3)."""

from typing import Any

from coordinator import write
from coordinator.read import ReadTransactions
from coordinator.write import Tools
from items import actions
from items.actions import Action
from items.errors import (
    CONDITIONAL_CHECK_FAILED_REASON,
    NONE,
    TRANSACTION_CONFLICT_REASON,
    DynamoDBError,
    Reason,
)
from network.messages import Accept, Finished, Prepare, Reject
from network.owners import by_owner
from partition import rules
from partition.record import Record
from sim.mutants.mutant import WRONG_REASON, Hint, mutant
from sim.mutants.patches import Patches

NOT_REASONS = ("outcomes", "singletons", "timestamps", "instants")
MISPLACED = ("reason misplaced",)


@mutant(
    "§3.3",
    "A conflict with another transaction is called a failed condition.",
    "the client gives up what it should try again",
    kinds=WRONG_REASON,
    blind=NOT_REASONS,
    hint=Hint("bank"),
    of_partition=True,
)
def conflicts_are_called_conditions(patches: Patches) -> None:
    patches.set(rules, "TRANSACTION_CONFLICT_REASON", CONDITIONAL_CHECK_FAILED_REASON)


@mutant(
    "§3.3",
    "A failed condition is called a conflict, where nothing was ongoing.",
    "the client tries again and again what can never be done",
    kinds=WRONG_REASON,
    blind=NOT_REASONS,
    hint=Hint("bank"),
    of_partition=True,
)
def conditions_are_called_conflicts(patches: Patches) -> None:
    patches.set(rules, "CONDITIONAL_CHECK_FAILED_REASON", TRANSACTION_CONFLICT_REASON)


@mutant(
    "§3.3",
    "A condition is judged first, whatever is ongoing on its item and however late it comes.",
    "the client gives up for what another transaction is about to change",
    kinds=WRONG_REASON,
    blind=NOT_REASONS,
    hint=Hint("bank"),
    of_partition=True,
)
def conditions_come_first(patches: Patches) -> None:
    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Any:
        _, rejection = rules.judge(action, record)
        if rejection is None or rules.owns(record, request.transaction):
            return original(record, request, action)
        return record, Reject(rejection, None)


@mutant(
    "§3.3",
    "A repeated prepare meets its own promise and is rejected for a conflict (Listing 3).",
    "a transaction that nobody was in the way of is cancelled for a conflict with itself",
    code="M31",
    kinds=WRONG_REASON,
    blind=NOT_REASONS,
    hint=Hint("bank"),
    of_partition=True,
)
def repeated_prepares_conflict(patches: Patches) -> None:
    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Any:
        if record.ongoing is not None:
            return record, Reject(TRANSACTION_CONFLICT_REASON, None)
        return original(record, request, action)


@mutant(
    "§2.3",
    "The item shown beside a failed condition is the one that the action would have made.",
    "the client is shown what never was",
    kinds=WRONG_REASON,
    blind=NOT_REASONS,
    hint=Hint("orders-and-payments"),
)
def the_new_item_is_shown_as_old(patches: Patches) -> None:
    @patches.around(rules, "judge")
    def judge(original: Any, action: Action, record: Record) -> Any:
        after, reason = original(action, record)
        if reason is None or reason.item is None:
            return after, reason
        try:
            shown = actions.applied_to(action, record.item)
        except DynamoDBError:
            return after, reason
        return after, Reason(reason.code, reason.message, shown)


@mutant(
    "§2.3",
    "No item is shown beside a failed condition, whoever asked for it.",
    "the client is not shown what it asked to see",
    kinds=WRONG_REASON,
    blind=NOT_REASONS,
    hint=Hint("orders-and-payments"),
)
def the_old_item_is_not_shown(patches: Patches) -> None:
    @patches.around(rules, "judge")
    def judge(original: Any, action: Action, record: Record) -> Any:
        after, reason = original(action, record)
        return after, None if reason is None else Reason(reason.code, reason.message)


@mutant(
    "§2.3",
    "The list of reasons begins at its other end.",
    "the client blames the wrong items",
    kinds=MISPLACED,
    blind=NOT_REASONS,
    hint=Hint("orders-and-payments"),
)
def reasons_are_reversed(patches: Patches) -> None:
    @patches.around(write, "reasons_for")
    def reasons_for(original: Any, votes: Any) -> Any:
        return tuple(reversed(original(votes)))


@mutant(
    "§2.3",
    "Each reason stands one place too late, the last one at the first.",
    "the client blames the wrong items",
    kinds=MISPLACED,
    blind=NOT_REASONS,
    hint=Hint("orders-and-payments"),
)
def reasons_are_off_by_one(patches: Patches) -> None:
    @patches.around(write, "reasons_for")
    def reasons_for(original: Any, votes: Any) -> Any:
        reasons = original(votes)
        return (*reasons[-1:], *reasons[:-1])


@mutant(
    "§2.3",
    "The reasons come in the order of the partitions that gave them, not of the request's actions.",
    "the client blames the wrong items",
    kinds=MISPLACED,
    blind=NOT_REASONS,
    hint=Hint("bank"),
)
def reasons_come_by_partition(patches: Patches) -> None:
    @patches.around(write, "collect_votes")
    async def collect_votes(original: Any, transaction: Any, tools: Tools) -> Any:
        votes = await original(transaction, tools)
        order = by_owner(tools.owners.placement, write.keys_of(transaction)).values()
        return [votes[position] for positions in order for position in positions]


@mutant(
    "§2.3",
    "There is no `None` in the list of reasons: who was not to blame is left out.",
    "the client cannot tell which item a reason belongs to",
    kinds=("reasons misshapen",),
    blind=NOT_REASONS,
    hint=Hint("orders-and-payments"),
)
def reasons_leave_out_none(patches: Patches) -> None:
    @patches.around(Finished, "__init__")
    def finished(original: Any, self: Finished, reasons: Any, replayed: bool) -> None:
        original(self, tuple(one for one in reasons if one.code != "None"), replayed)


@mutant(
    "§2.3",
    "Only the first rejection is told; where others were rejected too, there is `None`.",
    "the client mends one item and is refused for the next one",
    kinds=("reason hidden",),
    blind=NOT_REASONS,
    hint=Hint("orders-and-payments"),
)
def only_the_first_reason_is_told(patches: Patches) -> None:
    @patches.around(write, "reasons_for")
    def reasons_for(original: Any, votes: Any) -> Any:
        first = next((n for n, vote in enumerate(votes) if isinstance(vote, Reject)), len(votes))
        return original([*votes[: first + 1], *(Accept() for _ in votes[first + 1 :])])


@mutant(
    "§3.4",
    "A read transaction names the items that were not in its way, and not those that were.",
    "the client blames the wrong items",
    kinds=("reason misplaced", "reason untrue"),
    blind=NOT_REASONS,
    hint=Hint("game-shop"),
)
def reads_blame_the_others(patches: Patches) -> None:
    @patches.around(ReadTransactions, "read")
    async def read_items(original: Any, *args: Any) -> Any:
        found = await original(*args)
        if not isinstance(found, Finished) or len(found.reasons) < 2:
            return found
        codes = [reason.code for reason in found.reasons]
        if NONE.code not in codes:
            return found
        swapped = (TRANSACTION_CONFLICT_REASON if code == NONE.code else NONE for code in codes)
        return Finished(tuple(swapped), found.replayed)
