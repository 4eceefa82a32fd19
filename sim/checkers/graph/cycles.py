"""Cycles in what is left of a graph, the shortest first, each by the name of its anomaly.

Inside each component a breadth-first search per kind of anomaly looks for the shortest cycle.
Searching has a budget: what is found is always a true cycle, but in a very large component it may
not be the shortest one.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from items.data import data
from sim.checkers.graph.anomalies import REALTIME
from sim.checkers.graph.edges import RW, VIA, WR, WW, Graph
from sim.checkers.graph.observed import NOBODY, Observed

STEPS_MAX = 300_000  # Edges looked at for one kind of anomaly in one component.
LATE_MAX = 100  # Transactions out of real time that a cycle is sought for.


State = int  # Of a walk, beside the node where it is.
Step = tuple[int, int]  # Edge and node at its other end.
Steps = Callable[[int], Iterable[Step]]


@data
class Walk:
    """Which edges may follow one another: `turn` takes a state and an edge's kind to a state."""

    turn: Callable[[State, int], State]  # -1: not this edge.
    start: State = 0
    end_max: State = 1


@data
class Path:
    nodes: tuple[int, ...]
    edges: tuple[int, ...]  # Each leads on from the node at its place, the last one to the goal.
    goal: int


@data
class Cycle:
    """Edges head to tail; edge -1 is real time, from the last node back to the first."""

    kind: str
    nodes: tuple[int, ...]
    edges: tuple[int, ...]


def along(mask: int) -> Walk:
    """Any edges of these kinds."""
    return Walk(lambda _, kind: 0 if kind & mask else -1)


def _apart(state: State, kind: int) -> State:
    """Let no two rw follow each other: state 1 is 'just came by rw'."""
    if kind == RW:
        return -1 if state else 1
    return state if kind == VIA else 0


def _once(state: State, kind: int) -> State:
    """Let there be one rw at most: state 1 is 'had it'."""
    if kind == RW:
        return -1 if state else 1
    return state


ANY = along(WW | WR | RW | VIA)
# Kind of anomaly, the edge that closes its cycle, and what leads back.
CLOSED_BY = (
    ("G0", WW, along(WW | VIA)),
    ("G1c", WR, along(WW | WR | VIA)),
    ("G-single", RW, along(WW | WR | VIA)),
    ("G-nonadjacent", RW, Walk(_apart, start=1, end_max=0)),
    ("G2", RW, ANY),
)
# The same where real time closes the cycle.
CLOSED_BY_TIME = (
    ("G0", along(WW | VIA)),
    ("G1c", along(WW | WR | VIA)),
    ("G-single", Walk(_once)),
    ("G-nonadjacent", Walk(_apart)),
    ("G2", ANY),
)
IMPLIED = ("G-nonadjacent", "G2")  # Where anything graver was found, these add nothing.


def cycles_in(graph: Graph, component: Sequence[int]) -> Iterator[Cycle]:
    """Find the shortest cycle of each anomaly in a component, the gravest first."""
    members = dict.fromkeys(component)
    steps = {
        node: [step for step in outgoing(graph, node) if step[1] in members] for node in members
    }
    found = False
    for kind, closing, walk in CLOSED_BY:
        if kind in IMPLIED and found:
            return
        cycle = _shortest(graph, steps, kind, closing, walk)
        if cycle is not None:
            found = True
            yield cycle


def _shortest(
    graph: Graph, steps: Mapping[int, Sequence[Step]], kind: str, closing: int, walk: Walk
) -> Cycle | None:
    """Find a shortest cycle through an edge of kind `closing`, led back by the walk."""
    best: Cycle | None = None
    budget = STEPS_MAX
    for node, mine in steps.items():
        for edge, other in mine:
            if budget <= 0:
                return best
            if graph.kind(edge) != closing:
                continue
            length_max = len(best.nodes) - 2 if best is not None else len(steps)
            path, looked = path_to(
                graph, other, node.__eq__, steps=steps.__getitem__, walk=walk, most=length_max
            )
            budget -= looked
            if path is not None and len(set(path.nodes)) == len(path.nodes):
                best = Cycle(kind, (node, *path.nodes), (edge, *path.edges))
    return best


