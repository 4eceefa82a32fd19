"""Mutants of Query, Scan and BatchGetItem: what routers leave out, or show twice (§2.2)."""

from typing import Any

from router import batches, queries
from sim.mutants.mutant import OF_TRANSACTIONS, Hint, mutant
from sim.mutants.patches import Patches

SCENARIO = "stale-reads"
LEFT_OUT = ("item left out",)
# Followers leave out what they have not heard of; what partitions leave out is wrong.
STRONG = {"workload.strong": "0.6", "workload.transactions": "80"}
NEEDS = {"scenario": SCENARIO, **STRONG}


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
    blind=OF_TRANSACTIONS,
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
