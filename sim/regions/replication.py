"""What must be true of several regions whatever happens: of two writes the later one wins.

In each region an item's versions rise; what came from elsewhere was written there, just so; and
when everybody has heard of everything, each item is everywhere the latest that anybody wrote.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from items.values import Item
from network.ids import Version
from sim.checkers.all import data_of
from sim.checkers.finding import Finding
from sim.checkers.model import Place, shown_place
from sim.cluster_run import Run
from sim.regions.caught_up import is_caught_up
from sim.regions.seen import ItemWrite, Position, RegionWitness

CONVERGENCE = ("eventual consistency of regions",)


def check_replication(runs: Sequence[Run], seen: Sequence[RegionWitness]) -> Iterator[Finding]:
    """Judge all regions by the writes that each has seen, and by what is on their disks."""
    regions = dict(zip(runs[0].scenario.regions, seen, strict=True))
    written = {
        (write.place, write.version): write
        for name, one in regions.items()
        for write in one.writes
        if write.version.region == name
    }
    for name, one in regions.items():
        yield from _risen(name, one.writes)
        yield from _written(name, one.writes, written)
        yield from _kept(name, one.fallen)
    if is_caught_up(runs):
        data = [data_of(run.cluster, run.witness) for run in runs]
        yield from _latest(regions, data, latest_of(written.values()))


def latest_of(writes: Iterable[ItemWrite]) -> dict[Place, ItemWrite]:
    """Return the write of each item that comes last in the order of versions."""
    found: dict[Place, ItemWrite] = {}
    for write in writes:
        other = found.get(write.place)
        if other is None or write.version > other.version:
            found[write.place] = write
    return found


def _risen(region: str, writes: Iterable[ItemWrite]) -> Iterator[Finding]:
    """Judge that no item went back to an earlier version."""
    for write in writes:
        if write.before is not None and write.version <= write.before:
            text = (
                f"{region} replaced version {write.before} of {shown_place(write.place)} with"
                f" {write.version}, which is not later: the later write should have won"
            )
            yield Finding("replication", "earlier write won", text, (), "", CONVERGENCE)


def _written(
    region: str,
    writes: Iterable[ItemWrite],
    written: Mapping[tuple[Place, Version], ItemWrite],
) -> Iterator[Finding]:
    """Judge that what came from another region was written there, and was this."""
    for write in writes:
        origin = write.version.region
        if origin == region:
            continue
        there = written.get((write.place, write.version))
        if there is None:
            text = (
                f"{region} was told of version {write.version} of {shown_place(write.place)}, and"
                f" nobody in {origin} ever wrote that"
            )
            yield Finding("replication", "never written", text, ())
        elif there.item != write.item:
            text = (
                f"{region} has version {write.version} of {shown_place(write.place)} as"
                f" {write.item}, and {origin} wrote {there.item}"
            )
            yield Finding("replication", "written otherwise", text, ())


def _kept(region: str, fallen: Iterable[Position]) -> Iterator[Finding]:
    """Judge that nobody forgot what another region has already heard of."""
    for one in fallen:
        text = (
            f"{region} noted that {one.name} has heard up to {one.after}, after {one.before}: a"
            " position must not go back"
        )
        yield Finding("replication", "position fell", text, ())


def _latest(
    regions: Mapping[str, RegionWitness],
    data: Sequence[Mapping[Place, Item]],
    latest: Mapping[Place, ItemWrite],
) -> Iterator[Finding]:
    """Judge that every region ended with the latest write of each item."""
    for (name, one), items in zip(regions.items(), data, strict=True):
        for place in sorted({*latest, *items}, key=repr):
            due, there = latest.get(place), one.latest.get(place)
            if due is None or there != due.version:
                what = "no version" if due is None else f"version {due.version}"
                text = (
                    f"{name} ended with version {there} of {shown_place(place)};"
                    f" the latest that any region wrote is {what}"
                )
                yield Finding("replication", "change lost", text, (), "", CONVERGENCE)
            elif items.get(place) != due.item:
                text = (
                    f"{name} ended with {items.get(place)} as {shown_place(place)};"
                    f" its latest write, {due.version}, left {due.item}"
                )
                yield Finding("replication", "regions differ", text, (), "", CONVERGENCE)
