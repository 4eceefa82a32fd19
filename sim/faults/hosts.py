"""Hosts in trouble: crashes, pauses, clocks that jump, partitions that refuse new work."""

from sim.faults.world import Begun, Fault, World


def crash(world: World, fault: Fault) -> Begun:
    (victim,) = fault.victims
    if not world.cluster.is_up(victim):
        return Begun.NOTHING
    world.cluster.crash(victim)
    return Begun.ANEW


def restart(world: World, fault: Fault) -> None:
    world.cluster.start(fault.victims[0])


def pause(world: World, fault: Fault) -> Begun:
    (victim,) = fault.victims
    if not world.cluster.is_up(victim) or world.cluster.is_paused(victim):
        return Begun.NOTHING
    world.cluster.pause(victim)
    return Begun.ANEW


def resume(world: World, fault: Fault) -> None:
    world.cluster.resume(fault.victims[0])


def step_clock(world: World, fault: Fault) -> Begun:
    """Let a clock jump; how far is the fault's length."""
    forward = fault.strength % 2 == 0
    world.cluster.step_clock(fault.victims[0], fault.length_us if forward else -fault.length_us)
    return Begun.ANEW


def leave_clock(_: World, __: Fault) -> None:
    """Leave a clock as it is: to set it right would be another jump."""


def throttle(world: World, fault: Fault) -> Begun:
    return Begun.of(is_new=world.throttle(fault.victims[0]))


def relent(world: World, fault: Fault) -> None:
    world.relent(fault.victims[0])
