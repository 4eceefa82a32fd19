"""Which node owns which key range (§3.1): the part of the metadata system that routes.

A range is of 32-bit hashes of the partition key (`items.keys.placement_hash`).  User tables live on
partitions p1 …, internal tables on ledger nodes l1 …; both run the same code.  As configured they
divide the hashes evenly; a partition that splits gives the upper part of its range to a new node,
so a range only ever becomes smaller and its lower end stays where it is.

Who owns what is written in one record of an internal table, `$placement`, which is absent as long
as everything is as configured.  Each change is a compare-and-set of that record and makes its
number one more: the commit point of a split.  The table itself is kept by the first ledger node
that was configured, whatever range that has, so that everybody knows where to look.

Every node has a `Placement` of its own, which may be old.  That is safe: a message names its keys
or its range, and whoever does not own all of it does nothing and says so (`NotMine`).
"""

from bisect import bisect_right
from collections.abc import Sequence

from items.actions import Put
from items.data import data
from items.keys import Key, partition_hash, placement_hash
from items.values import AttributeValue, Item
from network.codec import decode, encode

HASHES = 1 << 32
INTERNAL_TABLE_MARK = "$"  # No client can name a table like this.
LEDGER_TABLE = "$ledger"
TABLES_TABLE = "$tables"
PLACEMENT_TABLE = "$placement"
REPLICATION_TABLE = "$replication"  # How far other regions have heard of the changes of this one.
PLACEMENT_KEY: Key = (("S", "placement"),)
NODES_MAX = 1_000  # Partitions that divide the hashes among them; ledger nodes likewise.


def is_internal(table: str) -> bool:
    return table.startswith(INTERNAL_TABLE_MARK)


@data
class Range:
    """Hashes from `first` up to and without `end`."""

    first: int
    end: int

    def has(self, key: Key) -> bool:
        return self.first <= placement_hash(key) < self.end


NOTHING = Range(0, 0)


@data
class Share:
    """A range and the node that owns it."""

    range: Range
    node: str


@data
class PlacementRecord:
    """Who owns what, as it was, is or will be."""

    number: int  # Of changes so far; 0: as configured.
    partitions: tuple[Share, ...]  # In the order of their ranges, which cover every hash once.
    ledgers: tuple[Share, ...]

    def has(self, node: str) -> bool:
        return any(share.node == node for share in (*self.partitions, *self.ledgers))

    def split(self, parent: str, at: int, child: str) -> "PlacementRecord":
        """Give the parent's range from `at` on to the child."""
        return PlacementRecord(
            self.number + 1,
            _split(self.partitions, parent, at, child),
            _split(self.ledgers, parent, at, child),
        )

    def unchanged(self) -> "PlacementRecord":
        """Say the same under the next number: whoever meant to change this one comes too late."""
        return PlacementRecord(self.number + 1, self.partitions, self.ledgers)


