"""One read transaction: two rounds that write nothing (§3.4).

Every item is read, and when all have been read, every item is read again.  If nothing was ongoing
and no LSN has moved, all the values of the first round were current at one moment, the end of that
round: an update that was half applied then would show in the second round, as an ongoing
transaction or as another LSN.

Round 2 begins only when round 1 has ended for *all* items; item by item, the moment would be lost.
Round 1's look at what is ongoing only saves the second round; round 2's is essential.
"""

from collections.abc import Callable, Sequence

from coordinator.options import CoordinatorOptions
from items.errors import (
    INTERNAL_SERVER_ERROR,
    NONE,
    PROVISIONED_THROUGHPUT_EXCEEDED,
    RESOURCE_NOT_FOUND,
    TRANSACTION_CONFLICT_REASON,
)
from network.messages import (
    Failed,
    Finished,
    NotMine,
    Read,
    Reading,
    Readings,
    ReadItems,
    RecordKey,
    Throttled,
)
from network.owners import Owners


class ReadTransactions:
    """What one coordinator needs to read."""

    def __init__(
        self, owners: Owners, options: CoordinatorOptions, note: Callable[[str], None]
    ) -> None:
        self._owners, self._options, self._note = owners, options, note

    async def read(self, keys: Sequence[RecordKey], request: str) -> ReadItems | Finished | Failed:
        """Read all items as of one moment, or say at which positions something was in the way."""
        first = await self._round(keys, 1, request)
        if isinstance(first, Failed):
            return first
        redrives = self._options.read_redrives
        conflicts = [is_ongoing(reading) for reading in first]
        if any(conflicts) and redrives == 0:
            self._note("read.met_ongoing")
            return cancelled(conflicts)

        for _ in range(1 + redrives):
            second = await self._round(keys, 2, request)
            if isinstance(second, Failed):
                return second
            conflicts = [in_the_way(*both) for both in zip(first, second, strict=True)]
            if not any(conflicts):
                return ReadItems(tuple(reading.item for reading in first))
            met = any(is_ongoing(reading) for reading in second)
            self._note("read.met_ongoing" if met else "read.met_change")
            first = second  # A redrive compares with the newest: its first round is done already.
        return cancelled(conflicts)

    async def _round(
        self, keys: Sequence[RecordKey], number: int, request: str
    ) -> list[Reading] | Failed:
        def question(mine: Sequence[int]) -> Read:
            return Read(tuple([keys[n] for n in mine]), number, request)

        patience = self._options.patience(self._options.answer_deadline_us)
        readings: dict[int, Reading] = {}
        for mine, reply in await self._owners.ask(keys, question, patience):
            match reply:
                case Readings(readings=theirs):
                    readings.update(zip(mine, theirs, strict=True))
                case NotMine(table=table) if table:
                    return Failed.of(RESOURCE_NOT_FOUND)
                case Throttled():
                    return Failed.of(PROVISIONED_THROUGHPUT_EXCEEDED)
                case _:
                    return Failed.of(INTERNAL_SERVER_ERROR)
        return [readings[position] for position in range(len(keys))]


def is_ongoing(reading: Reading) -> bool:
    """Say whether a transaction was ongoing on the item when it was read."""
    return reading.ongoing is not None


def in_the_way(first: Reading, second: Reading) -> bool:
    """Say whether an item may have changed since the first round, or is about to."""
    if second.ongoing is not None or first.lsn != second.lsn:
        return True
    # Found and missing have LSNs of different kinds, the item's own and its table's last delete's.
    return (first.item is None) != (second.item is None)


def cancelled(conflicts: Sequence[bool]) -> Finished:
    """Cancel a read transaction for what was in the way of some of its items."""
    reasons = [TRANSACTION_CONFLICT_REASON if conflict else NONE for conflict in conflicts]
    return Finished(tuple(reasons), replayed=False)
