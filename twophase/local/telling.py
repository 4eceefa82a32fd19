"""Tells whoever watches a served cluster what happens there, in a run's own events (`sim.trace`).

Messages are not among them: within one process they are handed over, and nobody stands between.  A
change is told of as it is handed to its disk, a moment before it is durable.
"""

from typing import Any

from network.messages import Envelope
from partition.machine import Machine, Output
from sim.trace import Event, Listener
from twophase.local.world import RealClock, RealTimers


class Telling:
    """One listener's way to the events of a cluster."""

    def __init__(self, listener: Listener, timers: RealTimers) -> None:
        self._listener, self._timers = listener, timers
        self._began_us = timers.elapsed_us()
        self.begin_us = RealClock().now_us()  # The same moment, as clocks and timestamps tell it.

    def elapsed_us(self) -> int:
        """Say for how long there has been a cluster: its events' time."""
        return self._timers.elapsed_us() - self._began_us

    def host(self, event: str, host: str) -> None:
        self._tell(event, {"host": host})

    def noted(self, host: str, event: str, particulars: dict[str, Any]) -> None:
        self._tell(event, {"host": host, **particulars})

    def stepped(self, machine: Machine, _: Envelope, output: Output) -> None:
        """Take a step of a partition or ledger node; a `partition.server.Observe`."""
        if output.changes is not None:
            self._tell("change.durable", {"host": machine.name, "changes": output.changes})

    def _tell(self, event: str, fields: dict[str, Any]) -> None:
        self._listener(Event(self.elapsed_us(), event, fields))
