"""The dependency graph: who must precede whom, and why.

An edge is ww (the later one wrote the next version), wr (it read the version) or rw (it wrote the
version after the one that the earlier one read); only neighbours are linked, the rest follows.  A
node beyond the transactions stands for 'the end of a key's first block': everything that wrote or
read its last version comes before, every other block after, so that many to many costs no product.
"""

from array import array

from items.data import data
from sim.checkers.graph.observed import NOBODY, Observed
from sim.checkers.graph.reasons import Reason
from sim.checkers.graph.versions import NONE, Versions

WW, WR, RW, VIA, RT = 1, 2, 4, 8, 16  # RT stands in no graph: it is found by looking at times.
LEAST = -(1 << 62)


class Graph:
    """Edges as linked lists: `first[node]` and then `after[edge]` lead through `target`."""

    def __init__(self, observed: Observed, versions: Versions) -> None:
        self.versions = versions
        self.count = len(observed)
        self.nodes = self.count + len(versions.ends)
        self.gate_of = {key: self.count + n for n, key in enumerate(versions.ends)}
        self.first = array("i", [NOBODY]) * self.nodes
        self.after, self.target = array("i"), array("i")
        self.about = array("i")  # The version that an edge is about.
        # Edges come in the order of their kinds, so that the kind needs no column.
        self._write_writes(observed, versions)
        self._wr_from = len(self.target)
        self._write_reads(observed, versions)
        self._rw_from = len(self.target)
        self._read_writes(observed, versions)
        self._via_from = len(self.target)
        for key, heads in versions.heads.items():
            for head in heads:
                self.link(self.gate_of[key], observed.writer[head], head)
        self._forced_from = len(self.target)
        self._forced: list[tuple[int, Reason]] = []  # Kind and reason of each edge beyond.

    def kind(self, edge: int) -> int:
        if edge < self._rw_from:
            return WW if edge < self._wr_from else WR
        if edge < self._via_from:
            return RW
        return VIA if edge < self._forced_from else self._forced[edge - self._forced_from][0]

    def link(self, source: int, target: int, about: int) -> None:
        self.after.append(self.first[source])
        self.first[source] = len(self.target)
        self.target.append(target)
        self.about.append(about)

    def force(self, source: int, target: int, about: int, kind: int, reason: Reason) -> None:
        """Add an edge that follows from others."""
        self.link(source, target, about)
        self._forced.append((kind, reason))

    def reason(self, edge: int) -> Reason | None:
        """Return the reason of an edge that was forced."""
        return self._forced[edge - self._forced_from][1] if edge >= self._forced_from else None

    def rests_on_updates(self, edge: int) -> bool:
        """Whether an edge is there only if nothing was written amid an update: read, and written.

        That leads from what updates have led to, to what was written blindly and so comes later.
        """
        if edge == NOBODY or edge >= self._via_from or self.kind(edge) == WR:
            return False
        updates, after = self.versions.is_update, self.versions.next[self.about[edge]]
        return bool(updates[self.about[edge]]) and not (after >= 0 and updates[after])

    def _write_writes(self, observed: Observed, versions: Versions) -> None:
        writer, link = observed.writer, self.link
        for version, after in enumerate(versions.next):
            # Who updates has read what it follows, which says as much.
            if after < 0 or versions.is_update[after]:
                continue
            if (source := writer[version]) >= 0 and source != writer[after]:
                link(source, writer[after], version)
        for key, end in versions.ends.items():
            if writer[end] >= 0:
                link(writer[end], self.gate_of[key], end)

    def _write_reads(self, observed: Observed, versions: Versions) -> None:
        writer, flaw, read, link = observed.writer, versions.flaw, observed.read, self.link
        begin = 0
        for txn, stop in enumerate(observed.read_ends):
            for place in range(begin, stop):
                version = read[place]
                if (source := writer[version]) >= 0 and not flaw[version] and source != txn:
                    link(source, txn, version)
            begin = stop

    def _read_writes(self, observed: Observed, versions: Versions) -> None:
        writer, flaw, read, link = observed.writer, versions.flaw, observed.read, self.link
        following = versions.next
        gates = {end: self.gate_of[key] for key, end in versions.ends.items()}
        begin = 0
        for txn, stop in enumerate(observed.read_ends):
            for place in range(begin, stop):
                version = read[place]
                after = following[version]
                if after >= 0:
                    if writer[after] != txn and flaw[version] == NONE:
                        link(txn, writer[after], version)
                elif version in gates:
                    link(txn, gates[version], version)
            begin = stop


@data
class Peeled:
    """What is left of a graph after everything without a predecessor was taken, again and again."""

    rest: list[int]  # Cycles, and what comes after them.  None of it: the graph has an order.
    order: "array[int]"
    late: list[int]  # Of those who did not have to wait in vain: those who came too late.


def peel(graph: Graph, observed: Observed, *, strictly: bool) -> Peeled:
    """Take nodes in an order that the edges allow, and watch real time on the way.

    Each node learns when the last of all that must precede it was invoked.  If it had returned
    before, the two stand in real time the other way round.  No cycle escapes that: one with two
    steps of real time has a shorter one with a single step, since of two such steps the earlier
    beginning also precedes the other's end.
    """
    nodes = graph.nodes
    waiting = array("i", bytes(4 * nodes))
    for node in graph.target:
        waiting[node] += 1
    ready = [node for node in range(nodes - 1, -1, -1) if not waiting[node]]
    first, after, target = graph.first, graph.after, graph.target
    latest = observed.invoked[:] + array("q", [LEAST]) * (nodes - graph.count)
    returned = observed.returned
    order, late = array("i"), []
    while ready:
        node = ready.pop()
        order.append(node)
        mine = latest[node]
        if strictly and node < graph.count and mine > returned[node]:
            late.append(node)
        edge = first[node]
        while edge >= 0:
            other = target[edge]
            if latest[other] < mine:  # noqa: PLR1730  # A call for each edge would cost more.
                latest[other] = mine
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
            edge = after[edge]
    rest = [node for node in range(nodes) if waiting[node]]
    return Peeled(rest, order, late)
