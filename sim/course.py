"""How a run goes on, of one cluster or of several regions: step by step, until it is interrupted.

Who is at work in it says when a phase is over; what a node may not do, which is to fail, ends it.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from items.data import data
from sim.bugs import bug_of
from sim.checkers.finding import Finding
from sim.cluster import Cluster
from sim.loop import VirtualLoop
from sim.tables import SetupError
from sim.workload import Budget

CALM_STEP_US = 100_000
PROGRESS_US = 200_000

Progress = Callable[[int, int], None]  # Transactions begun, of how many.


class AtWork(Protocol):
    """A cluster and its clients."""

    cluster: Cluster
    failures: list[tuple[str, BaseException]]  # Bugs of its nodes, with the node's name.
    budget: Budget
    transactions: int
    working: int  # Clients that have not finished.
    before: str  # What stands before the names of its nodes.

    def look_for_tables(self) -> None: ...


@data
class Ended:
    """How the phases of a run came to their end."""

    unfinished: tuple[Finding, ...]
    bugs: tuple[Finding, ...]  # Of nodes; then the run was broken off.


class Course:
    """The course of one run."""

    def __init__(self, loop: VirtualLoop, clusters: Sequence[AtWork]) -> None:
        self.is_interrupted = False
        self._is_in_loop = False  # Where an exception out of nowhere could be swallowed.
        self._loop, self._clusters = loop, clusters

    def interrupt(self) -> None:
        """End the run at its next step: between two events, where nothing is half done."""
        self.is_interrupted = True

    @property
    def is_interruptible(self) -> bool:
        """Whether `interrupt` would be heeded, and has not been called yet."""
        return self._is_in_loop and not self.is_interrupted

    def carry_out(self, phases: Callable[[], Sequence[Finding]]) -> Ended:
        """Go through all phases, which say what they leave unfinished; then end all nodes.

        Raises:
            SetupError: The scenario's tables and first items could not be made.
            KeyboardInterrupt: Somebody called `interrupt`.
        """
        unfinished: Sequence[Finding] = ()
        bugs = []
        self._is_in_loop = True
        try:
            unfinished = phases()
        except SetupError:
            raise
        except Exception as error:  # noqa: BLE001  # A node's bug, in a step: that is a finding.
            bugs.append(bug_of("a node", error))
        finally:
            self._is_in_loop = False
            for one in self._clusters:
                one.cluster.stop()
        for one in self._clusters:
            bugs += [bug_of(f"{one.before}{node}", error) for node, error in one.failures]
        return Ended(tuple(unfinished), tuple(bugs))

    def until_idle(self, limit_us: int, phase: str, key: str) -> None:
        """Let clients work until all of them have finished, or a node has failed.

        The limit is on the loop's time; `key` is the scenario's that it comes from.

        Raises:
            SetupError: They have not within the limit, or it was a client that set up who failed.
            KeyboardInterrupt: Here and below: somebody called `interrupt`.
        """
        ended = self._loop.run(self._is_idle, limit_us)
        self._heed_interrupt()
        if not ended:
            raise SetupError(
                f"{phase} has not ended by {limit_us} µs of virtual time: {key} allows no more"
            )
        for one in self._clusters:
            if one.failures and isinstance(one.failures[0][1], SetupError):
                raise one.failures[0][1]

    def until(self, is_over: Callable[[], bool], limit_us: int) -> bool:
        """Take calm steps until something is over; False: it is not, and the time is."""
        while not is_over():
            if self._loop.now_us >= limit_us:
                return False
            for one in self._clusters:
                one.look_for_tables()
            self._loop.run_for(CALM_STEP_US)
            self._heed_interrupt()
        return True

    def show(self, progress: Progress | None) -> None:
        """Say now and then, while clients work, how many transactions have begun."""
        if progress is not None:
            self._loop.after(PROGRESS_US, self._show, progress, None)

    def _show(self, progress: Progress, _: None) -> None:
        clusters = self._clusters
        progress(
            sum(one.budget.begun for one in clusters), sum(one.transactions for one in clusters)
        )
        if any(one.working for one in clusters):
            self.show(progress)

    def _is_idle(self) -> bool:
        """Say whether there is nothing to wait for; it is asked after each moment of tasks."""
        working = 0
        for one in self._clusters:
            if one.failures:
                return True
            working += one.working
        return working == 0 or self.is_interrupted

    def _heed_interrupt(self) -> None:
        if self.is_interrupted:
            raise KeyboardInterrupt
