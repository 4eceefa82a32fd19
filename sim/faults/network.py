"""The network in trouble: links cut one way or both, flapping, held, clogged, and splits."""

from sim.faults.links import LinkName, Links
from sim.faults.world import Begun, Fault, World


def cut(world: World, fault: Fault) -> Begun:
    """Cut a link in both directions."""
    first, second = fault.victims
    there = world.links.cut((first, second))
    back = world.links.cut((second, first))
    return Begun.of(is_new=there or back)


def join(world: World, fault: Fault) -> None:
    first, second = fault.victims
    world.links.join((first, second))
    world.links.join((second, first))


def cut_one_way(world: World, fault: Fault) -> Begun:
    return Begun.of(is_new=world.links.cut(link_of(fault)))


def join_one_way(world: World, fault: Fault) -> None:
    world.links.join(link_of(fault))


def flap(world: World, fault: Fault) -> Begun:
    """Cut a link in both directions and heal it, two to six times within the fault's length."""
    times = 2 + fault.strength % 5
    part_us = max(1, fault.length_us // (2 * times))
    came: list[Begun] = []

    def cut_again(_: None) -> None:
        came.append(cut(world, fault))
        if came[-1] is Begun.ANEW and came.count(Begun.ANEW) == 1:
            world.counts["flaps"] += 1

    def join_again(_: None) -> None:
        join(world, fault)

    for n in range(times):
        world.after(2 * n * part_us, cut_again)
        world.after((2 * n + 1) * part_us, join_again)
    return Begun.NOTHING  # Not yet: it is counted when it first cuts what nobody else has cut.


def split(world: World, fault: Fault) -> Begun:
    """Separate two groups of hosts, or three; each victim is a host with its group's number."""
    groups = groups_of(fault)
    if len({*groups.values()}) < 2:
        return Begun.NOTHING
    return Begun.of(is_new=world.links.split(groups))


def unite(world: World, fault: Fault) -> None:
    world.links.unite(groups_of(fault))


def hold(world: World, fault: Fault) -> Begun:
    return Begun.of(is_new=world.links.hold(link_of(fault)))


def release(world: World, fault: Fault) -> None:
    world.links.release(link_of(fault), newest_first=fault.strength % 2 == 1)


def clog(world: World, fault: Fault) -> Begun:
    """Let a link's delays grow, tenfold to a hundredfold."""
    return Begun.of(is_new=world.links.clog([link_of(fault)], fault.times))


def unclog(world: World, fault: Fault) -> None:
    world.links.unclog([link_of(fault)], fault.times)


def swizzle(world: World, fault: Fault) -> Begun:
    """Clog all links of some hosts, one host after the other, and unclog them in another order.

    The victims are the hosts in the order of their clogging, and once more in that of its end.
    """
    count = len(fault.victims) // 2
    part_us = max(1, fault.length_us // (2 * count))
    times = fault.times
    clogged: dict[str, list[LinkName]] = {}
    slower: list[str] = []

    def begin(host: str) -> None:
        clogged[host] = links_at(world.links, host)
        if world.links.clog(clogged[host], times):
            slower.append(host)
            world.counts["swizzles"] += len(slower) == 1

    def end(host: str) -> None:
        world.links.unclog(clogged[host], times)

    for n, host in enumerate(fault.victims[:count]):
        world.after(n * part_us, begin, host)
    for n, host in enumerate(fault.victims[count:]):
        world.after((count + n) * part_us, end, host)
    return Begun.NOTHING  # Not yet: it is counted when the first link is slower than it was.


def nothing_left(_: World, __: Fault) -> None:
    """End nothing: the fault has seen to its own end."""


def link_of(fault: Fault) -> LinkName:
    source, target = fault.victims
    return source, target


def groups_of(fault: Fault) -> dict[str, int]:
    """Read each host's group, as in 'c1 0', 'p1 1'."""
    pairs = [victim.split() for victim in fault.victims]
    return {host: int(group) for host, group in pairs}


def links_at(links: Links, host: str) -> list[LinkName]:
    return [name for name in links.known() if host in name]
