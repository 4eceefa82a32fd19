"""The rules with one safeguard removed, each put in its place from outside.

A mutant is a function that patches the modules of the nodes; the checks know nothing of it.  Where
an assertion of the rules would stop the run before the checks see anything, the mutant leaves that
assertion out as well: it is the checks that are to find it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from coordinator import ledger, read, recovery, write
from coordinator.ledger import Entry, Transaction
from coordinator.write import finish
from items import actions
from items.actions import Action
from items.errors import CONDITIONAL_CHECK_FAILED_REASON
from network.ids import NEVER, Timestamp
from network.messages import (
    Accept,
    Cancel,
    Commit,
    Done,
    Finished,
    Message,
    Prepare,
    Reading,
    RecordKey,
    Restarted,
)
from network.once import Once
from partition import reads, rules, singletons
from partition.record import Record, TableState
from sim.disk import SimulatedDisk

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Mutant:
    """What it leaves out, how, and where it shows."""

    name: str
    patch: Callable[[Patch], None]
    kinds: frozenset[str]  # Of the findings that it must lead to, one of these.
    scenario: str  # Where it shows soon …
    more: Mapping[str, str]  # … with these keys set besides.
    is_partitions: bool  # A rule of `partition.machine` and what it asks.


MUTANTS: list[Mutant] = []


def mutant(
    *kinds: str,
    scenario: str,
    more: Mapping[str, str] | None = None,
    of_partition: bool = False,
) -> Callable[[Callable[[Patch], None]], None]:
    """Enter a patch among the mutants, under its name."""

    def enter(patch: Callable[[Patch], None]) -> None:
        MUTANTS.append(
            Mutant(patch.__name__, patch, frozenset(kinds), scenario, more or {}, of_partition)
        )

    return enter


# Partitions ---------------------------------------------------------------------------------------


@mutant("order refuted", "data differ", scenario="game-shop", of_partition=True)
def prepare_ignores_timestamps(patch: Patch) -> None:
    """M02, M02b: nothing is too late."""

    def prepare(record: Record, request: Prepare, action: Action) -> tuple[Record, Any]:
        if record.ongoing is not None or request.timestamp > record.timestamp:
            return original(record, request, action)
        # Judged on a record of the same item that was written long ago.
        old = replace(record, timestamp=NEVER)
        kept, vote = original(old, request, action)
        return (record if kept is old else replace(kept, timestamp=record.timestamp)), vote

    original = rules.prepare
    patch.setattr(rules, "prepare", prepare)
    patch.setattr(Record, "check", lambda self: None)


@mutant("data differ", "order refuted", scenario="bank", of_partition=True)
def orders_ask_nobody_whose_promise_it_is(patch: Patch) -> None:
    """M17, M18: commit and cancel end whatever is ongoing."""

    def owns(record: Record | None, _: str) -> bool:
        return record is not None and record.ongoing is not None

    patch.setattr(rules, "owns", owns)


@mutant(
    *("order refuted", "data differ"),
    scenario="game-shop",
    more={"cluster.clock_skew_us": "50000"},
    of_partition=True,
)
def checks_leave_no_promise(patch: Patch) -> None:
    """M04: a ConditionCheck is judged and forgotten."""

    def prepare(record: Record, request: Prepare, action: Action) -> tuple[Record, Any]:
        kept, vote = original(record, request, action)
        is_new = kept is not record and not actions.writes(action)
        return (record if is_new else kept), vote

    original = rules.prepare
    patch.setattr(rules, "prepare", prepare)


@mutant(
    *("order refuted", "data differ"),
    scenario="game-shop",
    more={"cluster.clock_skew_us": "50000"},
    of_partition=True,
)
def checks_leave_no_timestamp(patch: Patch) -> None:
    """M05: a ConditionCheck does not move its item's timestamp."""

    def commit(record: Record, *, lsn: int) -> rules.Applied:
        applied = original(record, lsn=lsn)
        assert record.ongoing is not None
        if actions.writes(record.ongoing.action) or applied.record is None:
            return applied
        return replace(applied, record=replace(applied.record, timestamp=record.timestamp))

    original = rules.commit
    patch.setattr(rules, "commit", commit)


@mutant("order refuted", "data differ", scenario="orders-and-payments", of_partition=True)
def deletes_leave_no_timestamp(patch: Patch) -> None:
    """M16: the max delete timestamp is forgotten."""
    patch.setattr(
        TableState, "missing", lambda self: Record(None, Timestamp(1, ""), self.delete_lsn)
    )


