"""Paths from one set of transactions to another: the evidence for an order of blocks."""

from collections.abc import Iterable, Sequence

from sim.checkers.graph.cycles import ANY, Path, Walk, along, outgoing, path_to
from sim.checkers.graph.edges import VIA, WR, WW, Graph
from sim.checkers.graph.observed import NOBODY, Observed


def few_rw(graph: Graph, sources: Sequence[int], goals: Sequence[int]) -> Path | None:
    """Find how one of these must precede one of those; without rw if that can be."""
    return _find(graph, sources, goals, along(WW | WR | VIA)) or _find(graph, sources, goals, ANY)


def in_time(
    graph: Graph,
    observed: Observed,
    reach: Sequence[int],
    sources: Sequence[int],
    goals: Sequence[int],
) -> Path:
    """Find the same where real time leads there, perhaps with a path before it and one after.

    One step of it (edge -1) will do: of several, the first had begun before the last ended.
    `reach` has for each transaction a bit for everybody whom it must precede, itself among them.
    """
    beyond, goal_bits = 0, sum(1 << goal for goal in goals)
    for source in sources:
        beyond |= reach[source]
    txns = range(len(observed))
    after = [txn for txn in txns if beyond >> txn & 1]
    returned = min(after, key=observed.returned.__getitem__)
    before = [txn for txn in txns if reach[txn] & goal_bits]
    invoked = max(before, key=observed.invoked.__getitem__)
    begin, end = _few(graph, sources, (returned,)), _few(graph, (invoked,), goals)
    nodes = (*begin.nodes, returned, *end.nodes)
    return Path(nodes, (*begin.edges, NOBODY, *end.edges), end.goal)


def _few(graph: Graph, sources: Sequence[int], goals: Sequence[int]) -> Path:
    """Find a path, which is empty where a source is a goal."""
    for source in sources:
        if source in goals:
            return Path((), (), source)
    path = few_rw(graph, sources, goals)
    assert path is not None, "it was reached"
    return path


def _find(graph: Graph, sources: Iterable[int], goals: Iterable[int], walk: Walk) -> Path | None:
    begins, ends = dict.fromkeys(sources), dict.fromkeys(goals)
    for source in begins:
        path, _ = path_to(
            graph,
            source,
            ends.__contains__,
            steps=lambda node: outgoing(graph, node),
            walk=walk,
            most=graph.nodes,
        )
        if path is not None:
            begin = max(n for n, node in enumerate(path.nodes) if node in begins)
            return Path(path.nodes[begin:], path.edges[begin:], path.goal)
    return None
