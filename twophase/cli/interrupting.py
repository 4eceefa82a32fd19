"""Ctrl-C, SIGTERM and SIGHUP: what goes on ends where it makes sense, and leaves nothing behind."""

import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from twophase.ending_signals import ending_signals

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, so that what was begun is tidied up."""
    ending = [
        one
        for one in ending_signals()
        # Whoever had Ctrl-C ignored or handles it goes on doing so.
        if one != signal.SIGINT or signal.getsignal(one) == signal.default_int_handler
    ]
    with handling(dict.fromkeys(ending, _end)):
        yield


@contextmanager
def interrupting(interrupt: Callable[[], None], *, is_late: Callable[[], bool]) -> Iterator[None]:
    """Let them ask for an end; where that is too late, it ends things wherever they are.

    Raised in the middle of a task's step, KeyboardInterrupt may be swallowed on its way: so the
    first one asks, and only the next one raises.
    """

    def interrupted(number: int, frame: FrameType | None) -> None:
        if is_late():
            _end(number, frame)
        interrupt()

    with handling(dict.fromkeys(ending_signals(), interrupted)):
        yield


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt; what it cuts off had tasks to begin yet, and that is no news."""
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    signal.default_int_handler(number, frame)


@contextmanager
def handling(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Handle signals so for a while, where this thread may; other threads get none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, handler) for one, handler in handlers.items()}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
