"""Explains why no order is left where no single cycle shows it: by cases.

For two blocks of one key, either the one came first or the other.  Where both suppositions end in a
cycle, these two are the evidence; where it takes more cases than two, only the search's word is.
"""

from sim.checkers.graph.anomalies import REALTIME, Findings, weakest
from sim.checkers.graph.blocks import Block
from sim.checkers.graph.components import components
from sim.checkers.graph.cycles import Cycle, cycles_in, cycles_in_time
from sim.checkers.graph.edges import Graph, peel
from sim.checkers.graph.explain import Explainer
from sim.checkers.graph.observed import Observed
from sim.checkers.graph.saturate import TRANSACTIONS_MAX, Saturation
from sim.checkers.graph.versions import Versions

PAIRS_MAX = 300


def no_order(observed: Observed, versions: Versions, findings: Findings, *, strictly: bool) -> None:
    """Say that there is no serial order, with the smallest evidence for it."""
    if len(observed) <= TRANSACTIONS_MAX:
        settled = Saturation(Graph(observed, versions), observed, versions, strictly=strictly)
        settled.run()
        for one, other in [*settled.pairs()][:PAIRS_MAX]:
            cases = [
                _case(observed, versions, pair, strictly=strictly)
                for pair in ((one, other), (other, one))
            ]
            told = [case for case in cases if case is not None]
            if len(told) == len(cases):
                _tell(observed, findings, told)
                return
    kind = "no-serial-order" + (REALTIME if strictly else "")
    if findings.takes(kind):
        text = (
            "Registers were written that nobody had read before, so their writes could stand in "
            "several orders; each of these was tried, and each contradicts a read."
        )
        findings.add(kind, text, [observed.ids[txn] for txn in _contended(observed, versions)])


def _case(
    observed: Observed, versions: Versions, pair: tuple[Block, Block], *, strictly: bool
) -> tuple[Explainer, Cycle, str] | None:
    """Suppose that one block precedes another; return the contradiction that follows, if any."""
    graph = Graph(observed, versions)
    saturation = Saturation(graph, observed, versions, strictly=strictly)
    supposed = saturation.suppose(*pair)
    saturation.run()
    peeled = peel(graph, observed, strictly=strictly)
    cycle = None
    if peeled.rest:
        cycle = next(cycles_in(graph, components(graph, peeled.rest)[0]), None)
    elif peeled.late:
        cycle = next(cycles_in_time(graph, observed, peeled.late), None)
    if cycle is None:
        return None
    return Explainer(graph, observed), cycle, supposed


def _tell(
    observed: Observed, findings: Findings, cases: list[tuple[Explainer, Cycle, str]]
) -> None:
    kind = weakest(explainer.kind(cycle) for explainer, cycle, _ in cases)
    if not findings.takes(kind):
        return
    txns = dict.fromkeys(txn for one, cycle, _ in cases for txn in one.transactions(cycle))
    lines = cases[0][0].lines(txns)
    for (explainer, cycle, told), begin in zip(cases, ("Either ", "Or "), strict=True):
        because = [*explainer.ground(cycle.edges).lines, explainer.contradiction(cycle)]
        lines.append(f"{begin}{told}.  {'  '.join(because)}")
    findings.add(kind, "\n".join(lines), [observed.ids[txn] for txn in txns])


def _contended(observed: Observed, versions: Versions) -> list[int]:
    return [observed.writer[head] for key in versions.open for head in versions.heads[key]][:20]
