"""Keys as they are pressed, on a terminal of Unix: what each of them asks for.

Without a line to end and without an echo; Ctrl-C stays a signal, and ends a run as it always does.
"""

import os
import select
from collections import deque
from enum import Enum
from types import TracebackType
from typing import Any, Self

CHUNK_BYTES = 1_024
PASTED_MAX = 100  # Keys that wait; whoever leans on one more is not heard.


class Wish(Enum):
    """What a key asks for."""

    PAUSE = "pause"
    STEP = "step"
    DECISION = "decision"
    FASTER = "faster"
    SLOWER = "slower"
    END = "end"
    QUIT = "quit"
    HELP = "help"
    OTHER = "other"  # Any other key: it ends what waits for one.


KEYS: dict[str, Wish] = {
    " ": Wish.PAUSE,
    ".": Wish.STEP,
    "s": Wish.STEP,
    "\x1b[C": Wish.STEP,  # The right arrow, as terminals send it …
    "\x1bOC": Wish.STEP,  # … and as they do in their application mode.
    "n": Wish.DECISION,
    "+": Wish.FASTER,
    "=": Wish.FASTER,  # The same key as + on many keyboards.
    "-": Wish.SLOWER,
    "f": Wish.END,
    "q": Wish.QUIT,
    "?": Wish.HELP,
    "h": Wish.HELP,
}


def wishes_in(text: str) -> list[Wish]:
    """Read what was typed: characters, and the sequences that stand for other keys."""
    wishes = []
    while text:
        key = sequence_in(text)
        wishes.append(KEYS.get(key, Wish.OTHER))
        text = text[len(key) :]
    return wishes


def sequence_in(text: str) -> str:
    """Return the first key of a text: one character, or an escape sequence to its end."""
    if text[:2] not in ("\x1b[", "\x1bO"):
        return text[0]
    end = 2
    while end < len(text) and not ("@" <= text[end] <= "~"):
        end += 1
    return text[: end + 1]


class Keyboard:
    """A terminal's keys, one by one, while this is entered."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None
        self._waiting: deque[Wish] = deque(maxlen=PASTED_MAX)
        self.is_closed = False  # The terminal is gone, or somebody typed an end of file.

    def __enter__(self) -> Self:
        import termios  # noqa: PLC0415  # Not on every system.
        import tty  # noqa: PLC0415  # Same.

        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        modes = termios.tcgetattr(self._descriptor)
        modes[0] &= ~termios.IXON  # Ctrl-S would hold up whoever draws: a server, with its clients.
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, modes)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.restore()

    def restore(self) -> None:
        """Give the terminal back as it was; twice does no harm."""
        if self._before is not None:
            import termios  # noqa: PLC0415  # As above.

            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            self._before = None

    def wish(self, seconds: float) -> Wish | None:
        """Wait for a key for so long, and return what it asks for; None if none came."""
        if not self._waiting:
            self.hear(seconds)
        return self._waiting.popleft() if self._waiting else None

    def hear(self, seconds: float) -> None:
        """Take what is typed within so many seconds."""
        if self.is_closed:
            select.select([], [], [], seconds)
            return
        readable, _, _ = select.select([self._descriptor], [], [], seconds)
        if readable:
            try:
                typed = os.read(self._descriptor, CHUNK_BYTES)
            except OSError:  # The terminal was taken away.
                typed = b""
            self.is_closed = not typed
            self._waiting.extend(wishes_in(typed.decode("utf-8", errors="replace")))
