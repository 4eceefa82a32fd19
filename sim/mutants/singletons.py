"""Mutants of writes outside any transaction (§3.3 'singleton writes')."""

from dataclasses import replace
from typing import Any

from items.actions import Delete
from network.ids import Timestamp
from network.messages import Message, Restarted
from network.once import Once
from network.rpc import Patience
from partition import singletons
from partition.machine import Machine
from partition.record import Record
from router.nodes import Nodes
from router.options import RouterOptions
from router.server import RouterServer
from sim.mutants.mutant import WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches


def may_lose_promises(patches: Patches) -> None:
    """Leave out what asserts that a promise is still there at the end of the step that met it."""

    @patches.around(Machine, "_stalled")
    def stalled(original: Any, self: Any, records: Any, elapsed_us: int) -> Any:
        since = self._since  # It breaks a rule of that very class.
        return original(self, {key: records[key] for key in records if key in since}, elapsed_us)


@mutant(
    "§3.3",
    "A singleton write is stamped by its partition's clock alone, be it behind what is there.",
    "a transaction that is older than what is there comes after it",
    code="M15",
    kinds=WRONG_DATA,
    hint=Hint("hot-keys", {"cluster.clock_skew_us": "2000000"}),
    of_partition=True,
)
def singletons_trust_their_clock(patches: Patches) -> None:
    patches.set(
        singletons, "timestamp_after", lambda _, stamp: Timestamp(stamp.clock_us, stamp.node)
    )


@mutant(
    "§3.3",
    "A singleton write goes past a transaction that is ongoing on its item, and leaves it there.",
    "lost updates: the commit writes what it had worked out before",
    code="M13",
    kinds=WRONG_DATA,
    hint=Hint("hot-keys"),
    of_partition=True,
)
def singletons_ignore_the_ongoing(patches: Patches) -> None:
    @patches.around(singletons, "write")
    def write(original: Any, record: Record, *rest: Any) -> Any:
        applied, answer = original(replace(record, ongoing=None), *rest)
        if applied is None or applied.record is None or record.ongoing is None:
            return applied, answer
        return replace(applied, record=replace(applied.record, ongoing=record.ongoing)), answer

    patches.set(Record, "check", lambda _: None)  # What is ongoing comes after what was.
    may_lose_promises(patches)


@mutant(
    "§3.3",
    "A singleton delete removes an item together with the transaction that is ongoing on it.",
    "half transactions: the commit finds nothing to apply it to",
    code="M14",
    kinds=WRONG_DATA,
    hint=Hint("hot-keys", {"workload.deletes": "0.3"}),
    of_partition=True,
)
def deletes_take_promises_along(patches: Patches) -> None:
    @patches.around(singletons, "write")
    def write(original: Any, record: Record, action: Any, *rest: Any) -> Any:
        if isinstance(action, Delete) and record.item is not None:
            record = replace(record, ongoing=None)
        return original(record, action, *rest)

    may_lose_promises(patches)


@mutant(
    "§3.3",
    "A partition recognises no copy of a singleton write.",
    "an update is applied twice, or long after it was overwritten",
    kinds=WRONG_DATA,
    hint=Hint("hot-keys", {"network.repeat": "0.3"}),
    of_partition=True,
)
def copies_are_carried_out(patches: Patches) -> None:
    def earlier(self: Any, _: str, __: int, incarnation: int) -> Message | None:
        mine = self._incarnation  # It breaks a rule of that very class.
        return None if incarnation else Restarted(mine)

    patches.set(Once, "earlier", earlier)


@mutant(
    "§3.3",
    "A copy of a singleton write that was meant for the partition before its crash is carried out.",
    "an update that was applied before the crash is applied once more",
    kinds=WRONG_DATA,
    hint=Hint(
        "hot-keys",
        {
            "network.repeat": "0.3",
            "network.late_us": "2000000",
            "faults.crashes": "30",
            "faults.downtime_us": "1000..20000",
        },
    ),
    of_partition=True,
)
def copies_outlive_a_crash(patches: Patches) -> None:
    @patches.around(Once, "earlier")
    def earlier(original: Any, self: Any, source: str, number: int, incarnation: int) -> Any:
        mine = self._incarnation  # It breaks a rule of that very class.
        return original(self, source, number, mine if incarnation else 0)


@mutant(
    "§3.3",
    "A router asks for a singleton write again when it was not answered, as if it were a new one.",
    "an update whose answer was lost is applied twice",
    kinds=WRONG_DATA,
    hint=Hint("hot-keys"),
    source=(
        "jetcd 0.8.2, etcd's Java client: writes that were not answered were sent again, and took"
        " effect twice (Jepsen: jetcd 0.8.2, 2024)"
    ),
)
def routers_ask_writes_again(patches: Patches) -> None:
    def once(_: RouterOptions) -> Patience:
        soon_us = 100_000
        return Patience(soon_us, soon_us, soon_us, repeats=False)

    patches.set(RouterOptions, "once", once)

    @patches.around(Nodes, "write_all_once")
    async def write_all_once(original: Any, *args: Any) -> Any:
        replies = await original(*args)
        return await original(*args) if None in replies else replies


@mutant(
    "§3.3",
    "A router that comes back after a crash carries out copies that were meant for it before.",
    "an update whose answer was given before the crash is applied twice",
    kinds=("applied twice", "late write", *WRONG_DATA),
    hint=Hint(
        "permissions",
        {
            "workload.transactions": "60",
            "faults.crashes": "20",
            "faults.downtime_us": "20000..200000",
            "network.late": "0.1",
            "network.late_us": "500000",
            "network.repeat": "0.2",
        },
    ),
)
def routers_serve_any_incarnation(patches: Patches) -> None:
    @patches.around(RouterServer, "_take")
    def take(original: Any, self: Any, envelope: Any, request: Any) -> None:
        if request.incarnation:  # 0 is nobody's, and asks which one there is.
            incarnation = self._host.incarnation  # It breaks a rule of that very class.
            request = replace(request, incarnation=incarnation)
        original(self, envelope, request)
