"""The walk: every state that can be reached, the nearest first.

Breadth first, so that the first schedule that ends badly is a shortest one.  At the end, if every
state was seen, each must be able to come to an end in which nothing is left to do: from a state
that cannot, nobody gets any further.
"""

from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise
from time import perf_counter

from items.data import data
from sim.checkers.finding import Finding
from sim.search.explore.graph import Graph
from sim.search.explore.judging import Judge
from sim.search.explore.packing import Packing
from sim.search.explore.state import Bug, State, Step
from sim.search.explore.states import States
from sim.search.explore.world import World

STATES_MAX = 3_000_000
SHOWN_EVERY = 1_024
ALWAYS = ("failed", "answered otherwise")  # Of these nothing more has to come.
Progress = Callable[[int, int, int], None]  # States, of them still to be looked at, depth.


@data
class Bounds:
    """Where a walk stops, whether or not it is through."""

    states: int = STATES_MAX
    depth: int | None = None
    seconds: float | None = None
    at_ends: bool = False  # What a step did wrong by itself counts only for what comes of it.


@data
class Schedule:
    """Steps from the first state on, each with the state that it leads to."""

    first: State
    steps: tuple[tuple[Step, State], ...]


@data
class Walked:
    """What a walk has shown."""

    world: World
    states: int
    transitions: int  # Steps from one state to another.
    schedules: int | None  # Ways from the first state to an end; None: not known.
    ends: int  # Different ends that were judged.
    depth: int
    is_complete: bool
    stopped_by: str  # Which bound, if it is not complete and nothing was found.
    seconds: float
    findings: tuple[Finding, ...]
    schedule: Schedule | None  # A shortest one that ends with the findings.

    @property
    def ok(self) -> bool:
        return not self.findings


class Walk:
    """A walk while it goes on."""

    def __init__(self, world: World, bounds: Bounds) -> None:
        self.states = States(world)
        self.judge = Judge(self.states)
        self._world, self._bounds = world, bounds
        self._packing = Packing()
        self._numbers: dict[int, int] = {}
        self._all: list[int] = []
        self._depths = array("H")
        self._before = array("q")  # From which state each was first reached.
        self._graph = Graph()
        self._ends = array("I")  # States in which nothing is left to do, and nobody to ask.
        self._began = perf_counter()

    def go(self, progress: Progress | None = None) -> Walked:
        """Walk to the end, to the first finding, or until a bound."""
        self._enter(self.states.first(), -1, 0)
        at, stopped = 0, ""
        while at < len(self._all) and not stopped:
            if progress is not None and at % SHOWN_EVERY == 0:
                progress(len(self._all), len(self._all) - at, self._depths[at])
            depth = self._depths[at]
            if self._bounds.depth is not None and depth >= self._bounds.depth:
                stopped = "depth"
                break
            findings, last = self._look(at, depth)
            if findings:
                return self._result(findings, at, last)
            stopped = self._reached()
            at += 1
        if stopped:
            return self._result((), None, None, stopped)
        stuck = self._graph.lost(self._ends)
        if stuck is not None:
            return self._result((self._unfinished(stuck),), stuck, None)
        return self._result((), None, None, schedules=self._graph.ways())

    def ends(self) -> Iterator[State]:
        """Give the states seen in which everybody has asked and nothing is left to do."""
        return (self._packing.unpacked(self._all[at]) for at in self._ends)

    def _enter(self, state: State, before: int, depth: int) -> int:
        """Give a state its number; a new one is to be looked at."""
        packed = self._packing.packed(state)
        number = self._numbers.get(packed)
        if number is None:
            number = self._numbers[packed] = len(self._all)
            self._all.append(packed)
            self._before.append(before)
            self._depths.append(depth)
        return number

    def _look(self, at: int, depth: int) -> tuple[tuple[Finding, ...], Step | None]:
        """Judge a state, and enter all those that it leads to."""
        states, state = self.states, self._packing.unpacked(self._all[at])
        self._graph.look_at(at)
        if states.is_settled(state):
            findings = self.judge.findings(state)
            if findings:
                return findings, None
            if states.is_through(state):
                self._ends.append(at)
        is_end = True
        for step in states.steps(state):
            after, bugs = states.after(state, step)
            if bugs and (not self._bounds.at_ends or bugs[0].kind in ALWAYS):
                return tuple(_finding(bug) for bug in bugs), step
            if after != state:
                is_end = False
                self._graph.lead_to(self._enter(after, at, depth + 1))
        if is_end and not (states.is_settled(state) and states.is_through(state)):
            return (self._unfinished(at),), None
        return (), None

    def _reached(self) -> str:
        bounds = self._bounds
        if len(self._all) > bounds.states:
            return "states"
        if bounds.seconds is not None and perf_counter() - self._began > bounds.seconds:
            return "seconds"
        return ""

    def _unfinished(self, at: int) -> Finding:
        state = self._packing.unpacked(self._all[at])
        storages = self.states.known.storages.all
        left = [
            f"{one.transaction} is {one.state} in the ledger"
            for one in storages[state.storages[-1]].unfinished
        ]
        left += [
            f"{one} is still ongoing at {storages[number].node}"
            for number in state.storages[:-1]
            for one in storages[number].ongoing
        ]
        text = f"nobody gets any further: {'; '.join(left) or 'a client waits'}"
        return Finding("calm", "unfinished", text, ())

    # What came of it -------------------------------------------------------------------------

    def _result(
        self,
        findings: tuple[Finding, ...],
        at: int | None,
        last: Step | None,
        stopped: str = "",
        schedules: int | None = None,
    ) -> Walked:
        return Walked(
            world=self._world,
            states=len(self._all),
            transitions=self._graph.steps,
            schedules=schedules,
            ends=self.judge.count,
            depth=self._depths[-1],
            is_complete=not findings and not stopped,
            stopped_by=stopped,
            seconds=perf_counter() - self._began,
            findings=findings,
            schedule=None if at is None else self._schedule(at, last),
        )

    def _schedule(self, at: int, last: Step | None) -> Schedule:
        """Find the steps that lead to a state, and one more."""
        places = [at]
        while self._before[places[-1]] >= 0:
            places.append(self._before[places[-1]])
        path = [self._packing.unpacked(self._all[place]) for place in reversed(places)]
        steps = [(self._between(*both), both[1]) for both in pairwise(path)]
        if last is not None:
            steps.append((last, self.states.after(path[-1], last)[0]))
        return Schedule(path[0], tuple(steps))

    def _between(self, before: State, after: State) -> Step:
        for step in self.states.steps(before):
            if self.states.after(before, step)[0] == after:
                return step
        raise AssertionError("each state was reached by a step")


def _finding(bug: Bug) -> Finding:
    return Finding(
        "reasons" if bug.kind == "reason untrue" else "structure", bug.kind, bug.text, ()
    )


def explore(
    world: World, bounds: Bounds | None = None, progress: Progress | None = None
) -> tuple[Walk, Walked]:
    """Walk a world; return what that has shown, and the walk, which can tell its schedule."""
    walk = Walk(world, bounds or Bounds())
    return walk, walk.go(progress)
