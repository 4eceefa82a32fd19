"""Where a transaction's timestamp comes from: its coordinator's clock, at receipt (§3.2)."""

from collections.abc import Callable

from network.ids import Timestamp


class Timestamps:
    """One coordinator's timestamps, each later than all before it."""

    def __init__(self, node: str, now_us: Callable[[], int]) -> None:
        self._node, self._now_us = node, now_us
        self._last_us = 0

    def next(self) -> Timestamp:
        """Return a timestamp by the clock, but later than any given or shown before.

        The clock may step back; two transactions of one microsecond must not share a place.
        """
        self._last_us = max(self._now_us(), self._last_us + 1)
        return Timestamp(self._last_us, self._node)

    def shown(self, timestamp: Timestamp | None) -> None:
        """Note a timestamp that a partition rejected one of ours for.

        Left unnoted, a neighbour whose clock is an hour fast would make everything that it wrote
        unwritable for us for an hour; so it costs one conflict.
        """
        if timestamp is not None:
            self._last_us = max(self._last_us, timestamp.us)
