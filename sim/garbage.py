"""How often Python looks for garbage, for a while: what suits records does not suit cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# A run makes a lot of records and no cycles to speak of: Python's own thresholds would have it walk
# through all that a run keeps again and again, for a quarter of the run's time.
OF_A_RUN = (100_000, 50, 100)

IS_TUNABLE = hasattr(gc, "freeze")  # PyPy's collector has neither generations nor thresholds.


@contextmanager
def collecting(*thresholds: int) -> Iterator[None]:
    """Look as often as these thresholds of `gc` say, and in the end as before."""
    if not IS_TUNABLE:
        yield
        return
    before = gc.get_threshold()
    gc.set_threshold(*thresholds)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def stays() -> None:
    """Let what is there now be there for good: it needs no looking at any more."""
    if IS_TUNABLE:
        gc.freeze()


def collect_recent() -> None:
    """Collect what was made lately; what has been there for longer is not looked at."""
    if IS_TUNABLE:
        gc.collect(1)