class Placement:
    """The owners of all ranges, as one node knows them."""

    __slots__ = (
        "_bounds",
        "_ledger_bounds",
        "configured",
        "home",
        "ledgers",
        "partitions",
        "record",
    )

    def __init__(self, partitions: Sequence[str], ledgers: Sequence[str]) -> None:
        assert partitions, "every key needs an owner"
        assert ledgers, "and every transaction an entry"
        self.home = ledgers[0]  # Of the placement record.
        self.configured = PlacementRecord(0, _even(partitions), _even(ledgers))
        self._know(self.configured)

    def copy(self) -> "Placement":
        """Make another node's own, with what this one knows."""
        other = Placement.__new__(Placement)
        other.home, other.configured = self.home, self.configured
        other._know(self.record)  # noqa: SLF001  # Another one of this class.
        return other

    def learn(self, record: PlacementRecord | None) -> bool:
        """Take what somebody else knows, if it is newer; say whether it was."""
        if record is None or record.number <= self.record.number:
            return False
        self._know(record)
        return True

    def _know(self, record: PlacementRecord) -> None:
        self.record = record
        self.partitions = tuple([share.node for share in record.partitions])
        self.ledgers = tuple([share.node for share in record.ledgers])
        # Where the second share begins, and the third …: so many bounds are at or below a hash.
        self._bounds = tuple([share.range.first for share in record.partitions[1:]])
        self._ledger_bounds = tuple([share.range.first for share in record.ledgers[1:]])

    def owner(self, table: str, key: Key) -> str:
        """Return the name of the node that owns this key of this table."""
        nodes, bounds = self.partitions, self._bounds
        if table[0] == INTERNAL_TABLE_MARK:
            nodes, bounds = self.ledgers, self._ledger_bounds
        return nodes[bisect_right(bounds, partition_hash(key[0]))] if bounds else nodes[0]

    def owners(self, table: str) -> tuple[str, ...]:
        """Return all nodes that own a range of this table, in the order of their ranges."""
        return self.ledgers if is_internal(table) else self.partitions

    def shares(self, table: str) -> tuple[Share, ...]:
        """Return who owns which range of this table, in the order of the ranges."""
        return self.record.ledgers if is_internal(table) else self.record.partitions

    def range_of(self, node: str) -> Range:
        """Return a node's range; an empty one if it has none (yet)."""
        shares = (*self.record.partitions, *self.record.ledgers)
        return next((share.range for share in shares if share.node == node), NOTHING)

    def configured_place(self, table: str, place: int) -> int:
        """Return which of the configured ranges, counted from 0, has this hash.

        That never changes, whatever has been split: what is to stay as it is is counted by it.
        """
        shares = self.configured.ledgers if is_internal(table) else self.configured.partitions
        return next(n for n, share in enumerate(shares) if place < share.range.end)


def followers_of(node: str, count: int) -> tuple[str, ...]:
    """Name the `count` followers that a partition was configured with: p2 has f2, or f3 and f4."""
    last = int(node[1:]) * count
    return tuple(f"f{n}" for n in range(last - count + 1, last + 1))


def followed_by(follower: str, count: int) -> str:
    """Name the partition that a follower follows, where each has `count` of them."""
    return f"p{(int(follower[1:]) - 1) // count + 1}"


def _even(nodes: Sequence[str]) -> tuple[Share, ...]:
    count = len(nodes)
    ends = [-(-HASHES * place // count) for place in range(count + 1)]
    return tuple(Share(Range(*ends[n : n + 2]), node) for n, node in enumerate(nodes))


def _split(shares: tuple[Share, ...], parent: str, at: int, child: str) -> tuple[Share, ...]:
    found: list[Share] = []
    for share in shares:
        if share.node != parent:
            found.append(share)
            continue
        first, end = share.range.first, share.range.end
        assert first < at < end, "a split leaves something on either side"
        found += (Share(Range(first, at), parent), Share(Range(at, end), child))
    return tuple(found)


# The record as an item ----------------------------------------------------------------------------


def placement_of(item: Item) -> PlacementRecord:
    """Read the placement from its item."""
    return decode(item["Shares"][1], PlacementRecord)


def changing(record: PlacementRecord) -> Put:
    """Make the compare-and-set that writes this record over the one before it."""
    item: dict[str, AttributeValue] = {
        "Name": PLACEMENT_KEY[0],
        "Number": ("N", str(record.number)),
        "Shares": ("B", encode(record, PlacementRecord)),
    }
    if record.number == 1:  # As configured: nothing has been written yet.
        names, values, condition = {"#name": "Name"}, {}, "attribute_not_exists(#name)"
    else:
        names, condition = {"#number": "Number"}, "#number = :before"
        values = {":before": ("N", str(record.number - 1))}
    return Put(PLACEMENT_TABLE, PLACEMENT_KEY, item, condition, names, values, old_on_failure=True)