@mutant(
    "order refuted",
    "data differ",
    scenario="hot-keys",
    more={"cluster.clock_skew_us": "2000000"},
    of_partition=True,
)
def singletons_are_stamped_by_the_clock_alone(patch: Patch) -> None:
    """M15: a clock that is behind stamps behind what is there."""
    patch.setattr(
        singletons, "timestamp_after", lambda _, stamp: Timestamp(stamp.clock_us, stamp.node)
    )


@mutant("data differ", "order refuted", scenario="hot-keys", of_partition=True)
def singletons_ignore_what_is_ongoing(patch: Patch) -> None:
    """M13: a singleton write goes past a promise, which stays."""

    def write_past(record: Record, *rest: Any) -> Any:
        applied, answer = original(replace(record, ongoing=None), *rest)
        if applied is None or applied.record is None or record.ongoing is None:
            return applied, answer
        return replace(applied, record=replace(applied.record, ongoing=record.ongoing)), answer

    original = singletons.write
    patch.setattr(singletons, "write", write_past)
    patch.setattr(Record, "check", lambda self: None)


@mutant("read refuted", scenario="orders-and-payments", of_partition=True)
def readers_see_placeholders(patch: Patch) -> None:
    """M26: a promise about a missing item is shown as an empty item."""

    def seen(record: Record | None, table: TableState) -> Reading:
        reading = original(record, table)
        if record is not None and record.item is None and record.ongoing is not None:
            return Reading({}, reading.lsn, reading.ongoing)
        return reading

    original = reads.read
    patch.setattr(reads, "read", seen)


@mutant("read refuted", scenario="bank", of_partition=True)
def readers_see_what_is_only_promised(patch: Patch) -> None:
    """A dirty read: what a transaction is about to write is shown before it is decided."""

    def seen(record: Record | None, table: TableState) -> Reading:
        reading = original(record, table)
        if record is None or record.ongoing is None:
            return reading
        after = actions.applied_to(record.ongoing.action, record.item)
        return Reading(after, reading.lsn, reading.ongoing)

    original = reads.read
    patch.setattr(reads, "read", seen)


@mutant("order refuted", "data differ", scenario="bank", of_partition=True)
def conditions_are_not_judged(patch: Patch) -> None:
    """A prepare is accepted whatever its condition says."""

    patch.setattr(actions, "allowed_on", lambda action, item: True)


@mutant("reason untrue", scenario="bank", of_partition=True)
def a_conflict_is_called_a_failed_condition(patch: Patch) -> None:
    """A lie: the reason given is not the one that holds."""
    patch.setattr(rules, "TRANSACTION_CONFLICT_REASON", CONDITIONAL_CHECK_FAILED_REASON)


@mutant("order refuted", "data differ", scenario="orders-and-payments", of_partition=True)
def copies_of_writes_are_carried_out(patch: Patch) -> None:
    """No copy of a singleton write is recognised."""

    def earlier(self: Once, _: str, __: int, incarnation: int) -> Message | None:
        return None if incarnation else Restarted(self._incarnation)

    patch.setattr(Once, "earlier", earlier)


@mutant(
    *("data differ", "read refuted", "commit lost"),
    scenario="orders-and-payments",
    more={"disk.sync_us": "5000..20000", "faults.crashes": "20"},
)
def replies_leave_before_their_changes_are_durable(patch: Patch) -> None:
    """A crash takes back what was said."""

    def append(self: SimulatedDisk, changes: Any, then: Callable[[], None]) -> None:
        then()
        original(self, changes, lambda: None)

    original = SimulatedDisk.append
    patch.setattr(SimulatedDisk, "append", append)


# Coordinators -------------------------------------------------------------------------------------


@mutant("data differ", "order refuted", scenario="bank")
def one_accept_is_enough(patch: Patch) -> None:
    """M06: commit if anybody accepts."""

    def reasons_for(votes: Any) -> Any:
        return () if any(isinstance(vote, Accept) for vote in votes) else original(votes)

    original = write.reasons_for
    patch.setattr(write, "reasons_for", reasons_for)


@mutant("reason misplaced", scenario="orders-and-payments")
def reasons_are_told_in_another_order(patch: Patch) -> None:
    """The list of reasons begins at its other end."""

    def reasons_for(votes: Any) -> Any:
        return tuple(reversed(original(votes)))

    original = write.reasons_for
    patch.setattr(write, "reasons_for", reasons_for)


@mutant("reasons misshapen", scenario="orders-and-payments")
def reasons_leave_out_who_is_not_to_blame(patch: Patch) -> None:
    """There is no `None` in the list of reasons."""

    def finished(self: Finished, reasons: Any, replayed: bool) -> None:
        original(self, tuple(one for one in reasons if one.code != "None"), replayed)

    original = Finished.__init__
    patch.setattr(Finished, "__init__", finished)


