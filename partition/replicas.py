"""Writes that come from other regions: of two writes of one item, the later one wins.

A global table has a replica in every region, and each region takes writes.  Each write that changes
an item has a *version*, its timestamp and its region; other regions hear of it later, and keep it
unless they have a later one.  So all of them end with the same items, whatever came when - and a
write may be lost for one of which it knew nothing.

An item's version lies beside it, under the same key of a hidden table of the same partition, in the
same append: it goes where the item goes when a partition splits, and stays when the item goes.
Without that tombstone an older write that arrives late would bring a deleted item back:

    eu puts a@1, us puts a@2 and deletes a@3; eu's a@1 reaches us last, and finds nothing there.

A write of another region is stamped here like a singleton, later than its own version, so that
whatever is written here afterwards has a later version still.  The stamp names the other region
instead of a node: its stream record says by that that it is not to be sent on.

Left out: tombstones are never forgotten.
"""

from typing import Final

from items.errors import TRANSACTION_CONFLICT
from items.keys import Key
from items.values import Item
from network.ids import Version, version_of
from network.messages import RecordKey, Replica, WriteRefused
from network.placement import INTERNAL_TABLE_MARK
from partition.record import Record
from partition.rules import Applied
from partition.singletons import Stamp, timestamp_after

VERSIONS: Final = f"{INTERNAL_TABLE_MARK}versions of "
REFUSED: Final = WriteRefused.of(TRANSACTION_CONFLICT)


def versions_of(table: str) -> str:
    """Name the hidden table of a table's versions."""
    return VERSIONS + table


def table_of_versions(hidden: str) -> str:
    """Return the table whose versions lie in this one; empty if none do."""
    return hidden.removeprefix(VERSIONS) if hidden.startswith(VERSIONS) else ""


def is_in_flux(record: Record) -> bool:
    """Say whether a transaction is ongoing: then another region's write waits as a singleton does.

    What was promised would not be true any more, or the promise would undo the write.  Stands apart
    so that a mutant can take it away.
    """
    return record.ongoing is not None


def known_version(noted: Record | None, record: Record, region: str) -> Version | None:
    """Return the version of an item, whether or not it is there; None: it was never written."""
    if noted is not None:
        return version_in(noted)
    # From before its table was a global one.
    return None if record.item is None else version_of(record.timestamp, region)


def wins(version: Version, known: Version | None) -> bool:
    """Say whether a write comes after what is here.

    One that comes a second time does not: equal is too late.
    """
    return known is None or version > known


def stamp_for(version: Version, clock_us: int, lsn: int) -> Stamp:
    """Say when another region's write happens here: after it happened there."""
    return Stamp(version.region, max(clock_us, version.us + 1), lsn)


def written(record: Record, replica: Replica, stamp: Stamp) -> Applied:
    """Have an item, or none, as another region has it."""
    timestamp = timestamp_after(record, stamp)
    if replica.item is None:
        return Applied(timestamp, None, deletes=record.item is not None, version=replica.version)
    kept = Record(replica.item, timestamp, stamp.lsn)
    return Applied(timestamp, kept, deletes=False, version=replica.version)


def note_of(
    key: RecordKey, version: Version, applied: Applied, lsn: int
) -> tuple[RecordKey, Record]:
    """Make the record that keeps an item's version beside it."""
    item: Item = {
        "Us": ("N", str(version.us)),
        "Region": ("S", version.region),
        "Node": ("S", version.node),
    }
    place: tuple[str, Key] = versions_of(key[0]), key[1]
    return place, Record(item, applied.timestamp, lsn)


def version_in(noted: Record) -> Version:
    """Read an item's version."""
    assert noted.item is not None, "a version is noted as an item"
    return Version(int(noted.item["Us"][1]), noted.item["Region"][1], noted.item["Node"][1])
