"""Reads that saw a part of another region's transaction: what the announcement warns of.

A transaction is whole in its own region.  Its items travel one by one, so a reader elsewhere who
reads several of them at one moment may find one as the transaction left it and another one as it
was before.  No region by itself shows it: the reader's is serializable, with each item's arrival a
write of its own.  When everything has arrived it is over.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from network.ids import Version
from sim.checkers.model import Place, get_answer, shown_place
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.regions.figures import Anomaly
from sim.regions.seen import ItemWrite
from sim.regions.whose import RegionSeen, at, listed, named
from sim.witness import ReadAt, Witness


class _Saw(NamedTuple):
    """What a reader was shown of an item."""

    place: Place
    write: ItemWrite | None  # The latest by then; None: nobody had written it.


def partial_reads(regions: Sequence[RegionSeen]) -> Iterator[Anomaly]:
    """Find every read transaction that saw a part of another region's transaction."""
    wholes = {region.name: _transactions(region) for region in regions}
    origins = {region.name: region for region in regions}
    for region in regions:
        for operation, saw in _reads(region):
            for one in saw:
                if one.write is None or one.write.version.region == region.name:
                    continue
                origin = origins[one.write.version.region]
                whole = wholes[origin.name].get(one.write.version, {})
                missing = [
                    other for other in saw if other.place in whole and _is_before(other, one)
                ]
                if missing:
                    yield _told(region, origin, operation, one, missing)
                    break


def _transactions(region: RegionSeen) -> dict[Version, dict[Place, ItemWrite]]:
    """Return the writes of each transaction of a region, by the version that all of them have."""
    found: dict[Version, dict[Place, ItemWrite]] = {}
    for writes in region.writes.values():
        for write in writes:
            whose = region.whose(write)
            if whose is not None and whose.name == WRITE_TRANSACTION:
                found.setdefault(write.version, {})[write.place] = write
    return found


def _is_before(other: _Saw, seen: _Saw) -> bool:
    assert seen.write is not None, "it was seen"
    return other.write is None or other.write.version < seen.write.version


def _reads(region: RegionSeen) -> Iterator[tuple[Operation, list[_Saw]]]:
    """Give the read transactions of a region, each with what it was shown of its items."""
    read_at = _reads_by_attempt(region.seen.witness)
    for operation in region.operations:
        if operation.name == READ_TRANSACTION and operation.outcome == "committed":
            saw = _saw(region, operation, read_at.get(operation.attempts[-1], []))
            if saw is not None:
                yield operation, saw


def _reads_by_attempt(witness: Witness) -> dict[str, list[ReadAt]]:
    found: dict[str, list[ReadAt]] = {}
    for read in witness.all(ReadAt):
        found.setdefault(read.request.partition("/")[0], []).append(read)
    return found


def _saw(region: RegionSeen, operation: Operation, reads: list[ReadAt]) -> list[_Saw] | None:
    """Say which write each item was shown as of; None if that cannot be told for all of them."""
    names = region.seen.witness.table_names
    gets = region.seen.gets(operation.request)
    found = []
    for (place, entry), answer in zip(gets, operation.answer["Responses"], strict=True):
        for read in reads:
            keys = [(names.get(table, ""), key) for table, key in read.keys]
            if place not in keys:
                continue
            write = _latest(region.writes.get(place, ()), read.number)
            item = None if write is None else write.item
            if get_answer(item, entry) == answer:
                found.append(_Saw(place, write))
                break
        else:
            return None
    return found


def _latest(writes: Sequence[ItemWrite], number: int) -> ItemWrite | None:
    count = bisect_left(writes, number, key=lambda one: one.number)
    return writes[count - 1] if count else None


def _told(
    region: RegionSeen,
    origin: RegionSeen,
    operation: Operation,
    seen: _Saw,
    missing: Sequence[_Saw],
) -> Anomaly:
    write = seen.write
    assert write is not None, "it was seen"
    made = origin.write_of(seen.place, write.version)
    writer = None if made is None else origin.whose(made)
    places = listed([seen.place, *(one.place for one in missing)])
    when = "" if made is None else f", which was done in {origin.name} at {at(made.us)}"
    span = f"from {at(operation.invoked_us)} to {at(operation.returned_us)}"
    lines = [
        f"{named(origin.name, writer)} wrote {places} in one transaction{when}.",
        f"{named(region.name, operation)} read them in one transaction {span}.",
        f"It found {shown_place(seen.place)} as that transaction leaves it: it had arrived in"
        f" {region.name} at {at(write.us)}.",
    ]
    for one in missing:
        came = region.write_of(one.place, write.version)
        when = (
            "it was beaten by a later write before it came"
            if came is None
            else f"it arrived at {at(came.us)}"
        )
        lines.append(f"It found {shown_place(one.place)} as it was before: {when}.")
    calls = tuple(
        f"{name}.{one.call}"
        for name, one in ((origin.name, writer), (region.name, operation))
        if one is not None
    )
    return Anomaly(calls, "\n".join(lines))
