"""Mutants of streams: what leaves a record, when it is released, and what a split makes of it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from network.ids import NEVER
from network.messages import Commit, Prepare
from network.streams import MODIFY, Shard
from partition import rules, stream
from partition.machine import Machine
from partition.record import Record
from partition.storage import Changes
from partition.stream_steps import StreamSteps
from partition.streams import Streams
from router import shard_order, streams
from sim.disk import SimulatedDisk
from sim.mutants.mutant import OF_TRANSACTIONS, Hint, mutant
from sim.mutants.patches import Patches
from sim.witness import origin_of

SPLITS = {"faults.partition_splits": "6", "workload.transactions": "80"}
# What is lost is asked again late, so that a transaction's commits arrive far apart.
SLOW = {"network.loss": "0.1", "protocol.repeat_first_us": "1000000"}
APART = {"workload.transactions": "150", **SLOW}
# A list is read slowly, and partitions split twice between two of its pages.
CLOGGED = {
    "cluster.partitions": "3",
    "faults.partition_splits": "12",
    "faults.clogs": "25",
    "faults.crashes": "0",
    "workload.transactions": "80",
}
UNRECORDED = ("change unrecorded", "record lost", "copy differs")
NEEDS = {"cluster.streams": "NEW_AND_OLD_IMAGES"}


@mutant(
    "§2.1",
    "A change is recorded when it is promised, and not when it is applied.",
    "the stream shows what was cancelled",
    kinds=("record unfounded", "copy differs"),
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def promises_are_recorded(patches: Patches) -> None:
    told: list[bool] = []  # While it is a prepare that tells.

    @patches.around(Machine, "_prepare")
    def prepare(original: Any, self: Any, message: Prepare, envelope: Any, now: Any) -> Any:
        known = self._knows(message)
        reply = original(self, message, envelope, now)
        for action in () if known else message.actions:
            key = action.table, action.key
            record = self._ongoing(key)
            table = self._tables.get(action.table)
            if table is None or table.stream is None or not rules.owns(record, message.transaction):
                continue
            after, timestamp = record.ongoing.after, message.timestamp
            self._lsn += 1
            left = None if after is None else Record(after, timestamp, self._lsn)
            applied = rules.Applied(timestamp, left, deletes=False)
            told.append(True)
            self._tell(key, table.stream, applied, message.transaction, now)
            told.pop()
        return reply

    @patches.around(StreamSteps, "_tell")
    def tell(original: Any, self: Any, *change: Any) -> Any:
        _, _, _, transaction, _ = change
        return original(self, *change) if told or not transaction else False


@mutant(
    "§3.5",
    "A commit that comes from another coordinator than its transaction's own leaves no record.",
    "what recovery finished is in the tables and not in the stream",
    kinds=UNRECORDED,
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def recoveries_are_not_recorded(patches: Patches) -> None:
    @patches.around(Machine, "_commit")
    def commit(original: Any, self: Any, message: Commit, envelope: Any, now: Any) -> Any:
        if origin_of(message.transaction)[0] == envelope.source:
            return original(self, message, envelope, now)
        streams = {name: table.stream for name, table in self._tables.items()}
        for table in self._tables.values():
            table.stream = None
        reply = original(self, message, envelope, now)
        for name, settings in streams.items():
            self._tables[name].stream = settings
        return reply


@mutant(
    "§2.1",
    "A delete leaves no record.",
    "a reader's copy keeps what is gone",
    kinds=UNRECORDED,
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def deletes_are_not_recorded(patches: Patches) -> None:
    @patches.around(stream, "record_of")
    def record_of(original: Any, change: Any, before: Any, after: Any, settings: Any) -> Any:
        return None if after is None else original(change, before, after, settings)


@mutant(
    "§2.1",
    "Whatever was written leaves a record, also where nothing is changed: a check, the same again.",
    "readers are told of changes that there were not",
    kinds=("record unfounded",),
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def unchanged_items_are_recorded(patches: Patches) -> None:
    @patches.around(stream, "record_of")
    def record_of(original: Any, change: Any, before: Any, after: Any, settings: Any) -> Any:
        found = original(change, before, after, settings)
        if found is not None or after is None:
            return found
        return replace(original(change, None, after, settings), old=before, event="MODIFY")


@mutant(
    "§2.1",
    "A record is released as soon as its change is applied, whatever older is ongoing.",
    "the stream contradicts the order of the transactions",
    kinds=("stream out of order",),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed", APART),
    needs={**NEEDS, **SLOW},
)
def records_wait_for_nobody(patches: Patches) -> None:
    patches.set(stream, "due", lambda waiting, _: len(waiting))


@mutant(
    "§2.1",
    "What waited is released in the order in which it was applied, not in that of the timestamps.",
    "the stream contradicts the order of the transactions",
    kinds=("stream out of order",),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed", APART),
    needs={**NEEDS, **SLOW},
)
def records_keep_their_own_order(patches: Patches) -> None:
    patches.set(stream, "place", lambda record: record.lsn)


@mutant(
    "§2.1",
    "A record is durable in an append of its own, after that of its change.",
    "a crash between the two loses the record",
    kinds=UNRECORDED,
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def records_follow_their_change(patches: Patches) -> None:
    @patches.around(SimulatedDisk, "append")
    def append(original: Any, self: Any, changes: Changes, then: Any) -> None:
        if changes.streams is None:
            original(self, changes, then)
            return
        original(self, replace(changes, streams=None), lambda: None)
        original(self, Changes("", NEVER, (), (), changes.lsn, None, changes.streams), then)


@mutant(
    "§3.3",
    "The records that wait stay with the parent when their range leaves.",
    "changes are lost: neither parent nor child ever releases them",
    kinds=("record lost", "copy differs", "record out of order"),
    hint=Hint("change-feed", {**SPLITS, "network.late": "0.1"}),
    needs=NEEDS,
)
def waiting_records_are_left_behind(patches: Patches) -> None:
    @patches.around(stream, "carries")
    def carries(original: Any, sequence: int, shards: Any, _: Any) -> Any:
        return original(sequence, shards, ())


@mutant(
    "§3.3",
    "A child's first shard names no parent.",
    "readers begin it too early, and meet an item's changes out of order",
    kinds=("lineage broken", "child read early", "reader out of order"),
    hint=Hint("change-feed", SPLITS),
    needs=NEEDS,
)
def children_name_no_parent(patches: Patches) -> None:
    @patches.around(stream, "opened")
    def opened(original: Any, node: str, *about: Any, **more: Any) -> Any:
        shard = original(node, *about, **more)
        is_own = shard.parent.endswith(shard.id.rpartition("-")[2])
        return shard if is_own else replace(shard, parent="")


@mutant(
    "§2.1",
    "Shards are told in the order of their names, page by page.",
    "a reader that is between two pages hears of a new shard without its parent, and begins early",
    kinds=("child read early", "reader out of order"),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed", CLOGGED),
    needs=NEEDS,
)
def shards_are_told_by_name(patches: Patches) -> None:
    def behind(start: str, shards: Iterable[Shard]) -> list[Shard]:
        return sorted((one for one in shards if one.id > start), key=lambda one: one.id)

    patches.set(shard_order, "behind", behind)


@mutant(
    "§3.3",
    "A parent goes on releasing records while a range leaves.",
    "its shard ends with what comes after changes that the child has yet to release",
    kinds=("lineage broken", "stream out of order", "failed"),
    hint=Hint("change-feed", {**SPLITS, "network.delay_us": "2000..20000"}),
    needs=NEEDS,
)
def parents_release_while_a_range_leaves(patches: Patches) -> None:
    patches.set(stream, "stands_still", lambda holding: holding.arriving is not None)


@mutant(
    "§2.1",
    "A partition that comes back after a crash releases its last record once more.",
    "readers get a change twice, under two sequence numbers",
    kinds=("reader differs", "reader out of order", "record out of order", "lineage broken"),
    hint=Hint("change-feed", {"faults.crashes": "10"}),
    needs=NEEDS,
)
def restarts_release_again(patches: Patches) -> None:
    @patches.around(Streams, "_load")
    def load(original: Any, self: Any, stored: Any) -> None:
        last = max(stored.records, key=lambda one: one.sequence, default=None)
        if last is not None and any(one.is_open and one.id == last.shard for one in stored.shards):
            again = replace(last, shard="", sequence=0)
            kept = (*(one for one in stored.records if one is not last), again)
            stored = replace(stored, records=kept)
        original(self, stored)


@mutant(
    "§2.1",
    "A partition that has crashed since a promise records its commit without the transaction's id.",
    "nobody can put a transaction's records together",
    kinds=("record misnamed",),
    hint=Hint("change-feed", {"faults.crashes": "10"}),
    needs=NEEDS,
)
def restarts_forget_whose_records(patches: Patches) -> None:
    @patches.around(StreamSteps, "_tell")
    def tell(original: Any, self: Any, *change: Any) -> Any:
        key, settings, applied, transaction, now = change
        named = transaction if self.incarnation == 1 else ""
        return original(self, key, settings, applied, named, now)


@mutant(
    "§2.1",
    "A page of records says that one more was read than there are in it.",
    "a reader misses a change, and nobody else can tell",
    kinds=("reader differs", "reader out of order"),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def pages_end_too_late(patches: Patches) -> None:
    @patches.around(Streams, "read")
    def read(original: Any, self: Any, message: Any) -> Any:
        page = original(self, message)
        return replace(page, after=page.after + 1) if getattr(page, "records", ()) else page


@mutant(
    "§2.1",
    "Every record says that an item was modified, also where it came or went.",
    "a reader that keeps only what is new, or what is gone, misses it",
    kinds=("record untrue",),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def every_change_is_a_modification(patches: Patches) -> None:
    patches.set(stream, "INSERT", MODIFY)
    patches.set(stream, "REMOVE", MODIFY)


@mutant(
    "§2.1",
    "An iterator at a record begins behind it.",
    "a reader that goes on at what it has not yet worked off never sees it",
    kinds=("iterator misplaced", "reader differs"),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed"),
    needs={**NEEDS, "protocol.iterator_valid_us": "100000"},  # A reader asks for new ones.
)
def iterators_begin_behind_their_record(patches: Patches) -> None:
    @patches.around(streams, "position_of")
    def position_of(original: Any, shard: Any, latest: Any, body: Any) -> Any:
        after = original(shard, latest, body)
        return after + (body["ShardIteratorType"] == "AT_SEQUENCE_NUMBER")


@mutant(
    "§2.1",
    "All records of a transaction bear one id.",
    "a consumer that knows by the id what it has seen takes one change for another",
    kinds=("event id repeated",),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed"),
    needs=NEEDS,
)
def transactions_have_one_event_id(patches: Patches) -> None:
    @patches.around(streams, "event_id")
    def event_id(original: Any, record: Any) -> Any:
        return record.transaction or original(record)


@mutant(
    "§2.1",
    "A record shows both images, whatever its stream's view.",
    "who was to see the keys alone is shown the items",
    kinds=("record untrue",),
    blind=OF_TRANSACTIONS,
    hint=Hint("change-feed", {"cluster.streams": "KEYS_ONLY"}),
    needs={"cluster.streams": "KEYS_ONLY"},
)
def views_hide_nothing(patches: Patches) -> None:
    @patches.around(stream, "record_of")
    def record_of(original: Any, change: Any, before: Any, after: Any, settings: Any) -> Any:
        return original(change, before, after, replace(settings, view="NEW_AND_OLD_IMAGES"))
