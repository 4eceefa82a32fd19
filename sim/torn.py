"""A torn write: an append of which the power failed in the middle, in the bytes of a disk.

An append is written as entries, one for each record that it changes, behind its length and a
checksum of all of them.  What the crash leaves is the beginning of that.  All-or-nothing therefore
hangs on `is_whole`: without it a promise of two records would come back as a promise of one.
"""

from collections.abc import Iterator
from zlib import crc32

from items.data import data
from network.codec import decode, encode, seldom
from network.ids import Timestamp
from network.messages import RecordKey
from partition.record import Record, TableState
from partition.split import Holding
from partition.storage import Changes
from partition.stream import StreamChanges

LENGTH_BYTES = CHECKSUM_BYTES = 4


@data
class _Head:
    cause: str
    timestamp: Timestamp
    tables: tuple[TableState, ...]
    lsn: int
    holding: Holding | None
    streams: StreamChanges | None = seldom(default=None)


@data
class _Entry:
    key: RecordKey
    record: Record | None


def written(changes: Changes) -> bytes:
    """Return an append as a disk has it: length, checksum, head, and an entry for each record."""
    head = _Head(
        changes.cause,
        changes.timestamp,
        changes.tables,
        changes.lsn,
        changes.holding,
        changes.streams,
    )
    parts = [encode(head, _Head)]
    parts += [encode(_Entry(key, record), _Entry) for key, record in changes.records]
    body = b"".join(len(part).to_bytes(LENGTH_BYTES, "big") + part for part in parts)
    return (
        len(body).to_bytes(LENGTH_BYTES, "big") + crc32(body).to_bytes(CHECKSUM_BYTES, "big") + body
    )


def read(raw: bytes) -> Changes | None:
    """Return the append that was written; None if not all of it is there."""
    if not is_whole(raw):
        return None
    head, *entries = list(_parts(raw[LENGTH_BYTES + CHECKSUM_BYTES :])) or [b""]
    if not head:
        return None
    of_all = decode(head, _Head)
    found = [decode(entry, _Entry) for entry in entries]
    records = tuple((entry.key, entry.record) for entry in found)
    return Changes(
        of_all.cause,
        of_all.timestamp,
        records,
        of_all.tables,
        of_all.lsn,
        of_all.holding,
        of_all.streams,
    )


def is_whole(raw: bytes) -> bool:
    """Say whether an append is there as it was written, from its first byte to its last."""
    body = raw[LENGTH_BYTES + CHECKSUM_BYTES :]
    length = int.from_bytes(raw[:LENGTH_BYTES], "big")
    checksum = int.from_bytes(raw[LENGTH_BYTES : LENGTH_BYTES + CHECKSUM_BYTES], "big")
    return len(raw) > LENGTH_BYTES and len(body) == length and crc32(body) == checksum


def _parts(body: bytes) -> Iterator[bytes]:
    """Read the entries that are there whole: all, unless the check before is left out."""
    while body:
        length = int.from_bytes(body[:LENGTH_BYTES], "big")
        part, body = body[LENGTH_BYTES : LENGTH_BYTES + length], body[LENGTH_BYTES + length :]
        if part and len(part) == length:
            yield part
