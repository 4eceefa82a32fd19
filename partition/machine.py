"""A partition's state and its one step: a message in, changes and replies out.

`step` is deterministic and does no I/O.  Its contract with whoever drives it (`partition.server`):
append the changes; send the replies only when these *and all earlier* changes are durable.  That
holds for every reply, also one whose step changed nothing: a repeated accept, a read, an answer
from memory all speak of a state that may not be durable yet.

The rules are in `rules`, `singletons`, `reads` and `scan`, a function each; here they meet the
state.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol

from items.actions import Action
from items.data import data
from items.indexes import INDEX_MARK
from items.keys import Key, partition_hash
from items.values import Item
from network.ids import NEVER, EntryKey, TableId, Timestamp, TransactionId, version_of
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
    ShardGone,
    Shards,
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
from network.once import Once
from network.placement import NOTHING, PLACEMENT_TABLE, PlacementRecord, Range
from network.settings import StreamSettings
from partition import meters, reads, replicas, rules, scan, singletons, split, stream
from partition.entries import Entries
from partition.indexed import Indexed, LocalIndex, outbox_of
from partition.meters import Meters
from partition.options import PartitionOptions
from partition.record import Record, TableState
from partition.split import Holding, Kept
from partition.storage import Changes, Stored
from partition.streams import Streams


class Time(Protocol):
    """What time it is: by this host's clock, and on a timer that only counts up."""

    @property
    def clock_us(self) -> int: ...

    @property
    def elapsed_us(self) -> int: ...


@data
class Now:
    """A `Time` that is at hand."""

    clock_us: int
    elapsed_us: int


@data
class Output:
    """What one step did: what must be durable before, and what is to be said after."""

    changes: Changes | None
    reply: Message | None
    stalled: tuple[Stalled, ...] = ()  # For a recovery manager; needs no durability.


@data
class Census:
    """How much a partition keeps."""

    records: int  # Placeholders are among them.
    ongoing: int  # Records that are promised to a transaction.
    lsn: int


class _Table:
    """One table here: its state, its records, and their order."""

    def __init__(self, state: TableState) -> None:
        self.state = state
        self.stream = None if state.dropped else state.settings.stream
        self.records: dict[Key, Record] = {}
        self.order = scan.KeyOrder()
        self.indexed: Indexed | None = None
        self.index_anew()

    def know(self, state: TableState) -> None:
        """Take a table's state, which may have other indexes than the one before."""
        before, self.state = self.state.settings.indexes, state
        if state.settings.indexes != before:
            self.index_anew()

    def index_anew(self) -> None:
        """Make the indexes anew of all that is here."""
        self.indexed = Indexed(self.state, self.records) if self.state.settings.indexes else None


