"""Whose writes they were: from what the partitions say of a write to its client's operation."""

from collections.abc import Mapping, Sequence

from items.data import data
from network.ids import Version
from sim.checkers.model import Place, shown_place
from sim.cluster_run import Run
from sim.history import WRITE_TRANSACTION, Operation
from sim.regions.seen import ItemWrite, RegionWitness
from sim.witness import Decision


@data
class RegionSeen:
    """One region, with all that is known of its operations and its items' writes."""

    name: str
    operations: tuple[Operation, ...]
    by_cause: Mapping[str, Operation]  # By transaction and by attempt.
    writes: Mapping[Place, Sequence[ItemWrite]]  # Of each item, in the order of their moments.
    by_version: Mapping[tuple[Place, Version], ItemWrite]  # The first that brought it here.
    seen: RegionWitness

    def whose(self, write: ItemWrite) -> Operation | None:
        return self.by_cause.get(write.cause)

    def write_of(self, place: Place, version: Version) -> ItemWrite | None:
        """Return the write that brought this version here, if any did."""
        return self.by_version.get((place, version))


def region_seen(run: Run, seen: RegionWitness, count: int) -> RegionSeen:
    """Put together what is known of a region; of its history the first `count` operations."""
    assert run.part is not None, "each run is one region's"
    operations = tuple(one for one in run.history if one.place < count)
    by_call = {
        (one.request["ClientRequestToken"], one.call): one
        for one in operations
        if one.name == WRITE_TRANSACTION
    }
    by_cause = {attempt: one for one in operations for attempt in one.attempts}
    for decision in run.witness.all(Decision):
        operation = by_call.get((decision.token, decision.call))
        if decision.commits and operation is not None:
            by_cause[decision.transaction] = operation
    writes: dict[Place, list[ItemWrite]] = {}
    by_version: dict[tuple[Place, Version], ItemWrite] = {}
    for write in sorted(seen.writes, key=lambda one: one.number):
        writes.setdefault(write.place, []).append(write)
        by_version.setdefault((write.place, write.version), write)
    return RegionSeen(run.part.region.name, operations, by_cause, writes, by_version, seen)


def named(region: str, operation: Operation | None) -> str:
    """Name an operation as in 'eu-west-1's k2 (k2/7)'."""
    return f"somebody in {region}" if operation is None else f"{region}'s {operation.call}"


def at(us: int) -> str:
    return f"{us / 1000:,.1f} ms"


def listed(places: Sequence[Place]) -> str:
    return " and ".join(shown_place(place) for place in places)
