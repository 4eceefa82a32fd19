"""A partition's one step: a message in, changes and replies out.

`step` is deterministic and does no I/O.  Its contract with whoever drives it (`partition.server`):
append the changes; send the replies only when these *and all earlier* changes are durable.  That
holds for every reply, also one whose step changed nothing: a repeated accept, a read, an answer
from memory all speak of a state that may not be durable yet.

The rules are in `rules`, `singletons`, `reads` and `scan`, a function each; here they meet the
state, which is in `memory`.  What a partition does besides transactions and single items has files
of its own.  It is one class in five files, each of which knows those to its left:

    memory.Memory ◀── stream_steps.StreamSteps ◀── table_steps.TableSteps ◀──┬── Machine
                                               ◀── move_steps.MoveSteps   ◀──┘
"""

from collections.abc import Callable

from items.actions import Action
from items.data import data
from items.indexes import INDEX_MARK
from items.keys import partition_hash
from network.ids import NEVER, EntryKey, TransactionId, version_of
from network.messages import (
    Backfill,
    Cancel,
    Carry,
    Commit,
    Done,
    DropTable,
    Envelope,
    FindShards,
    Message,
    NotMine,
    OfRange,
    OpenTable,
    Prepare,
    Propagate,
    Read,
    Readings,
    ReadStream,
    RecordKey,
    Reject,
    Replicate,
    Scan,
    Serve,
    SetTable,
    Split,
    Stalled,
    Throttled,
    Vote,
    Votes,
    Weigh,
    Weights,
    Write,
    WriteRefused,
)
from network.placement import NOTHING, Range
from partition import reads, replicas, rules, scan, singletons
from partition.indexed import Indexed, LocalIndex
from partition.memory import Table
from partition.move_steps import MoveSteps
from partition.now import Time
from partition.options import PartitionOptions
from partition.record import Record, TableState
from partition.storage import Changes, Stored
from partition.table_steps import TableSteps


@data
class Output:
    """What one step did: what must be durable before, and what is to be said after."""

    changes: Changes | None
    reply: Message | None
    stalled: tuple[Stalled, ...] = ()  # For a recovery manager; needs no durability.


