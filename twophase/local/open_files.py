"""How many files a server may have open: four for each partition on disk, and one a connection.

Some systems begin with 256, which 64 partitions are too many for, and let a process raise that.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

FILES = 8_192  # As many as 64 partitions and thousands of clients take.


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
