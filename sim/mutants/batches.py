"""Mutants of BatchWriteItem: entries that are more, or less, than a singleton each (§2.2)."""

from dataclasses import replace
from typing import Any

from network.messages import WriteRefused, Written
from router import batches
from sim.mutants.mutant import WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches

SCENARIO = "bulk-load"
NEEDS = {"scenario": SCENARIO}


@mutant(
    "§2.2",
    "A router asks again for what a partition has refused of a batch, and gives it back as well.",
    "what a client was told is not done is done, and overwrites what came in between",
    kinds=("given back and done",),
    hint=Hint(SCENARIO),
    needs=NEEDS,
)
def what_is_given_back_is_carried_out(patches: Patches) -> None:
    @patches.around(batches, "write_all")
    async def write_all(original: Any, tools: Any, entries: Any, tables: Any, *rest: Any) -> Any:
        replies = await original(tools, entries, tables, *rest)
        refused = [n for n, reply in enumerate(replies) if isinstance(reply, WriteRefused)]
        if refused:
            await original(
                tools, [entries[n] for n in refused], [tables[n] for n in refused], *rest
            )
        return replies


@mutant(
    "§2.2",
    "A router asks again for an entry of a batch that was not answered, as if it were a new one.",
    "a put that was overwritten is there again, and a delete deletes what came after it",
    kinds=("applied twice", *WRONG_DATA),
    hint=Hint(SCENARIO),
    needs=NEEDS,
)
def batches_ask_silent_entries_again(patches: Patches) -> None:
    @patches.around(batches, "write_all")
    async def write_all(original: Any, tools: Any, entries: Any, tables: Any, *rest: Any) -> Any:
        soon = replace(tools.options, write_deadline_us=100_000)
        replies = await original(replace(tools, options=soon), entries, tables, *rest)
        for n, reply in enumerate(replies):
            if reply is None:
                (replies[n],) = await original(tools, [entries[n]], [tables[n]], *rest)
        return replies


@mutant(
    "§2.2",
    "A router answers a batch as if all of it had been written, whatever a partition refused.",
    "a client takes for stored what nobody has stored",
    kinds=("write lost",),
    hint=Hint(SCENARIO),
    needs=NEEDS,
)
def batches_give_nothing_back(patches: Patches) -> None:
    @patches.around(batches, "unprocessed_of")
    def unprocessed_of(original: Any, entries: Any, replies: Any) -> Any:
        done = Written(None)
        return original(
            entries, [done if isinstance(one, WriteRefused) else one for one in replies]
        )


@mutant(
    "§2.2",
    "A router answers a batch and writes its last entry a moment later.",
    "whoever was told that all of it is stored looks, and it is not there yet",
    kinds=("late write", "stale read", "real time broken"),
    hint=Hint(SCENARIO),
    needs=NEEDS,
)
def batches_are_answered_early(patches: Patches) -> None:
    @patches.around(batches, "write_all")
    async def write_all(original: Any, tools: Any, entries: Any, tables: Any, *rest: Any) -> Any:
        host = tools.nodes._host  # noqa: SLF001  # As the router's own code has it.

        async def write_last() -> None:
            await host.sleep(20_000)
            await original(tools, entries[-1:], tables[-1:], *rest)

        replies = await original(tools, entries[:-1], tables[:-1], *rest)
        host.spawn(write_last())
        return [*replies, Written(None)]
