"""Mutants of tables that change: indexes that come and go, streams that are switched off."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from network.ids import Timestamp
from network.messages import DropTable, Filled, SetTable
from network.rpc import Patience
from partition import indexed
from partition.entries import Entries
from partition.streams import Streams
from partition.table_steps import TableSteps
from router import definitions
from router.backfills import Backfilling
from router.nodes import Nodes
from sim.mutants.mutant import Hint, mutant
from sim.mutants.patches import Patches

# A table that is changed all the time, and tombstones that outlive whatever a hunt draws.
NEEDS = {"scenario": "changing-table", "protocol.tombstones_kept_us": "600000000"}
OFTEN = {"workload.changes": "0.3", "workload.transactions": "100"}
ASKED_ONCE = Patience(1_000_000, 1_000_000, 1_000_000)


@mutant(
    "§2.1",
    "What is brought into a new index bears the moment of its reading, not its item's timestamp.",
    "an item that was promised before then is changed, and the index never takes that for newer",
    kinds=("index differs",),
    hint=Hint("changing-table", {**OFTEN, "cluster.clock_skew_us": "50000"}),
    needs=NEEDS,
)
def backfills_stamp_anew(patches: Patches) -> None:
    @patches.around(Entries, "backfill")
    def backfill(original: Any, self: Any, message: Any, envelope: Any, now: Any) -> Any:
        clocks.append(now.clock_us)
        reply = original(self, message, envelope, now)
        clocks.pop()
        return reply

    clocks: list[int] = []

    @patches.around(indexed, "backfill")
    def filled(original: Any, *which: Any) -> Iterator[Any]:
        for place, item, timestamp in original(*which):
            yield place, item, Timestamp(max(clocks[-1], timestamp.us), timestamp.node)


@mutant(
    "§2.1",
    "A new index serves as soon as its items are on their way to it.",
    "a look at an index that is ACTIVE misses what has been in the table all along",
    kinds=("index incomplete",),
    hint=Hint("changing-table", OFTEN),
    needs=NEEDS,
)
def backfills_are_not_waited_for(patches: Patches) -> None:
    async def arrived(_: Any, __: Any, ___: Filled) -> None:
        """Wait for nothing."""

    patches.set(Backfilling, "_arrived", arrived)


@mutant(
    "§2.1",
    "A newer word for a place of an index begins to wait anew, whatever waited there.",
    "two routers fill an index, and each takes for arrived what the other has had queued again",
    kinds=("index incomplete",),
    hint=Hint("changing-table", OFTEN),
    needs=NEEDS,
)
def newer_words_wait_anew(patches: Patches) -> None:
    patches.set(indexed, "waits_since", lambda _, lsn: lsn)


@mutant(
    "§2.1",
    "Who is asked once to drop a deleted index, and does not answer, keeps it.",
    "entries stay for ever where a partition was away: nobody comes back to an index that is gone",
    kinds=("index left behind",),
    hint=Hint("changing-table", OFTEN),
    needs=NEEDS,
)
def deletions_are_asked_once(patches: Patches) -> None:
    @patches.around(Nodes, "ask_everyone")
    async def ask_everyone(original: Any, self: Any, question: Any) -> None:
        if not isinstance(question, DropTable) or not indexed.is_index(question.table):
            await original(self, question)
            return
        shares = self.placement.shares(question.table)
        asks = [(share.node, self._of(share, question)) for share in shares]
        await self._peers.ask_all(asks, ASKED_ONCE)


@mutant(
    "§2.1",
    "An index that is made anew is known by the id of the one that was deleted.",
    "partitions know that it was dropped, and acknowledge its entries without keeping any",
    kinds=("index incomplete", "index unknown", "index differs"),
    hint=Hint("changing-table", OFTEN),
    needs=NEEDS,
)
def new_indexes_have_the_old_id(patches: Patches) -> None:
    @patches.around(definitions, "index_id")
    def index_id(original: Any, table: str, name: str, _: int) -> str:
        found: str = original(table, name, 0)
        return found


@mutant(
    "§2.1",
    "A partition that is told to switch a stream off goes on with it.",
    "a stream goes on that should have ended, and its readers wait for its end for ever",
    kinds=("update untold", "shards differ"),
    hint=Hint("changing-table", OFTEN),
    needs=NEEDS,
)
def streams_stay_on(patches: Patches) -> None:
    @patches.around(TableSteps, "_set_table")
    def set_table(original: Any, self: Any, message: SetTable, envelope: Any, now: Any) -> Any:
        table = self._tables.get(message.table)
        if table is not None and message.settings.stream is None:
            settings = replace(message.settings, stream=table.stream)
            message = replace(message, settings=settings)
        return original(self, message, envelope, now)


@mutant(
    "§2.1",
    "A stream that is switched off ends at once, and what waits for its place is dropped.",
    "changes of before are in no stream: they waited for a transaction that was still ongoing",
    kinds=("record lost",),
    hint=Hint("changing-table", OFTEN),
    needs=NEEDS,
)
def what_waits_ends_with_its_stream(patches: Patches) -> None:
    @patches.around(Streams, "end")
    def end(original: Any, self: Any, table: str, label: str) -> None:
        gone = [one for one in self.waiting if (one.table, one.label) == (table, label)]
        self.waiting = [one for one in self.waiting if one not in gone]
        self._changed.update(dict.fromkeys([one.lsn for one in gone]))
        original(self, table, label)
