"""Ctrl-C, while something goes on that can end where it makes sense."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupting(interrupt: Callable[[], None], *, is_late: Callable[[], bool]) -> Iterator[None]:
    """Let Ctrl-C ask for an end; where that is too late, it ends things wherever they are.

    Raised in the middle of a task's step, KeyboardInterrupt may be swallowed on its way: so the
    first one asks, and only the next one raises.
    """

    def interrupted(number: int, frame: FrameType | None) -> None:
        if is_late():
            signal.default_int_handler(number, frame)
        interrupt()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
