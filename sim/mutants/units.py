"""Mutants of provisioned tables: who is judged, when, and what it costs.

Where a commit or a ledger's write may be refused, a decision is made that nobody can carry out.
The others hurt nobody's data: somebody is refused who need not be, or let through, or charged for
what was not done.
"""

from typing import Any

from coordinator.ledger import Ledger
from items.actions import Action
from items.errors import VALIDATION
from items.values import Item
from network.messages import Commit, Done, Envelope, Message, WriteRefused
from network.placement import HASHES, LEDGER_TABLE
from network.settings import Throughput
from partition import capacity, meters
from partition.capacity import Bucket
from partition.machine import Machine
from partition.meters import Meters
from partition.now import Time
from partition.record import TableState
from router.nodes import Nodes
from sim.mutants.mutant import WRONG_REASON, Hint, mutant
from sim.mutants.patches import Patches

SCENARIO = "provisioned"
NEEDS = {
    "cluster.write_units": "60",
    "cluster.read_units": "120",
    "cluster.burst_us": "1000000",
}
# Fewer units for less work, and no fault that the scenario did not ask for.
CALM = {"workload.transactions": "80", "network.late": "0", "faults.crashes": "1"}
CHARGES = ("charged wrongly", "let through", "refused for nothing")
NOT_DATA = ("outcomes", "singletons", "timestamps", "instants", "structure")


def spent(machine: Machine, table: str, now: Time) -> bool:
    """Say whether a table's writes are spent here."""
    found = None if machine.meters is None else machine.meters.all.get(table)
    if found is None or found.writes is None:
        return False
    held = machine.holding.range
    found.writes.refill(held.end - held.first, now.elapsed_us)
    return found.writes.is_spent


@mutant(
    "§3.3",
    "A commit is judged like new work, and not carried out while its table's units are spent.",
    "half transactions: a client is told 'done', and finds some of its items as they were",
    kinds=("stale read",),
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def commits_are_throttled(patches: Patches) -> None:
    @patches.around(Machine, "_commit")
    def commit(
        original: Any, self: Machine, message: Commit, envelope: Envelope, now: Time
    ) -> Message:
        if any(spent(self, table, now) for table, _ in message.keys):
            return Done((False,) * len(message.keys))
        answer: Message = original(self, message, envelope, now)
        return answer


@mutant(
    "§3.3",
    "A repeated prepare is judged and charged like the first one.",
    "what was promised is refused for want of units, and paid for again and again",
    kinds=(*WRONG_REASON, *CHARGES),
    blind=NOT_DATA,
    hint=Hint(SCENARIO, {**CALM, "network.repeat": "0.2"}),
    needs=NEEDS,
)
def repeats_are_judged_anew(patches: Patches) -> None:
    patches.set(Machine, "_knows", lambda *_: False)


@mutant(
    "§3.5",
    "The ledger is held to units like any table, and what it refuses is taken for written.",
    "decisions that nobody wrote down: a crash, or recovery, decides otherwise",
    kinds=("commit lost",),
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def ledgers_are_throttled(patches: Patches) -> None:
    @patches.around(meters, "throughput_of")
    def throughput_of(original: Any, state: TableState) -> Any:
        return Throughput(2, 2) if state.id == LEDGER_TABLE else original(state)

    @patches.around(Ledger, "_write")
    async def write(original: Any, self: Ledger, *rest: Any) -> Any:
        try:
            return await original(self, *rest)
        except AssertionError:  # Of a refusal that only this mutant makes.
            return True, None


@mutant(
    "§2.3",
    "An action of a transaction costs one underlying write, like a write outside.",
    "a table gives twice as much as it is paid for",
    kinds=CHARGES,
    blind=NOT_DATA,
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def transactions_cost_one_write(patches: Patches) -> None:
    patches.set(meters, "TRANSACTION_FACTOR", 1)


@mutant(
    "§3.4",
    "The second round of a read transaction is judged and charged as well.",
    "who was let through is refused half-way, and pays three times",
    kinds=CHARGES,
    blind=NOT_DATA,
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def second_rounds_are_judged(patches: Patches) -> None:
    patches.set(meters, "ROUND_2", 0)


@mutant(
    "§2.1",
    "Every partition gives all of a table's units, not its share of them.",
    "a table gives as many times what it is paid for as there are partitions",
    kinds=CHARGES,
    blind=NOT_DATA,
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def partitions_give_all_units(patches: Patches) -> None:
    patches.set(meters, "hashes_of", lambda _: HASHES)


@mutant(
    "§2.1",
    "Units come back by the clock, which may be set forward.",
    "a table gives more than it is paid for, or nothing while a clock is behind",
    kinds=(*WRONG_REASON, *CHARGES),
    blind=NOT_DATA,
    hint=Hint(SCENARIO, {**CALM, "faults.clock_jumps": "12"}),
    needs=NEEDS,
)
def units_come_by_the_clock(patches: Patches) -> None:
    clock_us: list[int] = []  # Of the step under way, if one is.

    @patches.around(Machine, "step")
    def step(original: Any, self: Machine, envelope: Envelope, now: Time) -> Any:
        clock_us.append(now.clock_us)
        try:
            return original(self, envelope, now)
        finally:
            clock_us.clear()

    @patches.around(Meters, "at")
    def at(original: Any, self: Meters, owned: Any, elapsed_us: int) -> Any:
        return original(self, owned, clock_us[0] if clock_us else elapsed_us)

    patches.set(capacity, "refilled", lambda units, hashes, us: units * hashes * us)


@mutant(
    "§2.1",
    "A failed condition is free.",
    "who only tries takes the units of those who write",
    kinds=CHARGES,
    blind=NOT_DATA,
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def failed_conditions_are_free(patches: Patches) -> None:
    @patches.around(Meters, "wrote")
    def wrote(
        original: Any, self: Meters, action: Action, before: Item | None, answer: Message
    ) -> None:
        if not isinstance(answer, WriteRefused):
            original(self, action, before, answer)


@mutant(
    "§2.1",
    "A conflict is charged like a write.",
    "whoever waits for a hot item takes the units of all others",
    kinds=CHARGES,
    blind=NOT_DATA,
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def conflicts_are_charged(patches: Patches) -> None:
    patches.set(meters, "is_conflict", lambda _: False)
    patches.set(meters, "TRANSACTION_CONFLICT", VALIDATION)


@mutant(
    "§2.1",
    "New work is let through however much is owed.",
    "a provisioned table gives whatever is asked of it",
    kinds=CHARGES,
    blind=NOT_DATA,
    hint=Hint(SCENARIO, CALM),
    needs=NEEDS,
)
def debts_are_not_looked_at(patches: Patches) -> None:
    patches.set(Bucket, "is_spent", property(lambda _: False))


@mutant(
    "§2.1",
    "A batch that asks for what is current pays as if it might be late.",
    "strong reads take what they do not pay for",
    kinds=("wrong price",),
    blind=NOT_DATA,
    hint=Hint("bulk-load", {"cluster.read_units": "300", "cluster.write_units": "300"}),
    needs={"scenario": "bulk-load", "cluster.read_units": "300", "cluster.write_units": "300"},
)
def strong_batches_pay_half(patches: Patches) -> None:
    @patches.around(Nodes, "read_each")
    async def read_each(original: Any, self: Nodes, keys: Any, request: str, _: Any = ()) -> Any:
        return await original(self, keys, request, range(len(keys)))
