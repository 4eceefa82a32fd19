"""Mutants of global tables: which of two writes stays, and what every region hears of."""

from typing import Any

from network.ids import Version
from partition import replicas
from partition.record import Record
from partition.singletons import Stamp
from replication import sender
from replication.sender import Sender
from sim.mutants.mutant import WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches

REGIONS = {
    "regions.names": "2",
    "regions.delay_us": "2000..50000",
    "regions.cuts": "1",
    "regions.transactions": "true",
}
# Streams besides those that replicators read are not to be had there.
NEEDS = {**REGIONS, "cluster.streams": ""}
APART = ("change lost", "regions differ")  # Regions that do not come together.
# Both regions do things at the same time, to the microsecond: nothing takes any but disks …
IN_STEP = {
    "network.delay_us": "0",
    "network.loss": "0",
    "network.repeat": "0",
    "network.late": "0",
    "regions.cuts": "0",
    "regions.loss": "0",
    "faults.crashes": "0",
    "disk.sync_us": "300",
    "cluster.clock_skew_us": "0",
    "client.think_us": "1",
    "cluster.routers": "1",
    "cluster.coordinators": "1",
    "workload.clients": "1",
}
# … and clients ask for one kind of thing.
ALIKE = {
    "workload.actions": "1",
    "workload.mix": "100w",
    "workload.hot": "6",
    "workload.deletes": "0",
    "workload.checks": "0",
}


@mutant(
    "§2.3",
    "What came from another region is sent on, as if it had been written here.",
    "changes that go round for ever, under versions that nobody wrote",
    kinds=("never written", "unfinished"),
    hint=Hint("global-tables"),
    needs=NEEDS,
)
def replicas_go_round(patches: Patches) -> None:
    patches.set(sender, "is_own", lambda _, __: True)


@mutant(
    "§2.3",
    "A write of another region is kept whatever is there: the last to arrive wins.",
    "regions that differ for ever: each keeps what the other one wrote",
    kinds=(*APART, "earlier write won"),
    hint=Hint("global-tables"),
    needs=NEEDS,
)
def last_to_arrive_wins(patches: Patches) -> None:
    patches.set(replicas, "wins", lambda version, known: version != known)


@mutant(
    "§2.3",
    "Versions are compared by their time alone, and the first one to be there stays on a tie.",
    "two writes in one microsecond: each region keeps its own",
    kinds=APART,
    hint=Hint("hot-keys", {**REGIONS, **IN_STEP, **ALIKE}),
    needs={**NEEDS, **IN_STEP, "faults.steps": "[]"},  # No step of the world's own nodes.
)
def ties_stay_as_they_are(patches: Patches) -> None:
    def wins(version: Version, known: Version | None) -> bool:
        return known is None or version.us > known.us

    patches.set(replicas, "wins", wins)


@mutant(
    "§2.3",
    "A deleted item's version is forgotten.",
    "an older write that comes late brings a deleted item back, in one region",
    kinds=(*APART, "earlier write won"),
    hint=Hint("global-tables"),
    needs=NEEDS,
)
def tombstones_are_forgotten(patches: Patches) -> None:
    @patches.around(replicas, "known_version")
    def known_version(original: Any, noted: Any, record: Record, region: str) -> Version | None:
        known: Version | None = original(noted, record, region)
        return None if record.item is None and record.ongoing is None else known


@mutant(
    "§3.5",
    "A replicator notes that a region has heard of a change, and tells it afterwards.",
    "a crash in between leaves a change out for ever",
    kinds=APART,
    hint=Hint("global-tables", {"faults.crashes": "12", "faults.downtime_us": "10000..300000"}),
    needs=NEEDS,
)
def positions_are_kept_early(patches: Patches) -> None:
    async def hand_over(self: Any, way: Any, records: Any, after: int) -> None:
        await self._kept.save(way.shard, way.region, after)
        await self._tell(way, records)

    patches.set(Sender, "_hand_over", hand_over)


@mutant(
    "§3.3",
    "A write of another region is kept although a transaction is ongoing on its item.",
    "a promise is broken: the transaction commits over it, or is forgotten",
    kinds=(*WRONG_DATA, "promise broken", "half a transaction", "application lost"),
    hint=Hint("global-tables"),
    needs=NEEDS,
)
def arrivals_ignore_promises(patches: Patches) -> None:
    patches.set(replicas, "is_in_flux", lambda _: False)


@mutant(
    "§3.2",
    "A write of another region is stamped by the clock here, which may be behind its version.",
    "a later write of this region has an earlier version, and no other region keeps it",
    kinds=(*APART, "earlier write won"),
    hint=Hint("global-tables", {"cluster.clock_skew_us": "500000"}),
    needs=NEEDS,
)
def arrivals_are_stamped_by_the_clock(patches: Patches) -> None:
    patches.set(
        replicas,
        "stamp_for",
        lambda version, clock_us, lsn: Stamp(version.region, clock_us, lsn),
    )
