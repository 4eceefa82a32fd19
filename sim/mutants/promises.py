"""Mutants of what a partition must not forget: its promises, and what it said (§3.1, §3.5)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from network.messages import Readings
from partition import rules
from partition.machine import Machine
from partition.server import PartitionServer
from partition.storage import Changes, Contents
from sim.disk import SimulatedDisk
from sim.mutants.lsns import let_lsns_repeat
from sim.mutants.mutant import IMPATIENT, WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches


@mutant(
    "§3.1",
    "A partition answers before its changes are durable.",
    "a crash takes back what was promised, written or read",
    kinds=("data differ", "read refuted", "commit lost"),
    hint=Hint("orders-and-payments", {"disk.sync_us": "5000..20000", "faults.crashes": "20"}),
)
def replies_precede_their_changes(patches: Patches) -> None:
    @patches.around(SimulatedDisk, "append")
    def append(original: Any, self: SimulatedDisk, changes: Any, then: Callable[[], None]) -> None:
        then()
        original(self, changes, lambda: None)


@mutant(
    "§3.1",
    "A partition that comes back after a crash has its items, and none of its promises.",
    "half transactions: a commit finds nothing ongoing where the partition had crashed",
    kinds=WRONG_DATA,
    hint=Hint("bank", {"faults.crashes": "20"}),
    of_partition=True,
)
def crashes_lose_promises(patches: Patches) -> None:
    @patches.around(Machine, "__init__")
    def born(original: Any, self: Any, name: str, owned: Any, stored: Any, *rest: Any) -> None:
        kept = tuple(
            (key, record if record.ongoing is None else rules.cancel(record))
            for key, record in stored.records
        )
        there = tuple((key, record) for key, record in kept if record is not None)
        original(self, name, owned, replace(stored, records=there), *rest)


@mutant(
    "§3.5",
    "A partition cancels by itself what has been ongoing on its items for too long.",
    "half transactions: a slow coordinator commits what one partition has given up",
    code="M22",
    kinds=WRONG_DATA,
    hint=Hint("bank", {**IMPATIENT, "faults.crashes": "20"}),
    source=(
        "MySQL before 5.7.7: a prepared XA transaction was rolled back when its client disconnected"
        " (MySQL bug 12161)"
    ),
)
def partitions_give_up_promises(patches: Patches) -> None:
    @patches.around(Machine, "stalled")
    def stalled(original: Any, self: Any, elapsed_us: int) -> Any:
        found = original(self, elapsed_us)
        for one in found:
            for table, key in one.keys:  # Durable with the next step, which is soon enough.
                self.keep((table, key), rules.cancel(self.record(table, key)))
        return found


@mutant(
    "§3.4",
    "A partition that comes back after a crash counts its LSNs from the beginning again.",
    "a read transaction meets an LSN twice, and takes what has changed for unchanged",
    kinds=(*WRONG_DATA, "read refuted", "LSN repeated"),
    hint=Hint("bank", {"faults.crashes": "20"}),
    of_partition=True,
)
def restarts_forget_lsns(patches: Patches) -> None:
    @patches.around(Machine, "__init__")
    def born(original: Any, self: Any, name: str, owned: Any, stored: Any, *rest: Any) -> None:
        original(self, name, owned, replace(stored, lsn=0), *rest)

    @patches.around(Contents, "take")
    def take(original: Any, self: Contents, changes: Changes) -> None:
        self.lsn = min(self.lsn, changes.lsn)  # A disk asserts that LSNs rise.
        original(self, changes)

    let_lsns_repeat(patches)


@mutant(
    "§3.1",
    "A repeat that changes nothing is answered at once, whatever earlier step is not yet durable.",
    "half transactions: a repeated accept speaks of a promise that a crash takes back",
    kinds=(*WRONG_DATA, "half a transaction", "application lost", "applied uncommitted"),
    hint=Hint(
        "orders-and-payments",
        {
            "workload.transactions": "60",
            "disk.sync_us": "20000..60000",
            "faults.crashes": "30",
            "faults.downtime_us": "20000..200000",
            "network.repeat": "0.4",
            "protocol.repeat_first_us": "5000",
        },
    ),
)
def repeats_are_answered_at_once(patches: Patches) -> None:
    @patches.around(PartitionServer, "receive")
    def receive(original: Any, self: Any, frame: Any) -> None:
        replies = self._replies  # It breaks a rule of that very class.
        before = len(replies)
        original(self, frame)
        if len(replies) == before:
            return
        _, envelope, output = replies[-1]
        if output.changes is None and not isinstance(output.reply, Readings):
            replies.pop()
            self.peers.reply(envelope.source, envelope.number, output.reply)
