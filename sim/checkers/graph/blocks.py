"""Blocks of registers, and orders of them that follow from something else.

If something in one block of a key must precede something in another, then all of the first block
precedes the second: nothing can come between a version and its readers.  Such orders are edges of
their own, which may close a cycle that is not seen without them.

Whoever does not believe such an order gets a cycle from the opposite one.  So a cycle that rests on
them refutes only what the least of all these cycles refutes.
"""

from collections.abc import Sequence

from items.data import data
from sim.checkers.graph.anomalies import weakest
from sim.checkers.graph.cycles import Path
from sim.checkers.graph.edges import RW, WR, WW, Graph, Reason
from sim.checkers.graph.explain import Explainer
from sim.checkers.graph.observed import Observed
from sim.checkers.graph.versions import Versions
from sim.checkers.graph.words import name, wrote


@data
class Block:
    key: int
    head: int  # Its first and its last version.
    end: int
    writers: tuple[int, ...]
    readers: tuple[int, ...]
    last: tuple[int, ...]  # Who read its last version.

    @property
    def members(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self.writers + self.readers))


class Orders:
    """Orders of blocks that were found, as edges of a graph."""

    def __init__(self, graph: Graph, observed: Observed) -> None:
        self._graph, self._observed = graph, observed
        self._said: set[tuple[int, int]] = set()  # Pairs of heads.
        self.explainer = Explainer(graph, observed)

    def __len__(self) -> int:
        return len(self._said)

    def says(self, one: Block, other: Block) -> bool:
        return (one.head, other.head) in self._said

    def by_path(self, one: Block, other: Block, path: Path) -> None:
        """Let a block precede another because a path leads from one to the other."""
        last = self._graph.target[path.edges[-1]]
        steps = self.explainer.steps(path.nodes, path.edges, last)
        self.by_steps(one, other, steps, self._kind(path, by_reader=last not in other.writers))

    def by_steps(self, one: Block, other: Block, steps: Sequence[str], kind: str) -> None:
        """Let a block precede another for these reasons; the opposite makes such a cycle."""
        told = (
            f"{self.told(one, other)}: nothing comes between a version and its readers, and "
            f"{', '.join(steps)}"
        )
        self.add(one, other, Reason(told, kind))

    def add(self, one: Block, other: Block, reason: Reason) -> None:
        self._said.add((one.head, other.head))
        graph, writer = self._graph, self._observed.writer
        target = writer[other.head]
        if writer[one.end] != target:
            graph.force(writer[one.end], target, one.end, WW, reason)
        for reader in one.last:
            if reader != target:
                graph.force(reader, target, one.end, RW, reason)

    def told(self, one: Block, other: Block) -> str:
        return f"{self._head(one)} before {self._head(other)}"

    def _head(self, block: Block) -> str:
        writer = self._observed.writer[block.end]
        return f"{name(self._observed, writer)} {wrote(self._observed, block.end)}"

    def _kind(self, path: Path, *, by_reader: bool) -> str:
        """Name the cycle of a path and the step back: ww, or rw from who only reads."""
        graph = self._graph
        kinds = [graph.kind(edge) for edge in path.edges]
        rw = kinds.count(RW) + by_reader
        kind = "G-single" if rw == 1 else "G2" if rw else "G1c" if WR in kinds else "G0"
        reasons = [reason for edge in path.edges if (reason := graph.reason(edge)) is not None]
        return weakest([kind, *(reason.kind for reason in reasons if reason.kind)])


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
        blocks[key].append(Block(key, head, chain[-1], writers, read, ended))
    return blocks
