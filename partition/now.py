"""What time it is, as a step of a partition is told."""

from typing import Protocol

from items.data import data


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
