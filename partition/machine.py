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

from items.data import data
from items.keys import Key, partition_hash
from items.values import Item
from network.ids import NEVER, EntryKey, TransactionId
from network.messages import (
    Cancel,
    Carry,
    Commit,
    Done,
    DropTable,
    Envelope,
    Message,
    NotMine,
    OfRange,
    OpenTable,
    Prepare,
    Read,
    Readings,
    RecordKey,
    Scan,
    Serve,
    SetTable,
    Split,
    Stalled,
    Throttled,
    Votes,
    Write,
)
from network.once import Once
from network.placement import NOTHING, PLACEMENT_TABLE, PlacementRecord, Range
from partition import reads, rules, scan, singletons, split
from partition.options import PartitionOptions
from partition.record import Record, TableState
from partition.split import Holding, Kept
from partition.storage import Changes, Stored


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
        self.records: dict[Key, Record] = {}
        self.order = scan.KeyOrder()


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
        self._met: dict[RecordKey, Record] = {}  # Ongoing records that the step ran into.
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
        }
        self._steps_as_configured = self._steps
        for (table, key), record in stored.records:
            records = self._tables[table].records
            records[key] = record
            self._tables[table].order.add(key, records)
            if record.ongoing is not None:
                self._since[table, key] = elapsed_us  # Counted afresh by each incarnation.
        self.holding = Holding(owned)
        if stored.holding is not None or owned == NOTHING:
            self._hold(stored.holding or self.holding, elapsed_us)
            self._held = None

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
            votes.append(vote)
            if kept is not record:
                promised.append(((action.table, action.key), kept))
            elif record.ongoing is not None and record.ongoing.transaction != message.transaction:
                self._met[action.table, action.key] = record
        # All or none: an accept beside a rejection makes no new promise, so that a transaction that
        # is bound to be cancelled holds up nobody.  What it promised before stays until the cancel.
        if votes == [rules.ACCEPT] * len(votes):
            for key, record in promised:
                self._keep(key, record)
                self._since[key] = now.elapsed_us
        return Votes(tuple(votes))

    def _knows(self, message: Prepare) -> bool:
        """Say whether anything here is promised to this transaction: then it is no new work."""
        keys = [(action.table, action.key) for action in message.actions]
        return any(rules.owns(self._ongoing(key), message.transaction) for key in keys)

    def _commit(self, message: Commit, _: Envelope, __: Time) -> Message:
        def commit(key: RecordKey, record: Record) -> None:
            self._apply(key, rules.commit(record, lsn=self._lsn + 1))

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
        if answer is None:
            record = self.record(action.table, action.key)
            if record.ongoing is not None:
                self._met[action.table, action.key] = record
            stamp = singletons.Stamp(self.name, now.clock_us, self._lsn + 1)
            applied, answer = singletons.write(record, action, message.return_values, stamp)
            if applied is not None:
                self._apply((action.table, action.key), applied)
        self._once.answer(source, number, answer)
        return answer

    def _read(self, message: Read, _: Envelope, __: Time) -> Message:
        stray = self._stray(message.keys)
        if stray is not None:
            return stray
        if self.throttled and message.round != 2:  # Round 2 ends what round 1 has begun.
            return Throttled()
        readings = []
        for table_id, key in message.keys:
            table = self._tables[table_id]
            record = table.records.get(key)
            reading = reads.read(record, table.state)
            readings.append(reading)
            if record is not None and reading.ongoing is not None:
                self._met[table_id, key] = record
        return Readings(tuple(readings))

    def _scan(self, message: Scan, _: Envelope, __: Time) -> Message:
        table = self._tables.get(message.table)
        if table is None or table.state.dropped:
            return NotMine(message.table)
        if self.throttled:
            return Throttled()
        bytes_max = self._options.page_bytes_max
        return scan.page(message, table.order, table.records, bytes_max, self._lsn)

    # Tables ----------------------------------------------------------------------------------

    def _open_table(self, message: OpenTable, _: Envelope, __: Time) -> Message:
        if message.table not in self._tables:
            state = TableState(message.table, message.schema, settings=message.settings)
            self._tables[message.table] = _Table(state)
            self._states[message.table] = state
        return Done(())

    def _set_table(self, message: SetTable, _: Envelope, __: Time) -> Message:
        table = self._tables.get(message.table)
        if table is None or table.state.dropped:
            return NotMine(message.table)
        if message.settings.revision > table.state.settings.revision:
            table.state = replace(table.state, settings=message.settings)
            self._states[message.table] = table.state
        return Done(())

    def _drop_table(self, message: DropTable, _: Envelope, __: Time) -> Message:
        table = self._tables.get(message.table)
        if table is not None and not table.state.dropped:
            state = TableState(message.table, table.state.schema, dropped=True)
            self._tables[message.table] = _Table(state)
            self._states[message.table] = state
            for key in [key for key in self._since if key[0] == message.table]:
                del self._since[key]
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
            table.state = self._states[state.id] = split.merged(table.state, state)
        for kept in records:
            self._keep(kept.key, kept.record)
        self._lsn = max(self._lsn, message.lsn)
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
        return split.carries(self.holding, states, kept, self._lsn)

    def settle(self, placement: PlacementRecord, elapsed_us: int) -> Changes:
        """Take the placement's word on the range that was leaving."""
        return self._held_as(split.settle(self.holding, placement), elapsed_us)

    def take_up(self, placement: PlacementRecord, elapsed_us: int) -> Changes | None:
        """Serve what has arrived; None if nothing has, or the placement does not give it."""
        held = split.serve(self.holding, placement, self.name)
        return None if held is None else self._held_as(held, elapsed_us)

    def _held_as(self, holding: Holding, elapsed_us: int) -> Changes:
        self._hold(holding, elapsed_us)
        self._held = None
        return Changes("", NEVER, (), (), self._lsn, holding)

    def _hold(self, holding: Holding, elapsed_us: int) -> None:
        """Keep what is of the range now, drop what has left it, and answer accordingly."""
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
        self._steps = self._steps_of(holding)

    def _steps_of(self, holding: Holding) -> dict[type, Callable[..., Message | None]]:
        """Refuse what names no keys and means a range of before, or everything if none is served.

        While a range leaves, nobody knows what is left to answer for.
        """
        refused: list[type] = [Scan, OpenTable, SetTable, DropTable]
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

    # State -----------------------------------------------------------------------------------

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

    def _apply(self, key: RecordKey, applied: rules.Applied) -> None:
        """Keep what a commit or a singleton leaves, and raise the table's marks (§3.3)."""
        table = self._tables[key[0]]
        self._lsn += 1
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
