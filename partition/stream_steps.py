"""A partition's steps that concern streams; the rules are in `partition.stream` (§2.1)."""

from dataclasses import replace

from network.ids import NEVER, TableId
from network.messages import (
    Envelope,
    FindShards,
    Message,
    Prepare,
    ReadStream,
    RecordKey,
    ShardGone,
    Shards,
    Write,
)
from network.settings import StreamSettings
from partition import rules, stream
from partition.memory import Memory, Steps, Table
from partition.now import Time
from partition.storage import Changes
from partition.streams import Streams


class StreamSteps(Memory):
    """What a partition does for the streams of its tables."""

    def _find_shards(self, message: FindShards, _: Envelope, now: Time) -> Message:
        if self._streams is None:
            return Shards((), 0, self.holding.placement)
        self._streams.age(now.clock_us)
        found = self._streams.found(message.table_name, message.label)
        return Shards(found, self._streams.sequence, self.holding.placement)

    def _read_stream(self, message: ReadStream, _: Envelope, __: Time) -> Message:
        if self._streams is None or message.shard not in self._streams.shards:
            return ShardGone(is_trimmed=False)
        return self._streams.read(message)

    def _switch(self, table: Table, before: StreamSettings | None, now: Time) -> None:
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
        table = self._tables[key[0]]
        before = table.records.get(key[1])
        change = stream.Change(
            TableId(key[0]),
            table.state.schema,
            key[1],
            self._lsn,
            applied.timestamp,
            transaction,
            now.clock_us,
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

    def _steps_now(self) -> Steps:
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
