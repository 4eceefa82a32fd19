"""Mutants of followers: what they are told and when, what they skip, and who is sent to them."""

from typing import Any

from network.placement import Range
from partition import feed, follower
from partition.feed import Feed
from partition.follower import Follower, LogEntry, Shown
from partition.storage import Changes
from router import batches, followers, queries, singletons
from sim.mutants.mutant import WRONG_READ, Hint, mutant
from sim.mutants.patches import Patches

SCENARIO = "stale-reads"
NEEDS = {"cluster.followers": "2", "cluster.follower_delay_us": "1000..5000"}
# What is heard is applied at once, and disks are slow: a follower is ahead of its partition's disk.
AT_ONCE = {
    "cluster.follower_delay_us": "0",
    "disk.sync_us": "5000..20000",
    "faults.steps": "[]",
}


@mutant(
    "§3.1",
    "Followers are told of what a partition has appended before it is durable.",
    "reads of what a crash of the partition takes back: a value that never was",
    kinds=("garbage shown", "shown too early", "never current"),
    hint=Hint(SCENARIO, AT_ONCE),
    needs=NEEDS,
)
def followers_hear_before_the_disk(patches: Patches) -> None:
    def appended(log: Feed, entry: LogEntry) -> None:
        log.durable = entry.position
        log.tell(entry)

    patches.set(feed, "appended", appended)
    patches.set(feed, "became_durable", lambda *_: None)


@mutant(
    "§3.3",
    "Followers are told of what is promised as if it were committed.",
    "dirty reads: values of transactions that are cancelled afterwards",
    kinds=("garbage shown", "shown too early", "never current"),
    hint=Hint(SCENARIO, {"faults.steps": "[]"}),
    needs=NEEDS,
)
def followers_show_promises(patches: Patches) -> None:
    @patches.around(follower, "shown_of")
    def shown_of(original: Any, changes: Changes) -> tuple[Shown, ...]:
        promised = [
            Shown(key, record.ongoing.after, record.lsn)
            for key, record in changes.records
            if record is not None and record.ongoing is not None and follower.is_told(key[0])
        ]
        return (*original(changes), *promised)


@mutant(
    "§2.2",
    "Reads that ask for what is current may go to followers as well.",
    "stale reads: a client does not find what it was told is written",
    kinds=(*WRONG_READ, "stale read"),
    hint=Hint(SCENARIO, {"faults.steps": "[]", "workload.strong": "0.5"}),
    needs=NEEDS,
)
def strong_reads_go_to_followers(patches: Patches) -> None:
    for place in (followers, singletons, queries, batches):
        patches.set(place, "may_be_late", lambda _: True)


@mutant(
    "§3.1",
    "A follower that misses a piece of the log goes on with the next one.",
    "an item that stays as it was for ever, on one follower",
    kinds=("out of order", "unfinished"),
    hint=Hint(SCENARIO, {"faults.steps": "[]"}),
    needs=NEEDS,
)
def followers_skip_gaps(patches: Patches) -> None:
    patches.set(follower, "is_gap", lambda state, log: log.incarnation > state.incarnation)


@mutant(
    "§3.3",
    "A follower goes on serving what its partition has given to a child.",
    "an item that stays as it was for ever: its changes are in the child's log",
    kinds=("out of order", "unfinished"),
    hint=Hint(SCENARIO, {"faults.steps": "[]", "faults.partition_splits": "3"}),
    needs=NEEDS,
)
def followers_serve_what_left(patches: Patches) -> None:
    def stays(_: Follower, __: Range) -> bool:
        return True

    patches.set(follower, "narrowed", stays)
