"""What the acts of the step language do, but for those on a message itself."""

import re
from collections.abc import Callable

from sim.faults.steps import Step
from sim.faults.world import World

LASTS_US = 1_000_000  # What is done to a host lasts a second if its step does not say how long.


def carry_out(step: Step, world: World) -> bool:
    """Do what a step says; return whether there was anything to do."""
    return ACTS[step.act](step, world)


def _crash(step: Step, world: World) -> bool:
    host = step.subject
    if not world.cluster.is_up(host):
        return False
    # At a moment of its own disk it is known what the disk has: all that came before, no more.
    keeps = 0 if step.end == "durable" and step.when != "after" else None
    world.cluster.crash(host, keeps=keeps, tears=step.when == "during")
    world.after(step.us or LASTS_US, world.cluster.start, host)
    return True


def _restart(step: Step, world: World) -> bool:
    was_down = not world.cluster.is_up(step.subject)
    world.cluster.start(step.subject)
    return was_down


def _pause(step: Step, world: World) -> bool:
    if not world.cluster.is_up(step.subject) or world.cluster.is_paused(step.subject):
        return False
    world.cluster.pause(step.subject)
    world.after(step.us or LASTS_US, world.cluster.resume, step.subject)
    return True


def _throttle(step: Step, world: World) -> bool:
    world.throttle(step.subject)
    world.after(step.us or LASTS_US, world.relent, step.subject)
    return True


def _slow(step: Step, world: World) -> bool:
    world.disks.slow(step.subject, SLOW_TIMES)
    world.after(step.us or LASTS_US, world.disks.hasten, (step.subject, SLOW_TIMES))
    return True


def _fill(step: Step, world: World) -> bool:
    world.disks.fill(step.subject)
    world.after(step.us or LASTS_US, world.disks.clear, step.subject)
    return True


def _clock(step: Step, world: World) -> bool:
    world.cluster.step_clock(step.subject, step.us or 0)
    return True


def _cut(step: Step, world: World) -> bool:
    for link in links_of(step.subject):
        world.links.cut(link)
        if step.us is not None:
            world.after(step.us, world.links.join, link)
    return True


def _heal(step: Step, world: World) -> bool:
    found = [link for link in links_of(step.subject) if world.links.is_cut(link)]
    for link in found:
        world.links.join(link)
    return bool(found)


def _hold(step: Step, world: World) -> bool:
    for link in links_of(step.subject):
        world.links.hold(link)
        if step.us is not None:
            world.after(step.us, world.links.release, link)
    return True


def _release(step: Step, world: World) -> bool:
    found = [link for link in links_of(step.subject) if world.links.is_held(link)]
    for link in found:
        world.links.release(link, newest_first=step.newest_first)
    return bool(found)


SLOW_TIMES = 100
ACTS: dict[str, Callable[[Step, World], bool]] = {
    "crash": _crash,
    "restart": _restart,
    "pause": _pause,
    "throttle": _throttle,
    "slow": _slow,
    "fill": _fill,
    "clock": _clock,
    "cut": _cut,
    "heal": _heal,
    "hold": _hold,
    "release": _release,
}


def links_of(subject: str) -> list[tuple[str, str]]:
    """Read `c1>p1`, or `c1<>p1`: both ways."""
    source, target = re.split("<?>", subject)
    return [(source, target), (target, source)] if "<" in subject else [(source, target)]
