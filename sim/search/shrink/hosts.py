"""Fewer hosts in a story, clocks that are off by a choice, and keys as they are by default."""

import re
from collections.abc import Iterator
from dataclasses import replace

from sim.chance import NamedChance
from sim.clock import offset_us
from sim.faults.steps import MessageAt, Step
from sim.keys import COUNTED, KEYS
from sim.search.shrink.recording import FIRST
from sim.search.shrink.story import Choice, Story, asked_for
from sim.search.shrink.tale import Tale, first
from sim.search.shrink.trials import Trials
from sim.settings import names

SKEW = "cluster.clock_skew_us"


def fewer_hosts(tale: Tale, trials: Trials) -> Tale:
    """Have fewer hosts, and keys as they are by default."""
    tale = first(renumbered(tale.story), tale, trials) or tale
    for key in ("coordinators", "routers", "ledgers", "managers", "partitions"):
        name = f"cluster.{key}"
        fewer = (tale.story.setting({name: count}) for count in range(1, int(tale.story.key(name))))
        tale = first(filter(is_nameable, fewer), tale, trials) or tale
    for name in list(tale.story.keys):
        if not name.startswith(("cluster.", "network.delay_us")):
            tale = first([tale.story.setting({name: KEYS[name][0]})], tale, trials) or tale
    for name in COUNTED:  # Faults that no step can say: as few as still do.
        counts = range(1, int(tale.story.key(name)))
        tale = first((tale.story.setting({name: n}) for n in counts), tale, trials) or tale
    for name in (SKEW, "cluster.clock_drift_ppm"):
        tale = first([tale.story.setting({name: 0})], tale, trials) or tale
    return tale


def clocks(tale: Tale, trials: Trials) -> Tale:
    """Say of each clock that is off that it jumps as the first request is sent."""
    skew_us = int(tale.story.key(SKEW))
    if not skew_us:
        return tale
    chance = NamedChance(tale.seed)
    hosts = [
        *names("c", int(tale.story.key("cluster.coordinators"))),
        *names("p", int(tale.story.key("cluster.partitions"))),
    ]
    off_us = {host: offset_us(chance, host, skew_us) for host in hosts}
    # What was there at first has a partition's time: where that matters, a coordinator's clock is
    # off by the difference.
    fastest_us = max(us for host, us in off_us.items() if host[0] == "p")
    behind_us = {host: us - fastest_us for host, us in off_us.items() if host[0] == "c"}
    return first((jumping(tale.story, one) for one in (off_us, behind_us)), tale, trials) or tale


def jumping(story: Story, by_us: dict[str, int]) -> Story:
    """Return a story in which clocks jump by so much as the first request is sent."""
    jumps = tuple(
        Choice(Step("clock", host, us, False, "before", FIRST, "sent"), None)
        for host, us in by_us.items()
        if us
    )
    return story.choosing((*story.choices, *jumps)).setting({SKEW: 0})


def renumbered(story: Story) -> Iterator[Story]:
    """Return the story with no partition that has no item, if no choice is about such a one."""
    used = sorted({story.homes[item] for item in story.items()})
    numbers = {f"p{old}": f"p{new}" for new, old in enumerate(used, 1)}
    named = {host for choice in story.choices for host in choice.step.hosts() if host[0] == "p"}
    if named <= set(numbers):
        homes = {item: used.index(story.homes[item]) + 1 for item in story.items()}
        choices = tuple(replace(one, step=_moved(one.step, numbers)) for one in story.choices)
        fewer = replace(story, homes=homes, there=asked_for(story), choices=choices)
        yield fewer.setting({"cluster.partitions": len(used)})


def _moved(step: Step, hosts: dict[str, str]) -> Step:
    """Return a step with hosts under other names."""
    subject = re.sub(r"p\d+", lambda found: hosts.get(found[0], found[0]), step.subject)
    what = step.what
    if isinstance(what, MessageAt):
        ends = (hosts.get(end, end) for end in (what.source, what.target))
        source, target = ends
        return replace(step, subject=subject, what=replace(what, source=source, target=target))
    return replace(step, subject=subject, what=replace(what, host=hosts.get(what.host, what.host)))


def is_nameable(story: Story) -> bool:
    """Say whether the hosts that choices name are there."""
    counts = {
        "p": int(story.key("cluster.partitions")),
        "c": int(story.key("cluster.coordinators")),
        "r": int(story.key("cluster.routers")),
        "l": int(story.key("cluster.ledgers")),
        "m": int(story.key("cluster.managers")),
    }
    named = [host for choice in story.choices for host in choice.step.hosts()]
    return all(int(host[1:]) <= counts.get(host[0], 1 << 30) for host in named)
