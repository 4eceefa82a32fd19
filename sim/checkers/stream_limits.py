"""What a partition may let go of its streams' records, and what it has to: by age, number, length.

It is judged by each append, as it becomes durable.  The oldest records go first, none before there
is too much or it is old, and nothing stays that is too much.

Left out: a record that one append releases and lets go, as it would if its step released more than
a partition may keep.  The append says too little of it.
"""

from collections.abc import Iterator

from items.data import data
from network.streams import StreamRecord
from partition.options import PartitionOptions
from partition.stream import StreamChanges
from sim.clock import EPOCH_US

# Of the time for which records are kept: a partition's clock may be fast, and is not asked here.
IS_OLD = 0.9


@data
class LetGo:
    """What one append let go, the oldest first, and what is wrong with that: kinds and texts."""

    records: tuple[StreamRecord, ...]
    wrongs: tuple[tuple[str, str], ...]


class Held:
    """The records that one partition has released and not let go, in their order."""

    def __init__(self, options: PartitionOptions) -> None:
        self._options = options
        self._records: dict[int, StreamRecord] = {}  # By LSN.
        self._bytes = 0

    def take(self, changes: StreamChanges, elapsed_us: int) -> LetGo:
        """Take what an append has released and let go, and judge it."""
        gone = [self._drop(lsn) for lsn in changes.removed if lsn in self._records]
        gone.sort(key=_sequence)
        for record in sorted(changes.records, key=_sequence):
            if record.sequence:
                if record.lsn in self._records:  # A disk had lost it.
                    self._drop(record.lsn)
                self._records[record.lsn] = record
                self._bytes += record.size_bytes
        is_all = len(gone) == len(changes.removed)  # Else some are gone that were not here.
        wrongs = [
            *self._kept_wrongly(gone),
            *(self._gone_wrongly(gone, elapsed_us) if is_all else ()),
        ]
        return LetGo(tuple(gone), tuple(wrongs))

    def _drop(self, lsn: int) -> StreamRecord:
        record = self._records.pop(lsn)
        self._bytes -= record.size_bytes
        return record

    def _kept_wrongly(self, gone: list[StreamRecord]) -> Iterator[tuple[str, str]]:
        count, size = len(self._records), self._bytes
        if self._is_too_much(count, size):
            yield "kept too much", f"keeps {count:,} records of its streams, {size:,} bytes"
        first = next(iter(self._records.values()), None)
        if gone and first is not None and first.sequence < gone[-1].sequence:
            text = f"let go record {gone[-1].sequence}, and keeps {first.sequence}, which is older"
            yield "let go out of turn", text

    def _gone_wrongly(self, gone: list[StreamRecord], elapsed_us: int) -> Iterator[tuple[str, str]]:
        """Judge each as the last one to go: with it and what is kept there must be too much."""
        count, size = len(self._records), self._bytes
        old_us = EPOCH_US + elapsed_us - IS_OLD * self._options.stream_kept_us
        for record in reversed(gone):
            count += 1
            size += record.size_bytes
            if record.created_us > old_us and not self._is_too_much(count, size):
                text = f"let go record {record.sequence}, one of {count:,}, {size:,} bytes"
                yield "let go too early", text

    def _is_too_much(self, count: int, size: int) -> bool:
        """Say whether it has to let go of one; the newest may be as long as it likes."""
        options = self._options
        return count > options.stream_records_max or (count > 1 and size > options.stream_bytes_max)


def _sequence(record: StreamRecord) -> int:
    return record.sequence
