"""What a storage node does with one item of a write transaction: Listings 3 and 4 (§3.3).

Each rule is a function of one record and one order.  It reads no clock, touches no disk and sends
nothing; `partition.machine` keeps the record that it returns, and answers when that is durable.

Listing 3 gives a missing item a branch of its own.  Here a missing item is a record without an
item, stamped with its table's max delete timestamp, and the two branches are one.

Left out: §4's relaxations, by which more than one transaction may be ongoing on a record.
"""

from items import actions
from items.actions import Action
from items.data import data
from items.errors import (
    CONDITIONAL_CHECK_FAILED_REASON,
    PROVISIONED_THROUGHPUT_EXCEEDED_REASON,
    TRANSACTION_CONFLICT_REASON,
    DynamoDBError,
    Reason,
    validation_reason,
)
from items.values import Item
from network.ids import Timestamp, TransactionId, Version
from network.messages import Accept, Prepare, Reject, Vote, Votes
from partition.record import Ongoing, Record

ACCEPT = Accept()


def prepare(record: Record, request: Prepare, action: Action) -> tuple[Record, Vote]:
    """Decide whether to promise one of a request's actions at its timestamp (§3.3, Listing 3).

    Returns:
        The record to keep, and the vote to send once it is durable.  A rejection returns the very
        record that it was given.
    """
    if record.ongoing is not None:
        if record.ongoing.transaction != request.transaction:
            # The item's value is in flux: no condition can be judged until that one has ended.
            return record, Reject(TRANSACTION_CONFLICT_REASON, None)
        # Our vote was lost, or a second coordinator is finishing the same transaction (§3.5).
        # The promise stands, so repeat it: judged afresh, the item would conflict with itself.
        assert record.ongoing.timestamp == request.timestamp, "one transaction, two timestamps"
        return record, ACCEPT

    if is_too_late(request.timestamp, record):
        return record, Reject(TRANSACTION_CONFLICT_REASON, record.timestamp)

    after, rejection = judge(action, record)
    if rejection is not None:
        return record, Reject(rejection, None)

    ongoing = Ongoing(request.transaction, request.entry, request.timestamp, action, after)
    promised = Record(record.item, record.timestamp, record.lsn, ongoing)
    assert promised.timestamp < ongoing.timestamp, "promised behind what is already there"
    return promised, ACCEPT


def throttled(request: Prepare) -> Votes:
    """Refuse new work: every action of the request, whatever is the matter with its item."""
    return Votes((Reject(PROVISIONED_THROUGHPUT_EXCEEDED_REASON, None),) * len(request.actions))


def is_too_late(timestamp: Timestamp, record: Record) -> bool:
    """Say whether a transaction at this timestamp would come behind what was here (§3.2).

    Equal is too late as well: two writes at one timestamp have no order to be put in.  The rule is
    also the fence against a late copy of a prepare whose transaction has committed already: without
    it the copy would promise once more, and recovery would apply the transaction twice.
    """
    return timestamp <= record.timestamp


def judge(action: Action, record: Record) -> tuple[Item | None, Reason | None]:
    """Judge limits, then the condition, on the record's item.

    Found out now, an oversized item costs one transaction.  Found out at commit, it would break a
    promise that the coordinator has already decided on.

    Returns:
        The item after the action, and why it is impossible: None if nothing is wrong.
    """
    try:
        after = actions.applied_to(action, record.item)
        if actions.allowed_on(action, record.item):
            return after, None
    except DynamoDBError as error:
        return None, validation_reason(error.message)
    failed = CONDITIONAL_CHECK_FAILED_REASON
    if action.old_on_failure and record.item is not None:
        return None, Reason(failed.code, failed.message, record.item)
    return None, failed


@data
class Applied:
    """What a commit or a singleton leaves behind."""

    timestamp: Timestamp
    record: Record | None  # None: no item is under this key now, and its table keeps the timestamp.
    deletes: bool  # An item went: the table's LSN of deletes moves up to this write's.
    version: Version | None = None  # Of another region's write.


def owns(record: Record | None, transaction: TransactionId) -> bool:
    """Say whether this very transaction is ongoing on the record.

    The owner check of Listing 4, asked before each commit and each cancel: a repeated or late order
    must not touch what has since been promised to another transaction.
    """
    return (
        record is not None
        and record.ongoing is not None
        and record.ongoing.transaction == transaction
    )


def commit(record: Record, *, lsn: int) -> Applied:
    """Apply what was promised (§3.3, Listing 4); `lsn` is the next one of this partition.

    Cannot fail: what comes of the action was worked out at prepare, and the item has not changed
    since.
    """
    ongoing = record.ongoing
    assert ongoing is not None, "commit without a promise"
    timestamp, item = ongoing.timestamp, record.item
    if not actions.writes(ongoing.action):
        # A check read the item at this timestamp: nobody may write before it any more, but there is
        # no new value, so the LSN stays and read transactions are left in peace.  On a missing item
        # the table's mark remembers the check, and no ghost of a record remains.
        kept = None if item is None else Record(item, timestamp, record.lsn)
        return Applied(timestamp, kept, deletes=False)

    after = ongoing.after
    if after is None:
        # Deleting what is not there changes nothing that a reader could miss.
        return Applied(timestamp, None, deletes=item is not None)
    assert lsn > record.lsn, "an LSN comes twice"
    return Applied(timestamp, Record(after, timestamp, lsn), deletes=False)


def cancel(record: Record) -> Record | None:
    """Forget what was promised; what a reader can see stays as it was (§3.3, Listing 4).

    Returns:
        The record to keep; None if it was only a placeholder for an item that never came to be.
    """
    assert record.ongoing is not None, "cancel without a promise"
    if record.item is None:
        return None
    return Record(record.item, record.timestamp, record.lsn)
