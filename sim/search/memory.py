"""The memory of many runs in one process: the next one is to have what the last one had.

It is still in the processor's caches then, which is worth a twelfth more seeds a second.  Python
would give it back late: a run makes many records and few cycles, but its nodes know each other in
circles.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sim.garbage import OF_A_RUN, collect_recent, collecting

T = TypeVar("T")


@contextmanager
def many_runs() -> Iterator[None]:
    """Look for garbage as suits many runs, and leave none behind."""
    try:
        with collecting(*OF_A_RUN):
            yield
    finally:
        gc.collect()


def forgotten(told: T) -> T:
    """Forget a run of which this is all that is to be told."""
    collect_recent()
    return told
