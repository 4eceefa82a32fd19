"""Paths from one set of transactions to another: the evidence for an order of blocks.

Only edges up to a number count, those that there were when the order was found; what rests on it
has come later.
"""

from collections.abc import Iterable, Sequence

from sim.checkers.graph.cycles import (
    ANY,
    Path,
    Steps,
    Walk,
    along,
    beyond,
    incoming,
    outgoing,
    path_to,
)
from sim.checkers.graph.edges import VIA, WR, WW, Graph
from sim.checkers.graph.observed import NOBODY, Observed


def few_rw(graph: Graph, sources: Sequence[int], goals: Sequence[int], edges: int) -> Path | None:
    """Find how one of these must precede one of those; without rw if that can be."""
    for walk in (along(WW | WR | VIA), ANY):
        path = _find(graph, sources, goals, edges, walk)
        if path is not None:
            return path
    return None


def in_time(
    graph: Graph, observed: Observed, sources: Sequence[int], goals: Sequence[int], edges: int
) -> Path:
    """Find the same where real time leads there, perhaps with a path before it and one after.

    One step of it (edge -1) will do: of several, the first had begun before the last ended.
    """
    before = beyond(sources, _older(lambda node: outgoing(graph, node), edges))
    after = beyond(goals, _older(incoming(graph), edges))
    count = graph.count
    returned = min((n for n in (*sources, *before) if n < count), key=observed.returned.__getitem__)
    invoked = max((n for n in (*goals, *after) if n < count), key=observed.invoked.__getitem__)
    assert observed.returned[returned] < observed.invoked[invoked], "something leads there"
    begin = _few(graph, sources, (returned,), edges)
    end = _few(graph, (invoked,), goals, edges)
    nodes = (*begin.nodes, returned, *end.nodes)
    return Path(nodes, (*begin.edges, NOBODY, *end.edges), end.goal)


def _few(graph: Graph, sources: Sequence[int], goals: Sequence[int], edges: int) -> Path:
    """Find a path, which is empty where a source is a goal."""
    for source in sources:
        if source in goals:
            return Path((), (), source)
    path = few_rw(graph, sources, goals, edges)
    assert path is not None, "it was reached"
    return path


def _find(
    graph: Graph, sources: Sequence[int], goals: Iterable[int], edges: int, walk: Walk
) -> Path | None:
    begins, ends = dict.fromkeys(sources), dict.fromkeys(goals)
    for source in begins:
        path, _ = path_to(
            graph,
            source,
            ends.__contains__,
            steps=_older(lambda node: outgoing(graph, node), edges),
            walk=walk,
            most=graph.nodes,
        )
        if path is not None:
            begin = max(n for n, node in enumerate(path.nodes) if node in begins)
            return Path(path.nodes[begin:], path.edges[begin:], path.goal)
    return None


def _older(steps: Steps, edges: int) -> Steps:
    return lambda node: (step for step in steps(node) if step[0] < edges)
