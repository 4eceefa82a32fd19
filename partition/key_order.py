"""The keys of one table in order, put in order when somebody asks.

Most tables are scanned rarely, so a new key costs an append, and a removed one nothing: readers
skip what has no record.  A table that is scanned and written all the time - the ledger is - is
kept in order by what is new since the last look, whatever it has grown to.
"""

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from itertools import islice
from typing import Any

from sortedcontainers import SortedList

from items.keys import Key, fresh_hash, key_order, partition_bytes
from items.limits import NUMBER_DIGITS_MAX, SORT_KEY_BYTES_MAX
from items.values import AttributeValue, sort_key
from partition.record import Record

GONE_MAX = 1_000  # Keys that came and went, before they are looked through.

# Behind every sort key that begins with something, behind that.
HIGHEST: dict[str, Any] = {
    "S": "\U0010ffff" * SORT_KEY_BYTES_MAX,
    "B": b"\xff" * (SORT_KEY_BYTES_MAX + 1),
}
MORE_DIGITS = Context(prec=NUMBER_DIGITS_MAX + 2)  # Than a number has: no number is in between.

SortCondition = tuple[str, tuple[AttributeValue, ...]]  # As a `Scan` has it.

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


def of_partition_value(
    value: AttributeValue, sort_condition: SortCondition | None = None
) -> tuple[Place, Place]:
    """Return where the keys with this partition key, and such a sort key, begin and end."""
    place, content = fresh_hash(value), partition_bytes(value)
    begin, end = (None, None) if sort_condition is None else sort_range(*sort_condition)
    low = (place, content) if begin is None else (place, content, begin)
    return low, (place, content + b"\0") if end is None else (place, content, end)


def sort_range(operator: str, operands: tuple[AttributeValue, ...]) -> tuple[Any, Any]:
    """Return from where on sort keys are as a key condition asks, up to and without where.

    As `sort_key` orders them; None is no bound.
    """
    first, last = operands[0], operands[-1]
    match operator:
        case "=" | "BETWEEN":
            return sort_key(first), just_after(last)
        case "<":
            return None, sort_key(first)
        case "<=":
            return None, just_after(first)
        case ">":
            return just_after(first), None
        case ">=":
            return sort_key(first), None
        case _:
            assert operator == "begins_with", "no other operator has the order of keys"
            return first[1], first[1] + HIGHEST[first[0]]


def just_after(value: AttributeValue) -> Any:
    """Return what comes after a sort key, and before any other that comes after it."""
    kind, content = value
    match kind:
        case "S":
            return content + "\0"
        case "B":
            return content + b"\0"
        case _:
            return Decimal(content).next_plus(MORE_DIGITS)
