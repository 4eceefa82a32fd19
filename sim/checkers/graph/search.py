"""Looks for a serial order, one transaction after another, where blocks could stand in several.

A register's blocks (`versions`) are laid one after the other, each in one piece: no block begins
while somebody has still to write or read in the one before.  Most transactions can be taken as soon
as they are free: whoever begins no block, or one that nobody reads, is in nobody's way.  Only where
a block with readers begins is there a choice.

Where nobody can be taken, some wait for each other in a circle.  Not all choices of that circle can
stand (`choices`), so the search goes back to the latest, and has it the other way round.  An order
that is found proves the history; a circle that rests on no choice refutes it.
"""

from array import array
from collections.abc import Iterator

from sim.checkers.graph.choices import Choices, Orders
from sim.checkers.graph.cycles import Steps, incoming
from sim.checkers.graph.edges import Graph
from sim.checkers.graph.laid import Laid, Row
from sim.checkers.graph.observed import NOBODY, Observed
from sim.checkers.graph.queue import Queue
from sim.checkers.graph.trail import Trail
from sim.checkers.graph.txn import NEVER
from sim.checkers.graph.versions import Versions

FOUND, NONE, GAVE_UP = "found", "none", "gave up"
WORK_EACH, WORK_MIN = 100, 1_000_000  # Looks at a transaction: for each of them, and at least.
STUCK_MAX = 30  # Transactions that are named where nothing leads on.
SOON = -4 * NEVER  # Due before all others.

# For whom one waits, by which choices, and for the end of which block.
Wait = tuple[int, Choices, int]


