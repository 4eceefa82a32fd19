"""Mutants of secondary indexes: what gets lost on its way, what comes too late, who is in one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from items import indexes
from items.keys import Key
from network.ids import NEVER
from network.messages import Carry
from partition import indexed, split
from partition.entries import Entries
from partition.indexed import Indexed, is_outbox
from partition.record import Record
from partition.server import PartitionServer
from partition.storage import Changes
from sim.disk import SimulatedDisk
from sim.mutants.mutant import Hint, mutant
from sim.mutants.patches import Patches

WRONG_INDEX = ("index differs", "entry invented")
# Tables with indexes, and tombstones that outlive whatever a hunt draws.
NEEDS = {"scenario": "indexes", "protocol.tombstones_kept_us": "600000000"}
# Few tasks that change all the time, and copies that come much later.
LATE = {
    "network.late": "0.1",
    "network.repeat": "0.2",
    "network.late_us": "300000",
    "workload.deletes": "0.4",
    "workload.looks": "0",
    "workload.teams": "1",
    "workload.tasks": "2",
    "workload.people": "1",
    "workload.transactions": "80",
}


@mutant(
    "§2.1",
    "What an index is to hear is written in an append of its own, after that of its item.",
    "a crash between the two leaves the index as it was, for ever",
    kinds=WRONG_INDEX,
    hint=Hint(
        "indexes",
        {
            "faults.crashes": "20",
            "faults.downtime_us": "100000..500000",
            "disk.sync_us": "5000..20000",
            "network.loss": "0.3",
            "workload.looks": "0",
        },
    ),
    needs=NEEDS,
)
def entries_have_their_own_append(patches: Patches) -> None:
    @patches.around(SimulatedDisk, "append")
    def append(original: Any, self: SimulatedDisk, changes: Changes, then: Any) -> None:
        theirs = tuple([one for one in changes.records if is_outbox(one[0][0])])
        if not theirs or not changes.cause:
            original(self, changes, then)
            return
        mine = tuple([one for one in changes.records if not is_outbox(one[0][0])])
        original(self, replace(changes, records=mine), then)
        original(self, Changes("", NEVER, theirs, (), changes.lsn), _nothing)


def _nothing() -> None:
    """Nobody waits for the second append."""


@mutant(
    "§2.1",
    "An index takes whatever comes, also what is older than what it has.",
    "a late copy brings back what an item was before",
    kinds=WRONG_INDEX,
    hint=Hint("indexes", LATE),
    needs=NEEDS,
)
def indexes_compare_no_versions(patches: Patches) -> None:
    patches.set(indexed, "is_newer", lambda _, __: True)


@mutant(
    "§2.1",
    "What has been removed from an index is forgotten at once.",
    "a late copy of an older entry finds nothing that is newer, and is taken",
    kinds=WRONG_INDEX,
    hint=Hint("indexes", LATE),
    needs=NEEDS,
)
def removals_are_forgotten(patches: Patches) -> None:
    patches.set(indexed, "outlived", lambda *_: True)


@mutant(
    "§2.1",
    "A split carries items over, and not what their indexes are still to hear.",
    "the index never hears of it: the parent has dropped it, and the child does not know",
    kinds=WRONG_INDEX,
    hint=Hint(
        "indexes",
        {"faults.partition_splits": "6", "network.loss": "0.2", "faults.crashes": "6"},
    ),
    needs=NEEDS,
)
def outboxes_stay_behind(patches: Patches) -> None:
    @patches.around(split, "carried")
    def carried(original: Any, message: Carry) -> Any:
        tables, records = original(message)
        return tables, tuple(one for one in records if not is_outbox(one.key[0]))


@mutant(
    "§2.1",
    "What is in the outbox when a partition crashes stays there.",
    "the index never hears of it, although it is written down",
    kinds=("unfinished", *WRONG_INDEX),
    hint=Hint("indexes", {"faults.crashes": "8", "faults.downtime_us": "100000..500000"}),
    needs=NEEDS,
)
def restarts_forget_outboxes(patches: Patches) -> None:
    patches.set(Entries, "waiting", lambda _: [])


@mutant(
    "§2.1",
    "Indexes hear of a write before it is durable.",
    "a crash loses the write, and the index shows what has never been",
    kinds=WRONG_INDEX,
    hint=Hint(
        "indexes",
        {
            "faults.crashes": "12",
            "faults.downtime_us": "100000..500000",
            "disk.sync_us": "5000..20000",
            "network.delay_us": "100..500",
        },
    ),
    needs=NEEDS,
)
def entries_precede_their_writes(patches: Patches) -> None:
    @patches.around(PartitionServer, "_queued")
    def queued(_: Any, self: PartitionServer, key: Any, record: Record) -> None:
        propagator = self._propagating()  # As a method of its own would.
        propagator.queued(0, key, record)
        propagator.go_on(0)


@mutant(
    "§2.1",
    "A local index shows what is promised, before it is committed.",
    "a query sees what a transaction may yet take back",
    kinds=("local index refuted",),
    hint=Hint("indexes", {"workload.looks": "0.6"}),
    needs=NEEDS,
)
def local_indexes_show_promises(patches: Patches) -> None:
    @patches.around(Indexed, "replace")
    def replaced(original: Any, self: Indexed, key: Key, before: Any, after: Any) -> None:
        original(self, key, promised(before), promised(after))


def promised(record: Record | None) -> Record | None:
    """Return a record as it will be if what is ongoing on it is committed."""
    if record is None or record.ongoing is None:
        return record
    return replace(record, item=record.ongoing.after)


@mutant(
    "§2.1",
    "An item that loses its index key stays in the index.",
    "an index shows items that should not be in it: it is sparse no more",
    kinds=WRONG_INDEX,
    hint=Hint("indexes"),
    needs=NEEDS,
)
def indexes_are_not_sparse(patches: Patches) -> None:
    @patches.around(indexes, "changed_entries")
    def changed(original: Any, index: Any, *change: Any) -> Iterator[Any]:
        *_, after = change
        if after is not None and indexes.index_key(index, after) is None:
            return
        yield from original(index, *change)


@mutant(
    "§2.1",
    "An item whose index key changes appears at its new place, and stays at the old one.",
    "an index shows one item twice",
    kinds=WRONG_INDEX,
    hint=Hint("indexes"),
    needs=NEEDS,
)
def moved_items_stay(patches: Patches) -> None:
    @patches.around(indexes, "changed_entries")
    def changed(original: Any, index: Any, *change: Any) -> Iterator[Any]:
        *_, after = change
        there = indexes.index_key(index, after) is not None
        return (one for one in original(index, *change) if one[1] or not there)
