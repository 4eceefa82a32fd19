"""The strongly connected components of what is left of a graph: where its cycles are.

Tarjan's algorithm, with a path of its own in place of the interpreter's stack, which a long history
would exhaust.
"""

from array import array
from collections.abc import Sequence

from sim.checkers.graph.edges import Graph
from sim.checkers.graph.observed import NOBODY


def components(graph: Graph, rest: Sequence[int]) -> list[list[int]]:
    """Return the strongly connected components of more than one node, smallest first."""
    tarjan = _Tarjan(graph, rest)
    for root in rest:
        if not tarjan.number[root]:
            tarjan.visit(root)
    return sorted(tarjan.found, key=lambda component: (len(component), component[0]))


class _Tarjan:
    """Tarjan's algorithm, with a path of its own in place of the interpreter's."""

    def __init__(self, graph: Graph, rest: Sequence[int]) -> None:
        self._graph = graph
        self._inside = bytearray(graph.nodes)
        for node in rest:
            self._inside[node] = 1
        self.number = array("i", bytes(4 * graph.nodes))  # In order of discovery, from 1.
        self._low = array("i", self.number)
        self._seen = 0
        self._stack: list[int] = []
        self.found: list[list[int]] = []

    def visit(self, root: int) -> None:
        low, number = self._low, self.number
        self._enter(root)
        path = [(root, self._graph.first[root])]
        while path:
            node, edge = path.pop()
            below, edge = self._next(node, edge)
            if below != NOBODY:
                path += [(node, edge), (below, self._graph.first[below])]
                self._enter(below)
                continue
            if low[node] == number[node]:
                self._leave(node)
            if path:
                above = path[-1][0]
                low[above] = min(low[above], low[node])

    def _enter(self, node: int) -> None:
        self._seen += 1
        self.number[node] = self._low[node] = self._seen
        self._stack.append(node)

    def _next(self, node: int, edge: int) -> tuple[int, int]:
        """Return the next node to go down to, if there is one, and the edge after that."""
        while edge >= 0:
            other = self._graph.target[edge]
            edge = self._graph.after[edge]
            if self._inside[other]:
                if not self.number[other]:
                    return other, edge
                self._low[node] = min(self._low[node], self.number[other])
        return NOBODY, edge

    def _leave(self, node: int) -> None:
        """Take a finished component from the stack; nobody looks at its nodes again."""
        component = []
        member = NOBODY
        while member != node:
            member = self._stack.pop()
            self._inside[member] = 0
            component.append(member)
        if len(component) > 1:
            self.found.append(sorted(component))
