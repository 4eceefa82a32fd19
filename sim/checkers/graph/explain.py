"""Cycles in sentences: each step says who must precede whom, and by what evidence."""

from collections.abc import Iterable, Sequence

from sim.checkers.graph.anomalies import Findings, weakest
from sim.checkers.graph.cycles import Cycle
from sim.checkers.graph.edges import RW, WR, WW, Graph
from sim.checkers.graph.observed import LIST, NOBODY, Observed
from sim.checkers.graph.reasons import Ground, Reason
from sim.checkers.graph.txn import Precedes
from sim.checkers.graph.words import called, key_name, line, name, shown, state, wrote

UPDATERS_MAX = 20  # Named with a cycle that rests on their updates.
KINDS = {WW: "ww", WR: "wr", RW: "rw"}


class Explainer:
    """Tells cycles of one graph."""

    def __init__(self, graph: Graph, observed: Observed) -> None:
        self._graph, self._observed = graph, observed

    def tell(self, cycle: Cycle, findings: Findings) -> None:
        """Add a cycle to the findings, with a reason for every step."""
        kind = self.kind(cycle)
        if findings.takes(kind):
            txns = self.transactions(cycle)
            lines = self.lines(txns)
            told = "\n".join([*lines, *self.ground(cycle.edges).lines, self.contradiction(cycle)])
            links = self.links(*_from_a_transaction(cycle, self._graph.count))
            findings.add(kind, told, [self._observed.ids[txn] for txn in txns], links)

    def kind(self, cycle: Cycle) -> str:
        """Name a cycle by what it refutes whether or not one believes what follows from others."""
        return weakest([cycle.kind, *self.kinds(cycle.edges), *self.ground(cycle.edges).kinds])

    def kinds(self, edges: Iterable[int]) -> list[str]:
        """Name the cycles that there would be instead, were a write amid an update."""
        return ["G-single" for edge in edges if self._graph.rests_on_updates(edge)]

    def ground(self, edges: Iterable[int]) -> Ground:
        """Find what edges rest on that no one version tells of."""
        return Ground(self.reasons(edges))

    def reasons(self, edges: Iterable[int]) -> list[Reason]:
        found = (self._graph.reason(edge) for edge in edges)
        return [reason for reason in found if reason is not None]

    def transactions(self, cycle: Cycle) -> list[int]:
        """List who is in a cycle, and then who is in what it rests on."""
        txns = [node for node in cycle.nodes if node < self._graph.count]
        for edge in cycle.edges:
            if self._graph.rests_on_updates(edge):
                txns += self._updaters(self._graph.about[edge])
        return [*dict.fromkeys([*txns, *self.ground(cycle.edges).txns])]

    def lines(self, txns: Iterable[int]) -> list[str]:
        return [f"  {line(self._observed, txn)}" for txn in txns]

    def contradiction(self, cycle: Cycle) -> str:
        """Tell a cycle step by step."""
        steps = self.steps(*_from_a_transaction(cycle, self._graph.count))
        return "; ".join(steps[:-1]) + f"; but {steps[-1]}: a contradiction."

    def steps(self, nodes: Sequence[int], edges: Sequence[int], goal: int) -> list[str]:
        """Tell each step between transactions."""
        return [
            f"{called(link.first)} must precede {called(link.then)}, because {link.because}"
            for link in self.links(nodes, edges, goal)
        ]

    def links(self, nodes: Sequence[int], edges: Sequence[int], goal: int) -> list[Precedes]:
        """Give each step between transactions; a node in between is no step of its own."""
        ids = self._observed.ids
        links = []
        pairs = list(zip(nodes, edges, (*nodes[1:], goal), strict=True))
        for number, (source, edge, target) in enumerate(pairs):
            if source >= self._graph.count:
                continue
            head, then = NOBODY, target
            if target >= self._graph.count:
                _, via, then = pairs[number + 1]
                head = self._graph.about[via]
            because = self._why(source, edge, then, head)
            links.append(Precedes(ids[source], ids[then], self._kind_of(edge), because))
        return links

    def _why(self, source: int, edge: int, target: int, head: int) -> str:
        observed = self._observed
        who, then = name(observed, source), name(observed, target)
        if edge == NOBODY:
            return (
                f"{who} had returned (at {observed.returned[source]:,}) before {then} was invoked "
                f"(at {observed.invoked[target]:,})"
            )
        about, kind = self._graph.about[edge], self._graph.kind(edge)
        if (reason := self._graph.reason(edge)) is not None:
            read = f"{who} read {state(observed, about)}, and " if kind == RW else ""
            return read + reason.claim
        key = observed.key_of[about]
        if kind == WR:
            return f"{then} read {state(observed, about)}, and {who} {wrote(observed, about)}"
        after = observed.final(target, key) if head == NOBODY else head
        then_wrote = f"{then} {wrote(observed, after)}"
        if self._graph.rests_on_updates(edge):
            return self._not_amid(kind, source, about, then_wrote)
        if kind == RW:
            return f"{who} read {state(observed, about)}, as it was before {then_wrote}"
        told = f"{then_wrote} right after {who} {wrote(observed, about)}"
        if observed.kinds[key] != LIST or observed.longest_reader[key] == NOBODY:
            return told
        longest = observed.longest[key]
        reader = name(observed, observed.longest_reader[key])
        read = f"{reader} read {key_name(observed, key)} = {shown(longest)}"
        is_seen = observed.values[after] in longest
        return f"{told} ({read})" if is_seen else f"{read}, and only later {then_wrote}"

    def _kind_of(self, edge: int) -> str:
        """Name a step as it is told: what rests on an update is told by what that had read."""
        if edge == NOBODY:
            return "rt"
        kind = self._graph.kind(edge)
        return KINDS[RW if kind == WW and self._graph.rests_on_updates(edge) else kind]

    def _not_amid(self, kind: int, source: int, about: int, then_wrote: str) -> str:
        """Tell why what was written blindly comes after what updates have led to."""
        observed, updaters = self._observed, self._updaters(about)
        amid = "the updates before that"
        if kind == WW:
            about = self._read_by(source, about)
            updaters = updaters[1:]
            if not updaters:
                seen = state(observed, about)
                return (
                    f"{name(observed, source)} read {seen}, as it was before {then_wrote}, and "
                    "updated it"
                )
        if len(updaters) == 1:
            amid = f"{name(observed, updaters[0])}'s update"
        read = f"{name(observed, source)} read {state(observed, about)}"
        return f"{read}, and {then_wrote} after that, not amid {amid}"

    def _updaters(self, version: int) -> list[int]:
        """List whose updates have led to a version, the last one first."""
        updaters: list[int] = []
        while self._graph.versions.is_update[version] and len(updaters) < UPDATERS_MAX:
            updaters.append(self._observed.writer[version])
            version = self._read_by(updaters[-1], version)
        return updaters

    def _read_by(self, txn: int, version: int) -> int:
        """Return the version that was read by who then wrote this one."""
        key_of = self._observed.key_of
        reads = self._observed.reads_of(txn)
        return next(read for read in reads if key_of[read] == key_of[version])


def _from_a_transaction(cycle: Cycle, count: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Begin a cycle at one of its transactions, where it is to be told from; it ends there too."""
    nodes, edges = cycle.nodes, cycle.edges
    place = next(n for n, node in enumerate(nodes) if node < count)
    return nodes[place:] + nodes[:place], edges[place:] + edges[:place], nodes[place]
