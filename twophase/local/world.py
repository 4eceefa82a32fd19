"""The real world behind a host's seams: the clock of this machine, its timers, and chance.

The only place of a served cluster that reads a clock or asks the system for chance.
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

SECRET_BYTES = 32
NUMBER_BYTES = 7  # Seeds are below 2**63, as in the simulation, and so are SQLite's integers.


class RealClock:
    """The machine's clock, as a host reads it: off by so much, if it is to be.  A `Clock`."""

    def __init__(self, offset_us: int = 0) -> None:
        self.offset_us = offset_us

    def now_us(self) -> int:
        return time.time_ns() // 1_000 + self.offset_us


def stopwatch_us() -> int:
    """Read a clock that only counts up, to the µs: a loop's own may count in milliseconds."""
    return time.perf_counter_ns() // 1_000


class RealTimers:
    """Elapsed time, on the clock that event loops have.  A `Timers`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_later = loop.call_later

    def elapsed_us(self) -> int:
        return time.monotonic_ns() // 1_000

    def after(
        self, delay_us: int, function: Callable[[Any, Any], None], first: Any, second: Any
    ) -> None:
        self._call_later(delay_us / 1_000_000, function, first, second)


def new_seed() -> int:
    """Return a seed that nobody has asked for."""
    return new_number()


def new_number() -> int:
    """Return a number that nobody else has drawn."""
    return int.from_bytes(os.urandom(NUMBER_BYTES), "big")


def new_secret() -> str:
    """Return a word that nobody can guess."""
    return os.urandom(SECRET_BYTES).hex()