class Machine(TableSteps, MoveSteps):
    """The steps of one partition on its state, which is `Memory`.

    Between steps only `entries` and the mover change it, with changes of their own to append.
    """

    def __init__(
        self, name: str, owned: Range, stored: Stored, options: PartitionOptions, elapsed_us: int
    ) -> None:
        super().__init__(name, owned, stored, options)
        self._steps = {
            Prepare: self._prepare,
            Commit: self._commit,
            Cancel: self._cancel,
            Read: self._read,
            Scan: self._scan,
            Write: self._write,
            OpenTable: self._open_table,
            SetTable: self._set_table,
            DropTable: self._drop_table,
            OfRange: self._of_range,
            Split: self._split,
            Carry: self._carry,
            Serve: self._serve,
            Propagate: self.entries.propagate,
            Backfill: self.entries.backfill,
            Weigh: self._weigh,
            FindShards: self._find_shards,
            ReadStream: self._read_stream,
            Replicate: self._replicate,
        }
        self._steps_as_configured = self._steps_of_range = self._steps
        for (table, key), record in stored.records:
            records = self._tables[table].records
            records[key] = record
            self._tables[table].order.add(key, records)
            if record.ongoing is not None:
                self._since[table, key] = elapsed_us  # Counted afresh by each incarnation.
        self._index_anew()
        if stored.holding is not None or owned == NOTHING:
            self._hold(stored.holding or self.holding, elapsed_us)
            self._held = None
        for state in stored.tables:
            self._meter(state, elapsed_us)

    def step(self, envelope: Envelope, now: Time) -> Output:
        """Take one message: change the state, and say what changed and what to reply."""
        message = envelope.message
        reply = self._steps[type(message)](message, envelope, now)
        changes = None
        if self._records or self._states or self._held is not None:
            if self.appends or self._held is not None:
                cause = getattr(message, "request", "") or getattr(message, "transaction", "")
                changes = Changes(
                    cause,
                    self._timestamp,
                    tuple(self._records),
                    tuple(self._states.values()),
                    self._lsn,
                    self._held,
                )
            self._records, self._states, self._timestamp, self._held = [], {}, NEVER, None
        if self._streams is not None:
            changes = self._with_streams(changes, self._streams, now.clock_us)
        if self._met:
            met, self._met = self._met, {}
            return Output(changes, reply, self._stalled(met, now.elapsed_us))
        return Output(changes, reply)

    def stalled(self, elapsed_us: int) -> tuple[Stalled, ...]:
        """Return what has been ongoing here for too long, a message a transaction (§3.5)."""
        records = {key: self._tables[key[0]].records[key[1]] for key in self._since}
        return self._stalled(records, elapsed_us)

    # Two-phase commit ------------------------------------------------------------------------

    def _prepare(self, message: Prepare, _: Envelope, now: Time) -> Message:
        stray = self._stray([(action.table, action.key) for action in message.actions])
        if stray is not None:
            return stray
        if self.throttled and not self._knows(message):
            return rules.throttled(message)
        votes = []
        promised: list[tuple[RecordKey, Record]] = []
        for action in message.actions:
            record = self.record(action.table, action.key)
            kept, vote = rules.prepare(record, message, action)
            if self._is_indexed and kept is not record:
                kept, vote = self._indexable(action, record, kept)
            votes.append(vote)
            if kept is not record:
                promised.append(((action.table, action.key), kept))
            elif record.ongoing is not None and record.ongoing.transaction != message.transaction:
                self._met[action.table, action.key] = record
        if self.meters is not None and not self._knows(message):
            metered = self.meters.at(self._range, now.elapsed_us)
            votes = metered.prepared(message, votes, promised, self.record)
        # All or none: an accept beside a rejection makes no new promise, so that a transaction that
        # is bound to be cancelled holds up nobody.  What it promised before stays until the cancel.
        if votes == [rules.ACCEPT] * len(votes):
            for key, record in promised:
                self.keep(key, record)
                self._since[key] = now.elapsed_us
        return Votes(tuple(votes))

    def _indexable(self, action: Action, record: Record, kept: Record) -> tuple[Record, Vote]:
        """Judge a promise by what its table's indexes can take."""
        assert kept.ongoing is not None, "it was promised a moment ago"
        reason = self.entries.refusal(action, record.item, kept.ongoing.after)
        return (kept, rules.ACCEPT) if reason is None else (record, Reject(reason, None))

    def _knows(self, message: Prepare) -> bool:
        """Say whether anything here is promised to this transaction: then it is no new work."""
        keys = [(action.table, action.key) for action in message.actions]
        return any(rules.owns(self._ongoing(key), message.transaction) for key in keys)

    def _commit(self, message: Commit, _: Envelope, now: Time) -> Message:
        def commit(key: RecordKey, record: Record) -> None:
            applied = rules.commit(record, lsn=self._lsn + 1)
            self._apply(key, applied, message.transaction, now)

        return self._end(message, commit)

    def _cancel(self, message: Cancel, _: Envelope, __: Time) -> Message:
        def cancel(key: RecordKey, record: Record) -> None:
            self.keep(key, rules.cancel(record))

        return self._end(message, cancel)

    def _end(
        self, message: Commit | Cancel, carry_out: Callable[[RecordKey, Record], None]
    ) -> Message:
        """Carry an order out on each record that its transaction owns; the others stay."""
        first, end = self._range.first, self._range.end
        for _, key in message.keys:
            if not first <= partition_hash(key[0]) < end:
                return self.not_mine()
        changed = []
        for record_key in message.keys:
            record = self._ongoing(record_key)
            owned = rules.owns(record, message.transaction)
            changed.append(owned)
            if record is not None and owned:
                carry_out(record_key, record)
        return Done(tuple(changed))

    # Outside transactions --------------------------------------------------------------------

    def _write(self, message: Write, envelope: Envelope, now: Time) -> Message:
        """Answer a copy from memory, and what is new once and for all, a refusal as well."""
        source, number = envelope.source, envelope.number
        answer = self._once.earlier(source, number, message.incarnation)
        if answer is None:
            answer = self._written(message, now)
            self._once.answer(source, number, answer)
        return answer

    def _written(self, message: Write, now: Time) -> Message:
        action = message.action
        key = action.table, action.key
        stray = self._stray((key,))
        if stray is not None:
            return stray
        if self.throttled:
            return singletons.THROTTLED
        metered = self.meters
        if metered is not None:
            refused = metered.at(self._range, now.elapsed_us).refused_write(action)
            if refused is not None:
                return refused
        record = self.record(action.table, action.key)
        if record.ongoing is not None:
            self._met[key] = record
        stamp = singletons.Stamp(self.name, now.clock_us, self._lsn + 1)
        applied, answer = singletons.write(record, action, message.return_values, stamp)
        if self._is_indexed and applied is not None:
            after = None if applied.record is None else applied.record.item
            error = self.entries.error(action, record.item, after)
            if error is not None:
                applied, answer = None, WriteRefused(error.kind.name, error.message, None)
        if applied is not None:
            self._apply(key, applied, "", now)
        if metered is not None:
            metered.wrote(action, record.item, answer)
        return answer

    def _read(self, message: Read, _: Envelope, now: Time) -> Message:
        stray = self._stray(message.keys)
        if stray is not None:
            return stray
        if self.throttled and message.round != 2:  # Round 2 ends what round 1 has begun.
            return Throttled()
        metered = self.meters
        if metered is not None and metered.at(self._range, now.elapsed_us).refuses_read(message):
            return Throttled()
        readings = []
        for table_id, key in message.keys:
            table = self._tables[table_id]
            record = table.records.get(key)
            reading = reads.read(record, table.state)
            readings.append(reading)
            if record is not None and reading.ongoing is not None:
                self._met[table_id, key] = record
        if metered is not None:
            metered.read(message, readings)
        return Readings(tuple(readings))

    def _scan(self, message: Scan, _: Envelope, now: Time) -> Message:
        table = self._tables.get(message.table) or self._local_index(message.table)
        if table is None or (isinstance(table, Table) and table.state.dropped):
            return NotMine(message.table)
        if self.throttled:
            return Throttled()
        bytes_max = self._options.page_bytes_max
        if self.meters is None:
            return scan.page(message, table.order, table.records, bytes_max, self._lsn)
        # A local index is paid for by its table.
        is_table = isinstance(table, Table)
        payer = message.table if is_table else message.table.partition(INDEX_MARK)[0]
        if self.meters.at(self._range, now.elapsed_us).refuses_scan(message, payer):
            return Throttled()
        page, total_bytes = scan.weighed_page(
            message, table.order, table.records, bytes_max, self._lsn
        )
        self.meters.scanned(message, payer, total_bytes)
        return page

    def _local_index(self, index: str) -> LocalIndex | None:
        """Return a local index by its id; None if no table here has it."""
        table = self._tables.get(index.partition(INDEX_MARK)[0])
        return None if table is None or table.indexed is None else table.indexed.local.get(index)

    def _weigh(self, message: Weigh, *_: object) -> Message:
        return self._stray(message.keys) or Weights(self.entries.weights(message.keys))

    def _replicate(self, message: Replicate, _: Envelope, now: Time) -> Message:
        """Take another region's write if it is later than what is here."""
        replica = message.replica
        key = message.table, replica.key
        stray = self._stray((key,))
        if stray is not None:
            return stray
        stream = self._tables[message.table].stream
        if stream is None or not stream.region:
            return NotMine(message.table)
        if self.throttled:
            return Throttled()
        record = self.record(*key)
        if replicas.is_in_flux(record):
            self._met[key] = record
            return replicas.REFUSED
        noted = self._tables[replicas.versions_of(message.table)].records.get(replica.key)
        if not replicas.wins(replica.version, replicas.known_version(noted, record, stream.region)):
            return Done((False,))
        stamp = replicas.stamp_for(replica.version, now.clock_us, self._lsn + 1)
        self._apply(key, replicas.written(record, replica, stamp), "", now)
        return Done((True,))

    # What is left of an item -----------------------------------------------------------------

    def _apply(self, key: RecordKey, applied: rules.Applied, transaction: str, now: Time) -> None:
        """Keep what a commit or a singleton leaves, and raise the table's marks (§3.3)."""
        table = self._tables[key[0]]
        self._lsn += 1
        if table.stream is not None:
            is_change = self._tell(key, table.stream, applied, transaction, now)
            region, version = table.stream.region, applied.version
            if region and (is_change or version is not None):
                version = version or version_of(applied.timestamp, region)
                self.keep(*replicas.note_of(key, version, applied, self._lsn))
        if table.indexed is not None:
            self._keep_indexed(table.indexed, key, applied)
        else:
            self.keep(key, applied.record)
        self._timestamp = applied.timestamp
        if applied.record is None:
            state = table.state
            table.state = TableState(
                state.id,
                state.schema,
                max(state.max_delete_timestamp, applied.timestamp),
                self._lsn if applied.deletes else state.delete_lsn,
                settings=state.settings,
            )
            self._states[state.id] = table.state

    def _keep_indexed(self, indexed: Indexed, key: RecordKey, applied: rules.Applied) -> None:
        """Keep an item and, in the same append, what its change does to global indexes."""
        before = self.record(*key).item
        after = None if applied.record is None else applied.record.item
        self.keep(key, applied.record)
        self.entries.queue(indexed, key[1], before, after, applied.timestamp)

    def _stalled(self, records: dict[RecordKey, Record], elapsed_us: int) -> tuple[Stalled, ...]:
        overdue: dict[tuple[TransactionId, EntryKey], list[RecordKey]] = {}
        for key, record in records.items():
            if elapsed_us - self._since[key] >= self._options.stalled_after_us:
                assert record.ongoing is not None, "only what is ongoing can stall"
                found = record.ongoing
                overdue.setdefault((found.transaction, found.entry), []).append(key)
                self._since[key] = elapsed_us  # Said again after as long, if need be.
        return tuple(
            Stalled(transaction, entry, tuple(keys))
            for (transaction, entry), keys in overdue.items()
        )
