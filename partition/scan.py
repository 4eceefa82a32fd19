"""Items in key order, a page at a time: the partition's part of Query and Scan (§2.2).

Read committed: each item is the last committed one at its moment, and two items of one page may be
from before and after one transaction.  Placeholders are skipped and not counted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from items import conditions
from items.keys import Key, key_order
from items.values import AttributeValue, Item, compare, size_bytes
from network.messages import Page, Scan
from partition.record import Record

T = TypeVar("T")

FRESH_MAX = 1_000  # Keys that came and went, before they are looked through.
FEW = 32  # Fewer than one fresh key in so many are put in one by one; more are sorted in.


class KeyOrder:
    """The keys of one table in order, put in order when somebody asks.

    Most tables are scanned rarely, so a new key costs an append, and a removed one nothing: readers
    skip what has no record.  What a key is ordered by is worked out once, when it is put in order.
    """

    def __init__(self) -> None:
        self._sorted: list[tuple[tuple[Any, ...], Key]] = []  # Each key behind what orders it.
        self._keys: list[Key] = []  # The same, without.
        self._fresh: list[Key] = []

    def add(self, key: Key, records: Mapping[Key, Record]) -> None:
        """Note a key that has a record now and had none before."""
        self._fresh.append(key)
        if len(self._fresh) > 2 * len(records) + FRESH_MAX:  # Of a table that nobody scans.
            self._fresh = [one for one in dict.fromkeys(self._fresh) if one in records]

    def keys(self, records: Mapping[Key, Record]) -> list[Key]:
        """Return all keys ever added, in order, each once; forgets some that have no record."""
        if len(self._sorted) > 2 * len(records) + FEW:
            self._sorted = [one for one in self._sorted if one[1] in records]
            self._keys = [key for _, key in self._sorted]
        if self._fresh:
            fresh = [(key_order(key), key) for key in self._fresh]
            self._fresh = []
            if len(fresh) * FEW < len(self._sorted):
                self._put_in(fresh)
            else:
                self._sorted = without_repeats(sorted([*self._sorted, *sorted(fresh)]))
                self._keys = [key for _, key in self._sorted]
        return self._keys

    def after(self, start: Key | None, records: Mapping[Key, Record], limit: int) -> list[Key]:
        """Return the next keys behind this one that have an item, in order."""
        keys = self.keys(records)
        first = 0 if start is None else bisect_right(keys, key_order(start), key=key_order)
        there = (key for key in islice(keys, first, None) if key in records and records[key].item)
        return list(islice(there, limit))

    def _put_in(self, fresh: list[tuple[tuple[Any, ...], Key]]) -> None:
        for one in fresh:
            place = bisect_left(self._sorted, one)
            if place == len(self._sorted) or self._sorted[place] != one:
                self._sorted.insert(place, one)
                self._keys.insert(place, one[1])


def without_repeats(ordered: list[T]) -> list[T]:
    """Leave out what is equal to the one before it."""
    return [one for n, one in enumerate(ordered) if n == 0 or one != ordered[n - 1]]


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
    for key in _candidates(scan, order.keys(records)):
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


def _candidates(scan: Scan, keys: list[Key]) -> Iterator[Key]:
    low, high = 0, len(keys)
    if scan.partition_value is not None:
        prefix = key_order((scan.partition_value,))[:2]
        low = bisect_left(keys, prefix, key=_partition_order)
        high = bisect_right(keys, prefix, key=_partition_order)
    if scan.after is not None:
        start = key_order(scan.after)
        if scan.forward:
            low = max(low, bisect_right(keys, start, key=key_order))
        else:
            high = min(high, bisect_left(keys, start, key=key_order))
    for place in range(low, high) if scan.forward else range(high - 1, low - 1, -1):
        key = keys[place]
        if scan.sort_condition is None or sort_value_meets(*scan.sort_condition, key[1]):
            yield key


def _partition_order(key: Key) -> tuple[object, ...]:
    return key_order(key)[:2]


def sort_value_meets(
    operator: str, operands: tuple[AttributeValue, ...], value: AttributeValue
) -> bool:
    """Judge a key condition's second half on a sort key's value."""
    if operator == "begins_with":
        return bool(value[1].startswith(operands[0][1]))
    first = compare(value, operands[0])
    if operator == "BETWEEN":
        return first >= 0 and compare(value, operands[1]) <= 0
    return {
        "=": first == 0,
        "<": first < 0,
        "<=": first <= 0,
        ">": first > 0,
        ">=": first >= 0,
    }[operator]
