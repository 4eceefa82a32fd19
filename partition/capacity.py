"""The token bucket of a provisioned table in one partition: who is let through, and what is left.

A table is provisioned with so many units a second for all of it.  Nobody counts for all partitions
together, so each lets through its share: as much of the units as it has of the hashes, and after a
split each half its own.  What is not used is saved, up to what the whole table may use in 300 s: so
a few hot keys may use for a while what the cold ones do not need.  When that is spent, they get
their partition's share and no more: DynamoDB's adaptive capacity, which moves a table's units to
the partition that needs them, is left out.

Whoever finds anything in the bucket is let through, and may take more than there is: the debt is
paid before anybody else is let through.  So nothing is too large for ever.

A bucket is refilled on a timer that only counts up, never by the clock.  It counts in grains, of
which each microsecond gives a whole number however small the share, so that nothing is rounded and
nothing drifts.  It is kept in memory alone.  The bucket of a new table is full; after a restart, in
a child, or when the units are changed it begins with what comes in a second, so that a partition
that crashes again and again gives nothing away.
"""

from typing import Final

from items.units import HALVES
from network.placement import HASHES

SECOND_US: Final = 1_000_000
UNIT_GRAINS: Final = SECOND_US * HASHES  # A µs of one unit's rate gives a grain for each hash.
HALF_GRAINS: Final = UNIT_GRAINS // HALVES


class Bucket:
    """What one partition may still let through of one table's reads, or of its writes."""

    def __init__(self, units: int, level: int, *, burst_us: int, elapsed_us: int) -> None:
        self.units = units  # A second, of the whole table.
        self.full = full_level(units, burst_us)
        self.level = min(level, self.full)
        self._since_us = elapsed_us

    def refill(self, hashes: int, elapsed_us: int) -> None:
        """Put in what has come meanwhile: the share of who has so many of the hashes."""
        gained = refilled(self.units, hashes, elapsed_us - self._since_us)
        self.level = min(self.full, self.level + gained)
        self._since_us = elapsed_us

    @property
    def is_spent(self) -> bool:
        return self.level <= 0

    def take(self, halves: int) -> None:
        """Pay for what was let through, with a debt if need be."""
        self.level -= halves * HALF_GRAINS


def full_level(units: int, burst_us: int) -> int:
    """Return what the bucket holds: so long a time's units of the whole table."""
    return units * burst_us * HASHES


def refilled(units: int, hashes: int, waited_us: int) -> int:
    """Return the grains that come in a time to who has so many of the hashes."""
    assert waited_us >= 0, "a timer counts up"
    return units * hashes * waited_us


def first_level(units: int, hashes: int) -> int:
    """Return what a bucket begins with of which nobody knows what is left: a second's units."""
    return refilled(units, hashes, SECOND_US)
