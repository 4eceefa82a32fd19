"""One partition's durable memory: the seam, what passes through it, and how to do without.

A partition keeps everything in memory and writes what changes.  One append is one step of the
machine: all of it is durable or nothing is, in the order of the appends.  A failed append is a
crash: the partition's memory is thrown away, and what was waiting for the append is never answered.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeAlias

from items.data import data
from network.ids import Timestamp
from network.messages import RecordKey
from network.streams import Shard, StreamRecord
from partition.record import Record, TableState
from partition.split import Holding
from partition.stream import StoredStreams, StreamChanges


@data
class Changes:
    """What one step changed."""

    # The transaction or the client's attempt that asked for it, or the version of another region.
    cause: str
    timestamp: Timestamp  # Of what was applied; NEVER if nothing was.
    records: tuple[tuple[RecordKey, Record | None], ...]  # None: nothing is kept under this key.
    tables: tuple[TableState, ...]
    lsn: int  # The partition's last LSN after this step.
    holding: Holding | None = None  # What is its range now, if that has changed.
    streams: StreamChanges | None = None  # None: nothing there.


Keep: TypeAlias = Callable[[Changes], Awaitable[None]]
"""Makes changes durable that no message asked for."""


@data
class Stored:
    """What a partition finds when it starts."""

    incarnation: int  # Risen durably by this start: 1, 2, …; never a clock reading.
    lsn: int
    tables: tuple[TableState, ...]
    records: tuple[tuple[RecordKey, Record], ...]
    holding: Holding | None = None  # None: its range is the one that was configured.
    streams: StoredStreams | None = None  # None: there never was one.


class Storage(Protocol):
    def adopt(self, memory: Callable[[], Stored]) -> bool:
        """Take a machine's own memory for what is kept here, if a crash leaves that as it is.

        True: from now on nothing has to be appended.  False: all that changes has to be.
        """

    def load(self) -> Stored:
        """Raise the incarnation, durably, and return all that was ever made durable."""

    def append(self, changes: Changes, then: Callable[[], None]) -> None:
        """Make these changes durable, after all earlier ones; call `then` once they are."""


class Contents:
    """The sum of all changes so far: what a disk holds."""

    def __init__(self) -> None:
        self.incarnation = 0
        self.lsn = 0
        self.tables: dict[str, TableState] = {}
        self.records: dict[RecordKey, Record] = {}
        self.holding: Holding | None = None
        self.sequence = 0
        self.stream: dict[int, StreamRecord] = {}  # By LSN.
        self.shards: dict[str, Shard] = {}

    @classmethod
    def of(cls, stored: Stored) -> "Contents":
        """Return what is loaded as this, but for the incarnation."""
        contents = cls()
        contents.incarnation, contents.lsn = stored.incarnation, stored.lsn
        contents.tables = {state.id: state for state in stored.tables}
        contents.records = dict(stored.records)
        contents.holding = stored.holding
        if stored.streams is not None:
            contents.sequence = stored.streams.sequence
            contents.stream = {record.lsn: record for record in stored.streams.records}
            contents.shards = {shard.id: shard for shard in stored.streams.shards}
        return contents

    def copy(self) -> "Contents":
        twin = Contents()
        twin.incarnation, twin.lsn = self.incarnation, self.lsn
        twin.tables, twin.records = dict(self.tables), dict(self.records)
        twin.holding = self.holding
        twin.sequence = self.sequence
        twin.stream, twin.shards = dict(self.stream), dict(self.shards)
        return twin

    def take(self, changes: Changes) -> None:
        """Add one append."""
        assert changes.lsn >= self.lsn, "an LSN would come twice"
        self.lsn = changes.lsn
        if changes.holding is not None and changes.holding != self.holding:
            self._hold(changes.holding)
        for state in changes.tables:
            self.tables[state.id] = state
            if state.dropped:
                for key in [key for key in self.records if key[0] == state.id]:
                    del self.records[key]
        for key, record in changes.records:
            if record is None:
                self.records.pop(key, None)
            else:
                record.check()
                self.records[key] = record
        if changes.streams is not None:
            self._take_streams(changes.streams)

    def _take_streams(self, changes: StreamChanges) -> None:
        assert changes.sequence >= self.sequence, "a sequence number would come twice"
        self.sequence = changes.sequence
        self.stream.update({record.lsn: record for record in changes.records})
        self.shards.update({shard.id: shard for shard in changes.shards})
        for lsn in changes.removed:
            self.stream.pop(lsn, None)
        for shard in changes.ended:
            self.shards.pop(shard, None)

    def _hold(self, holding: Holding) -> None:
        """Keep what is of its range now, and drop what has left it."""
        self.holding = holding
        for key in list(self.records):
            if not holding.keeps_record(key):
                del self.records[key]

    def load(self) -> Stored:
        self.incarnation += 1
        return Stored(
            self.incarnation,
            self.lsn,
            tuple(self.tables.values()),
            tuple(self.records.items()),
            self.holding,
            self._streams(),
        )

    def _streams(self) -> StoredStreams | None:
        if not self.sequence:
            return None
        records, shards = tuple(self.stream.values()), tuple(self.shards.values())
        return StoredStreams(self.sequence, records, shards)


class MemoryStorage:
    """No disk at all: a crash loses nothing, and what is appended is durable at once; a `Storage`.

    A machine's memory can therefore stand in for it, and nothing is kept twice.
    """

    def __init__(self, tables: Iterable[TableState] = ()) -> None:
        """Hold these tables, empty, to begin with."""
        self._contents = Contents()
        self._contents.tables = {state.id: state for state in tables}
        self._memory: Callable[[], Stored] | None = None  # None: whatever was appended.

    @property
    def contents(self) -> Contents:
        """What is kept here now."""
        return self._contents if self._memory is None else Contents.of(self._memory())

    def adopt(self, memory: Callable[[], Stored]) -> bool:
        self._contents, self._memory = Contents(), memory
        return True

    def load(self) -> Stored:
        self._contents, self._memory = self.contents, None
        return self._contents.load()

    def append(self, changes: Changes, then: Callable[[], None]) -> None:
        if self._memory is None:
            self._contents.take(changes)
        then()
