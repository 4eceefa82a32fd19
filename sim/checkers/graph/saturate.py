"""What else must be so: orders of blocks that follow from other orders, until nothing new does.

Two ways lead there.  The short one looks along single edges, and suits histories of any size.  The
thorough one looks as far as edges and real time lead; its closure is kept as one large integer for
each transaction, so it is for a thousand of them at most.
"""

from collections.abc import Iterator, Sequence

from sim.checkers.graph.blocks import Block, Orders, blocks_of
from sim.checkers.graph.cycles import beyond, incoming, outgoing
from sim.checkers.graph.edges import Graph, peel
from sim.checkers.graph.observed import Observed
from sim.checkers.graph.txn import NEVER
from sim.checkers.graph.versions import Versions

TRANSACTIONS_MAX = 1_000
BLOCKS_MAX = 200  # Of one key: pairs of them are looked at.
LOOKS_MAX = 20_000_000  # Transactions reached from suspects.
ORDERS_EACH, ORDERS_MIN = 4, 10_000  # Found along single edges: for each transaction, at least.


class Saturation:
    """Adds to a graph what follows from it."""

    def __init__(
        self, graph: Graph, observed: Observed, versions: Versions, *, strictly: bool
    ) -> None:
        self._graph, self._observed = graph, observed
        self._strictly = strictly
        self._blocks = blocks_of(observed, versions)
        self._orders = Orders(graph, observed, strictly=strictly)

    def run(self) -> None:
        """Add edges until nothing new follows, or until there is a cycle."""
        self.run_along_edges()
        if len(self._observed) > TRANSACTIONS_MAX:
            return
        while True:
            peeled = peel(self._graph, self._observed, strictly=self._strictly)
            if peeled.rest or peeled.late or not self._follows(list(peeled.order)):
                return

    def run_along_edges(self) -> None:
        """Order two blocks of a key where an edge leads from one to the other, again and again."""
        graph, orders = self._graph, self._orders
        within: dict[int, dict[int, Block]] = {}  # By transaction and key.
        for key, blocks in self._blocks.items():
            for block in blocks:
                for member in block.members:
                    within.setdefault(member, {})[key] = block
        most = ORDERS_EACH * len(self._observed) + ORDERS_MIN
        sources = dict.fromkeys(within)
        while sources and len(orders) <= most:
            before = len(graph.target)
            for source in sources:
                for _, target in [*outgoing(graph, source)]:
                    for key, block in within.get(target, {}).items():
                        mine = within[source].get(key)
                        if mine is not None and mine is not block and not orders.says(mine, block):
                            orders.follows(mine, block)
            # Only who has new edges has something new to say.
            sources = {txn: None for txn in within if graph.first[txn] >= before}

    def run_around(self, txns: Sequence[int]) -> None:
        """Look for a block of these transactions that another must both precede and follow.

        However far that leads through the graph; one such pair of orders is a cycle, and enough.
        """
        if not txns:
            return
        suspects = dict.fromkeys(txns)
        backwards = incoming(self._graph)
        left = LOOKS_MAX
        for blocks in self._blocks.values():
            for block in blocks:
                if left <= 0 or not any(member in suspects for member in block.members):
                    continue
                after = beyond(block.members, lambda node: outgoing(self._graph, node))
                before = beyond(block.members, backwards)
                left -= len(after) + len(before)
                for other in blocks:
                    if (
                        other is not block
                        and any(member in after for member in other.members)
                        and any(member in before for member in other.members)
                    ):
                        self._orders.follows(block, other)
                        self._orders.follows(other, block)
                        return

    def suppose(self, one: Block, other: Block) -> str:
        """Let a block precede another, whatever speaks for it; say so."""
        return self._orders.suppose(one, other)

    def pairs(self) -> Iterator[tuple[Block, Block]]:
        """List the pairs of blocks whose order is still open."""
        for blocks in self._blocks.values():
            for place, one in enumerate(blocks):
                for other in blocks[:place]:
                    if not self._orders.says(one, other) and not self._orders.says(other, one):
                        yield one, other

    def _follows(self, order: list[int]) -> bool:
        reach = self._reach(order)
        before = len(self._orders)
        for blocks in self._blocks.values():
            if len(blocks) > BLOCKS_MAX:
                continue
            masks = [sum(1 << member for member in block.members) for block in blocks]
            reached = []
            for block in blocks:
                mask = 0
                for member in block.members:
                    mask |= reach[member]
                reached.append(mask)
            for one, seen in zip(blocks, reached, strict=True):
                for other, mask in zip(blocks, masks, strict=True):
                    if one is not other and seen & mask and not self._orders.says(one, other):
                        self._orders.follows(one, other)
        return len(self._orders) > before

    def _reach(self, order: list[int]) -> list[int]:
        """Return for each node whom it must precede, itself among them, one bit each."""
        graph = self._graph
        reach = [1 << node if node < graph.count else 0 for node in range(graph.nodes)]
        changed = True
        while changed:
            changed = False
            later = self._later(reach) if self._strictly else {}
            for node in reversed(order):
                mask = reach[node] | later.get(node, 0)
                edge = graph.first[node]
                while edge >= 0:
                    mask |= reach[graph.target[edge]]
                    edge = graph.after[edge]
                if mask != reach[node]:
                    reach[node] = mask
                    changed = changed or self._strictly
        return reach

    def _later(self, reach: list[int]) -> dict[int, int]:
        """Return for each transaction what follows from those invoked after it had returned."""
        observed = self._observed
        later: dict[int, int] = {}
        mask, place = 0, len(observed) - 1
        by_invocation = sorted(range(len(observed)), key=observed.invoked.__getitem__)
        by_return = sorted(by_invocation, key=observed.returned.__getitem__, reverse=True)
        for txn in by_return:
            returned = observed.returned[txn]
            if returned == NEVER:
                continue
            while place >= 0 and observed.invoked[by_invocation[place]] > returned:
                mask |= reach[by_invocation[place]]
                place -= 1
            later[txn] = mask
        return later
