"""The keys of one table in order, put in order when somebody asks.

Most tables are scanned rarely, so a new key costs an append, and a removed one nothing: readers
skip what has no record.  A table that is scanned and written all the time - the ledger is - is
kept in order by what is new since the last look, whatever it has grown to.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from sortedcontainers import SortedList

from items.keys import Key, key_order
from items.values import AttributeValue
from partition.record import Record

GONE_MAX = 1_000  # Keys that came and went, before they are looked through.

# What a key is ordered by, or what lies between two keys: the hash first, and then what tells keys
# of one hash apart.  () is before all.
Place = tuple[Any, ...]


class KeyOrder:
    """The keys of one table; it may know some whose records are gone, and some of them twice."""

    def __init__(self) -> None:
        self._sorted: SortedList | None = None  # Hashes, places, keys; None: nobody has asked yet.
        self._fresh: list[Key] = []

    def __len__(self) -> int:
        return len(self._sorted or ()) + len(self._fresh)

    def add(self, key: Key, records: Mapping[Key, Record]) -> None:
        """Note a key that has a record now and had none before."""
        self._fresh.append(key)
        if len(self._fresh) > 2 * len(records) + GONE_MAX:  # Of a table that nobody scans.
            self._fresh = [one for one in dict.fromkeys(self._fresh) if one in records]

    def walk(
        self,
        records: Mapping[Key, Record],
        low: Place = (),
        high: Place | None = None,
        *,
        forward: bool = True,
    ) -> Iterator[Key]:
        """Go through the keys from `low` up to and without `high`, or the other way, each once."""
        if self._sorted is None:  # Most tables never come to this: it is long, and they are kept.
            self._sorted = SortedList()
        if self._fresh:
            self._sorted.update([(*_bound(key_order(key)), key) for key in self._fresh])
            self._fresh = []
        if len(self._sorted) > 2 * len(records) + GONE_MAX:
            there = [one for one in dict.fromkeys(self._sorted) if one[2] in records]
            self._sorted = SortedList(there)
        last: Key | None = None
        begin, end = _bound(low) if low else None, _bound(high) if high is not None else None
        for _, __, key in self._sorted.irange(begin, end, (True, False), reverse=not forward):
            if key != last:
                yield key
            last = key

    def after(self, start: Key | None, records: Mapping[Key, Record], limit: int) -> list[Key]:
        """Return the next keys behind this one that have an item, in order."""
        keys = self.walk(records, () if start is None else behind(start))
        there = (key for key in keys if key in records and records[key].item)
        return list(islice(there, limit))


def _bound(place: Place) -> tuple[int, Place]:
    """Put a place's hash before it: nearly always two hashes differ, and are compared at once."""
    return place[0], place


def behind(key: Key) -> Place:
    """Return the place right behind a key: nothing is between the two."""
    return (*key_order(key), 0)


def of_partition_value(value: AttributeValue) -> tuple[Place, Place]:
    """Return where the keys with this partition key begin, and where they end."""
    place, content = key_order((value,))
    return (place, content), (place, content + b"\0")
