"""Partitions that split under load, some of them with trouble in the middle (§3.3)."""

from network.placement import Range
from sim.faults.world import STRENGTHS, Begun, Fault, World

AFTER_US = 1_000  # So much later for each step of a drawn moment in the middle of a split.


def split(world: World, fault: Fault) -> Begun:
    """Order a partition to split somewhere; what comes of it is in the run's marks.

    A quarter of the children come late, if not too late; at a quarter of the splits the parent
    crashes in the middle, at another quarter the child.
    """
    (victim,), cluster, drawn = fault.victims, world.cluster, fault.strength
    parent, served = _of_range(world, victim, drawn >> 9)
    at = served.first + (served.end - served.first) * drawn // STRENGTHS
    child = cluster.add_for_split(parent) if served.first < at else ""
    if not child:
        return Begun.NOTHING
    world.links.born(child, parent)
    if not cluster.split(parent, at, child):
        return Begun.NOTHING
    # The lower bits of the one draw; its upper ones have chosen among the parts of the range.
    late, who, moment = drawn & 3, drawn >> 2 & 3, drawn >> 4 & 31
    if late != 3:
        cluster.start(child)
    world.after(fault.length_us, cluster.start, child)
    if who >= 2:
        world.after(moment * AFTER_US, _crash, (world, (parent, child)[who - 2], fault.length_us))
    return Begun.ANEW


def _of_range(world: World, victim: str, drawn: int) -> tuple[str, Range]:
    """Choose the victim, or who has a part of its first range after earlier splits."""
    configured = world.cluster.placement.range_of(victim)
    record = world.cluster.placement_now().record
    shares = [
        share
        for share in (record.ledgers if victim[0] == "l" else record.partitions)
        if configured.first <= share.range.first < configured.end
    ]
    share = shares[drawn % len(shares)]
    return share.node, share.range


def _crash(crash: tuple[World, str, int]) -> None:
    world, victim, length_us = crash
    world.cluster.crash(victim)
    world.after(length_us, world.cluster.start, victim)


def nothing_left(_: World, __: Fault) -> None:
    """Leave it: what has moved has moved."""
