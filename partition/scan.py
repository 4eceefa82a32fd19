"""Items in key order, a page at a time: the partition's part of Query and Scan (§2.2).

Read committed: each item is the last committed one at its moment, and two items of one page may be
from before and after one transaction.  Placeholders are skipped and not counted.
"""

from collections.abc import Iterator, Mapping

from items import conditions
from items.keys import Key, key_order
from items.values import Item, size_bytes
from network.messages import Page, Scan
from partition.key_order import KeyOrder, Place, behind, of_partition_value
from partition.record import Record


def page(
    scan: Scan, order: KeyOrder, records: Mapping[Key, Record], bytes_max: int, lsn: int
) -> Page:
    """Return the next items after `scan.after`, until the limit, the page's size or the end."""
    return weighed_page(scan, order, records, bytes_max, lsn)[0]


def weighed_page(
    scan: Scan, order: KeyOrder, records: Mapping[Key, Record], bytes_max: int, lsn: int
) -> tuple[Page, int]:
    """Return a page, and the size of all that was looked at, also what the filter left out."""
    found: list[Item] = []
    lsns: list[int] = []
    count = size = 0
    last: Key | None = None
    for key in _candidates(scan, order, records):
        record = records.get(key)
        if record is None or not record.item:  # A tombstone of an index has an empty one.
            continue
        if count == scan.limit or size >= bytes_max:
            return Page(tuple(found), tuple(lsns), count, last, lsn), size
        count += 1
        size += size_bytes(record.item)
        last = key
        if scan.filter is None or conditions.holds(
            scan.filter, record.item, scan.names, scan.values
        ):
            found.append(record.item)
            lsns.append(record.lsn)
    # A full page says where to go on even if nothing follows, as DynamoDB does.
    last = last if count == scan.limit else None
    return Page(tuple(found), tuple(lsns), count, last, lsn), size


def _candidates(scan: Scan, order: KeyOrder, records: Mapping[Key, Record]) -> Iterator[Key]:
    low: Place = ()
    high: Place | None = None
    if scan.partition_value is not None:
        low, high = of_partition_value(scan.partition_value, scan.sort_condition)
    if scan.after is not None:
        if scan.forward:
            low = max(low, behind(scan.after))
        else:
            start = key_order(scan.after)
            high = start if high is None else min(high, start)
    return order.walk(records, low, high, forward=scan.forward)
