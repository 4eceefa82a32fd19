"""Names and numbers that identify: incarnations, messages, transactions, timestamps."""

from functools import lru_cache
from typing import Final, NamedTuple, NewType

TransactionId = NewType("TransactionId", str)  # UUID-shaped; holds its coordinator's incarnation.
EntryKey = NewType("EntryKey", str)  # A transaction's token, under which the ledger keeps it.
TableId = NewType("TableId", str)  # Minted when a table is created; a name may be used again.

MESSAGES_PER_INCARNATION_BITS = 32
MINTING_NODES: Final = 256  # Whose part of an id is remembered.


class Timestamp(NamedTuple):
    """A transaction's place in the serial order (§3.2): its coordinator's clock, then its name.

    A singleton has its partition's; what another region has written, that region's name.  Two may
    read the same microsecond; the name makes the order total.
    """

    us: int
    node: str

    def __str__(self) -> str:
        return f"{self.us}.{self.node}"

    @classmethod
    def of(cls, text: str) -> "Timestamp":
        """Read what `str` has written."""
        us, _, node = text.partition(".")
        return cls(int(us), node)


class Version(NamedTuple):
    """A write of an item of a global table, as all regions know it: the later one wins.

    Its own region's timestamp, with the region's name between: two regions may write in the same
    microsecond, two coordinators of one region as well.
    """

    us: int
    region: str
    node: str

    def __str__(self) -> str:
        return f"{self.us}.{self.region}.{self.node}"


def version_of(timestamp: Timestamp, region: str) -> Version:
    """Return the version of a write of this region.

    An item's timestamps rise, the transactions' as the singletons', and so do its versions.
    """
    return Version(timestamp.us, region, timestamp.node)


NEVER = Timestamp(0, "")  # Before every transaction: the timestamp of what was never written.


def first_number(incarnation: int) -> int:
    """Return the number below all message numbers of a node's incarnation.

    A message number holds the sender's incarnation in its upper bits, so that a reply to a node
    that has crashed since is not taken for a reply to one of its new questions.
    """
    return incarnation << MESSAGES_PER_INCARNATION_BITS


def incarnation_of(number: int) -> int:
    return number >> MESSAGES_PER_INCARNATION_BITS


def transaction_id(*, node: str, incarnation: int, count: int, chance: int) -> TransactionId:
    """Mint a transaction's id: an RFC 9562 version 8 UUID, unique by node, incarnation and count.

    Never `uuid4`: the same run must mint the same ids.  `chance` fills the 26 bits that are left.
    """
    high, low = (chance >> 14) & 0xFFF, 0x8000 | (chance & 0x3FFF)
    minted_by = _minted_by(node, incarnation)
    return TransactionId(f"{minted_by}-{0x8000 | high:x}-{low:x}-{count:012x}")


@lru_cache(MINTING_NODES)
def _minted_by(node: str, incarnation: int) -> str:
    return f"{incarnation & 0xFFFFFFFF:08x}-{int(node[1:]) & 0xFFFF:04x}"
