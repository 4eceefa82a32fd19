"""The meters of a partition's tables: what of a request is let through, and what it is charged.

Each request is judged once, when it begins, by what is in the bucket then:

* a singleton before it is carried out;
* a write transaction at its first prepare here, for both underlying writes: one to prepare, one to
  commit or cancel.  What it has promised is paid for, so a repeated prepare, a commit and a cancel
  are never judged and never charged: a transaction that could not end would hold up its items;
* a read transaction in round 1, for both rounds.

What is refused costs nothing, and nor does a conflict: nobody looked at the item.  A failed
condition costs what the write would have cost.  A prepare that is refused for another action's sake
costs the one underlying write that it took to judge it.

Reads that no client asked for and internal tables are free.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Self

from items import actions
from items.actions import Action
from items.errors import (
    PROVISIONED_THROUGHPUT_EXCEEDED_REASON,
    TRANSACTION_CONFLICT,
    TRANSACTION_CONFLICT_REASON,
    DynamoDBError,
)
from items.keys import Key
from items.units import TRANSACTION_FACTOR, read_halves, weight_bytes, write_halves
from items.values import Item
from network.messages import (
    Message,
    Prepare,
    Read,
    Reading,
    RecordKey,
    Reject,
    Scan,
    Vote,
    WriteRefused,
)
from network.placement import Range, is_internal
from network.settings import Throughput
from partition import singletons
from partition.capacity import Bucket, first_level, full_level
from partition.options import PartitionOptions
from partition.record import Record, TableState

REFUSED = Reject(PROVISIONED_THROUGHPUT_EXCEEDED_REASON, None)
ROUND_2 = 2
Promised = Sequence[tuple[RecordKey, Record]]


class Meter:
    """One table's meter: its buckets, and what was charged and refused since it was put up."""

    def __init__(self) -> None:
        self.reads: Bucket | None = None  # None: on demand, and only counted.
        self.writes: Bucket | None = None
        self.read_halves = self.write_halves = 0  # Charged …
        self.read_throttles = self.write_throttles = 0  # … and items refused.

    def take_reads(self, halves: int) -> None:
        self.read_halves += halves
        if self.reads is not None:
            self.reads.take(halves)

    def take_writes(self, halves: int) -> None:
        self.write_halves += halves
        if self.writes is not None:
            self.writes.take(halves)


