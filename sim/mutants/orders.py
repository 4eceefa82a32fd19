"""Mutants of commit and cancel: what a partition does when it is told the end (§3.3, Listing 4)."""

from dataclasses import replace
from typing import Any

from items import actions
from network.ids import Timestamp
from network.messages import Commit
from partition import rules
from partition.machine import Machine
from partition.record import Record, TableState
from partition.rules import Applied
from sim.mutants.mutant import ONCE, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches
from sim.mutants.prepares import BLACK_BOXES, SKEWED


@mutant(
    "§3.3",
    "Commit and cancel end whatever is ongoing on their items, whoever it belongs to.",
    "a late order of one transaction ends another one: half transactions, double ones",
    code="M17 M18",
    kinds=WRONG_DATA,
    hint=Hint("bank"),
    of_partition=True,
    source=(
        "Apache Kafka: a commit or abort that came late ended the producer's next transaction"
        " (KAFKA-17754, found in Jepsen: Bufstream 0.1.0, 2024)"
    ),
)
def orders_ask_for_no_owner(patches: Patches) -> None:
    def owns(record: Record | None, _: str) -> bool:
        return record is not None and record.ongoing is not None

    patches.set(rules, "owns", owns)


@mutant(
    "§3.3",
    "A ConditionCheck does not move its item's timestamp.",
    "an older write comes after a check that should have seen it",
    code="M05",
    kinds=WRONG_DATA,
    blind=BLACK_BOXES,
    hint=Hint("game-shop", {**ONCE, **SKEWED}),
    of_partition=True,
)
def checks_leave_no_timestamp(patches: Patches) -> None:
    @patches.around(rules, "commit")
    def commit(original: Any, record: Record, *, lsn: int) -> Applied:
        applied: Applied = original(record, lsn=lsn)
        assert record.ongoing is not None
        if actions.writes(record.ongoing.action) or applied.record is None:
            return applied
        return replace(applied, record=replace(applied.record, timestamp=record.timestamp))


@mutant(
    "§3.3",
    "A commit does not move the timestamp of the item that it writes.",
    "a late copy of a prepare is promised again, and its transaction applied twice",
    kinds=WRONG_DATA,
    hint=Hint("bank"),
    of_partition=True,
)
def commits_leave_no_timestamp(patches: Patches) -> None:
    @patches.around(rules, "commit")
    def commit(original: Any, record: Record, *, lsn: int) -> Applied:
        applied: Applied = original(record, lsn=lsn)
        if record.item is None or applied.record is None:
            return applied
        return replace(applied, record=replace(applied.record, timestamp=record.timestamp))


@mutant(
    "§3.3",
    "The max delete timestamp is not kept: a missing item is as if it had never been.",
    "a late prepare brings back an item that was deleted after it",
    code="M16",
    kinds=WRONG_DATA,
    hint=Hint("orders-and-payments"),
    of_partition=True,
)
def deletes_leave_no_timestamp(patches: Patches) -> None:
    patches.set(TableState, "missing", lambda self: Record(None, Timestamp(1, ""), self.delete_lsn))


@mutant(
    "§3.3",
    "The max delete timestamp is that of the last delete, also where that is an earlier one.",
    "an older transaction creates an item anew after a later one has deleted it",
    code="M16b",
    kinds=WRONG_DATA,
    blind=BLACK_BOXES,
    hint=Hint(
        "hot-keys",
        {
            **ONCE,
            "cluster.clock_skew_us": "2000000",
            "cluster.partitions": "1",
            "workload.deletes": "0.5",
        },
    ),
    of_partition=True,
)
def deletes_lower_the_mark(patches: Patches) -> None:
    @patches.around(Machine, "_apply")
    def apply(original: Any, self: Any, key: Any, applied: Applied, *more: Any) -> None:
        original(self, key, applied, *more)
        if applied.record is None:
            table = self._tables[key[0]]  # It breaks a rule of that very class.
            lowered = replace(table.state, max_delete_timestamp=applied.timestamp)
            table.state = self._states[lowered.id] = lowered  # As above.


@mutant(
    "§3.3",
    "A commit ends the promise and keeps the old item.",
    "lost updates: whoever was told 'committed' has written nothing",
    kinds=("data differ", "read refuted"),
    hint=Hint("bank"),
    of_partition=True,
)
def commits_are_never_applied(patches: Patches) -> None:
    @patches.around(rules, "commit")
    def commit(original: Any, record: Record, *, lsn: int) -> Applied:
        applied: Applied = original(record, lsn=lsn)
        if record.item is None or applied.record is None:
            return applied
        return Applied(applied.timestamp, replace(applied.record, item=record.item), deletes=False)


