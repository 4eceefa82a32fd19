"""All streams of one partition: what waits, what was released, and the shards it lies in.

`partition.machine` tells it of each change, and asks at the end of each step what of all this is to
be durable with the step.  The rules are in `partition.stream`; here they meet the state.
"""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator

from items.keys import Key, KeySchema
from network.ids import TableId, Timestamp
from network.messages import ReadStream, ShardGone, StreamPage
from network.settings import StreamSettings
from network.streams import Shard, StreamRecord
from partition import stream
from partition.options import PartitionOptions
from partition.stream import Carried, StoredStreams, StreamChanges

StreamId = tuple[str, str]  # A table's id and a stream's label.


class Streams:
    """One partition's."""

    def __init__(self, node: str, stored: StoredStreams | None, options: PartitionOptions) -> None:
        self._node, self._options = node, options
        self.sequence = 0
        self.waiting: list[StreamRecord] = []  # In the order in which they will be released.
        self.shards: dict[str, Shard] = {}
        self._named: dict[str, dict[str, None]] = {}  # Shards by their table's name, in order.
        self._open: dict[StreamId, str] = {}  # The shard that a stream's records go to.
        self._ending: dict[StreamId, None] = {}  # Switched off, and something of it may wait.
        self._records: dict[str, list[StreamRecord]] = {}  # By shard, in their order.
        self._kept: deque[StreamRecord] = deque()  # All of them, in their order …
        self._kept_bytes = 0  # … and how much that is.
        self._closed: deque[str] = deque()  # Shards, in the order in which they ended.
        self.clock_us = 0  # As last seen.
        # What the step under way changes.
        self._changed: dict[int, StreamRecord | None] = {}  # By LSN; None: it is here no more.
        self._changed_shards: dict[str, Shard | None] = {}
        if stored is not None:
            self._load(stored)

    def _load(self, stored: StoredStreams) -> None:
        self.sequence = stored.sequence
        for shard in stored.shards:
            self._know(shard)
            self._records[shard.id] = []
            self.clock_us = max(self.clock_us, shard.opened_us, shard.closed_us)
            if shard.is_open:
                self._open[shard.table, shard.stream.label] = shard.id
        ended = [shard for shard in stored.shards if not shard.is_open]
        self._closed.extend([shard.id for shard in sorted(ended, key=_last)])
        for record in sorted(stored.records, key=_sequence):
            if record.sequence:
                self._records[record.shard].append(record)
                self._put(record)
        self.waiting = sorted((one for one in stored.records if not one.sequence), key=stream.place)

    def stored(self) -> StoredStreams | None:
        """Return all of it, as a storage would give it back; None if there never was a stream."""
        if not self.sequence:
            return None
        return StoredStreams(
            self.sequence, (*self._kept, *self.waiting), tuple(self.shards.values())
        )

    # What a step does ------------------------------------------------------------------------

    def begin(
        self,
        table: TableId,
        schema: KeySchema,
        settings: StreamSettings,
        *,
        now_us: int,
        parent: str = "",
    ) -> None:
        """Open a shard for a stream, from this step on."""
        self.sequence += 1
        shard = stream.opened(
            self._node,
            table,
            schema,
            settings,
            first=self.sequence,
            parent=parent,
            now_us=now_us,
        )
        self._open[table, settings.label] = shard.id
        self._records[shard.id] = []
        self._keep(shard)

    def go_on(self, is_on: Callable[[str, str], bool]) -> None:
        """Take up after a restart what was to end."""
        for table, label in self._open:
            if not is_on(table, label):
                self._ending[table, label] = None

    def end(self, table: TableId, label: str) -> None:
        """End a stream here, as soon as nothing of it waits."""
        if (table, label) in self._open:
            self._ending[table, label] = None

    def wait(self, record: StreamRecord) -> None:
        """Take the record of a change in."""
        insort(self.waiting, record, key=stream.place)
        self._changed[record.lsn] = record

    def end_step(
        self, oldest: Callable[[], Timestamp | None], now_us: int, *, is_still: bool
    ) -> StreamChanges | None:
        """Release what waits for nobody; say what of the streams this step has changed.

        While a range moves, everything stays still: what is carried over must not change.
        """
        self.clock_us = now_us
        if not is_still:
            if self.waiting:
                self._release(oldest())
            for table, label in list(self._ending):
                if not any((one.table, one.label) == (table, label) for one in self.waiting):
                    del self._ending[table, label]
                    self._close(self._open.pop((table, label)))
        self._trim()
        if not self._changed and not self._changed_shards:
            return None
        changes = StreamChanges(
            self.sequence,
            tuple([one for one in self._changed.values() if one is not None]),
            tuple([lsn for lsn, one in self._changed.items() if one is None]),
            tuple([one for one in self._changed_shards.values() if one is not None]),
            tuple([name for name, one in self._changed_shards.items() if one is None]),
        )
        self._changed, self._changed_shards = {}, {}
        return changes

    def _release(self, oldest: Timestamp | None) -> None:
        count = stream.due(self.waiting, oldest)
        for waiting in self.waiting[:count]:
            shard = self.shards[self._open[waiting.table, waiting.label]]
            self.sequence += 1
            record = stream.released(waiting, shard, self.sequence)
            self._records[shard.id].append(record)
            self._put(record)
            self._changed[record.lsn] = record
        del self.waiting[:count]

    def _put(self, record: StreamRecord) -> None:
        self._kept.append(record)
        self._kept_bytes += record.size_bytes

    def _close(self, shard: str) -> None:
        self.sequence += 1
        self._keep(stream.closed(self.shards[shard], last=self.sequence, now_us=self.clock_us))
        self._closed.append(shard)

    def _keep(self, shard: Shard) -> None:
        self._changed_shards[shard.id] = shard
        self._know(shard)

    def _know(self, shard: Shard) -> None:
        self.shards[shard.id] = shard
        self._named.setdefault(shard.stream.table_name, {})[shard.id] = None

    def _forget(self, shard: Shard) -> None:
        del self.shards[shard.id], self._records[shard.id]
        named = self._named[shard.stream.table_name]
        del named[shard.id]
        if not named:
            del self._named[shard.stream.table_name]

    def age(self, now_us: int) -> None:
        """Let go of what is too old, before a reader hears where a shard begins.

        A step does so at its end.  But when nothing has happened for long, the first reader would
        be sent to where the shard began then, and find that gone.
        """
        self.clock_us = now_us
        self._trim()

    def _trim(self) -> None:
        """Let go of what is too old or too much, and of shards that nobody can read from now."""
        kept, until_us = self._kept, self.clock_us - self._options.stream_kept_us
        gone: dict[str, list[StreamRecord]] = {}  # By shard.
        while kept and (self._is_too_much() or kept[0].created_us < until_us):
            record = kept.popleft()
            self._kept_bytes -= record.size_bytes
            gone.setdefault(record.shard, []).append(record)
            self._changed[record.lsn] = None
        for name, records in gone.items():  # All at once: after a quiet day that is all there is.
            del self._records[name][: len(records)]
            self._keep(stream.trimmed(self.shards[name], records[-1].sequence))
        while self._closed and self._is_over(self.shards[self._closed[0]], until_us):
            shard = self._closed.popleft()
            self._forget(self.shards[shard])
            self._changed_shards[shard] = None

    def _is_too_much(self) -> bool:
        """Say whether the oldest record has to go; for their size alone the last one never has."""
        count, options = len(self._kept), self._options
        return count > options.stream_records_max or (
            self._kept_bytes > options.stream_bytes_max and count > 1
        )

    def _is_over(self, shard: Shard, until_us: int) -> bool:
        return shard.closed_us < until_us and not self._records[shard.id]

    # What readers ask ------------------------------------------------------------------------

    def found(self, table_name: str, label: str) -> tuple[Shard, ...]:
        """Return the shards of a table's stream, of all its streams, or of all tables'."""
        # Not by a look at all of them: tables that are gone have shards as well, for a day.
        named = self._named.get(table_name, {}) if table_name else self.shards
        shards = [self.shards[name] for name in named]
        return tuple([shard for shard in shards if label in ("", shard.stream.label)])

    def read(self, message: ReadStream) -> StreamPage | ShardGone:
        """Return a shard's next records: one at least, if there is one."""
        shard, records = self.shards[message.shard], self._records[message.shard]
        if message.after < shard.trimmed:
            return ShardGone(is_trimmed=True)
        begin = bisect_right(records, message.after, key=_sequence)
        if message.since_us:
            late = (n for n, one in enumerate(records) if one.created_us >= message.since_us)
            begin = max(begin, next(late, len(records)))
        page: list[StreamRecord] = []
        size = 0
        for record in records[begin : begin + message.limit]:
            size += record.size_bytes
            if page and size > message.bytes_max:
                break
            page.append(record)
        after = page[-1].sequence if page else message.after
        is_all = begin + len(page) == len(records)
        return StreamPage(shard, tuple(page), after, ends=is_all and not shard.is_open)

    # A partition that splits -----------------------------------------------------------------

    def carries(self, leaves: Callable[[Key], bool]) -> Iterator[bytes]:
        """Make what goes along with a range that leaves."""
        shards = [self.shards[name] for name in self._open.values()]
        return stream.carries(
            self.sequence, shards, [one for one in self.waiting if leaves(one.key)]
        )

    def left(self, keeps: Callable[[Key], bool]) -> None:
        """End all shards when a range has left, and begin those of what is kept."""
        gone = [one for one in self.waiting if not keeps(one.key)]
        self.waiting = [one for one in self.waiting if keeps(one.key)]
        self._changed.update(dict.fromkeys([one.lsn for one in gone]))
        before = [self.shards[name] for name in self._open.values()]
        for shard in before:
            self._close(shard.id)
        for shard in before:
            self._go_on(shard)

    def arrived(self, carried: Carried, is_on: Callable[[str, str], bool]) -> None:
        """Take in what a parent carries over; a second time it is here already."""
        self.sequence = max(self.sequence, carried.sequence)
        known = {record.lsn for record in self.waiting}
        for record in carried.waiting:
            if record.lsn not in known:
                self.wait(record)
        for shard in carried.shards:
            if (shard.table, shard.stream.label) not in self._open:
                self._go_on(shard)
                if not is_on(shard.table, shard.stream.label):
                    self.end(shard.table, shard.stream.label)

    def _go_on(self, before: Shard) -> None:
        """Open the shard that comes after one of a range that has split."""
        self.begin(
            before.table,
            before.schema,
            before.stream,
            now_us=max(self.clock_us, before.opened_us),
            parent=before.id,
        )


def _sequence(record: StreamRecord) -> int:
    return record.sequence


def _last(shard: Shard) -> int:
    return shard.last
