"""Which node owns which key range (§3.1): the part of the metadata system that routes.

A range is of 32-bit hashes of the partition key (`items.keys.placement_hash`).  User tables live on
partitions p1 …, internal tables on ledger nodes l1 …; both run the same code and divide the hashes
among them in the same way.
"""

from items.data import data
from items.keys import Key, partition_hash, placement_hash

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
        assert partitions, "every key needs an owner"
        assert ledgers, "and every transaction an entry"

    def owner(self, table: str, key: Key) -> str:
        """Return the name of the node that owns this key of this table."""
        # Ranges are of one size, give or take a hash: a multiplication finds the owner.
        names = self.ledgers if table[0] == INTERNAL_TABLE_MARK else self.partitions
        return names[partition_hash(key[0]) * len(names) // HASHES]

    def owners(self, table: str) -> tuple[str, ...]:
        """Return all nodes that own a range of this table, in the order of their ranges."""
        return self.ledgers if is_internal(table) else self.partitions

    def range_of(self, node: str) -> Range:
        names = self.ledgers if node in self.ledgers else self.partitions
        place, count = names.index(node), len(names)
        return Range(-(-HASHES * place // count), -(-HASHES * (place + 1) // count))
