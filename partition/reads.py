"""What a reader is shown: the last committed item, its LSN, and whether anything is ongoing (§3.4).

GetItem never waits and never fails because of a transaction: it takes the item and looks no
further. A read transaction takes all three, twice, and compares.
"""

from network.messages import Reading
from partition.record import Record, TableState


def read(record: Record | None, table: TableState) -> Reading:
    """Read one item as last committed; a placeholder is as invisible as what it stands for.

    A missing item has an LSN too, that of the last delete in its table here: without it a read
    transaction could miss that the item came and went between its two rounds.
    """
    if record is None:
        return Reading(None, table.delete_lsn, None)
    ongoing = record.ongoing.transaction if record.ongoing is not None else None
    if record.item is None:
        return Reading(None, table.delete_lsn, ongoing)
    return Reading(record.item, record.lsn, ongoing)
