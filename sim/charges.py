"""What a partition's step is to charge, told from what was asked and what was answered.

Nothing here asks the partition's meters.  Where the item before a write can no longer be seen, what
is to be charged is known to be so much at least.
"""

from collections.abc import Iterator

from items.actions import Action, applied_to
from items.data import data
from items.errors import DynamoDBError
from items.indexes import INDEX_MARK
from items.units import TRANSACTION_FACTOR, read_halves, weight_bytes, write_halves
from items.values import Item, size_bytes
from network.messages import (
    Envelope,
    Message,
    Page,
    Prepare,
    Read,
    Readings,
    Reject,
    Scan,
    Throttled,
    Votes,
    Write,
    WriteRefused,
    Written,
)
from partition.machine import Machine, Output

EXCEEDED, EXCEPTION = "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException"
CONFLICT, CONFLICT_EXCEPTION = "TransactionConflict", "TransactionConflictException"
WRITES, READS = True, False


@data
class Charge:
    """So many halves of a unit, or so many at least."""

    place: tuple[str, bool]  # A table's id, and whether it is its writes.
    halves: int
    is_exact: bool = True


def refused_tables(message: Message, reply: Message | None) -> Iterator[tuple[str, bool]]:
    """Give the table, and WRITES or READS, of each item that was refused for want of units."""
    match message, reply:
        case Prepare(actions=actions), Votes(votes=votes):
            for action, vote in zip(actions, votes, strict=True):
                if isinstance(vote, Reject) and vote.reason.code == EXCEEDED:
                    yield action.table, WRITES
        case Write(action=action), WriteRefused(error=error) if error == EXCEPTION:
            yield action.table, WRITES
        case Read(keys=keys), Throttled():
            yield from [(table, READS) for table, _ in keys]
        case Scan(table=table), Throttled():
            yield payer_of(table), READS
        case _:
            pass


def charges_of(
    machine: Machine,
    envelope: Envelope,
    message: Message,
    output: Output,
    answered: set[tuple[str, int]],
) -> Iterator[Charge]:
    """Give all that a step is to charge; `answered` is of the writes before, and is added to."""
    reply = output.reply
    if isinstance(message, Prepare) and isinstance(reply, Votes):
        yield from of_prepare(machine, message, reply, output)
    elif isinstance(message, Write):
        is_copy = (envelope.source, envelope.number) in answered
        answered.add((envelope.source, envelope.number))
        if not is_copy:
            yield from of_write(machine, message, output)
    elif isinstance(message, Read) and isinstance(reply, Readings):
        if message.round < 2 and message.request:
            times = TRANSACTION_FACTOR if message.round == 1 else 1
            for (table, _), reading in zip(message.keys, reply.readings, strict=True):
                halves = read_halves(weight_bytes(reading.item), eventual=message.costs_half)
                yield Charge((table, READS), times * halves)
    elif isinstance(message, Scan) and isinstance(reply, Page) and message.request:
        total_bytes = sum(map(size_bytes, reply.items))
        halves = read_halves(total_bytes, eventual=message.costs_half)
        is_index, payer = INDEX_MARK in message.table, payer_of(message.table)
        yield Charge(
            (payer, READS), 0 if is_index else halves, message.filter is None and not is_index
        )


def payer_of(table: str) -> str:
    """Return the table that pays for a page, of a local index its table."""
    return table.partition(INDEX_MARK)[0]


def of_prepare(
    machine: Machine, message: Prepare, reply: Votes, output: Output
) -> Iterator[Charge]:
    """Charge two writes for each promise, one for what was judged in vain, nothing for a repeat."""
    promised = {} if output.changes is None else dict(output.changes.records)
    for action in message.actions:
        record = machine.record(action.table, action.key)
        ongoing = record.ongoing
        is_its = ongoing is not None and ongoing.transaction == message.transaction
        if is_its and (action.table, action.key) not in promised:
            return  # It is known here: whatever is said of it was paid for.
    for action, vote in zip(message.actions, reply.votes, strict=True):
        record = machine.record(action.table, action.key)
        if promised:
            after = record.item if record.ongoing is None else record.ongoing.after
            halves = TRANSACTION_FACTOR * write_halves(record.item, after)
        elif isinstance(vote, Reject) and vote.reason.code in (EXCEEDED, CONFLICT):
            continue
        else:
            halves = tried(action, record.item)
        yield Charge((action.table, WRITES), halves)


def of_write(machine: Machine, message: Write, output: Output) -> Iterator[Charge]:
    action, reply = message.action, output.reply
    if isinstance(reply, Written):
        record = machine.record(action.table, action.key)
        yield Charge((action.table, WRITES), write_halves(None, record.item), is_exact=False)
    elif isinstance(reply, WriteRefused) and reply.error not in (EXCEPTION, CONFLICT_EXCEPTION):
        before = machine.record(action.table, action.key).item
        yield Charge((action.table, WRITES), tried(action, before))


def tried(action: Action, before: Item | None) -> int:
    """Weigh what a write would have done."""
    try:
        return write_halves(before, applied_to(action, before))
    except DynamoDBError:  # It cannot be done: what there was to look at is the item before.
        return write_halves(before, before)
