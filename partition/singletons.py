"""Writes outside any transaction, serialized with those inside (§3.3 'singleton writes').

A singleton write needs no coordinator: its partition judges it, stamps it and applies it in one
step.  The stamp is what makes it take its place among the transactions.

Left out: §4's ways for a singleton to get past an ongoing transaction.
"""

from math import inf

from items import actions
from items.actions import Action
from items.data import data
from items.errors import (
    CONDITIONAL_CHECK_FAILED,
    PROVISIONED_THROUGHPUT_EXCEEDED,
    TRANSACTION_CONFLICT,
    DynamoDBError,
)
from items.limits import ITEM_SIZE_BYTES_MAX
from network.ids import Timestamp
from network.messages import Message, WriteRefused, Written
from network.placement import is_internal
from partition.record import Record
from partition.rules import Applied

WRITTEN = Written(None)
# What a partition says to new work while there is too much of it.
THROTTLED = WriteRefused.of(PROVISIONED_THROUGHPUT_EXCEEDED)


@data
class Stamp:
    """Where and when a singleton happens: its partition's name and clock, and its next LSN."""

    node: str
    clock_us: int
    lsn: int


def write(
    record: Record, action: Action, return_values: str, stamp: Stamp
) -> tuple[Applied | None, Message]:
    """Judge and apply one singleton write; `None` means that nothing changes."""
    if record.ongoing is not None:
        # What DynamoDB shows: the write is refused, not delayed, while a transaction is ongoing.
        return None, WriteRefused.of(TRANSACTION_CONFLICT)
    # The ledger's entries hold whole requests, so internal tables know no limit of an item's size.
    bytes_max = inf if is_internal(action.table) else ITEM_SIZE_BYTES_MAX
    try:
        # The condition is first, other than in a transaction: `SET n = n + :one` of what must be
        # there fails its condition where nothing is, and is no mistake of the request's.
        if not actions.allowed_on(action, record.item):
            shown = record.item if action.old_on_failure else None
            return None, WriteRefused.of(CONDITIONAL_CHECK_FAILED, shown)
        after = actions.applied_to(action, record.item, bytes_max=bytes_max)
    except DynamoDBError as error:
        return None, WriteRefused(error.kind.name, error.message, None)

    shown = actions.returned(action, return_values, record.item, after)
    answer = WRITTEN if shown is None else Written(shown)
    timestamp = timestamp_after(record, stamp)
    if after is None:
        # A delete is remembered by its table, also where there was nothing to delete: an older
        # transaction that creates the item must not come after it.
        return Applied(timestamp, None, deletes=record.item is not None), answer
    return Applied(timestamp, Record(after, timestamp, stamp.lsn), deletes=False), answer


def timestamp_after(record: Record, stamp: Stamp) -> Timestamp:
    """Return the timestamp of a singleton write on this record (§3.3).

    The partition's clock alone would not do: it may be behind the record, after a restart or beside
    a fast coordinator, and a timestamp that goes back re-opens the door to late prepares.
    """
    timestamp = Timestamp(max(stamp.clock_us, record.timestamp.us + 1), stamp.node)
    assert timestamp > record.timestamp, "a singleton comes after what is there"
    return timestamp
