"""Long lists of packed records, a block of them compressed: what a run keeps of all that happened.

A witness's notes take an eighth of what they take packed alone.
"""

from collections.abc import Iterator
from zlib import compress, decompress

from network.codec import pack, unpack

BLOCK = 512  # Records.


class Packed:
    """Records in the order in which they were added."""

    __slots__ = ("_blocks", "_latest")

    def __init__(self) -> None:
        self._blocks: list[bytes] = []  # Each some records, packed once more and compressed.
        self._latest: list[bytes] = []

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._latest)

    def add(self, record: bytes) -> None:
        self._latest.append(record)
        if len(self._latest) == BLOCK:
            self._blocks.append(compress(pack(self._latest), level=1))
            self._latest = []

    def __iter__(self) -> Iterator[bytes]:
        return self.since(0)

    def since(self, place: int) -> Iterator[bytes]:
        """Give the records from a place on, for who looks again and again."""
        assert place <= len(self), "nothing is left out that is still to come"
        # A block at a time: unpacked all at once, a long list would be in memory twice.
        first, skipped = divmod(place, BLOCK)
        for block in self._blocks[first:]:
            yield from unpack(decompress(block))[skipped:]
            skipped = 0
        yield from self._latest[skipped:]
