"""All kinds of fault that come at random times, in one table: a key of `[faults]` each.

A new kind is a line of the table, the functions that begin and end it, and its keys in `sim.keys`.
Its draws have sites of their own, named by the kind, so that it shifts no other kind's.
"""

from collections.abc import Callable, Mapping

from items.data import data
from sim.counted import counted
from sim.faults import hosts, moves, network, storage, victims
from sim.faults.victims import Victims
from sim.faults.world import Begun, Fault, World


@data
class Kind:
    """One kind of fault."""

    name: str  # How many there are to be is `faults.⟨name⟩`.
    one: str  # Its sites are '⟨one⟩ place', '⟨one⟩ victim' and so on.
    span: str  # How long it lasts is `faults.⟨span⟩`.
    victims: Victims
    begin: Callable[[World, Fault], Begun]
    end: Callable[[World, Fault], None]
    length: str = "length"  # The site of how long it lasts is '⟨one⟩ ⟨length⟩'.


KINDS = (
    Kind(
        "crashes",
        "crash",
        "downtime_us",
        victims.no_client,
        hosts.crash,
        hosts.restart,
        length="downtime",
    ),
    Kind("pauses", "pause", "pause_us", victims.anybody, hosts.pause, hosts.resume),
    Kind(
        "clock_jumps",
        "clock jump",
        "clock_jump_us",
        victims.anybody,
        hosts.step_clock,
        hosts.leave_clock,
    ),
    Kind("cuts", "cut", "cut_us", victims.link, network.cut, network.join),
    Kind(
        "one_way_cuts",
        "one-way cut",
        "cut_us",
        victims.link,
        network.cut_one_way,
        network.join_one_way,
    ),
    Kind("flaps", "flap", "flap_us", victims.link, network.flap, network.nothing_left),
    Kind("splits", "split", "split_us", victims.groups, network.split, network.unite),
    Kind("holds", "hold", "hold_us", victims.link, network.hold, network.release),
    Kind("clogs", "clog", "clog_us", victims.link, network.clog, network.unclog),
    Kind(
        "swizzles",
        "swizzle",
        "swizzle_us",
        victims.some_twice,
        network.swizzle,
        network.nothing_left,
    ),
    Kind("slow_disks", "slow disk", "slow_disk_us", victims.disk, storage.slow, storage.hasten),
    Kind("full_disks", "full disk", "full_disk_us", victims.disk, storage.fill, storage.clear),
    Kind(
        "torn_writes",
        "torn write",
        "downtime_us",
        victims.disk,
        storage.tear,
        network.nothing_left,
    ),
    Kind("throttles", "throttle", "throttle_us", victims.partition, hosts.throttle, hosts.relent),
    Kind(
        "partition_splits",
        "partition split",
        "late_child_us",
        victims.disk,
        moves.split,
        moves.nothing_left,
    ),
    Kind(
        "lying_disks",
        "lying disk",
        "lying_disk_us",
        victims.disk,
        storage.lie,
        storage.expose,
    ),
)

# What comes with messages, on steps or between regions; in words, as the kinds are.
OTHERS = {
    "late": ("late message", "late messages"),
    "corrupt": ("corrupt message", "corrupt messages"),
    "steps": ("fault on a step", "faults on steps"),
    "region_cuts": ("cut between regions", "cuts between regions"),
}


def in_words(faults: Mapping[str, int]) -> list[str]:
    """Say how many faults there were, by `Result.faults`: `3 crashes`; nothing of those off."""
    words = {kind.name: (kind.one, kind.name.replace("_", " ")) for kind in KINDS} | OTHERS
    return [counted(n, *words[name]) for name, n in faults.items() if n]
