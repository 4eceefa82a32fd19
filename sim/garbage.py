"""How often Python looks for garbage, for a while: what suits records does not suit cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting(*thresholds: int) -> Iterator[None]:
    """Look as often as these thresholds of `gc` say, and in the end as before."""
    before = gc.get_threshold()
    gc.set_threshold(*thresholds)
    try:
        yield
    finally:
        gc.set_threshold(*before)
