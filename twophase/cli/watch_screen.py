"""A terminal that is taken over for a while, and given back whatever happens.

Everything is drawn on standard error, where progress bars are, on the terminal's other screen: what
was there before is there again afterwards, and standard output has the result alone.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from types import FrameType, TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from twophase.cli.errors import BadInputError
from twophase.cli.interrupting import handling
from twophase.cli.watch_keys import Keyboard
from twophase.cli.watch_layout import Size


def refuse_without_terminal() -> None:
    """Say that there is no terminal to draw on and to read keys from, if there is none.

    Raises:
        BadInputError
    """
    if find_spec("termios") is None:
        raise BadInputError(
            "--watch reads keys from a terminal of Unix, which this system has not:"
            " leave it out, or run it under WSL"
        )
    lacking = [
        name
        for name, stream in (("standard input", sys.stdin), ("standard error", sys.stderr))
        if not stream.isatty()
    ]
    if lacking:
        raise BadInputError(
            f"--watch draws on a terminal and reads keys from it, and {' and '.join(lacking)}"
            f" {'is' if len(lacking) == 1 else 'are'} none: leave it out here"
        )
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        raise BadInputError("--watch moves the cursor, and TERM=dumb cannot: leave it out here")


class Screen:
    """The other screen of a terminal, and its keys."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.keyboard = Keyboard(sys.stdin.fileno())
        self._live = self._new_live()
        self._stack = ExitStack()

    def _new_live(self) -> Live:
        return Live(
            console=self.console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(handling({signal.SIGTSTP: self._stopped}))
            stack.callback(self._leave)
            self._take()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _take(self) -> None:
        self.keyboard.__enter__()
        self._live.start()

    def _leave(self) -> None:
        try:
            self._live.stop()
        finally:
            self.keyboard.restore()

    def _stopped(self, _: int, __: FrameType | None) -> None:
        """Give the terminal back as long as this process is stopped (Ctrl-Z)."""
        self._leave()
        signal.raise_signal(signal.SIGSTOP)
        self._live = self._new_live()
        self._take()

    def size(self) -> Size:
        """Say how large the terminal is now: it may have been resized."""
        return Size(*self.console.size)

    def show(self, lines: Sequence[Text]) -> None:
        """Draw lines, as many as the screen has."""
        self._live.update(Text("\n", no_wrap=True, end="").join(lines), refresh=True)