def cycles_in_time(graph: Graph, observed: Observed, late: Sequence[int]) -> Iterator[Cycle]:
    """Find short cycles that real time closes: one of each anomaly, the gravest first.

    `late` are transactions that had returned before something was invoked that must precede them.
    """
    steps = incoming(graph)
    found = False
    for kind, walk in CLOSED_BY_TIME:
        if kind in IMPLIED and found:
            return
        cycle = _earliest(graph, observed, late, kind=kind + REALTIME, steps=steps, walk=walk)
        if cycle is not None:
            found = True
            if _needs(graph, cycle, kind):
                yield cycle


def _needs(graph: Graph, cycle: Cycle, kind: str) -> bool:
    """Whether a cycle is of this kind and not of a graver one, that was told before."""
    kinds = [graph.kind(edge) for edge in cycle.edges if edge != NOBODY]
    if kind == "G1c":
        return WR in kinds
    return kind != "G-single" or RW in kinds


def _earliest(
    graph: Graph, observed: Observed, late: Sequence[int], *, kind: str, steps: Steps, walk: Walk
) -> Cycle | None:
    best: Cycle | None = None
    budget = STEPS_MAX
    invoked = observed.invoked
    for last in late[:LATE_MAX]:
        returned = observed.returned[last]

        def began_later(node: int, returned: int = returned) -> bool:
            return node < graph.count and invoked[node] > returned

        most = len(best.nodes) - 2 if best is not None else graph.nodes
        path, looked = path_to(graph, last, began_later, steps=steps, walk=walk, most=most)
        budget -= looked
        if path is not None:
            nodes = (path.goal, *reversed(path.nodes))
            best = Cycle(kind, nodes, (*reversed(path.edges), NOBODY))
        if budget <= 0:
            break
    return best


def outgoing(graph: Graph, node: int) -> Iterator[Step]:
    edge = graph.first[node]
    while edge >= 0:
        yield edge, graph.target[edge]
        edge = graph.after[edge]


def incoming(graph: Graph) -> Steps:
    """Turn the graph around."""
    last = array("i", [NOBODY]) * graph.nodes
    before = array("i", [NOBODY]) * len(graph.target)
    source = array("i", before)
    for node in range(graph.nodes):
        for edge, other in outgoing(graph, node):
            source[edge] = node
            before[edge] = last[other]
            last[other] = edge

    def steps(node: int) -> Iterator[Step]:
        edge = last[node]
        while edge >= 0:
            yield edge, source[edge]
            edge = before[edge]

    return steps


def beyond(nodes: Iterable[int], steps: Steps) -> dict[int, None]:
    """Gather all that steps lead to from these; one of them only if something leads there, too."""
    reached: dict[int, None] = {}
    pending = list(nodes)
    while pending:
        for _, other in steps(pending.pop()):
            if other not in reached:
                reached[other] = None
                pending.append(other)
    return reached


def path_to(
    graph: Graph, start: int, is_goal: Callable[[int], bool], *, steps: Steps, walk: Walk, most: int
) -> tuple[Path | None, int]:
    """Find a shortest path of at most so many nodes, without the goal; say what it took."""
    begin = (start, walk.start)
    came: dict[tuple[int, State], tuple[tuple[int, State], int] | None] = {begin: None}
    queue = deque([(begin, 1)])
    looked = 0
    while queue:
        at, length = queue.popleft()
        if length > most:
            break
        for edge, other in steps(at[0]):
            looked += 1
            state = walk.turn(at[1], graph.kind(edge))
            if state < 0 or (other, state) in came:
                continue
            if is_goal(other):
                if state <= walk.end_max:
                    return _traced(came, at, edge, other), looked
                continue
            came[other, state] = (at, edge)
            queue.append(((other, state), length + 1))
    return None, looked


def _traced(
    came: Mapping[tuple[int, State], tuple[tuple[int, State], int] | None],
    last: tuple[int, State],
    edge: int,
    goal: int,
) -> Path:
    nodes, edges = [last[0]], [edge]
    step = came[last]
    while step is not None:
        nodes.append(step[0][0])
        edges.append(step[1])
        step = came[step[0]]
    return Path(tuple(reversed(nodes)), tuple(reversed(edges)), goal)
