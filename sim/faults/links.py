"""Links in trouble: cut, held, clogged, and split into groups that do not hear each other.

Faults overlap: a link that two of them have cut is whole again when both have ended.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from network.lossy import Link, LossyNetwork
from sim.trace import Trace

LinkName = tuple[str, str]  # Source and target.


class Links:
    """What is wrong with which link, and how often at once."""

    def __init__(self, network: LossyNetwork, trace: Trace) -> None:
        self._network, self._trace = network, trace
        self._cuts: Counter[LinkName] = Counter()
        self._holds: Counter[LinkName] = Counter()
        self._clogs: dict[LinkName, list[int]] = {}  # By how much; the largest holds.
        self._groups: list[dict[str, int]] = []  # Of each split: which group a host is in.
        self._origins: dict[str, str] = {}  # Of hosts that are born: which one was there before.

    def known(self) -> list[LinkName]:
        """Return all links on which anything was ever sent."""
        return list(self._network.links)

    # Cuts ------------------------------------------------------------------------------------

    def cut(self, name: LinkName) -> bool:
        """Cut a link; False: another cut has done so already."""
        self._cuts[name] += 1
        is_new = self._cuts[name] == 1
        if is_new:
            self._network.link(*name).cut = True
            self._trace.fault("link.cut", link=named([name]))
        return is_new

    def join(self, name: LinkName) -> None:
        """End one cut of a link."""
        self._cuts[name] = max(0, self._cuts[name] - 1)
        if self._cuts[name] == 0:
            self._network.link(*name).cut = self._is_split(*name)
            self._trace.fault("link.healed", link=named([name]))

    def is_cut(self, name: LinkName) -> bool:
        return self._cuts[name] > 0

    # Splits ----------------------------------------------------------------------------------

    def split(self, groups: dict[str, int]) -> bool:
        """Cut all links between hosts of different groups; False: others have separated them."""
        is_new = any(
            groups[one] != groups[other] and not self._is_split(one, other)
            for one, other in combinations(groups, 2)
        )
        self._groups.append(groups)
        self._network.met = self._met
        for link in self._network.links.values():
            self._met(link)
        self._trace.fault("network.split", groups=said(groups))
        return is_new

    def unite(self, groups: dict[str, int]) -> None:
        """End one split."""
        self._groups.remove(groups)
        for name, link in self._network.links.items():
            link.cut = self._cuts[name] > 0 or self._is_split(*name)
        self._trace.fault("network.united", groups=said(groups))

    def born(self, child: str, parent: str) -> None:
        """Have a host that was born of another one be in its group, whatever splits there are."""
        self._origins[child] = self._origins.get(parent, parent)

    def _met(self, link: Link) -> None:
        """Look at a link, which may be new."""
        if self._is_split(link.source, link.target):
            link.cut = True

    def _is_split(self, source: str, target: str) -> bool:
        one, other = self._origins.get(source, source), self._origins.get(target, target)
        return any(groups.get(one) != groups.get(other) for groups in self._groups)

    # Holds -----------------------------------------------------------------------------------

    def hold(self, name: LinkName) -> bool:
        """Hold a link; False: another hold has done so already."""
        self._holds[name] += 1
        is_new = self._holds[name] == 1
        if is_new:
            self._network.hold(*name)
            self._trace.fault("link.held", link=named([name]))
        return is_new

    def release(self, name: LinkName, *, newest_first: bool = False) -> None:
        """End one hold of a link."""
        self._holds[name] = max(0, self._holds[name] - 1)
        if self._holds[name] == 0:
            self._trace.fault("link.released", link=named([name]))
            self._network.release(*name, newest_first=newest_first)

    def is_held(self, name: LinkName) -> bool:
        return self._holds[name] > 0

    # Clogs -----------------------------------------------------------------------------------

    def clog(self, names: Sequence[LinkName], times: int) -> bool:
        """Let messages on these links take `times` as long; False: they do already, or longer."""
        is_slower = False
        for name in names:
            clogs = self._clogs.setdefault(name, [])
            is_slower = is_slower or times > max(clogs, default=1)
            clogs.append(times)
            self._network.clog(*name, times=max(clogs))
        self._trace.fault("links.clogged", links=named(names), times=times)
        return is_slower

    def unclog(self, names: Sequence[LinkName], times: int) -> None:
        """End one clog of these links."""
        for name in names:
            clogs = self._clogs[name]
            clogs.remove(times)
            self._network.clog(*name, times=max(clogs, default=1))
        self._trace.fault("links.unclogged", links=named(names))

    def heal(self) -> None:
        """End whatever is wrong with any link."""
        for groups in list(self._groups):
            self.unite(groups)
        self._network.met = None
        for name in [name for name, count in self._cuts.items() if count]:
            self._cuts[name] = 1
            self.join(name)
        for name in [name for name, clogs in self._clogs.items() if clogs]:
            self._clogs[name] = [1]
            self.unclog([name], 1)
        for name in [name for name, count in self._holds.items() if count]:
            self._holds[name] = 1
            self.release(name)


def named(names: Iterable[LinkName]) -> str:
    """Write links as in 'c1>p1 p1>c1'."""
    return " ".join(f"{source}>{target}" for source, target in names)


def said(groups: dict[str, int]) -> str:
    """Write groups as in 'c1 p1 | c2 p2'."""
    sides: dict[int, list[str]] = {}
    for host, group in groups.items():
        sides.setdefault(group, []).append(host)
    return " | ".join(" ".join(side) for side in sides.values())
