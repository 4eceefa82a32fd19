"""A partition's steps while a range moves; the rules are in `partition.split` (§3.3)."""

from collections.abc import Iterator

from network.ids import NEVER
from network.messages import (
    Backfill,
    Carry,
    Done,
    DropTable,
    Envelope,
    Message,
    OfRange,
    OpenTable,
    RecordKey,
    Scan,
    Serve,
    SetTable,
    Split,
    Write,
)
from network.placement import NOTHING, PLACEMENT_TABLE, PlacementRecord
from partition import split, stream
from partition.memory import Steps, Table
from partition.now import Time
from partition.split import Holding, KeyedRecord
from partition.storage import Changes
from partition.stream_steps import StreamSteps
from partition.streams import Streams


class MoveSteps(StreamSteps):
    """How a partition gives a part of its range to a child, or takes one in as a child."""

    may_split = True

    def _of_range(self, message: OfRange, envelope: Envelope, now: Time) -> Message:
        """Answer for a range, if it is (still) all that is here."""
        if message.range != self._range:
            return self.not_mine()
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
            return self.not_mine()
        self._hold(left, now.elapsed_us)
        return Done(())

    def _carry(self, message: Carry, envelope: Envelope, now: Time) -> Message:
        holding = split.arrive(self.holding, message, envelope.source)
        if holding is None:
            return self.not_mine()
        if holding == self.holding:  # As with the part before: nothing is to be looked through.
            self._held = holding
        else:
            self._hold(holding, now.elapsed_us)
        tables, records = split.carried(message)
        for state in tables:
            if state.id not in self._tables:
                self._tables[state.id] = Table(state)
            table = self._tables[state.id]
            self._states[state.id] = split.merged(table.state, state)
            table.know(self._states[state.id])
            self._is_indexed = self._is_indexed or table.indexed is not None
            self._meter(table.state, now.elapsed_us)
            table.stream = None if table.state.dropped else table.state.settings.stream
        for kept in records:
            self.keep(kept.key, kept.record)
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
            KeyedRecord((name, key), record)
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
                if not holding.keeps_record((name, key)):
                    del table.records[key]
                elif record.ongoing is not None and self._range.has(key):
                    ongoing[name, key] = self._since.get((name, key), elapsed_us)
        self._since, self._ages = ongoing, None
        self._steps_of_range = self._steps_of(holding)
        self._steps = self._steps_now()
        self._index_anew()

    def _steps_of(self, holding: Holding) -> Steps:
        """Refuse what names no keys and means a range of before, or everything if none is served.

        While a range leaves, nobody knows what is left to answer for.
        """
        refused: list[type] = [Scan, OpenTable, SetTable, DropTable, Backfill]
        if holding.leaving is not None:
            refused.append(OfRange)
        if holding.range == NOTHING:
            refused = [kind for kind in self._steps_as_configured if kind not in (Carry, Serve)]
        steps = {**self._steps_as_configured, **dict.fromkeys(refused, self.not_mine)}
        if holding.range == NOTHING:
            steps[Write] = self._refuse_write
        return steps

    def _refuse_write(self, message: Write, envelope: Envelope, _: Time) -> Message:
        """Refuse a write for good: a copy of it may come when this range is served."""
        source, number = envelope.source, envelope.number
        answer = self._once.earlier(source, number, message.incarnation)
        if answer is None:
            answer = self.not_mine()
            self._once.answer(source, number, answer)
        return answer
