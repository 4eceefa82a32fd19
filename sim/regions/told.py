"""What is told of several regions: their outcomes, the lag between them, what could be seen."""

from collections.abc import Sequence

from sim.figures import nearest_rank
from sim.history import History
from sim.regions.figures import AcrossRegions, Lag, OfRegion
from sim.regions.lost import lost_writes, told_lost, torn_count
from sim.regions.partial import partial_reads
from sim.regions.whose import RegionSeen


def across(regions: Sequence[RegionSeen], caught_up_us: int, *, is_gone: bool) -> AcrossRegions:
    """Work out all of it."""
    lost = lost_writes(regions)
    return AcrossRegions(
        tuple(_of_region(region) for region in regions),
        _lag(regions),
        caught_up_us,
        tuple(partial_reads(regions)),
        tuple(told_lost(regions, lost)),
        sum(one.is_update for one in lost),
        torn_count(regions, lost),
        is_gone,
    )


def _of_region(region: RegionSeen) -> OfRegion:
    ends = {"committed": 0, "cancelled": 0, "unknown": 0}
    for operation in region.operations:
        if operation.is_transaction:
            ends[operation.outcome] += 1
    own = sum(write.version.region == region.name for write in region.seen.writes)
    return OfRegion(region.name, ends, own, len(region.seen.writes) - own)


def _lag(regions: Sequence[RegionSeen]) -> Lag | None:
    """Return how long it took until what was written in a region was there in others."""
    born = {
        (write.place, write.version): write.us
        for region in regions
        for write in region.seen.writes
        if write.version.region == region.name
    }
    lags = sorted(
        write.us - born[write.place, write.version]
        for region in regions
        for write in region.seen.writes
        if write.version.region != region.name and (write.place, write.version) in born
    )
    if not lags:
        return None
    return Lag(nearest_rank(lags, 50), nearest_rank(lags, 99), lags[-1])


def merged(regions: Sequence[RegionSeen]) -> History:
    """Return what all clients saw, in the order of their answers, with their regions' names."""
    every = [
        (one.returned_us, n, one.place, region.name, one)
        for n, region in enumerate(regions)
        for one in region.operations
    ]
    whole = History()
    for _, _, _, name, one in sorted(every, key=lambda entry: entry[:3]):
        client, call = f"{name}.{one.client}", f"{name}.{one.call}"
        whole.add(one._replace(place=len(whole), client=client, call=call))
    return whole