class Meters:
    """The metered tables of one partition."""

    def __init__(self, burst_us: int, elapsed_us: int) -> None:
        self.all: dict[str, Meter] = {}
        self.burst_us, self.began_us = burst_us, elapsed_us
        self._hashes = self._elapsed_us = 0  # As of the step under way.

    def at(self, owned: Range, elapsed_us: int) -> Self:
        """Begin a step: the partition serves this range, and its timer says so."""
        self._hashes, self._elapsed_us = hashes_of(owned), elapsed_us
        return self

    def refill(self) -> None:
        """Put into all buckets what has come up to now: from now on it is another share."""
        for meter in self.all.values():
            for bucket in (meter.reads, meter.writes):
                if bucket is not None:
                    self._refilled(bucket)

    def hold(self, state: TableState, options: PartitionOptions, *, is_new: bool) -> None:
        """Hold a table to its units from now on; or only count it, or leave it alone."""
        if not is_metered(state, options):
            self.all.pop(state.id, None)
            return
        meter, throughput = self.all.setdefault(state.id, Meter()), throughput_of(state)
        if throughput is None:
            meter.reads = meter.writes = None
            return
        meter.reads = self._bucket(throughput.read_units, meter.reads, is_new=is_new)
        meter.writes = self._bucket(throughput.write_units, meter.writes, is_new=is_new)

    def _bucket(self, units: int, before: Bucket | None, *, is_new: bool) -> Bucket:
        """Make a bucket, with what is left in the one before, or a second's units if more."""
        if before is not None and before.units == units:
            return before
        level = first_level(units, self._hashes)
        if is_new:
            level = full_level(units, self.burst_us)
        elif before is not None:
            level = max(level, self._refilled(before).level)
        return Bucket(units, level, burst_us=self.burst_us, elapsed_us=self._elapsed_us)

    # What is let through ---------------------------------------------------------------------

    def refused_write(self, action: Action) -> WriteRefused | None:
        """Refuse a singleton write that is one too many."""
        meter = self.all.get(action.table)
        if meter is None or not self._is_spent(meter.writes):
            return None
        meter.write_throttles += 1
        return singletons.THROTTLED

    def refuses_read(self, message: Read) -> bool:
        """Say whether a read is one too many: all of it, if any of its tables can give no more."""
        if message.round == ROUND_2 or not message.request:
            return False
        tables = [self.all[table] for table, _ in message.keys if table in self.all]
        spent = [meter for meter in tables if self._is_spent(meter.reads)]
        for meter in spent:
            meter.read_throttles += 1
        return bool(spent)

    def refuses_scan(self, message: Scan, payer: str) -> bool:
        """Say whether a page is one too many for the table that pays for it."""
        meter = self.all.get(payer)
        if meter is None or not message.request or not self._is_spent(meter.reads):
            return False
        meter.read_throttles += 1
        return True

    def _is_spent(self, bucket: Bucket | None) -> bool:
        return bucket is not None and self._refilled(bucket).is_spent

    def _refilled(self, bucket: Bucket) -> Bucket:
        bucket.refill(self._hashes, self._elapsed_us)
        return bucket

    # What it costs ---------------------------------------------------------------------------

    def prepared(
        self,
        message: Prepare,
        votes: Sequence[Vote],
        promised: Promised,
        record_of: Callable[[str, Key], Record],
    ) -> list[Vote]:
        """Refuse what is one too many of a first prepare's actions, and charge the others.

        `promised` are the records that are to be kept if every vote is to accept; `record_of`
        gives those that were judged.
        """
        metered = [action.table for action in message.actions if action.table in self.all]
        spent = {table for table in metered if self._is_spent(self.all[table].writes)}
        told = [
            REFUSED if action.table in spent else vote
            for action, vote in zip(message.actions, votes, strict=True)
        ]
        after = {key: record.ongoing.after for key, record in promised if record.ongoing}
        times = TRANSACTION_FACTOR if len(after) == len(told) and not spent else 1
        for action, vote in zip(message.actions, told, strict=True):
            meter = self.all.get(action.table)
            if meter is None:
                continue
            if vote is REFUSED:
                meter.write_throttles += 1
            elif not is_conflict(vote):
                before = record_of(action.table, action.key).item
                key = (action.table, action.key)
                halves = write_halves(before, after[key]) if key in after else tried(action, before)
                meter.take_writes(times * halves)
        return told

    def wrote(self, action: Action, before: Item | None, answer: Message) -> None:
        """Charge a singleton write that was judged."""
        meter = self.all.get(action.table)
        if meter is None:
            return
        if not isinstance(answer, WriteRefused) or answer.error != TRANSACTION_CONFLICT.name:
            meter.take_writes(tried(action, before))

    def read(self, message: Read, readings: Iterable[Reading]) -> None:
        """Charge a read for what it has found; a read transaction for both its rounds."""
        if message.round == ROUND_2 or not message.request:
            return
        times = TRANSACTION_FACTOR if message.round else 1
        for (table, _), reading in zip(message.keys, readings, strict=True):
            meter = self.all.get(table)
            if meter is not None:
                halves = read_halves(weight_bytes(reading.item), eventual=message.costs_half)
                meter.take_reads(times * halves)

    def scanned(self, message: Scan, payer: str, total_bytes: int) -> None:
        """Charge a page for all that was looked at, also what its filter has left out."""
        meter = self.all.get(payer)
        if meter is not None and message.request:
            meter.take_reads(read_halves(total_bytes, eventual=message.costs_half))


def hashes_of(owned: Range) -> int:
    """Return how many hashes a range has: so large is its share of every table's units."""
    return owned.end - owned.first


def throughput_of(state: TableState) -> Throughput | None:
    """Return what a table is held to; internal tables to nothing, whatever happens."""
    return None if is_internal(state.id) else state.settings.throughput


def is_metered(state: TableState, options: PartitionOptions) -> bool:
    if state.dropped or is_internal(state.id):
        return throughput_of(state) is not None
    return options.counts_units or throughput_of(state) is not None


def is_conflict(vote: Vote) -> bool:
    """Say whether a vote was given without a look at the item."""
    return isinstance(vote, Reject) and vote.reason.code == TRANSACTION_CONFLICT_REASON.code


def tried(action: Action, before: Item | None) -> int:
    """Weigh a write that was judged, whether or not its condition let it through."""
    try:
        after = actions.applied_to(action, before)
    except DynamoDBError:  # It cannot be done at all; what there was to look at is the item before.
        after = before
    return write_halves(before, after)