class Machine:
    """The state of one partition, in memory; the only place that changes it."""

    def __init__(
        self, name: str, owned: Range, stored: Stored, options: PartitionOptions, elapsed_us: int
    ) -> None:
        self.name = name
        self.incarnation = stored.incarnation
        self._range = owned  # What it serves; a split makes it smaller.
        self._options = options
        # Whether it takes no new work now; set from outside, and no part of what it remembers.
        self.throttled = False
        self.may_split = True
        self.meters: Meters | None = None  # None: no table here is held to anything, or counted.
        self._lsn = stored.lsn
        self._tables = {state.id: _Table(state) for state in stored.tables}
        self._once = Once(stored.incarnation)
        # Since when each ongoing record has been so, on this incarnation's timer.
        self._since: dict[RecordKey, int] = {}
        # What the step under way changes.
        self._records: list[tuple[RecordKey, Record | None]] = []
        self._states: dict[str, TableState] = {}
        self._timestamp = NEVER
        self._held: Holding | None = None
        # None: no table here has, or had, a stream.
        self._streams: Streams | None = None
        if stored.streams is not None:
            self._streams = Streams(name, stored.streams, options)
            self._streams.go_on(self._is_on)
        self._met: dict[RecordKey, Record] = {}  # Ongoing records that the step ran into.
        self.entries = Entries(self, options)
        self._is_indexed = False  # Whether any table here has secondary indexes.
        self._steps: dict[type, Callable[..., Message | None]] = {
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
        self._is_full = False  # Too much waits for its place in a stream: no new work.
        for (table, key), record in stored.records:
            records = self._tables[table].records
            records[key] = record
            self._tables[table].order.add(key, records)
            if record.ongoing is not None:
                self._since[table, key] = elapsed_us  # Counted afresh by each incarnation.
        self._index_anew()
        self.holding = Holding(owned)
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

    def census(self) -> Census:
        """Count what is kept here, for people who look."""
        records = sum(len(table.records) for table in self._tables.values())
        return Census(records, len(self._since), self._lsn)

    def items_of(self, table_id: str) -> list[Item]:
        """Return the items of one table, for people who look."""
        table = self._tables.get(table_id)
        records = table.records.values() if table is not None else ()
        return [record.item for record in records if record.item is not None]

    def shown(
        self,
    ) -> tuple[Range, int, tuple[TableState, ...], list[tuple[RecordKey, Record]]]:
        """Return what readers outside transactions may see: the range, the last LSN, the rest.

        That is ahead of what is durable.
        """
        served = self._range
        records = [
            ((name, key), record)
            for name, table in self._tables.items()
            for key, record in table.records.items()
            if record.item is not None and served.has(key)
        ]
        return served, self._lsn, tuple(one.state for one in self._tables.values()), records

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
                self._keep(key, record)
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
            self._keep(key, rules.cancel(record))

        return self._end(message, cancel)

    def _end(
        self, message: Commit | Cancel, carry_out: Callable[[RecordKey, Record], None]
    ) -> Message:
        """Carry an order out on each record that its transaction owns; the others stay."""
        first, end = self._range.first, self._range.end
        for _, key in message.keys:
            if not first <= partition_hash(key[0]) < end:
                return self._not_mine()
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
        source, number = envelope.source, envelope.number
        earlier = self._once.earlier(source, number, message.incarnation)
        if earlier is not None:
            return earlier
        action = message.action
        answer: Message | None = self._stray([(action.table, action.key)])
        if answer is None and self.throttled:
            answer = singletons.THROTTLED
        if answer is None and self.meters is not None:
            answer = self.meters.at(self._range, now.elapsed_us).refused_write(action)
        if answer is None:
            record = self.record(action.table, action.key)
            if record.ongoing is not None:
                self._met[action.table, action.key] = record
            stamp = singletons.Stamp(self.name, now.clock_us, self._lsn + 1)
            applied, answer = singletons.write(record, action, message.return_values, stamp)
            if self._is_indexed and applied is not None:
                after = None if applied.record is None else applied.record.item
                error = self.entries.error(action, record.item, after)
                if error is not None:
                    applied, answer = None, WriteRefused(error.kind.name, error.message, None)
            if applied is not None:
                self._apply((action.table, action.key), applied, "", now)
            if self.meters is not None:
                self.meters.wrote(action, record.item, answer)
        self._once.answer(source, number, answer)
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
        if table is None or (isinstance(table, _Table) and table.state.dropped):
            return NotMine(message.table)
        if self.throttled:
            return Throttled()
        bytes_max = self._options.page_bytes_max
        if self.meters is not None:
            # A local index is paid for by its table.
            is_table = isinstance(table, _Table)
            payer = message.table if is_table else message.table.partition(INDEX_MARK)[0]
            if self.meters.at(self._range, now.elapsed_us).refuses_scan(message, payer):
                return Throttled()
            whole = replace(message, filter=None)
            looked_at = scan.page(whole, table.order, table.records, bytes_max, self._lsn)
            self.meters.scanned(message, payer, looked_at.items)
        return scan.page(message, table.order, table.records, bytes_max, self._lsn)

    def _local_index(self, index: str) -> LocalIndex | None:
        """Return a local index by its id; None if no table here has it."""
        table = self._tables.get(index.partition(INDEX_MARK)[0])
        return None if table is None or table.indexed is None else table.indexed.local.get(index)

    # Tables ----------------------------------------------------------------------------------

    def _open_table(self, message: OpenTable, _: Envelope, now: Time) -> Message:
        if message.table not in self._tables:
            state = TableState(message.table, message.schema, settings=message.settings)
            table = self._tables[message.table] = _Table(state)
            self._states[message.table] = state
            self._meter(state, now.elapsed_us, is_new=True)
            if table.stream is not None:
                self._switch(table, None, now)
                self._open_versions(table)
            if table.indexed is not None:
                self._open_outbox(state)
        return Done(())

    def _open_outbox(self, state: TableState) -> None:
        """Have an internal table for what this table's global indexes are to hear."""
        outbox = outbox_of(state.id)
        if outbox not in self._tables:
            self._states[outbox] = TableState(outbox, state.schema)
            self._tables[outbox] = _Table(self._states[outbox])
        self._is_indexed = True

    def _set_table(self, message: SetTable, _: Envelope, now: Time) -> Message:
        table = self._tables.get(message.table)
        if table is None or table.state.dropped:
            return NotMine(message.table)
        if message.settings.revision > table.state.settings.revision:
            table.know(replace(table.state, settings=message.settings))
            if table.indexed is not None:
                self._open_outbox(table.state)
            self._meter(table.state, now.elapsed_us)
            self._states[message.table] = table.state
            before, table.stream = table.stream, message.settings.stream
            if before != table.stream:
                self._switch(table, before, now)
                self._open_versions(table)
        return Done(())

    def _drop_table(self, message: DropTable, _: Envelope, now: Time) -> Message:
        table = self._tables.get(message.table)
        if table is not None and not table.state.dropped:
            state = TableState(message.table, table.state.schema, dropped=True)
            dropped = self._tables[message.table] = _Table(state)
            self._states[message.table] = state
            if table.stream is not None:
                self._switch(dropped, table.stream, now)
            for key in [key for key in self._since if key[0] == message.table]:
                del self._since[key]
            for name in (outbox_of(message.table), replicas.versions_of(message.table)):
                hidden = self._tables.get(name)
                if hidden is not None:  # Nothing waits any more, and nobody is to hear of it.
                    self._states[name] = replace(hidden.state, dropped=True)
                    self._tables[name] = _Table(self._states[name])
            self._meter(state, now.elapsed_us)
        return Done(())

    # A partition that splits -----------------------------------------------------------------

    def _of_range(self, message: OfRange, envelope: Envelope, now: Time) -> Message:
        """Answer for a range, if it is (still) all that is here."""
        if message.range != self._range:
            return self._not_mine()
        question = message.question
        answer = self._steps_as_configured[type(question)](question, envelope, now)
        assert answer is not None, "each of these has a reply"
        return answer

    def _split(self, message: Split, _: Envelope, now: Time) -> Message:
        leaving = self.holding.leaving
        if leaving is not None and leaving.child == message.child:
            return Done(())
        left = split.leave(self.holding, message.at, message.child) if self.may_split else None
        if left is None:
            return self._not_mine()
        self._hold(left, now.elapsed_us)
        return Done(())

    def _carry(self, message: Carry, envelope: Envelope, now: Time) -> Message:
        holding = split.arrive(self.holding, message, envelope.source)
        if holding is None:
            return self._not_mine()
        self._hold(holding, now.elapsed_us)
        tables, records = split.carried(message)
        for state in tables:
            if state.id not in self._tables:
                self._tables[state.id] = _Table(state)
            table = self._tables[state.id]
            self._states[state.id] = split.merged(table.state, state)
            table.know(self._states[state.id])
            self._is_indexed = self._is_indexed or table.indexed is not None
            self._meter(table.state, now.elapsed_us)
            table.stream = None if table.state.dropped else table.state.settings.stream
        for kept in records:
            self._keep(kept.key, kept.record)
        self._lsn = max(self._lsn, message.lsn)
        if message.streams:
            if self._streams is None:
                self._streams = Streams(self.name, None, self._options)
            self._streams.arrived(stream.carried(message.streams), self._is_on)
        return Done(())

    def _serve(self, message: Serve, _: Envelope, now: Time) -> Message:
        serving = split.serve(self.holding, message.placement, self.name)
        if serving is not None:
            self._hold(serving, now.elapsed_us)
        return Done(())

    def carries(self) -> Iterator[Carry]:
        """Make the messages that carry the leaving range to the child, as it is now."""
        leaving = self.holding.leaving
        assert leaving is not None, "nothing leaves"
        tables = {name: one for name, one in self._tables.items() if name != PLACEMENT_TABLE}
        kept = tuple(
            Kept((name, key), record)
            for name, table in tables.items()
            for key, record in table.records.items()
            if leaving.range.has(key)
        )
        states = tuple(table.state for table in tables.values())
        streams = self._streams.carries(leaving.range.has) if self._streams is not None else ()
        return split.carries(self.holding, states, kept, self._lsn, streams)

    def settle(self, placement: PlacementRecord, elapsed_us: int) -> Changes:
        """Take the placement's word on the range that was leaving."""
        leaving, holding = self.holding.leaving, split.settle(self.holding, placement)
        if self._streams is not None and leaving is not None and placement.has(leaving.child):
            self._streams.left(holding.range.has)
        return self._held_as(holding, elapsed_us)

    def take_up(self, placement: PlacementRecord, elapsed_us: int) -> Changes | None:
        """Serve what has arrived; None if nothing has, or the placement does not give it."""
        held = split.serve(self.holding, placement, self.name)
        return None if held is None else self._held_as(held, elapsed_us)

    def _held_as(self, holding: Holding, elapsed_us: int) -> Changes:
        self._hold(holding, elapsed_us)
        self._held = None
        changes = Changes("", NEVER, (), (), self._lsn, holding)
        if self._streams is None:
            return changes
        told = self._with_streams(changes, self._streams, self._streams.clock_us)
        assert told is not None, "with what was changed anyway"
        return told

    def _hold(self, holding: Holding, elapsed_us: int) -> None:
        """Keep what is of the range now, drop what has left it, and answer accordingly."""
        if self.meters is not None:  # Until now it was the range of before.
            self.meters.at(self._range, elapsed_us).refill()
        self.holding = self._held = holding
        self._range = holding.range
        ongoing: dict[RecordKey, int] = {}
        for name, table in self._tables.items():
            for key, record in list(table.records.items()):
                if name != PLACEMENT_TABLE and not holding.keeps(partition_hash(key[0])):
                    del table.records[key]
                elif record.ongoing is not None and self._range.has(key):
                    ongoing[name, key] = self._since.get((name, key), elapsed_us)
        self._since = ongoing
        self._steps_of_range = self._steps_of(holding)
        self._steps = self._steps_now()
        self._index_anew()

    def _index_anew(self) -> None:
        """Make all indexes anew of what is here: after a start, or when a range came or went."""
        self.entries.look_again()
        for table in self._tables.values():
            table.index_anew()
        self._is_indexed = any(table.indexed is not None for table in self._tables.values())

    def _steps_of(self, holding: Holding) -> dict[type, Callable[..., Message | None]]:
        """Refuse what names no keys and means a range of before, or everything if none is served.

        While a range leaves, nobody knows what is left to answer for.
        """
        refused: list[type] = [Scan, OpenTable, SetTable, DropTable, Backfill]
        if holding.leaving is not None:
            refused.append(OfRange)
        if holding.range == NOTHING:
            refused = [kind for kind in self._steps_as_configured if kind not in (Carry, Serve)]
        steps = {**self._steps_as_configured, **dict.fromkeys(refused, self._not_mine)}
        if holding.range == NOTHING:
            steps[Write] = self._refuse_write
        return steps

    def _refuse_write(self, message: Write, envelope: Envelope, _: Time) -> Message:
        """Refuse a write for good: a copy of it may come when this range is served."""
        source, number = envelope.source, envelope.number
        answer = self._once.earlier(source, number, message.incarnation)
        if answer is None:
            answer = self._not_mine()
            self._once.answer(source, number, answer)
        return answer

    # Streams ---------------------------------------------------------------------------------

    def _find_shards(self, message: FindShards, _: Envelope, __: Time) -> Message:
        if self._streams is None:
            return Shards((), 0, self.holding.placement)
        found = self._streams.found(message.table_name, message.label)
        return Shards(found, self._streams.sequence, self.holding.placement)

    def _read_stream(self, message: ReadStream, _: Envelope, __: Time) -> Message:
        if self._streams is None or message.shard not in self._streams.shards:
            return ShardGone(is_trimmed=False)
        return self._streams.read(message)

    def _switch(self, table: _Table, before: StreamSettings | None, now: Time) -> None:
        """Begin a table's stream in this step, and end the one before."""
        if self._streams is None:
            self._streams = Streams(self.name, None, self._options)
        table_id, schema = TableId(table.state.id), table.state.schema
        if before is not None:
            self._streams.end(table_id, before.label)
        if table.stream is not None:
            self._streams.begin(table_id, schema, table.stream, now_us=now.clock_us)

    def _tell(
        self,
        key: RecordKey,
        settings: StreamSettings,
        applied: rules.Applied,
        transaction: str,
        now: Time,
    ) -> bool:
        """Let the stream know of a write that is about to be kept; say if it changes anything."""
        assert self._streams is not None, "a table with a stream has its shard"
        before = self._tables[key[0]].records.get(key[1])
        change = stream.Change(
            TableId(key[0]), key[1], self._lsn, applied.timestamp, transaction, now.clock_us
        )
        record = stream.record_of(
            change,
            None if before is None else before.item,
            None if applied.record is None else applied.record.item,
            settings,
        )
        if record is not None:
            self._streams.wait(record)
        return record is not None

    def _with_streams(
        self, changes: Changes | None, streams: Streams, clock_us: int
    ) -> Changes | None:
        """Add to a step's changes what it has changed of the streams: one append."""
        is_still = stream.stands_still(self.holding)
        changed = streams.end_step(self._oldest_ongoing, clock_us, is_still=is_still)
        if (len(streams.waiting) >= self._options.stream_waiting_max) != self._is_full:
            self._is_full = not self._is_full
            self._steps = self._steps_now()
        if changed is None:
            return changes
        if changes is None:  # A reader found that something has become too old.
            changes = Changes("", NEVER, (), (), self._lsn)
        return replace(changes, streams=changed)

    def _steps_now(self) -> dict[type, Callable[..., Message | None]]:
        if not self._is_full:
            return self._steps_of_range
        return {**self._steps_of_range, **dict.fromkeys((Prepare, Write), self._when_full)}

    def _when_full(self, message: Message, envelope: Envelope, now: Time) -> Message | None:
        """Take no new work until what is older and ongoing has ended: its end is still taken."""
        was, self.throttled = self.throttled, True
        try:
            return self._steps_of_range[type(message)](message, envelope, now)
        finally:
            self.throttled = was

    def _oldest_ongoing(self) -> Timestamp | None:
        """Return the earliest timestamp that is ongoing here, on any table."""
        found = (self._tables[table].records[key].ongoing for table, key in self._since)
        return min((one.timestamp for one in found if one is not None), default=None)

    def _is_on(self, table_id: str, label: str) -> bool:
        """Say whether this is (still) a table's stream."""
        table = self._tables.get(table_id)
        return table is not None and table.stream is not None and table.stream.label == label

    # Regions ---------------------------------------------------------------------------------

    def _open_versions(self, table: _Table) -> None:
        """Have a hidden table for the versions of a global table's items."""
        name = replicas.versions_of(table.state.id)
        if table.stream is not None and table.stream.region and name not in self._tables:
            self._states[name] = TableState(name, table.state.schema)
            self._tables[name] = _Table(self._states[name])

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

    def _weigh(self, message: Weigh, *_: object) -> Message:
        return self._stray(message.keys) or Weights(self.entries.weights(message.keys))

    # As `partition.entries` sees it ----------------------------------------------------------

    def table(self, table_id: str) -> _Table | None:
        return self._tables.get(table_id)

    def tables(self) -> Iterable[_Table]:
        return self._tables.values()

    def owns(self, key: Key) -> bool:
        return self._range.has(key)

    def not_mine(self) -> NotMine:
        return self._not_mine()

    def keep(self, key: RecordKey, record: Record | None) -> None:
        self._keep(key, record)

    def last_lsn(self) -> int:
        return self._lsn

    def next_lsn(self) -> int:
        self._lsn += 1
        return self._lsn

    def taken(self) -> Changes | None:
        """Return what was changed outside of any step; None if nothing was."""
        records, self._records = self._records, []
        return Changes("", NEVER, tuple(records), (), self._lsn) if records else None

    # State -----------------------------------------------------------------------------------

    def _meter(self, state: TableState, elapsed_us: int, *, is_new: bool = False) -> None:
        """Hold a table to its units from now on, or stop doing so."""
        if self.meters is None:
            if not meters.is_metered(state, self._options):
                return
            self.meters = meters.Meters(self._options.burst_us, elapsed_us)
        self.meters.at(self._range, elapsed_us).hold(state, self._options, is_new=is_new)

    def _stray(self, keys: Iterable[RecordKey]) -> NotMine | None:
        """Refuse as a whole what asks for any key that is not this partition's."""
        first, end = self._range.first, self._range.end
        for table_id, key in keys:
            table = self._tables.get(table_id)
            if table is None or table.state.dropped:
                return NotMine(table_id)
            if not first <= partition_hash(key[0]) < end and table_id != PLACEMENT_TABLE:
                return self._not_mine()
        return None

    def _not_mine(self, *_: Any) -> NotMine:
        return NotMine("", self.holding.placement)

    def record(self, table_id: str, key: Key) -> Record:
        """Return what is known of a key, whether or not there is an item."""
        table = self._tables[table_id]
        record = table.records.get(key)
        return table.state.missing() if record is None else record

    def _ongoing(self, key: RecordKey) -> Record | None:
        """Return the record, if it is kept: of a dropped table nothing is, and nothing is wrong."""
        table = self._tables.get(key[0])
        return None if table is None else table.records.get(key[1])

    def _keep(self, key: RecordKey, record: Record | None) -> None:
        table = self._tables[key[0]]
        if table.indexed is not None:
            table.indexed.replace(key[1], table.records.get(key[1]), record)
        if record is None:
            table.records.pop(key[1], None)
        else:
            is_new = key[1] not in table.records
            table.records[key[1]] = record
            if is_new:
                table.order.add(key[1], table.records)
        if record is None or record.ongoing is None:
            self._since.pop(key, None)
        self._records.append((key, record))

    def _apply(
        self, key: RecordKey, applied: rules.Applied, transaction: str, now: Time
    ) -> None:
        """Keep what a commit or a singleton leaves, and raise the table's marks (§3.3)."""
        table = self._tables[key[0]]
        self._lsn += 1
        if table.stream is not None:
            is_change = self._tell(key, table.stream, applied, transaction, now)
            region, version = table.stream.region, applied.version
            if region and (is_change or version is not None):
                version = version or version_of(applied.timestamp, region)
                self._keep(*replicas.note_of(key, version, applied, self._lsn))
        if table.indexed is not None:
            self._keep_indexed(table.indexed, key, applied)
        else:
            self._keep(key, applied.record)
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
        self._keep(key, applied.record)
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
