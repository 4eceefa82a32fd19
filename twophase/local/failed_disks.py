"""What is told of disks that fail: at once, and of one that goes on failing, once a minute.

A host whose disk is full is started again several times a second.  A line for each would fill the
disk that the log is on, too.
"""

from collections.abc import Callable

import structlog

AGAIN_US = 60_000_000

log = structlog.get_logger()


class FailedDisks:
    """Those of one cluster, by the names of their hosts."""

    def __init__(self, elapsed_us: Callable[[], int]) -> None:
        self._elapsed_us = elapsed_us
        self._told_us: dict[str, int] = {}  # When each was told of last.
        self._untold: dict[str, int] = {}  # How often it has failed since then.
        self._are_down: set[str] = set()  # By what was told last.

    def failed(self, host: str, error: BaseException, bug: BaseException | None = None) -> None:
        """Tell that a disk has failed; of a `bug`, always, and where it came from."""
        now_us = self._elapsed_us()
        told_us = self._told_us.get(host)
        if told_us is not None and now_us - told_us < AGAIN_US and bug is None:
            self._untold[host] = self._untold.get(host, 0) + 1
            return
        untold = self._untold.pop(host, 0)
        more = {"untold": untold} if untold else {}
        log.error("disk.failed", node=host, error=str(error), exc_info=bug, **more)
        self._told_us[host] = now_us
        self._are_down.add(host)

    def restarted(self, host: str) -> None:
        """Tell that a host is up again, if the last that was told is that its disk failed."""
        if host in self._are_down:
            self._are_down.remove(host)
            log.info("node.restarted", node=host)