@mutant(
    "§3.3",
    "A cancel removes the item, as if every record had been made by its prepare.",
    "a cancelled transaction deletes what was there before it",
    code="M25",
    kinds=WRONG_DATA,
    hint=Hint("bank"),
    of_partition=True,
)
def cancels_remove_the_item(patches: Patches) -> None:
    patches.set(rules, "cancel", lambda _: None)


@mutant(
    "§3.3",
    "A cancel carries the action out, as if it were a commit.",
    "aborted reads: what was cancelled is there",
    kinds=(*WRONG_DATA, "read refuted"),
    hint=Hint("bank"),
    of_partition=True,
)
def cancels_leave_what_was_promised(patches: Patches) -> None:
    @patches.around(rules, "cancel")
    def cancel(original: Any, record: Record) -> Record | None:
        kept: Record | None = original(record)
        assert record.ongoing is not None, "cancel without a promise"
        after = record.ongoing.after
        return kept if kept is None or after is None else replace(kept, item=after)


@mutant(
    "§3.4",
    "A commit does not move the LSN of the item that it writes.",
    "a read transaction returns old and new values of one write beside each other",
    kinds=("read refuted",),
    hint=Hint("game-shop"),
    of_partition=True,
)
def commits_leave_the_lsn(patches: Patches) -> None:
    @patches.around(rules, "commit")
    def commit(original: Any, record: Record, *, lsn: int) -> Applied:
        applied: Applied = original(record, lsn=lsn)
        if record.item is None or applied.record is None:
            return applied
        return replace(applied, record=replace(applied.record, lsn=record.lsn))


@mutant(
    "§3.2",
    "A commit is stamped when it comes, by its partition's clock, if that is later.",
    "what is in time is refused, and nothing else bears the transaction's place in the order",
    kinds=("stamped otherwise",),
    hint=Hint("bank"),
    of_partition=True,
)
def commits_are_stamped_anew(patches: Patches) -> None:
    @patches.around(Machine, "_commit")
    def commit(original: Any, self: Any, message: Commit, envelope: Any, now: Any) -> Any:
        for key in message.keys:
            record = self._ongoing(key)
            if not rules.owns(record, message.transaction):
                continue
            stamp = max(record.ongoing.timestamp, Timestamp(now.clock_us, self.name))
            later = replace(record, ongoing=replace(record.ongoing, timestamp=stamp))
            self._tables[key[0]].records[key[1]] = later
        return original(self, message, envelope, now)


@mutant(
    "§3.3",
    "A cancel leaves the timestamp of what was promised, as a commit does.",
    "what is in time is refused for a transaction that never was",
    kinds=("changed unasked",),
    hint=Hint("hot-keys"),
    of_partition=True,
)
def cancels_leave_a_timestamp(patches: Patches) -> None:
    @patches.around(rules, "cancel")
    def cancel(original: Any, record: Record) -> Record | None:
        kept: Record | None = original(record)
        assert record.ongoing is not None, "cancel without a promise"
        return None if kept is None else replace(kept, timestamp=record.ongoing.timestamp)


@mutant(
    "§3.4",
    "A ConditionCheck moves its item's LSN, as if it had written it.",
    "read transactions are cancelled for transactions that have changed nothing",
    kinds=("changed unasked",),
    hint=Hint("hot-keys"),
)
def checks_count_as_writes(patches: Patches) -> None:
    @patches.around(rules, "commit")
    def commit(original: Any, record: Record, *, lsn: int) -> Applied:
        applied: Applied = original(record, lsn=lsn)
        assert record.ongoing is not None, "commit without a promise"
        if actions.writes(record.ongoing.action) or applied.record is None:
            return applied
        return replace(applied, record=replace(applied.record, lsn=lsn))


@mutant(
    "§3.3",
    "The max delete timestamp is that of the last write, whatever it left.",
    "an item is not made because another one was written later",
    kinds=("mark moved",),
    hint=Hint("orders-and-payments"),
    of_partition=True,
)
def writes_raise_the_mark(patches: Patches) -> None:
    @patches.around(Machine, "_apply")
    def apply(original: Any, self: Any, key: Any, applied: Applied, *more: Any) -> None:
        original(self, key, applied, *more)
        table = self._tables[key[0]]  # It breaks a rule of that very class.
        raised = max(table.state.max_delete_timestamp, applied.timestamp)
        table.state = replace(table.state, max_delete_timestamp=raised)
        self._states[table.state.id] = table.state  # As above.
