"""The network inside one process: frames are carried at once, in order, and none is lost.

Hosts share no object even so: what arrives is what `network.codec` reads from the bytes.
"""

import asyncio

from network.host import Receive


class DirectNetwork:
    """All hosts of this process.  A `Transport`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._receivers: dict[str, Receive] = {}  # Only of hosts that are up.
        self._call_soon = loop.call_soon

    def join(self, host: str, receive: Receive) -> None:
        """Deliver what is for `host` to `receive` from now on."""
        self._receivers[host] = receive

    def leave(self, host: str) -> None:
        """Deliver nothing to `host` any more; what is on its way is lost."""
        self._receivers.pop(host, None)

    def send(self, source: str, target: str, frame: bytes) -> None:  # noqa: ARG002  # The seam's.
        self._call_soon(self._arrive, target, frame)

    def _arrive(self, target: str, frame: bytes) -> None:
        receive = self._receivers.get(target)
        if receive is not None:
            receive(frame)
