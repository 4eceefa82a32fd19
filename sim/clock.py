"""A clock for each host: its opinion of the time, which may be wrong, drift, and step back."""

from network.host import Chance, Timers

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


def clock_of(
    host: str, timers: Timers, chance: Chance, *, skew_us: int, drift_ppm: int
) -> SkewedClock | DriftingClock:
    """Draw a host's clock: off by up to `skew_us`, and gaining or losing up to `drift_ppm`."""
    off_us = offset_us(chance, host, skew_us)
    if not drift_ppm:
        return SkewedClock(timers, off_us)
    drawn = chance.site(f"{host} drift").below(2 * drift_ppm + 1)
    return DriftingClock(timers, off_us, either_way(drawn))


def offset_us(chance: Chance, host: str, skew_us: int) -> int:
    """Draw by how much a host's clock is off: up to `skew_us`, either way."""
    return either_way(chance.site(f"{host} clock").below(2 * skew_us + 1))


def either_way(drawn: int) -> int:
    """Return 0, -1, 1, -2, 2 …: the calm choice is a clock that is right."""
    return (drawn + 1) // 2 * (1 if drawn % 2 == 0 else -1)
