"""What each item was at any moment, as its partition knew it.

A partition changes its memory as a message arrives, and its disk a little later.  Votes are given
by what the memory says, so each change that became durable is put back to the arrival that made it.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from items.values import Item
from network.ids import NEVER
from network.messages import Cancel, Commit, Message, Prepare, RecordKey, Write
from network.placement import is_internal
from partition.record import Record
from partition.storage import Changes

ORDERS = {Prepare: "promised", Commit: "applied", Cancel: "freed"}


class Was(NamedTuple):
    """An item as it was from a moment on."""

    us: int
    record: Record | None  # None: nothing is kept under this key.
    cause: str  # The transaction or attempt that made it so.


class Pasts:
    """The past of every item of a run."""

    def __init__(self) -> None:
        self._items: dict[RecordKey, list[Was]] = {}
        self._arrived: dict[tuple[str, str, str], int] = {}  # By node, cause and order.

    def stepped(self, us: int, node: str, message: Message) -> None:
        """Note that an order or a write arrived."""
        order = ORDERS.get(type(message))
        if order is not None:
            assert isinstance(message, Prepare | Commit | Cancel), "these are the orders"
            self._arrived[node, message.transaction, order] = us
        elif isinstance(message, Write) and message.request:
            self._arrived[node, message.request, "applied"] = us

    def durable(self, us: int, node: str, changes: Changes) -> None:
        """Note what became durable, as from the moment when it was done."""
        is_promise = any(
            record is not None and record.ongoing is not None for _, record in changes.records
        )
        order = "freed" if changes.timestamp == NEVER else "applied"
        done_us = self._arrived.get((node, changes.cause, "promised" if is_promise else order), us)
        for key, record in changes.records:
            if not is_internal(key[0]):
                past = self._items.setdefault(key, [])
                if past:  # Appends are in the order of the steps that made them.
                    done_us = max(done_us, past[-1].us)
                past.append(Was(done_us, record, changes.cause))

    def around(self, key: RecordKey, us: int) -> list[Item | None]:
        """Return what an item was at a moment, then what it was just before and just after."""
        past = self._items.get(key, [])
        place = bisect_right(past, us, key=_us) - 1
        places = [n for n in (place, place - 1, place + 1) if n < len(past)]
        # Before all that is known there was nothing.
        records = [past[n].record if n >= 0 else None for n in places]
        return [record.item if record is not None else None for record in records]

    def writers_between(self, key: RecordKey, first_us: int, last_us: int) -> list[str]:
        """Name those who changed the item itself in this span, in their order."""
        past = self._items.get(key, [])
        begin, end = bisect_left(past, first_us, key=_us), bisect_right(past, last_us, key=_us)
        before = _lsn(past[begin - 1]) if begin else None
        writers = []
        for was in past[begin:end]:
            if was.cause and _lsn(was) != before:
                writers.append(was.cause)
            before = _lsn(was)
        return writers

    def ongoing_at(self, key: RecordKey, us: int, but: str) -> tuple[int, str] | None:
        """Return which other transaction was ongoing on an item, and since when."""
        past = self._items.get(key, [])
        for place in range(bisect_right(past, us, key=_us) - 1, -1, -1):
            was = past[place]
            ongoing = was.record.ongoing if was.record is not None else None
            if ongoing is None:
                return None
            if ongoing.transaction != but:
                return was.us, ongoing.transaction
        return None


def _us(was: Was) -> int:
    return was.us


def _lsn(was: Was) -> int | None:
    """Return the LSN of an item; None where there is none, whatever is ongoing."""
    return was.record.lsn if was.record is not None and was.record.item is not None else None
