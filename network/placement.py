"""Which node owns which key range (§3.1): the part of the metadata system that routes.

A range is of 32-bit hashes of the partition key (`items.keys.placement_hash`).  User tables live on
partitions p1 …, internal tables on ledger nodes l1 …; both run the same code and divide the hashes
among them in the same way.
"""

from bisect import bisect_right

from items.data import data
from items.keys import Key, placement_hash

HASHES = 1 << 32
INTERNAL_TABLE_MARK = "$"  # No client can name a table like this.
LEDGER_TABLE = "$ledger"
TABLES_TABLE = "$tables"


def is_internal(table: str) -> bool:
    return table.startswith(INTERNAL_TABLE_MARK)


@data
class Range:
    """Hashes from `first` up to and without `end`."""

    first: int
    end: int

    def has(self, key: Key) -> bool:
        return self.first <= placement_hash(key) < self.end


class Placement:
    """The owners of all ranges, as one node knows them."""

    def __init__(self, partitions: list[str], ledgers: list[str]) -> None:
        self.partitions, self.ledgers = tuple(partitions), tuple(ledgers)
        self._partition_starts = _starts(len(partitions))
        self._ledger_starts = _starts(len(ledgers))

    def owner(self, table: str, key: Key) -> str:
        """Return the name of the node that owns this key of this table."""
        point = placement_hash(key)
        if is_internal(table):
            return self.ledgers[bisect_right(self._ledger_starts, point) - 1]
        return self.partitions[bisect_right(self._partition_starts, point) - 1]

    def owners(self, table: str) -> tuple[str, ...]:
        """Return all nodes that own a range of this table, in the order of their ranges."""
        return self.ledgers if is_internal(table) else self.partitions

    def range_of(self, node: str) -> Range:
        names, starts = self.partitions, self._partition_starts
        if node in self.ledgers:
            names, starts = self.ledgers, self._ledger_starts
        index = names.index(node)
        return Range(starts[index], starts[index + 1] if index + 1 < len(starts) else HASHES)


def _starts(count: int) -> list[int]:
    assert count >= 1, "every key needs an owner"
    return [HASHES * n // count for n in range(count)]
