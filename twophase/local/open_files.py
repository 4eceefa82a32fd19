"""How many files a server may have open: four for each partition on disk, and one a connection.

Some systems begin with 256, which 64 partitions are too many for, and let a process raise that.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog

FILES = 8_192  # As many as 64 partitions and thousands of clients take.
SPARE_FILES = 4  # An event loop keeps some for itself.
AGAIN_US = 60_000_000

log = structlog.get_logger()


def files_max() -> int:
    """Return how many files this process may have open."""
    try:
        import resource  # noqa: PLC0415  # Not on every platform.
    except ImportError:  # Such a platform counts files by no limit that it tells.
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class LastFiles:
    """Says that no file is left to open: who connects then is reset, and is told nothing."""

    def __init__(self, most: int, elapsed_us: Callable[[], int]) -> None:
        self._most, self._elapsed_us = most, elapsed_us
        self._silent_until_us = 0

    def opened(self, number: int) -> None:
        """Note a file that was opened: a system gives the lowest number that is free."""
        if number < self._most - SPARE_FILES:
            return
        now_us = self._elapsed_us()
        if now_us >= self._silent_until_us:
            self._silent_until_us = now_us + AGAIN_US
            log.error("files.used_up", most=self._most, mend="raise ulimit -n")


@contextmanager
def many_open_files() -> Iterator[None]:
    """Raise this process's limit for a while, as far as the system has it."""
    try:
        import resource  # noqa: PLC0415  # Not on every platform.
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        yield
        return
    with suppress(OSError, ValueError):  # A system may refuse what it says it has.
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        with suppress(OSError, ValueError):  # As above; a higher limit harms nobody.
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
