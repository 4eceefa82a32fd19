"""A clock for each host: its opinion of the time, which may be wrong, drift, and step back."""

from network.host import Timers

EPOCH_US = 1_700_000_000_000_000  # Virtual time 0 on a right clock; far from the timestamp NEVER.
MILLION = 1_000_000


class SkewedClock:
    """A host's clock: true time plus an offset."""

    def __init__(self, timers: Timers, offset_us: int = 0) -> None:
        self.offset_us = offset_us
        self._timers = timers

    def now_us(self) -> int:
        return EPOCH_US + self._timers.elapsed_us() + self.offset_us


class DriftingClock:
    """A clock that also gains so many µs in each second, or loses them."""

    def __init__(self, timers: Timers, offset_us: int, drift_ppm: int) -> None:
        self.offset_us, self.drift_ppm = offset_us, drift_ppm
        self._timers = timers

    def now_us(self) -> int:
        elapsed_us = self._timers.elapsed_us()
        return EPOCH_US + elapsed_us + elapsed_us * self.drift_ppm // MILLION + self.offset_us
