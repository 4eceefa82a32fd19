"""Mutants of prepare: what a partition accepts, and what it promises (§3.3, Listing 3)."""

from dataclasses import replace
from typing import Any

from items import actions
from items.actions import Action
from network.ids import NEVER
from network.messages import Accept, Prepare, Reject, Votes
from partition import rules
from partition.machine import Machine
from partition.record import Record
from sim.mutants.mutant import ONCE, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches

Prepared = tuple[Record, Any]
SKEWED = {"cluster.clock_skew_us": "50000"}
BLACK_BOXES = ("outcomes", "singletons", "reasons", "instants")


def accept_late(patches: Patches, is_in_time: Any) -> None:
    """Let a prepare that is too late be judged as on an item that was written long ago."""

    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Prepared:
        late = record.ongoing is None and request.timestamp <= record.timestamp
        if not late or not is_in_time(request.timestamp, record.timestamp):
            prepared: Prepared = original(record, request, action)
            return prepared
        old = replace(record, timestamp=NEVER)
        kept, vote = original(old, request, action)
        return (record if kept is old else replace(kept, timestamp=record.timestamp)), vote

    patches.set(Record, "check", lambda _: None)  # What is ongoing comes after what was.


@mutant(
    "§3.2",
    "A prepare is accepted however late its timestamp is.",
    "a late copy of a prepare is promised again, and its transaction applied twice",
    code="M02",
    kinds=WRONG_DATA,
    hint=Hint("game-shop"),
    of_partition=True,
)
def prepare_ignores_timestamps(patches: Patches) -> None:
    accept_late(patches, lambda *_: True)


@mutant(
    "§3.2",
    "A timestamp earlier than the item's is accepted; only the very same one is too late.",
    "serializable, but not in the order of the timestamps",
    code="M02b",
    kinds=WRONG_DATA,
    # Not the reasons: a condition that is judged too late is no reason.
    blind=("outcomes", "singletons", "instants"),
    hint=Hint("game-shop", {**ONCE, **SKEWED}),
    of_partition=True,
)
def only_the_same_is_too_late(patches: Patches) -> None:
    accept_late(patches, lambda mine, there: mine != there)


@mutant(
    "§3.2",
    "A timestamp equal to the item's is accepted, as if 'not later' had been written '<'.",
    "a late copy of a prepare is promised again, and its transaction applied twice",
    code="M03",
    kinds=WRONG_DATA,
    hint=Hint("bank", {"network.repeat": "0.2"}),
    of_partition=True,
)
def equal_is_in_time(patches: Patches) -> None:
    accept_late(patches, lambda mine, there: mine == there)


@mutant(
    "§3.3",
    "A ConditionCheck is judged and forgotten: it leaves no promise.",
    "write skew: two transactions each check what the other one writes",
    code="M04",
    kinds=WRONG_DATA,
    hint=Hint("game-shop", SKEWED),
    of_partition=True,
)
def checks_leave_no_promise(patches: Patches) -> None:
    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Prepared:
        kept, vote = original(record, request, action)
        is_new = kept is not record and not actions.writes(action)
        return (record if is_new else kept), vote


@mutant(
    "§3.3",
    "Two transactions may be ongoing on an item that does not exist yet; the later one stays.",
    "two puts of one new item both succeed, and one of them is lost",
    code="M24",
    kinds=WRONG_DATA,
    hint=Hint("orders-and-payments"),
    of_partition=True,
)
def placeholders_hold_nobody_up(patches: Patches) -> None:
    # Listing 3, read to the letter, asks only of an item that is there what is ongoing on it.
    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Prepared:
        if record.item is None and not rules.owns(record, request.transaction):
            record = replace(record, ongoing=None)
        prepared: Prepared = original(record, request, action)
        return prepared


@mutant(
    "§3.3",
    "A prepare is accepted whatever its condition says.",
    "writes that no serial order allows: what nobody has is spent",
    kinds=WRONG_DATA,
    hint=Hint("bank"),
    of_partition=True,
)
def conditions_are_not_judged(patches: Patches) -> None:
    @patches.around(rules, "judge")
    def judge(original: Any, action: Action, record: Record) -> Any:
        after, reason = original(action, record)
        if reason is not None and reason.code == "ConditionalCheckFailed":
            return actions.applied_to(action, record.item), None
        return after, reason


@mutant(
    "§3.3",
    "A new prepare takes an item over from the transaction that is ongoing on it.",
    "half transactions: whoever was there first finds nothing to commit",
    kinds=WRONG_DATA,
    hint=Hint("bank"),
    of_partition=True,
)
def the_latest_prepare_takes_over(patches: Patches) -> None:
    @patches.around(rules, "prepare")
    def prepare(original: Any, record: Record, request: Prepare, action: Action) -> Prepared:
        ongoing = record.ongoing
        if ongoing is not None and ongoing.timestamp < request.timestamp:
            record = replace(record, ongoing=None)
        prepared: Prepared = original(record, request, action)
        return prepared


@mutant(
    "§3.3",
    "What is accepted beside a rejection is promised all the same.",
    "items are held up by transactions that are bound to be cancelled",
    kinds=("rejected and kept",),
    hint=Hint("bank"),
    of_partition=True,
)
def what_is_rejected_is_promised_in_part(patches: Patches) -> None:
    @patches.around(Machine, "_prepare")
    def prepare(original: Any, self: Any, message: Prepare, envelope: Any, now: Any) -> Any:
        reply = original(self, message, envelope, now)
        votes = reply.votes if isinstance(reply, Votes) else ()
        if any(isinstance(vote, Reject) for vote in votes):
            for action, vote in zip(message.actions, votes, strict=True):
                key = action.table, action.key
                record = self.record(*key)
                kept, _ = rules.prepare(record, message, action)
                if isinstance(vote, Accept) and kept is not record:
                    self.keep(key, kept)
                    self._since[key] = now.elapsed_us  # It breaks a rule of that very class.
        return reply
