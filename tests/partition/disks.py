"""A simulated disk on which every sync takes the same time."""

from sim.chance import NamedChance
from sim.disk import DiskSpeed, SimulatedDisk
from sim.loop import VirtualLoop

SYNC_US = 1_000


def slow_disk(loop: VirtualLoop, chance: NamedChance) -> SimulatedDisk:
    """Return the disk of `p1`, which takes a millisecond to sync."""
    return SimulatedDisk(
        "p1",
        timers=loop,
        chance=chance,
        speed=DiskSpeed(SYNC_US, SYNC_US),
        number=lambda: 0,
        durable=lambda *_: None,
    )