@mutant("read refuted", scenario="game-shop")
def read_transactions_have_one_round(patch: Patch) -> None:
    """M08: nothing that the second round sees is in the way."""
    patch.setattr(read, "in_the_way", lambda first, second: False)


@mutant("read refuted", scenario="game-shop")
def read_transactions_compare_no_lsns(patch: Patch) -> None:
    """M10: only what is ongoing is in the way."""
    patch.setattr(read, "in_the_way", lambda first, second: second.ongoing is not None)


@mutant("read refuted", scenario="game-shop")
def read_transactions_ignore_what_is_ongoing(patch: Patch) -> None:
    """M09: only another LSN is in the way."""
    patch.setattr(read, "in_the_way", lambda first, second: first.lsn != second.lsn)
    patch.setattr(read, "is_ongoing", lambda reading: False)


@mutant(
    *("decided twice", "cancelled and committed", "data differ", "order refuted"),
    scenario="hot-keys",
    more={"protocol.stalled_after_us": "200000"},
)
def decisions_compare_nothing(patch: Patch) -> None:
    """M19: the later of two decisions stands in the ledger."""

    def update(key: Any, text: str, condition: str, values: Any) -> Any:
        return original(key, text, condition.replace("#state = :preparing AND ", ""), values)

    original = ledger._update
    patch.setattr(ledger, "_update", update)


@mutant(
    "token applied twice",
    "data differ",
    "order refuted",
    "cancelled and committed",
    scenario="bank",
)
def tokens_are_forgotten(patch: Patch) -> None:
    """M23: each attempt is entered, whatever is there."""

    def entering(entry: Entry, expected: Entry | None) -> Any:
        return replace(plain(entry, expected), condition=None)

    plain = ledger._entering
    patch.setattr(ledger, "_entering", entering)


def keys_of(transaction: Transaction, tools: Any) -> dict[str, tuple[RecordKey, ...]]:
    """Return the keys that each partition has a part in."""
    keys: dict[str, tuple[RecordKey, ...]] = {}
    for action in transaction.actions:
        node = tools.placement.owner(action.table, action.key)
        keys[node] = (*keys.get(node, ()), (action.table, action.key))
    return keys


@mutant("data differ", "order refuted", "read refuted", scenario="game-shop")
def commits_precede_their_decision(patch: Patch) -> None:
    """M20, M21: commit goes out first, and a coordinator that takes over cancels."""

    async def drive(transaction: Transaction, tools: Any, answer: Any) -> None:
        votes = await write.collect_votes(transaction, tools)
        reasons = write.reasons_for(votes)
        if not reasons:
            asks = [
                (node, Commit(transaction.id, keys))
                for node, keys in keys_of(transaction, tools).items()
            ]
            await tools.peers.ask_all(asks, tools.options.patience(5_000_000))
        entry = await tools.ledger.decide(transaction, reasons)
        if entry is not None:
            await finish(transaction, entry, tools, answer)

    patch.setattr("coordinator.server.drive", drive)


@mutant("unfinished", scenario="bookshop")
def nobody_recovers(patch: Patch) -> None:
    """M35: what a crashed coordinator leaves is left."""

    async def recover(*_: Any) -> None: ...

    patch.setattr("coordinator.server.recover", recover)


@mutant("data differ", "order refuted", "read refuted", scenario="orders-and-payments")
def recovery_always_cancels(patch: Patch) -> None:
    """M21: also what was decided to be committed."""

    async def recover(message: Any, tools: Any) -> None:
        entry = await tools.ledger.find(message.entry)
        if entry is None or not entry.transaction.actions:
            await original(message, tools)
            return
        for node, keys in keys_of(entry.transaction, tools).items():
            order = Cancel(message.transaction, keys)
            reply = await tools.peers.ask(node, order, tools.options.patience(None))
            assert isinstance(reply, Done)
        await original(message, tools)

    original = recovery.recover
    patch.setattr("coordinator.server.recover", recover)


@mutant("data differ", "read refuted", scenario="bank")
def commits_are_never_applied(patch: Patch) -> None:
    """A commit that ends the promise and keeps the old item."""

    def commit(record: Record, *, lsn: int) -> rules.Applied:
        applied = original(record, lsn=lsn)
        if record.item is None or applied.record is None:
            return applied
        return rules.Applied(applied.timestamp, replace(applied.record, item=record.item), False)

    original = rules.commit
    patch.setattr(rules, "commit", commit)
