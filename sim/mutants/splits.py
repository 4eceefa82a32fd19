"""Mutants of a partition that splits: what is left behind, and who serves when (§3.1, §3.3)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from network import placement
from network.messages import Carry
from partition import mover, rules, split
from partition.machine import Machine
from partition.record import TableState
from sim.mutants.lsns import let_lsns_repeat
from sim.mutants.mutant import OF_TRANSACTIONS, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches

SPLITS = {"faults.partition_splits": "4"}


@mutant(
    "§3.3",
    "The child of a split begins without the max delete timestamps of its parent's tables.",
    "an older transaction brings an item back after its delete",
    kinds=(*WRONG_DATA, "timestamp fell"),
    hint=Hint("orders-and-payments", {**SPLITS, "workload.transactions": "80"}),
    of_partition=True,
)
def children_forget_deletes(patches: Patches) -> None:
    patches.set(split, "merged", lambda _, state: TableState(state.id, state.schema))


@mutant(
    "§3.3",
    "A split carries items over, and not what is ongoing on them.",
    "half transactions: a commit finds nothing ongoing at the child",
    kinds=(*WRONG_DATA, "half a transaction", "promise broken"),
    hint=Hint("bank", SPLITS),
    of_partition=True,
)
def children_forget_promises(patches: Patches) -> None:
    @patches.around(split, "carried")
    def carried(original: Any, message: Carry) -> Any:
        tables, records = original(message)
        kept = [(one.key, rules.cancel(one.record)) for one in records if one.record.ongoing]
        plain = [one for one in records if one.record.ongoing is None]
        plain += [split.KeyedRecord(key, record) for key, record in kept if record is not None]
        return tables, tuple(plain)


@mutant(
    "§3.4",
    "The LSNs of a split's child begin anew.",
    "a read transaction meets an LSN twice, and takes what has changed for unchanged",
    kinds=(*WRONG_DATA, "read refuted", "LSN repeated"),
    hint=Hint("hot-keys", SPLITS),
    of_partition=True,
)
def children_count_from_nothing(patches: Patches) -> None:
    @patches.around(split, "carries")
    def carries(original: Any, *parent: Any) -> Iterator[Carry]:
        return (replace(message, lsn=0) for message in original(*parent))

    let_lsns_repeat(patches)


@mutant(
    "§3.3",
    "A parent goes on serving the range that it is carrying over to its child.",
    "what it writes after the copy is lost: the child knows nothing of it",
    kinds=(*WRONG_DATA, "application lost", "half a transaction", "read refuted", "promise broken"),
    hint=Hint("hot-keys", {**SPLITS, "network.delay_us": "2000..20000"}),
    of_partition=True,
)
def parents_serve_what_leaves(patches: Patches) -> None:
    served: dict[int, Any] = {}

    @patches.around(split, "leave")
    def leave(original: Any, holding: Any, at: int, child: str) -> Any:
        left = original(holding, at, child)
        if left is None:
            return None
        served[at] = left.range
        return replace(left, range=holding.range)

    @patches.around(split, "settle")
    def settle(original: Any, holding: Any, record: Any) -> Any:
        at = holding.leaving.range.first
        return original(replace(holding, range=served.get(at, holding.range)), record)


@mutant(
    "§3.1",
    "A parent that restarts in the middle of a split serves its whole range again.",
    "two owners: the placement may have given a part of it to the child",
    kinds=(*WRONG_DATA, "read refuted", "half a transaction", "application lost", "unfinished"),
    hint=Hint("bank", {**SPLITS, "network.delay_us": "2000..20000"}),
    of_partition=True,
)
def restarts_forget_splits(patches: Patches) -> None:
    @patches.around(Machine, "__init__")
    def born(original: Any, self: Any, name: str, owned: Any, stored: Any, *rest: Any) -> None:
        holding = stored.holding
        if holding is not None and holding.leaving is not None:
            whole = replace(holding.range, end=holding.leaving.range.end)
            stored = replace(stored, holding=replace(holding, range=whole, leaving=None))
        original(self, name, owned, stored, *rest)


@mutant(
    "§3.1",
    "The placement is set whatever it is: who is late gives away what was taken back.",
    "two owners, or none: a range goes to a child that its parent has given up",
    kinds=(*WRONG_DATA, "unfinished", "read refuted"),
    hint=Hint(
        "bank",
        {
            **SPLITS,
            "faults.partition_splits": "20",
            "network.late": "0.2",
            "network.late_us": "10000000",
            "protocol.token_valid_us": "3000000000",
            "run.calm_us_max": "600000000",
        },
    ),
    of_partition=True,
)
def placements_compare_nothing(patches: Patches) -> None:
    @patches.around(placement, "changing")
    def changing(original: Any, record: Any) -> Any:
        return replace(original(record), condition=None, names={}, values={})

    patches.set(mover, "changing", placement.changing)


@mutant(
    "§3.3",
    "A child serves its range as soon as its records arrive, before the placement gives it.",
    "two owners, if anybody asked the second one: a split that is undone leaves one behind",
    kinds=("unfinished",),
    blind=OF_TRANSACTIONS,
    hint=Hint("bank", {"faults.partition_splits": "20"}),
)
def children_serve_early(patches: Patches) -> None:
    @patches.around(split, "arrive")
    def arrive(original: Any, holding: Any, message: Carry, parent: str) -> Any:
        arrived = original(holding, message, parent)
        return None if arrived is None else replace(arrived, range=message.range)
