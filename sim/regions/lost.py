"""Writes that are gone for others that knew nothing of them: what the announcement warns of.

Two regions take writes of one item at the same time, each in an isolation of its own.  When they
hear of each other the later write wins in both, and the earlier one is gone, although its client
was told that it is done.  Where both had read the same version, that is the lost update of the
textbooks.
"""

from collections.abc import Iterator, Sequence

from items.data import data
from sim.checkers.model import shown_place
from sim.history import WRITE_TRANSACTION, Operation
from sim.regions.figures import Anomaly
from sim.regions.seen import ItemWrite
from sim.regions.whose import RegionSeen, at, named


@data
class Lost:
    """A write, and the one for which it is gone."""

    loser: ItemWrite  # As its own region saw it; likewise:
    winner: ItemWrite

    @property
    def is_update(self) -> bool:
        """Whether both had found the same version."""
        return self.loser.before == self.winner.before


def lost_writes(regions: Sequence[RegionSeen]) -> list[Lost]:
    """Find each write that a region refused for one that did not know of it."""
    origins = {region.name: region for region in regions}
    found: dict[tuple[object, object], Lost] = {}
    for region in regions:
        for one in region.seen.beaten:
            if (one.place, one.version) in found or region.write_of(one.place, one.version):
                continue  # It was here before: what came was a copy.
            loser = origins[one.version.region].write_of(one.place, one.version)
            home = origins[one.winner.region]
            winner = home.write_of(one.place, one.winner)
            if loser is None or winner is None:
                continue
            known = home.write_of(one.place, one.version)
            if known is None or known.number > winner.number:
                found[one.place, one.version] = Lost(loser, winner)
    return sorted(found.values(), key=lambda lost: lost.winner.us)


def told_lost(regions: Sequence[RegionSeen], lost: Sequence[Lost]) -> Iterator[Anomaly]:
    """Tell each of them in sentences."""
    by_name = {region.name: region for region in regions}
    for one in lost:
        loser, winner = one.loser, one.winner
        home, there = by_name[loser.version.region], by_name[winner.version.region]
        first, second = home.whose(loser), there.whose(winner)
        found = (
            "Both had found the same version" if one.is_update else "Neither had heard of the other"
        )
        place = shown_place(loser.place)
        lines = [
            f"{named(home.name, first)} {_wrote(first)} {place} in {home.name}, done at"
            f" {at(loser.us)}.",
            f"{named(there.name, second)} {_wrote(second)} {place} in {there.name}, done at"
            f" {at(winner.us)}.  {found}.",
            f"By its version the second one is later ({winner.version}, after {loser.version}): it"
            " wins everywhere.",
            "The first one is gone, although its client was told that it is done.",
        ]
        calls = tuple(
            f"{name}.{who.call}"
            for name, who in ((home.name, first), (there.name, second))
            if who is not None
        )
        yield Anomaly(calls, "\n".join(lines))


def torn_count(regions: Sequence[RegionSeen], lost: Sequence[Lost]) -> int:
    """Count the transactions of which some writes are gone like that, and others are not."""
    gone = {(one.loser.place, one.loser.version) for one in lost}
    torn = set()
    for region in regions:
        for place, writes in region.writes.items():
            for write in writes:
                whose = region.whose(write)
                is_part = whose is not None and whose.name == WRITE_TRANSACTION
                if is_part and (place, write.version) not in gone:
                    torn.add((region.name, write.cause))
    by_name = {region.name: region for region in regions}
    losers = {
        (one.loser.version.region, one.loser.cause)
        for one in lost
        if _is_transaction(by_name[one.loser.version.region].whose(one.loser))
    }
    return len(losers & torn)


def _is_transaction(operation: Operation | None) -> bool:
    return operation is not None and operation.name == WRITE_TRANSACTION


def _wrote(operation: Operation | None) -> str:
    if operation is None:
        return "changed"
    kinds = {"PutItem": "put", "DeleteItem": "deleted", "UpdateItem": "updated"}
    return kinds.get(operation.name, "changed, with other items in a transaction,")
