"""A terminal for tests: a command runs on it, keys are pressed, and its screen is read."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 60  # Longer than anybody should wait.
HOME = "\x1b[H"  # Each picture of a screen begins at its first corner.
LAST_WORDS = ("? help", "shows its summary.")  # Of the line at the bottom.
OTHER_SCREEN, FIRST_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
CURSOR_SHOWN = "\x1b[?25h"
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """One command on a terminal; its standard output is a pipe, as in `command > file`."""

    def __init__(self, *words: str, width: int = 120, height: int = 40) -> None:
        self._controller, terminal = pty.openpty()
        self.resize(width, height)
        self.before = termios.tcgetattr(self._controller)
        environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
        environment.pop("COLUMNS", None)
        environment.pop("LINES", None)
        self.process = subprocess.Popen(
            [sys.executable, *words],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            env=environment,
        )
        os.close(terminal)
        self.said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._controller)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._controller, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._controller, keys.encode())

    @property
    def modes(self) -> list[Any]:
        """How the terminal is set: whether it echoes, waits for whole lines, and so on."""
        return termios.tcgetattr(self._controller)

    @property
    def screen(self) -> str:
        """The last picture that is whole, to the end of its last line, without its styles."""
        plain = SEQUENCE.sub("", self.said.replace(HOME, "\f").replace("\r", ""))
        whole = [one for one in plain.split("\f") if one.rstrip().endswith(LAST_WORDS)]
        return whole[-1] if whole else ""

    def until(self, holds: Callable[[str], bool]) -> str:
        """Read on until the screen is as it should be, and return it."""
        ends = monotonic() + PATIENCE_SECONDS
        while not holds(self.screen):
            assert monotonic() < ends, f"this is all there is to see:\n{self.said[-4_000:]}"
            assert self._read(), f"it has ended, and this was to see:\n{self.said[-4_000:]}"
        return self.screen

    def end(self) -> int:
        """Read to the end and return the exit code."""
        ends = monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert monotonic() < ends, f"it does not end:\n{self.said[-4_000:]}"
            self._read()
        while self._read(0.0):
            pass
        return self.process.returncode

    def _read(self, seconds: float = 0.05) -> bool:
        """Read what is there; False if nothing can come any more."""
        readable, _, _ = select.select([self._controller], [], [], seconds)
        if not readable:
            return seconds > 0
        try:
            told = os.read(self._controller, 1 << 16)
        except OSError:  # As Linux says that the other end is closed.
            return False
        self.said += told.decode(errors="replace")
        return bool(told)

    def is_given_back(self) -> bool:
        """Say whether the terminal is as it was before: its first screen, its cursor, its modes."""
        left = self.said.rfind(FIRST_SCREEN)
        shown = self.said.rfind(CURSOR_SHOWN)
        return (
            left > self.said.rfind(OTHER_SCREEN) >= 0
            and shown > self.said.rfind("\x1b[?25l")
            and self.modes == self.before
        )
