"""Disks in trouble: slow, full, torn in the middle of a write, and lying.

A disk that is full fails each append, and a failed append is a crash: the node's memory is thrown
away and loaded again, and what was queued is never answered.
"""

from sim.cluster import Cluster

RESTART_US = 10_000  # How long a node takes to come back after a failed append.


class Disks:
    """What is wrong with which disk, and how often at once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._slow: dict[str, list[int]] = {}  # By how much; the largest holds.
        self._full: dict[str, int] = {}

    def slow(self, host: str, times: int) -> bool:
        """Let a disk's syncs take `times` as long; False: they do so already, or longer."""
        is_slower = times > max(self._slow.get(host, ()), default=1)
        self._slow.setdefault(host, []).append(times)
        self._set_speed(host)
        self._cluster.trace.fault("disk.slowed", host=host, times=times)
        return is_slower

    def hasten(self, one: tuple[str, int]) -> None:
        """End one slowness."""
        host, times = one
        self._slow[host].remove(times)
        self._set_speed(host)
        self._cluster.trace.fault("disk.hastened", host=host)

    def fill(self, host: str) -> bool:
        """Let every append fail; False: they do so already."""
        self._full[host] = self._full.get(host, 0) + 1
        self._cluster.disks[host].full = self._failed
        self._cluster.trace.fault("disk.filled", host=host)
        return self._full[host] == 1

    def clear(self, host: str) -> None:
        self._full[host] -= 1
        if not self._full[host]:
            self._cluster.disks[host].full = None
            self._cluster.trace.fault("disk.cleared", host=host)

    def lie(self, host: str) -> bool:
        """Let a disk say of everything that it is durable; False: it does so already."""
        if self._cluster.disks[host].lies:
            return False
        self._cluster.disks[host].lie()
        self._cluster.trace.fault("disk.lied", host=host)
        return True

    def expose(self, host: str) -> None:
        """Take the power from a disk that lies, so that what it never had is lost."""
        self._cluster.crash(host)
        self._cluster.disks[host].tell_the_truth()
        self._cluster.loop.after(RESTART_US, self._start, host, None)

    def heal(self) -> None:
        for host in self._slow:
            self._cluster.disks[host].speed = self._cluster.settings.disk
        for host, disk in self._cluster.disks.items():
            disk.full = None
            if disk.lies:
                self.expose(host)
        self._slow, self._full = {}, {}

    def _set_speed(self, host: str) -> None:
        times = max(self._slow[host], default=1)
        self._cluster.disks[host].speed = self._cluster.settings.disk.times(times)

    def _failed(self, host: str) -> None:
        """Take a failed append as what it is: a crash."""
        self._cluster.trace.fault("append.failed", host=host)
        self._cluster.crash(host)
        self._cluster.loop.after(RESTART_US, self._start, host, None)

    def _start(self, host: str, _: None) -> None:
        self._cluster.start(host)
