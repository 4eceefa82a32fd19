"""How often Python looks for garbage, for a while: what suits records does not suit cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# A run makes a lot of records and no cycles to speak of: Python's own thresholds would have it walk
# through all that a run keeps again and again, for a quarter of the run's time.
OF_A_RUN = (100_000, 50, 100)


@contextmanager
def collecting(*thresholds: int) -> Iterator[None]:
    """Look as often as these thresholds of `gc` say, and in the end as before."""
    before = gc.get_threshold()
    gc.set_threshold(*thresholds)
    try:
        yield
    finally:
        gc.set_threshold(*before)
