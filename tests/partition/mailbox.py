"""Stands in for a loop's `call_soon_threadsafe`: what is posted waits until it is delivered."""

from collections.abc import Callable
from queue import Queue
from typing import Any

WAIT_SECONDS = 3  # A thread that says nothing for so long is stuck.


class Mailbox:
    def __init__(self) -> None:
        self._letters: Queue[tuple[Callable[..., object], tuple[Any, ...]]] = Queue()

    def post(self, function: Callable[..., object], *arguments: Any) -> None:
        self._letters.put((function, arguments))

    def await_letter(self) -> None:
        """Wait until something is posted, and leave it there."""
        function, arguments = self._letters.get(timeout=WAIT_SECONDS)
        self._letters.put((function, arguments))

    def deliver(self, until: Callable[[], bool]) -> None:
        """Call what was posted, in order, until it is enough."""
        while not until():
            self.deliver_one()

    def deliver_one(self) -> None:
        function, arguments = self._letters.get(timeout=WAIT_SECONDS)
        function(*arguments)
