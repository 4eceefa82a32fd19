"""Blocks of registers, and orders of them that follow from something else.

If something in one block of a key must precede something in another, then all of the first block
precedes the second: nothing can come between a version and its readers.  Such orders are edges of
their own, which may close a cycle that is not seen without them.

Whoever does not believe such an order gets a cycle from the opposite one, or, where one block was
written amid an update in the other, a lost update.  So a cycle that rests on them refutes only what
the least of all these cycles refutes.
"""

from collections.abc import Callable
from functools import partial

from items.data import data
from sim.checkers.graph.anomalies import REALTIME, weakest
from sim.checkers.graph.cycles import Path
from sim.checkers.graph.edges import RW, WR, WW, Graph
from sim.checkers.graph.explain import Explainer
from sim.checkers.graph.observed import NOBODY, Observed
from sim.checkers.graph.paths import few_rw, in_time
from sim.checkers.graph.reasons import Evidence, Reason
from sim.checkers.graph.versions import Versions
from sim.checkers.graph.words import name, state, wrote


@data
class Block:
    key: int
    head: int  # Its first and its last version.
    end: int
    versions: tuple[int, ...]  # From head to end.
    writers: tuple[int, ...]
    readers: tuple[int, ...]
    last: tuple[int, ...]  # Who read its last version.

    @property
    def members(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self.writers + self.readers))


class Orders:
    """Orders of blocks that were found, as edges of a graph."""

    def __init__(self, graph: Graph, observed: Observed, *, strictly: bool) -> None:
        self._graph, self._observed = graph, observed
        self._strictly = strictly
        self._said: set[tuple[int, int]] = set()  # Pairs of heads.
        self._explainer = Explainer(graph, observed)

    def __len__(self) -> int:
        return len(self._said)

    def says(self, one: Block, other: Block) -> bool:
        return (one.head, other.head) in self._said

    def follows(self, one: Block, other: Block) -> None:
        """Let a block precede another, as something in it must precede something in that."""
        self._add(one, other, partial(self._evidence, one, other, len(self._graph.target)))

    def suppose(self, one: Block, other: Block) -> str:
        """Let a block precede another, whatever speaks for it; say so."""
        self._add(one, other)
        return self._told(one, other)

    def _add(self, one: Block, other: Block, find: Callable[[], Evidence] | None = None) -> None:
        self._said.add((one.head, other.head))
        graph, writer = self._graph, self._observed.writer
        least = "G2" + (REALTIME if self._strictly else "")
        age = len(graph.target)
        reason = Reason(partial(self._told, one, other), find, age=age, least=least)
        target = writer[other.head]
        if writer[one.end] != target:
            graph.force(writer[one.end], target, one.end, WW, reason)
        for reader in one.last:
            if reader != target:
                graph.force(reader, target, one.end, RW, reason)

    def _told(self, one: Block, other: Block) -> str:
        return f"{self._end(one)} before {self._end(other)}"

    def _end(self, block: Block) -> str:
        writer = self._observed.writer[block.end]
        return f"{name(self._observed, writer)} {wrote(self._observed, block.end)}"

    def _evidence(self, one: Block, other: Block, edges: int) -> Evidence:
        """Find how one leads to the other along the edges that there were before."""
        graph = self._graph
        path = few_rw(graph, one.members, other.members, edges) or in_time(
            graph, self._observed, one.members, other.members, edges
        )
        steps = self._explainer.steps(path.nodes, path.edges, path.goal)
        first = self._stands_in(one, path.nodes[0])
        because = [*first, *self._stands_in(other, path.goal), *steps]
        return Evidence(
            weakest([self._kind(one, other, path), *self._explainer.kinds(path.edges)]),
            f"{'; '.join(because)}; and nothing comes between a version and its readers",
            self._named(one, other, path),
            tuple(self._explainer.reasons(path.edges)),
        )

    def _named(self, one: Block, other: Block, path: Path) -> tuple[int, ...]:
        ends = (self._observed.writer[block.end] for block in (one, other))
        nodes = (node for node in (*path.nodes, path.goal) if node < self._graph.count)
        return tuple(dict.fromkeys((*ends, *nodes)))

    def _stands_in(self, block: Block, txn: int) -> list[str]:
        """Tell how a transaction belongs to a block; of the writer of its end that is clear."""
        observed = self._observed
        if observed.writer[block.end] == txn:
            return []
        who, end = name(observed, txn), state(observed, block.end)
        if txn in block.last:
            return [f"{who} read {end}"]
        for version in block.versions:
            if observed.writer[version] == txn:
                return [f"{who} {wrote(observed, version)}, which {end} stands on"]
        read = next(version for version in observed.reads_of(txn) if version in block.versions)
        return [f"{who} read {state(observed, read)}, which {end} stands on"]

    def _kind(self, one: Block, other: Block, path: Path) -> str:
        """Name the cycle of a path and the way back, if the other block came first.

        That leads from who only read by rw, from a writer by ww; and to who only read by wr.  What
        was written amid an update makes a G-single.
        """
        kinds = [self._graph.kind(edge) for edge in path.edges if edge != NOBODY]
        rw = kinds.count(RW) + (path.goal not in other.writers)
        is_read = WR in kinds or path.nodes[0] not in one.writers
        kind = "G-single" if rw == 1 else "G2" if rw else "G1c" if is_read else "G0"
        if len(one.versions) > 1 or len(other.versions) > 1:
            kind = weakest([kind, "G-single"])
        return kind + (REALTIME if NOBODY in path.edges else "")


def blocks_of(observed: Observed, versions: Versions) -> dict[int, list[Block]]:
    """Gather the blocks of all keys whose order is open."""
    block_of: dict[int, int] = {}  # By version, the head of its block.
    chains: dict[int, list[int]] = {}  # By head.
    for key in versions.open:
        for head in versions.heads[key]:
            chains[head] = versions.block(head)
            block_of.update(dict.fromkeys(chains[head], head))
    readers: dict[int, list[int]] = {head: [] for head in chains}
    last: dict[int, list[int]] = {head: [] for head in chains}
    begin = 0
    for txn, stop in enumerate(observed.read_ends):
        for version in observed.read[begin:stop]:
            head = block_of.get(version, -1)
            if head >= 0:
                readers[head].append(txn)
                if versions.next[version] < 0:
                    last[head].append(txn)
        begin = stop
    blocks: dict[int, list[Block]] = {key: [] for key in versions.open}
    for head, chain in chains.items():
        writers = tuple(observed.writer[version] for version in chain)
        read, ended = tuple(readers[head]), tuple(last[head])
        key = observed.key_of[head]
        blocks[key].append(Block(key, head, chain[-1], tuple(chain), writers, read, ended))
    return blocks
