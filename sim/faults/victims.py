"""Whom a fault hits: drawn, each kind of fault from sites of its own."""

from collections.abc import Callable

from sim.chance import NamedSite
from sim.cluster import Cluster

# Who talks to whom: a link between others would have nothing to lose.
PATHS = ("kr", "rc", "rp", "rl", "cp", "cl", "mc", "ml", "pm")
PATHS_OF_FOLLOWERS = ("pf", "rf")
PATHS_OF_REPLICATORS = ("xp", "xl")
PATHS_OF_READERS = ("sr",)
WORD_BITS = 32  # One draw decides about so many hosts, a bit each; those beyond share the bits.
WORD = 1 << WORD_BITS
SWIZZLED_MAX = 8


class Draw:
    """The draws of the n-th fault of a kind."""

    def __init__(self, site: Callable[[str], NamedSite], kind: str, n: int) -> None:
        self._site, self._kind, self._n = site, kind, n

    def __call__(self, what: str, bound: int) -> int:
        return self._site(f"{self._kind} {what}").at(self._n, bound)

    def order(self, what: str, hosts: list[str]) -> list[str]:
        """Return the hosts in a drawn order."""
        site, left = self._site(f"{self._kind} {what}"), list(hosts)
        first = self._n * (SWIZZLED_MAX + 1)
        return [left.pop(site.at(first + k, len(left))) for k in range(len(hosts))]


Victims = Callable[[Draw, Cluster], tuple[str, ...]]


def anybody(draw: Draw, cluster: Cluster) -> tuple[str, ...]:
    return _one_of(draw, cluster.all_names())


def no_client(draw: Draw, cluster: Cluster) -> tuple[str, ...]:
    """Draw any host but clients and readers, whose memory is the history: they never crash."""
    return _one_of(draw, [name for name in cluster.all_names() if name[0] not in "ks"])


def partition(draw: Draw, cluster: Cluster) -> tuple[str, ...]:
    return _one_of(draw, cluster.partitions)


def disk(draw: Draw, cluster: Cluster) -> tuple[str, ...]:
    return _one_of(draw, [*cluster.ledgers, *cluster.partitions])


def link(draw: Draw, cluster: Cluster) -> tuple[str, ...]:
    """Draw a link between two hosts that have something to say to each other."""
    paths = (*PATHS, *PATHS_OF_FOLLOWERS) if cluster.followers else PATHS
    if cluster.replicators:
        paths = (*paths, *PATHS_OF_REPLICATORS)
    if cluster.readers:
        paths = (*paths, *PATHS_OF_READERS)
    path = paths[draw("path", len(paths))]
    ends = [
        *_one_of(draw, [name for name in cluster.all_names() if name[0] == path[0]]),
        *_one_of(draw, [name for name in cluster.all_names() if name[0] == path[1]], "other end"),
    ]
    return tuple(reversed(ends)) if draw("direction", 2) else tuple(ends)


def groups(draw: Draw, cluster: Cluster) -> tuple[str, ...]:
    """Draw a group for each host, as in 'c1 0': of two groups, or of three."""
    sides = draw("sides", WORD)
    thirds = draw("thirds", WORD) if draw("groups", 2) else 0  # Those who are in the third group.
    return tuple(
        f"{name} {2 if _bit(thirds, n) else _bit(sides, n)}"
        for n, name in enumerate(cluster.all_names())
    )


def some_twice(draw: Draw, cluster: Cluster) -> tuple[str, ...]:
    """Draw some hosts in one order and in another."""
    chosen = draw("hosts", WORD)
    hosts = [name for n, name in enumerate(cluster.all_names()) if _bit(chosen, n)]
    some = (hosts or cluster.ledgers)[:SWIZZLED_MAX]
    return (*draw.order("order", some), *draw.order("other order", some))


def _bit(word: int, n: int) -> int:
    return word >> n % WORD_BITS & 1


def _one_of(draw: Draw, hosts: list[str], what: str = "victim") -> tuple[str, ...]:
    return (hosts[draw(what, len(hosts))],)
