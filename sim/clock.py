"""A clock for each host: its opinion of the time, which may be wrong and may step back."""

from network.host import Timers

EPOCH_US = 1_700_000_000_000_000  # Virtual time 0 on a right clock; far from the timestamp NEVER.


class SkewedClock:
    """A host's clock: true time plus an offset."""

    def __init__(self, timers: Timers, offset_us: int = 0) -> None:
        self.offset_us = offset_us
        self._timers = timers

    def now_us(self) -> int:
        return EPOCH_US + self._timers.elapsed_us() + self.offset_us