class Search:
    """One search; `timely` keeps real time as well."""

    def __init__(
        self,
        graph: Graph,
        observed: Observed,
        versions: Versions,
        *,
        timely: bool,
    ) -> None:
        self._graph = graph
        txns = [txn for txn in range(len(observed)) if versions.happened[txn]]
        self._left = len(txns)
        self._work = WORK_EACH * len(txns) + WORK_MIN
        self._waiting = array("i", bytes(4 * graph.nodes))
        for node in graph.target:
            self._waiting[node] += 1
        self._returned, self._invoked = observed.returned, observed.invoked
        self._laid = laid = Laid(observed, versions)
        self._begins, self._within, self._pending = laid.begins, laid.within, laid.pending
        self._current = dict.fromkeys(versions.open, NOBODY)  # By key: the block that it is in.
        self._by_end = Row(laid.ended, laid.key_of)
        self._by_return = array("i", sorted(txns, key=self._returned.__getitem__))
        self._by_invocation = array("i", sorted(txns, key=self._invoked.__getitem__))
        self._at_return = self._at_invocation = 0
        self._done = bytearray(graph.nodes)
        self._released = bytearray(graph.nodes)
        self._easy: dict[int, None] = {}  # Free, and in nobody's way.
        self._hard = Queue()  # Free but for blocks that have to end or begin first.
        self._blocks_from = len(observed.keys)  # Where they are parked: at keys, beyond at blocks.
        self._orders = Orders(len(laid.key_of))
        self._trail = Trail()
        self._before: Steps | None = None
        self._timely = timely
        self.stuck: list[int] = []  # Who waited for each other where most had been taken.
        self._fewest = self._left + 1
        self.ended = GAVE_UP
        for gate in range(graph.count, graph.nodes):
            if not self._waiting[gate]:
                self._free_beyond(gate)
        self._release()

    def run(self) -> None:
        """Search; `ended` is FOUND, NONE where every order leads nowhere, or GAVE_UP."""
        self.ended = self._run()

    def _run(self) -> str:
        while self._left:
            if self._work <= 0:
                return GAVE_UP
            txn = next(reversed(self._easy)) if self._easy else self._next()
            if txn != NOBODY:
                self._take(txn)
                continue
            circle = self._circle()
            choices = _choices_of(circle)
            if self._left < self._fewest or not choices:
                self._fewest = self._left
                self.stuck = [txn for txn, _, _ in circle if txn < self._graph.count][:STUCK_MAX]
            if not choices:
                return NONE
            latest, order = self._orders.refuted(choices)
            self._undo(latest)
            self._orders.add(order)
        return FOUND

    def _next(self) -> int:
        """Return the first one due of those that no block keeps waiting."""
        while (entry := self._hard.next()) is not None:
            self._work -= 1
            due, txn, caller = entry
            place = self._obstacle(txn)
            if place == NOBODY:
                return txn
            self._hard.park(txn, due, place, caller)
        return NOBODY

    def _obstacle(self, txn: int) -> int:
        """Return the key whose block has to end first, or the block that has to begin."""
        for block in self._begins[txn]:
            key = self._laid.key_of[block]
            if self._pending_in(self._current[key]):
                return key
            for other in (*self._earlier(key, block), *self._orders.before(block)):
                if not self._by_end.begun[other]:
                    return self._blocks_from + other
        return NOBODY

    def _earlier(self, key: int, block: int) -> list[int]:
        """Return a block that real time has come before another one of its key, if there is one.

        That is where something in it had returned before anything in the other was invoked; of
        those to come, the first to end is asked.
        """
        other = self._by_end.first(key, besides=block) if self._timely else None
        return (
            [] if other is None or self._laid.ended[other] >= self._laid.began[block] else [other]
        )

    def _circle(self) -> list[Wait]:
        """Follow from one to the next it waits for until somebody comes again."""
        txn = next(iter(self._hard), self._by_return[self._at_return])
        places: dict[int, int] = {}
        path: list[Wait] = []
        while txn not in places:
            self._work -= 1
            places[txn] = len(path)
            path.append(self._wait(txn))
            txn = path[-1][0]
        return path[places[txn] :]

    def _wait(self, node: int) -> Wait:
        """Return one for whom a node waits."""
        if self._waiting[node]:
            if self._before is None:
                self._before = incoming(self._graph)
            for _, other in self._before(node):
                if self._waiting[other] if other >= self._graph.count else not self._done[other]:
                    return other, frozenset(), NOBODY
        if not self._released[node]:
            return self._by_return[self._at_return], frozenset(), NOBODY
        return min(self._waits(node), key=lambda wait: self._orders.latest(wait[1]))

    def _waits(self, txn: int) -> Iterator[Wait]:
        """List for whom one waits whom only blocks hold up."""
        laid, orders = self._laid, self._orders
        for block in self._begins[txn]:
            key = laid.key_of[block]
            current = self._current[key]
            if self._pending_in(current):
                member = next(one for one in laid.members[current] if not self._done[one])
                yield member, orders.why(current, block), current
            for other in self._earlier(key, block):
                yield laid.beginner[other], frozenset(), NOBODY
            for other, order in orders.before(block).items():
                if not self._by_end.begun[other]:
                    yield laid.beginner[other], order.reasons, NOBODY

    def _pending_in(self, block: int) -> bool:
        return block >= 0 and self._pending[block] > 0

    def order(self) -> list[int]:
        """Return the order that was found."""
        return self._trail.txns.tolist()

    def _due(self, txn: int) -> int:
        """Return when the first had returned of those that a transaction's blocks wait for."""
        blocks = self._begins[txn]
        due = min(self._returned[txn], *(self._laid.ended[block] for block in blocks))
        is_harmless = not any(self._pending[block] for block in blocks)
        return due + SOON if is_harmless else due

    def _take(self, txn: int) -> None:
        self._work -= 1
        time = self._orders.tick()
        self._trail.begin(txn, time, self._at_return, self._at_invocation)
        self._easy.pop(txn, None)
        self._hard.drop(txn)
        begins, within, pending = self._begins, self._within, self._pending
        for place in range(begins.ends[txn], begins.ends[txn + 1]):
            block = begins.others[place]
            key = self._laid.key_of[block]
            self._trail.replace(key, self._current[key])
            self._current[key] = block
            self._by_end.take(block)
            self._orders.begin(block, time)
            self._hard.call_all(self._blocks_from + block)
            self._hard.call(key)
        for place in range(within.ends[txn], within.ends[txn + 1]):
            block = within.others[place]
            pending[block] -= 1
            if not pending[block]:
                self._hard.call(self._laid.key_of[block])
        self._done[txn] = 1
        self._left -= 1
        self._free_beyond(txn)
        self._release()

    def _free_beyond(self, node: int) -> None:
        graph, waiting = self._graph, self._waiting
        nodes = [node]
        while nodes:
            edge = graph.first[nodes.pop()]
            while edge >= 0:
                other = graph.target[edge]
                edge = graph.after[edge]
                waiting[other] -= 1
                if waiting[other]:
                    continue
                if other >= graph.count:
                    nodes.append(other)
                elif self._released[other]:
                    self._add(other)

    def _release(self) -> None:
        """Let in whoever was invoked before the first of those still to come had returned."""
        by_return = self._by_return
        while self._at_return < len(by_return) and self._done[by_return[self._at_return]]:
            self._at_return += 1
        limit = NEVER
        if self._timely and self._at_return < len(self._by_return):
            limit = self._returned[self._by_return[self._at_return]]
        while self._at_invocation < len(self._by_invocation):
            txn = self._by_invocation[self._at_invocation]
            if self._invoked[txn] > limit:
                break
            self._at_invocation += 1
            self._released[txn] = 1
            if not self._waiting[txn]:
                self._add(txn)

    def _add(self, txn: int) -> None:
        self._let_in(txn)
        self._trail.freed.append(txn)

    def _let_in(self, txn: int) -> None:
        if txn in self._begins:
            self._hard.add(txn, self._due(txn))
        else:
            self._easy[txn] = None

    def _undo(self, time: int) -> None:
        """Go back to before some time."""
        for order in self._orders.forget(time):
            self._hard.call_all(self._blocks_from + order.choice[0])
        while self._trail.times and self._trail.times[-1] >= time:
            self._work -= 1
            step = self._trail.pop()
            txn = step.txn
            for other in step.freed:
                self._easy.pop(other, None)
                self._hard.drop(other)
            for other in self._by_invocation[step.by_invocation : self._at_invocation]:
                self._released[other] = 0
            self._at_return, self._at_invocation = step.by_return, step.by_invocation
            self._wait_beyond(txn)
            for block in self._within[txn]:
                self._pending[block] += 1
            for key, block in step.replaced:
                self._by_end.put_back(self._current[key])
                self._current[key] = block
                self._hard.call(key)
            self._done[txn] = 0
            self._left += 1
            self._let_in(txn)

    def _wait_beyond(self, node: int) -> None:
        graph, waiting = self._graph, self._waiting
        nodes = [node]
        while nodes:
            edge = graph.first[nodes.pop()]
            while edge >= 0:
                other = graph.target[edge]
                edge = graph.after[edge]
                if not waiting[other] and other >= graph.count:
                    nodes.append(other)
                waiting[other] += 1


def _choices_of(circle: list[Wait]) -> Choices:
    """Return the choices that a circle of waits rests on.

    Who waits for the end of a block waits for all in it.  So where two of a circle wait for the
    same block, there is a smaller circle, in which only one of them does.
    """
    places: dict[int, int] = {}
    for place, (_, _, block) in enumerate(circle):
        if block in places:
            circle = circle[places[block] + 1 : place + 1]
            break
        if block != NOBODY:
            places[block] = place
    return frozenset().union(*(choices for _, choices, _ in circle))


def in_time(graph: Graph, observed: Observed, versions: Versions) -> Search:
    """Look for an order that keeps real time."""
    search = Search(graph, observed, versions, timely=True)
    search.run()
    return search


def anyhow(graph: Graph, observed: Observed, versions: Versions) -> Search:
    """Look for any order."""
    search = Search(graph, observed, versions, timely=False)
    search.run()
    return search
