"""An item as a partition keeps it: with its timestamp, LSN and what is ongoing on it (§3.2-§3.4).

Invariants:

* A record's timestamp and LSN never decrease; nor do those that its table keeps for missing items.
  Whoever stamps a write asserts it, and the check `structure` judges it of all that lands.
* At most one transaction is ongoing on a record, at a timestamp later than the record's own.
* A record without an item exists only while something is ongoing on it: a placeholder, which no
  read and no count may show.

`Record.check` asserts what a record alone can show of these; `storage.Contents` calls it.
"""

from items.actions import Action
from items.data import data
from items.keys import KeySchema
from items.values import Item
from network.codec import seldom
from network.ids import NEVER, EntryKey, Timestamp, TransactionId
from network.settings import PLAIN, TableSettings


@data
class Ongoing:
    """An accepted, unfinished transaction on a record: what was promised."""

    transaction: TransactionId
    entry: EntryKey  # Where the ledger has it.
    timestamp: Timestamp
    action: Action
    after: Item | None  # What the action makes of the item: kept, so that a commit cannot fail.


@data
class Record:
    """What a partition knows of one key."""

    item: Item | None
    timestamp: Timestamp  # Of the last transaction or singleton that wrote or checked it.
    lsn: int  # Of the last write; a check is none.
    ongoing: Ongoing | None = None

    def check(self) -> None:
        """Assert what must be true of every record that is kept."""
        assert self.item is not None or self.ongoing is not None, "nothing to keep"
        assert self.lsn >= 0
        assert self.ongoing is None or self.timestamp < self.ongoing.timestamp, (
            "what is ongoing is to come after what was"
        )


@data
class TableState:
    """One table in one partition.

    The two highest marks stand in for the timestamps and LSNs of items that are missing (§3.3): a
    tombstone for each would never go away.
    """

    id: str
    schema: KeySchema
    max_delete_timestamp: Timestamp = NEVER
    delete_lsn: int = 0
    dropped: bool = False  # Kept, so that a late copy of its opening does not bring it back.
    settings: TableSettings = seldom(PLAIN)

    def missing(self) -> Record:
        """Return what is known of any key of this table that has no item."""
        return Record(None, self.max_delete_timestamp, self.delete_lsn)
