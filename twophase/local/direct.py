"""The network inside one process: messages are carried as they are, in order, and none is lost.

They need no bytes on the way, because nobody changes a message once it is made: hosts that read one
and the same object share nothing that could change.  They are carried on the loop's next turn, all
that are waiting by then in one go, and whatever these call forth behind them.
"""

import asyncio
from collections import deque

from network.host import Receive
from network.messages import Frame

CARRIED_MAX = 1_000  # In one go: sockets and timers want their turn, too.


class DirectNetwork:
    """All hosts of this process.  A `Transport`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._receivers: dict[str, Receive] = {}  # Only of hosts that are up.
        self._call_soon = loop.call_soon
        self._waiting: deque[tuple[str, Frame]] = deque()
        self._is_due = False

    def join(self, host: str, receive: Receive) -> None:
        """Deliver what is for `host` to `receive` from now on."""
        self._receivers[host] = receive

    def leave(self, host: str) -> None:
        """Deliver nothing to `host` any more; what is on its way is lost."""
        self._receivers.pop(host, None)

    def send(self, source: str, target: str, frame: Frame) -> None:  # noqa: ARG002  # The seam's.
        self._waiting.append((target, frame))
        if not self._is_due:
            self._is_due = True
            self._call_soon(self._carry)

    def _carry(self) -> None:
        receivers, waiting = self._receivers, self._waiting
        left = CARRIED_MAX
        try:
            while waiting and left:
                left -= 1
                target, frame = waiting.popleft()
                receive = receivers.get(target)
                if receive is not None:
                    receive(frame)
        finally:
            self._is_due = bool(waiting)
            if waiting:
                self._call_soon(self._carry)
