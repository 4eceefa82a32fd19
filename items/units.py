"""Capacity units, in which DynamoDB weighs what a request does, counted in halves.

A unit is a strongly consistent read of up to 4 KB, or a write of up to 1 KB; what is begun counts
as whole, and what is not there as much as something small.  An eventually consistent read is half a
unit, which is why halves are counted: they are whole numbers.  In a transaction everything is done
twice, once to prepare it and once to commit it.
"""

from typing import Final

from items.values import Item, size_bytes

READ_UNIT_BYTES: Final = 4 * 1024
WRITE_UNIT_BYTES: Final = 1024
HALVES: Final = 2  # Of a unit.
TRANSACTION_FACTOR: Final = 2


def read_halves(weight_bytes: int, *, eventual: bool) -> int:
    """Weigh a read of so much."""
    return blocks(weight_bytes, READ_UNIT_BYTES) * (1 if eventual else HALVES)


def write_halves(before: Item | None, after: Item | None) -> int:
    """Weigh a write by the larger of the item before it and after it."""
    return blocks(max(weight_bytes(before), weight_bytes(after)), WRITE_UNIT_BYTES) * HALVES


def blocks(weight_bytes: int, block_bytes: int) -> int:
    """Count the blocks that are begun: one at least."""
    return max(1, -(-weight_bytes // block_bytes))


def weight_bytes(item: Item | None) -> int:
    return 0 if item is None else size_bytes(item)
