"""Mutants of Query, Scan and BatchGetItem: what routers leave out, or show twice (§2.2)."""

from dataclasses import replace
from typing import Any

from network.messages import NotMine
from partition import scan
from router import batches, queries
from sim.mutants.mutant import OF_TRANSACTIONS, Hint, mutant
from sim.mutants.patches import Patches

SCENARIO = "stale-reads"
LEFT_OUT = ("item left out",)
# Followers leave out what they have not heard of; what partitions leave out is wrong.
STRONG = {"workload.strong": "0.6", "workload.transactions": "80"}
NEEDS = {"scenario": SCENARIO, **STRONG}
# Boards are looked at page by page, or through a filter.
PAGES = {**STRONG, "workload.pages": "0.7"}
PAGED = {"scenario": SCENARIO, **PAGES}
# Indexes are looked at page by page, and backwards.
LOOKING = {"workload.looks": "0.6"}
INDEXED = {"scenario": "indexes", "protocol.tombstones_kept_us": "600000000", **LOOKING}


@mutant(
    "§2.2",
    "A Scan ends where its first partition does.",
    "a client is shown a part of a table, and takes it for the whole",
    kinds=LEFT_OUT,
    blind=OF_TRANSACTIONS,
    hint=Hint(SCENARIO, STRONG),
    needs=NEEDS,
)
def scans_end_with_a_partition(patches: Patches) -> None:
    @patches.around(queries, "shares_of")
    def shares_of(original: Any, *asked: Any) -> Any:
        return original(*asked)[:1]


@mutant(
    "§2.2",
    "BatchGetItem answers with all items but the last.",
    "a client takes an item for missing that is there",
    kinds=LEFT_OUT,
    blind=tuple(one for one in OF_TRANSACTIONS if one != "instants"),  # It knows batches' entries.
    hint=Hint(SCENARIO, STRONG),
    needs=NEEDS,
)
def batches_leave_out_their_last(patches: Patches) -> None:
    @patches.around(batches, "gathered")
    def gathered(original: Any, wanted: Any, readings: Any) -> Any:
        return original(wanted[:-1], readings[:-1])


@mutant(
    "§2.2",
    "A Scan that meets a split begins anew, and keeps what it has found.",
    "a client is shown items twice",
    kinds=("page out of order",),
    blind=OF_TRANSACTIONS,
    hint=Hint(SCENARIO, {**STRONG, "faults.partition_splits": "6", "workload.transactions": "160"}),
    needs={**NEEDS, "faults.partition_splits": "6"},
)
def scans_begin_anew_after_a_split(patches: Patches) -> None:
    @patches.around(queries, "shares_of")
    def shares_of(original: Any, placement: Any, draft: Any, asked: Any, _: int = 0) -> Any:
        return original(placement, draft, asked)


@mutant(
    "§2.2",
    "A Query that is to go backwards is asked of its partition forwards.",
    "a client takes the first items for the last ones",
    kinds=("page out of order",),
    blind=OF_TRANSACTIONS,
    hint=Hint("indexes", LOOKING),
    needs=INDEXED,
)
def pages_are_forwards(patches: Patches) -> None:
    @patches.around(queries, "scan_of")
    def scan_of(original: Any, *asked: Any, **more: Any) -> Any:
        return replace(original(*asked, **more), forward=True)


@mutant(
    "§2.2",
    "A page that goes on where another one ended begins with the item behind the next.",
    "a client that asks page by page never sees some of the items",
    kinds=("entry left out",),
    blind=OF_TRANSACTIONS,
    hint=Hint("indexes", LOOKING),
    needs=INDEXED,
)
def pages_go_on_behind_the_next(patches: Patches) -> None:
    @patches.around(queries, "find_on")
    async def find_on(
        original: Any, tools: Any, draft: Any, asked: Any, *more: Any, **late: Any
    ) -> Any:
        found = await original(tools, draft, asked, *more, **late)
        if asked.after is None or isinstance(found, NotMine):
            return found
        return replace(found, items=found.items[1:])


@mutant(
    "§2.2",
    "A router takes a page's limit for a partition's, and asks each one for so many items.",
    "a client that has room for a few items is shown many",
    kinds=("page miscounted",),
    blind=OF_TRANSACTIONS,
    hint=Hint(SCENARIO, PAGES),
    needs=PAGED,
)
def limits_are_for_each_partition(patches: Patches) -> None:
    @patches.around(queries, "onwards")
    def onwards(original: Any, asked: Any, _: int) -> Any:
        return original(asked, asked.limit)


@mutant(
    "§2.2",
    "A page counts what the last of its partitions has looked at, and not what all have.",
    "a client that counts is told a wrong number, and where to go on is not where its page ended",
    kinds=("page miscounted",),
    blind=OF_TRANSACTIONS,
    hint=Hint(SCENARIO, PAGES),
    needs=PAGED,
)
def only_the_last_partition_counts(patches: Patches) -> None:
    @patches.around(queries, "joined")
    def joined(original: Any, found: Any, page: Any, *rest: Any, **more: Any) -> Any:
        now = original(found, page, *rest, **more)
        return replace(now, scanned_count=page.scanned_count)


@mutant(
    "§2.2",
    "A Scan over several partitions shows what its filter was to leave out.",
    "a client works on items that it did not ask for",
    kinds=("filter ignored",),
    blind=OF_TRANSACTIONS,
    hint=Hint(SCENARIO, PAGES),
    needs=PAGED,
)
def scans_are_not_filtered(patches: Patches) -> None:
    patches.set(queries, "filtered", lambda _, items: items)


@mutant(
    "§2.2",
    "A page shows what is promised about an item, before it is committed.",
    "dirty reads: a client sees what may never come to be",
    kinds=("not current", "never current"),
    blind=OF_TRANSACTIONS,
    hint=Hint(SCENARIO, PAGES),
    needs=PAGED,
)
def pages_show_promises(patches: Patches) -> None:
    @patches.around(scan, "weighed_page")
    def weighed_page(original: Any, asked: Any, order: Any, records: Any, *rest: Any) -> Any:
        promised = {
            key: one
            if one.ongoing is None or not one.item or one.ongoing.after is None
            else replace(one, item=one.ongoing.after)
            for key, one in records.items()
        }
        return original(asked, order, promised, *rest)
