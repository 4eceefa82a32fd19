"""Mutants of reading: what a reader is shown, and the two rounds of a read transaction (§3.4)."""

from collections.abc import Sequence
from typing import Any

from coordinator import read
from coordinator.read import ReadTransactions
from items import actions
from network.messages import Failed, Finished, Reading, ReadItems, RecordKey
from partition import reads, rules, singletons
from partition.record import Record, TableState
from partition.rules import Applied
from sim.mutants.mutant import PATIENT, WRONG_DATA, WRONG_READ, Hint, mutant
from sim.mutants.patches import Patches


@mutant(
    "§3.3",
    "What is promised about a missing item is shown as an empty item.",
    "dirty reads: somebody sees an item that may never come to be",
    code="M26",
    kinds=WRONG_READ,
    hint=Hint("orders-and-payments"),
    of_partition=True,
)
def readers_see_placeholders(patches: Patches) -> None:
    @patches.around(reads, "read")
    def seen(original: Any, record: Record | None, table: TableState) -> Reading:
        reading: Reading = original(record, table)
        if record is not None and record.item is None and record.ongoing is not None:
            return Reading({}, reading.lsn, reading.ongoing)
        return reading


@mutant(
    "§3.3",
    "A reader is shown what a transaction is about to write, before it is decided.",
    "dirty reads: values of transactions that are cancelled afterwards",
    kinds=WRONG_READ,
    hint=Hint("bank"),
    of_partition=True,
)
def readers_see_promises(patches: Patches) -> None:
    @patches.around(reads, "read")
    def seen(original: Any, record: Record | None, table: TableState) -> Reading:
        reading: Reading = original(record, table)
        if record is None or record.ongoing is None:
            return reading
        after = actions.applied_to(record.ongoing.action, record.item)
        return Reading(after, reading.lsn, reading.ongoing)


@mutant(
    "§3.4",
    "A read transaction has one round: nothing that the second one sees is in its way.",
    "torn reads: some items before a transaction, others after it",
    code="M08",
    kinds=WRONG_READ,
    hint=Hint("game-shop"),
)
def reads_have_one_round(patches: Patches) -> None:
    patches.set(read, "in_the_way", lambda *_: False)


@mutant(
    "§3.4",
    "A read transaction compares no LSNs: only what is ongoing is in its way.",
    "torn reads: a transaction came and went between the rounds",
    code="M10",
    kinds=WRONG_READ,
    hint=Hint("game-shop"),
)
def reads_compare_no_lsns(patches: Patches) -> None:
    patches.set(read, "in_the_way", lambda _, second: second.ongoing is not None)


@mutant(
    "§3.4",
    "A read transaction asks in neither round whether anything is ongoing.",
    "torn reads: a transaction is applied to one item and not to the other yet",
    code="M09",
    kinds=WRONG_READ,
    hint=Hint("game-shop"),
)
def reads_ignore_the_ongoing(patches: Patches) -> None:
    patches.set(read, "in_the_way", lambda first, second: first.lsn != second.lsn)
    patches.set(read, "is_ongoing", lambda _: False)


@mutant(
    "§3.4",
    "A read transaction asks only in its first round whether anything is ongoing.",
    "torn reads: a transaction began between the rounds, and one item has it already",
    code="M09c",
    kinds=WRONG_READ,
    hint=Hint(
        "hot-keys",
        {
            **PATIENT,
            "network.late": "0.05",
            "workload.deletes": "0.5",
            "workload.hot": "2",
            "workload.cold": "2",
            "workload.actions": "3",
            "workload.clients": "8",
            "workload.mix": "50w50r",
            "workload.transactions": "150",
        },
    ),
)
def second_rounds_ignore_the_ongoing(patches: Patches) -> None:
    def in_the_way(first: Reading, second: Reading) -> bool:
        return first.lsn != second.lsn or (first.item is None) != (second.item is None)

    patches.set(read, "in_the_way", in_the_way)


@mutant(
    "§3.4",
    "Each item is read twice at once; the rounds are not those of the whole transaction.",
    "torn reads: each item was still for a moment, and not all for the same one",
    code="M33",
    kinds=WRONG_READ,
    hint=Hint("game-shop"),
)
def rounds_are_item_by_item(patches: Patches) -> None:
    @patches.around(ReadTransactions, "read")
    async def read_each(
        original: Any, self: ReadTransactions, keys: Sequence[RecordKey], request: str
    ) -> ReadItems | Finished | Failed:
        items: list[Any] = []
        for key in keys:
            found: ReadItems | Finished | Failed = await original(self, [key], request)
            if isinstance(found, Finished):
                return Finished(found.reasons * len(keys), replayed=False)
            if isinstance(found, Failed):
                return found
            items += found.items
        return ReadItems(tuple(items))


@mutant(
    "§3.4",
    "A missing item is always shown with the same LSN.",
    "torn reads: nobody sees that an item came and went between the rounds",
    code="M11",
    kinds=WRONG_READ,
    hint=Hint(
        "hot-keys",
        {
            **PATIENT,
            "workload.deletes": "0.6",
            "workload.hot": "2",
            "workload.cold": "1",
            "workload.actions": "2",
            "workload.clients": "4",
            "workload.transactions": "300",
        },
    ),
    of_partition=True,
)
def missing_items_have_no_lsn(patches: Patches) -> None:
    @patches.around(reads, "read")
    def seen(original: Any, record: Record | None, table: TableState) -> Reading:
        reading: Reading = original(record, table)
        return reading if reading.item is not None else Reading(None, 0, reading.ongoing)


@mutant(
    "§3.4",
    "An item that is made anew begins with LSN 1 again.",
    "torn reads: an item was deleted and made anew between the rounds, and looks unchanged",
    code="M12",
    kinds=WRONG_READ,
    hint=Hint(
        "bookshop",
        {
            **PATIENT,
            "network.late": "0.05",
            "workload.customers": "1",
            "workload.books": "2",
            "workload.orders": "1",
            "workload.clients": "6",
            "workload.transactions": "150",
        },
    ),
    of_partition=True,
)
def new_items_restart_their_lsn(patches: Patches) -> None:
    def restarted(record: Record, applied: Applied | None) -> Applied | None:
        if record.item is not None or applied is None or applied.record is None:
            return applied
        made = applied.record
        return Applied(
            applied.timestamp, Record(made.item, made.timestamp, 1, made.ongoing), deletes=False
        )

    @patches.around(rules, "commit")
    def commit(original: Any, record: Record, *, lsn: int) -> Applied | None:
        return restarted(record, original(record, lsn=lsn))

    @patches.around(singletons, "write")
    def write(original: Any, record: Record, *rest: Any) -> Any:
        applied, answer = original(record, *rest)
        return restarted(record, applied), answer


@mutant(
    "§3.3",
    "A delete that is promised hides the item from readers at once.",
    "dirty reads: an item is gone that will stay, if the transaction is cancelled",
    kinds=(*WRONG_READ, *WRONG_DATA),
    hint=Hint("orders-and-payments"),
    of_partition=True,
)
def promised_deletes_hide_the_item(patches: Patches) -> None:
    @patches.around(reads, "read")
    def seen(original: Any, record: Record | None, table: TableState) -> Reading:
        reading: Reading = original(record, table)
        if record is None or record.ongoing is None or record.ongoing.after is not None:
            return reading
        return Reading(None, reading.lsn, reading.ongoing)
