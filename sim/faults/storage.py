"""Storage in trouble: slow disks and full ones, torn writes, and disks that lie."""

from sim.faults.world import Begun, Fault, World

LOOK_US, LOOKS_MAX = 100, 1_000  # How often, and how long, a write is waited for that can be torn.


def slow(world: World, fault: Fault) -> Begun:
    """Let syncs take ten to a hundred times as long."""
    return Begun.of(is_new=world.disks.slow(fault.victims[0], fault.times))


def hasten(world: World, fault: Fault) -> None:
    world.disks.hasten((fault.victims[0], fault.times))


def fill(world: World, fault: Fault) -> Begun:
    return Begun.of(is_new=world.disks.fill(fault.victims[0]))


def clear(world: World, fault: Fault) -> None:
    world.disks.clear(fault.victims[0])


def tear(world: World, fault: Fault) -> Begun:
    """Crash a host in the middle of a write, as soon as there is one."""
    _tear_soon(world, fault, LOOKS_MAX)
    return Begun.NOTHING  # Not yet: it is counted when it happens.


def _tear_soon(world: World, fault: Fault, looks: int) -> None:
    (victim,) = fault.victims
    if world.cluster.disks[victim].is_writing:
        world.cluster.crash(victim, keeps=0, tears=True)
        world.counts["torn_writes"] += 1
        world.after(fault.length_us, world.cluster.start, victim)
    elif looks:
        world.after(LOOK_US, lambda _: _tear_soon(world, fault, looks - 1))


def lie(world: World, fault: Fault) -> Begun:
    return Begun.ANEW if world.disks.lie(fault.victims[0]) else Begun.NOTHING


def expose(world: World, fault: Fault) -> None:
    world.disks.expose(fault.victims[0])
