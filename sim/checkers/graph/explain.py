"""Cycles in sentences: each step says who must precede whom, and by what evidence."""

from collections.abc import Iterable, Sequence

from sim.checkers.graph.anomalies import Findings, weakest
from sim.checkers.graph.cycles import Cycle
from sim.checkers.graph.edges import RW, WR, WW, Graph, Reason
from sim.checkers.graph.observed import LIST, NOBODY, Observed
from sim.checkers.graph.txn import Precedes
from sim.checkers.graph.words import called, key_name, line, name, shown, state, wrote

ORDERS_TOLD_MAX = 20  # That a cycle rests on; of more than these the last ones.
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
            told = "\n".join([*lines, *self.orders(cycle), self.contradiction(cycle)])
            links = self.links(*_from_a_transaction(cycle, self._graph.count))
            findings.add(kind, told, [self._observed.ids[txn] for txn in txns], links)

    def kind(self, cycle: Cycle) -> str:
        """Name a cycle by what it refutes whether or not one believes what follows from others."""
        reasons = [self._graph.reason(edge) for edge in cycle.edges]
        kinds = [reason.kind for reason in reasons if reason is not None and reason.kind]
        return weakest([cycle.kind, *kinds])

    def transactions(self, cycle: Cycle) -> list[int]:
        """List who is in a cycle, and then who is in the orders that are told with it."""
        txns = dict.fromkeys(node for node in cycle.nodes if node < self._graph.count)
        for reason in self._reasons(cycle)[-ORDERS_TOLD_MAX:]:
            txns.update(dict.fromkeys(reason.txns))
        return [*txns]

    def orders(self, cycle: Cycle) -> list[str]:
        """Tell the orders of blocks that a cycle rests on, each after those that it rests on."""
        reasons = self._reasons(cycle)
        told = [f"{reason.claim}: {reason.because}." for reason in reasons[-ORDERS_TOLD_MAX:]]
        if len(told) < len(reasons):
            told.insert(0, f"({len(reasons) - len(told)} more such orders, on which these rest.)")
        return told

    def _reasons(self, cycle: Cycle) -> list[Reason]:
        """List the reasons of a cycle's edges and what they rest on, which comes before them."""
        reasons: dict[int, Reason] = {}  # By identity: two that look alike may be two.
        pending = [(r, False) for edge in cycle.edges if (r := self._graph.reason(edge))]
        while pending:
            reason, is_done = pending.pop()
            if is_done:
                reasons.setdefault(id(reason), reason)
            elif id(reason) not in reasons:
                pending.append((reason, True))
                pending += [(other, False) for other in reason.rests_on]
        return [reason for reason in reasons.values() if reason.because]

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
            kind = "rt" if edge == NOBODY else KINDS.get(self._graph.kind(edge), "")
            because = self._why(source, edge, then, head)
            links.append(Precedes(ids[source], ids[then], kind, because))
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
        assert kind in (WW, RW), kind
        if head != NOBODY:
            return self._unplaced(kind, who, then, about, head)
        after = observed.final(target, key)
        if kind == RW:
            return (
                f"{who} read {state(observed, about)}, as it was before {then} "
                f"{wrote(observed, after)}"
            )
        told = f"{then} {wrote(observed, after)} right after {who} {wrote(observed, about)}"
        return told + self._seen_by(key, about, after)

    def _unplaced(self, kind: int, who: str, then: str, about: int, head: int) -> str:
        """Tell why what was never read of a list, or what follows nothing, comes after the end."""
        observed = self._observed
        told = wrote(observed, head)
        if kind == RW:
            return f"{who} read {state(observed, about)}, which is without what {then} {told}"
        if observed.kinds[observed.key_of[about]] == LIST:
            return (
                f"who read what {who} {wrote(observed, about)} did not find what {then} {told}, "
                "which so came later"
            )
        return (
            f"{who} {wrote(observed, about)} as one of the first, each right after the one before, "
            f"and {then} {told} not among these"
        )

    def _seen_by(self, key: int, about: int, after: int) -> str:
        observed = self._observed
        if observed.kinds[key] != LIST or observed.longest_reader[key] == NOBODY:
            return ""
        longest, last = observed.longest[key], observed.values[after]
        if last not in longest:
            return f", which nobody saw behind {shown(observed.values[about])}"
        reader = name(observed, observed.longest_reader[key])
        return f" ({reader} read {key_name(observed, key)} = {shown(longest)})"


def _from_a_transaction(cycle: Cycle, count: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Begin a cycle at one of its transactions, where it is to be told from; it ends there too."""
    nodes, edges = cycle.nodes, cycle.edges
    place = next(n for n, node in enumerate(nodes) if node < count)
    return nodes[place:] + nodes[:place], edges[place:] + edges[:place], nodes[place]
