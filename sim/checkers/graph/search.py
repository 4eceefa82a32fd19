"""Looks for a serial order, one transaction after another, where blocks could stand in several.

A register's blocks (`versions`) are laid one after the other, each in one piece: no block begins
while somebody has still to write or read in the one before.  Most transactions can be taken as soon
as they are free, with nothing to regret: whoever begins no block, or one that nobody reads, is in
nobody's way.  Only where a block with readers begins is there a choice; the search takes it back if
it leads nowhere.  An order that is found proves the history; that none is left refutes it.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice

from sim.checkers.graph.edges import Graph
from sim.checkers.graph.laid import Laid, Row
from sim.checkers.graph.observed import NOBODY, Observed
from sim.checkers.graph.trail import Trail
from sim.checkers.graph.txn import NEVER
from sim.checkers.graph.versions import Versions

FOUND, NONE, GAVE_UP = "found", "none", "gave up"
WORK_EACH, WORK_MIN = 40, 1_000_000  # Looks at a transaction: for each of them, and at least.
AHEAD_MAX = 2_000  # Transactions out of the order of their returns, to remember a dead end by.
STUCK_MAX = 30  # Transactions that are named where nothing leads on.
ROUNDS_MAX = 4  # Searches for an order that is nearly in real time.
DEAD_MAX = 200_000  # Dead ends that are remembered.


State = tuple[int, frozenset[int]]  # How many in the order of their returns, and who beyond.


class Search:
    """One search; `timely` keeps real time as well, but for those that are `loose`."""

    def __init__(
        self,
        graph: Graph,
        observed: Observed,
        versions: Versions,
        *,
        timely: bool,
        loose: Iterable[int] = (),
    ) -> None:
        self._graph, self._observed = graph, observed
        txns = [txn for txn in range(len(observed)) if versions.happened[txn]]
        self._left = len(txns)
        self._work = WORK_EACH * len(txns) + WORK_MIN
        self._waiting = array("i", bytes(4 * graph.nodes))
        for node in graph.target:
            self._waiting[node] += 1
        self._returned, self._invoked = observed.returned[:], observed.invoked[:]
        for txn in loose:
            self._returned[txn], self._invoked[txn] = NEVER, -NEVER
        self._laid = laid = Laid(observed, versions, self._returned, self._invoked)
        self._begins, self._within, self._pending = laid.begins, laid.within, laid.pending
        self._current = dict.fromkeys(versions.open, NOBODY)  # By key: the block that it is in.
        self._by_end, self._by_begin = Row(laid.ended, laid.key_of), Row(laid.began, laid.key_of)
        self._by_return = array("i", sorted(txns, key=self._returned.__getitem__))
        self._by_invocation = array("i", sorted(txns, key=self._invoked.__getitem__))
        self._at_return = self._at_invocation = 0
        self._done = bytearray(graph.nodes)
        self._released = bytearray(graph.nodes)
        self._easy: dict[int, None] = {}  # Free, and in nobody's way.
        self._hard: dict[int, None] = {}  # Free but for blocks that have to end first.
        self._trail = Trail()
        self._ahead: set[int] = set()  # Taken, though others had returned before them.
        self._dead: set[State] = set()
        self._timely = timely
        # Where most had been taken and no more could: who came next, and who held them up.
        self.stuck: list[int] = []
        self.missed: list[int] = []
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
        choices: list[tuple[int, list[int]]] = []  # Steps so far, and what is left to try.
        while self._left:
            if self._work <= 0:
                return GAVE_UP
            if self._easy:
                self._take(next(reversed(self._easy)))
                continue
            tries = self._tries()
            if tries and self._is_harmless(tries[0]):
                self._take(tries[0])
                continue
            if self._dead and self._state() in self._dead:
                tries = []
            if not tries and self._left < self._fewest:
                self._fewest = self._left
                self.stuck = [*islice(self._waiting_next(), STUCK_MAX)]
                self.missed = [*islice(self._missing(), STUCK_MAX)]
            choices.append((len(self._trail), tries[::-1]))
            while not choices[-1][1]:
                self._remember()
                choices.pop()
                if not choices:
                    return NONE
                self._undo(choices[-1][0])
            choice = choices[-1][1].pop()
            if not choices[-1][1]:
                choices.pop()  # Whoever comes back this far goes on to the choice before.
            self._take(choice)
        return FOUND

    def _pending_in(self, block: int) -> bool:
        return block >= 0 and self._pending[block] > 0

    def _waiting_next(self) -> Iterator[int]:
        """List those still to come, the first to return first."""
        places = range(self._at_return, len(self._by_return))
        following = (self._by_return[place] for place in places)
        return (txn for txn in following if not self._done[txn])

    def _missing(self) -> Iterator[int]:
        """List who has still to come in the blocks that others wait for."""
        begins = (block for txn in self._hard for block in self._begins[txn])
        current = dict.fromkeys(self._current[self._laid.key_of[block]] for block in begins)
        for block in current:
            if self._pending_in(block):
                yield from (txn for txn in self._laid.members[block] if not self._done[txn])

    def _state(self) -> State | None:
        """Return all that what comes next depends on: who was taken, however that was."""
        if len(self._ahead) > AHEAD_MAX:
            return None
        return self._at_return, frozenset(self._ahead)

    def _remember(self) -> None:
        """Remember that nothing leads on from here."""
        state = self._state()
        if state is not None and len(self._dead) < DEAD_MAX:
            self._dead.add(state)

    def order(self) -> list[int]:
        """Return the order that was found."""
        return self._trail.txns.tolist()

    def _tries(self) -> list[int]:
        """List what could come next: one that nobody will regret, or else all, by due time."""
        self._work -= 1 + len(self._hard)
        tries = []
        for txn in self._hard:
            if all(self._is_free(block) for block in self._begins[txn]):
                if self._is_harmless(txn):
                    return [txn]
                tries.append(txn)
        return sorted(tries, key=self._due)

    def _due(self, txn: int) -> int:
        """Return when the first had returned of those that a transaction's blocks wait for."""
        return min(self._returned[txn], *(self._laid.ended[block] for block in self._begins[txn]))

    def _is_free(self, block: int) -> bool:
        """Whether the block that its key is in has ended, and real time has this one come next."""
        key = self._laid.key_of[block]
        current = self._current[key]
        if self._pending_in(current):
            return False
        # A block must come first if something in it had returned before anything in this one was
        # invoked; of those to come, the first to end is asked.
        other = self._by_end.first(key, besides=block) if self._timely else None
        return other is None or self._laid.ended[other] >= self._laid.began[block]

    def _is_harmless(self, txn: int) -> bool:
        """Whether nobody can regret this: each block it begins would be the next in any case."""
        for block in self._begins[txn]:
            if self._pending[block]:
                if not self._timely:
                    return False
                other = self._by_begin.first(self._laid.key_of[block], besides=block)
                if other is not None and self._laid.ended[block] >= self._laid.began[other]:
                    return False
        return True

    def _take(self, txn: int) -> None:
        self._work -= 1
        self._trail.begin(txn, self._at_return, self._at_invocation)
        begins, within = self._begins, self._within
        for place in range(begins.ends[txn], begins.ends[txn + 1]):
            block = begins.others[place]
            key = self._laid.key_of[block]
            self._trail.replace(key, self._current[key])
            self._current[key] = block
            self._by_end.take(block)
            self._by_begin.take(block)
        for place in range(within.ends[txn], within.ends[txn + 1]):
            self._pending[within.others[place]] -= 1
        self._easy.pop(txn, None)
        self._hard.pop(txn, None)
        self._done[txn] = 1
        self._left -= 1
        self._ahead.add(txn)
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
            self._ahead.discard(by_return[self._at_return])
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
        (self._hard if txn in self._begins else self._easy)[txn] = None
        self._trail.freed.append(txn)

    def _undo(self, steps: int) -> None:
        while len(self._trail) > steps:
            step = self._trail.pop()
            txn = step.txn
            for other in step.freed:
                self._easy.pop(other, None)
                self._hard.pop(other, None)
            for other in self._by_invocation[step.by_invocation : self._at_invocation]:
                self._released[other] = 0
            self._ahead.update(self._by_return[step.by_return : self._at_return])
            self._ahead.discard(txn)
            self._at_return, self._at_invocation = step.by_return, step.by_invocation
            self._wait_beyond(txn)
            for block in self._within[txn]:
                self._pending[block] += 1
            for key, block in step.replaced:
                self._by_end.put_back(self._current[key])
                self._by_begin.put_back(self._current[key])
                self._current[key] = block
            self._done[txn] = 0
            self._left += 1
            (self._hard if txn in self._begins else self._easy)[txn] = None

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


def in_time(
    graph: Graph, observed: Observed, versions: Versions, loose: Iterable[int] = ()
) -> Search:
    """Look for an order that keeps real time, but for those that are loose."""
    search = Search(graph, observed, versions, timely=True, loose=loose)
    search.run()
    return search


def nearly(
    search: Search, graph: Graph, observed: Observed, versions: Versions, *, strictly: bool
) -> str:
    """Search on without real time for those who held up others; say how that ended."""
    loose: dict[int, None] = {}
    for _ in range(0 if strictly else ROUNDS_MAX):
        missed = [txn for txn in search.missed if txn not in loose]
        if search.ended == FOUND or not missed:
            break
        loose.update(dict.fromkeys(missed))
        search = in_time(graph, observed, versions, loose)
    return search.ended


def anyhow(graph: Graph, observed: Observed, versions: Versions) -> Search:
    """Look for any order."""
    search = Search(graph, observed, versions, timely=False)
    search.run()
    return search
