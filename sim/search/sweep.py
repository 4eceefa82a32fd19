"""The sweep: chunks of seeds out to the workers, rows back, until all is run or time is up.

A worker that dies (out of memory, killed) takes a chunk along, and with processes all that is out.
What was lost is run again, alone and one seed at a time, so that it is clear who is to blame: a run
whose process dies a second time is a finding.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import replace
from time import monotonic

from sim.search.executors import ExecutorError, Pool
from sim.search.plan import Chunk, Plan
from sim.search.results import Results
from sim.search.rows import Row, killed
from sim.search.worker import Job, ready, run_chunk

CHUNK_SECONDS = 0.25  # As long as a chunk is to take: short enough to stop, long enough to pay.
CHUNK_RUNS_MAX = 250
AHEAD = 2  # Chunks that are out for each worker: none is to wait for the sweep.
LOOK_SECONDS = 0.1
GRACE_SECONDS = 2.0  # How long a chunk that is under way may go on when the sweep is to end.
START_SECONDS = 60.0
KILLED_MAX = 100  # Runs that killed their process; then something else is wrong.

Keep = Callable[[list[Row]], None]
Watch = Callable[[], object]


class Sweep:
    """One sweep while it goes on."""

    def __init__(
        self,
        plan: Plan,
        results: Results,
        pool: Pool,
        *,
        seconds: float | None = None,
        keep: Keep | None = None,
        watch: Watch | None = None,
        job: Job = run_chunk,
    ) -> None:
        self.stopped: str | None = None  # Why it ended before all was run.
        self.runs = 0  # Made by this sweep: what was done before does not count.
        self.seconds = 0.0  # That it has taken.
        self._plan, self._results, self._pool, self._job = plan, results, pool, job
        self._keep, self._watch, self._seconds_max = keep, watch, seconds
        self._flying: dict[Future[list[Row]], Chunk] = {}
        self._lost: list[Chunk] = []  # Went down with a worker.
        self._killed = 0
        self._wall_us = 0

    def interrupt(self) -> None:
        """End the sweep soon; what comes back until then counts."""
        self.stopped = "interrupted"

    def go(self) -> None:
        """Run all that is to be run.

        Raises:
            ExecutorError: No worker comes up, or none is left that could answer.
        """
        self._await_workers()
        began = monotonic()
        try:
            while not self._is_to_end(began):
                self._send()
                if not self._flying:
                    break
                self._land(LOOK_SECONDS)
                self._pool.check()
                self._run_lost_again(began)
            self._let_land()
        finally:
            self.seconds = monotonic() - began

    def _await_workers(self) -> None:
        """Let workers come up before the clock runs: one that cannot start is no run's fault."""
        try:
            for future in [self._pool.submit(ready, n) for n in range(self._pool.jobs)]:
                future.result(START_SECONDS)
        except Exception as error:
            raise ExecutorError(f"no worker comes up: {type(error).__name__}: {error}") from error

    def _is_to_end(self, began: float) -> bool:
        self.seconds = monotonic() - began
        if self.stopped is None and self._seconds_max is not None:
            self.stopped = "time" if self.seconds >= self._seconds_max else None
        if self.stopped is None and self._killed >= KILLED_MAX:
            self.stopped = "killed"
        return self.stopped is not None

    def _send(self) -> None:
        while len(self._flying) < AHEAD * self._pool.jobs:
            chunk = self._plan.chunk(self._size())
            if chunk is None:
                return
            self._flying[self._submit(chunk)] = chunk

    def _submit(self, chunk: Chunk) -> Future[list[Row]]:
        """Send a chunk out; where a worker has just died, it went down with that one."""
        try:
            return self._pool.submit(self._job, chunk)
        except BrokenExecutor as error:
            lost: Future[list[Row]] = Future()
            lost.set_exception(error)
            return lost

    def _size(self) -> int:
        """Say how many runs a chunk is to have, from how long runs have taken so far."""
        if not self.runs:
            return 1
        a_run = max(self._wall_us / self.runs, 1.0) / 1e6
        return max(1, min(CHUNK_RUNS_MAX, round(CHUNK_SECONDS / a_run)))

    def _land(self, seconds: float) -> None:
        """Take what has come back, waiting for it so long at most."""
        done, _ = wait(self._flying, seconds, FIRST_COMPLETED)
        for future in [one for one in self._flying if one in done]:
            chunk = self._flying.pop(future)
            if future.cancelled():
                continue
            if future.exception() is None:
                self._take(future.result())
            else:
                self._lost.append(chunk)
        if self._watch is not None:
            self._watch()

    def _take(self, rows: list[Row]) -> None:
        for row in rows:
            self._results.add(row)
            self._wall_us += row.wall_us
        self.runs += len(rows)
        if self._keep is not None:
            self._keep(rows)

    def _run_lost_again(self, began: float) -> None:
        """Run what went down with a worker, alone and one seed at a time."""
        if not self._lost:
            return
        # A broken pool gives back all that was out; a cluster works on meanwhile.
        while self._flying and not self._is_to_end(began):
            self._land(LOOK_SECONDS)
        if self._flying:
            return
        self._pool.mend()
        lost, self._lost = self._lost, []
        for chunk in lost:
            for seed in chunk.seeds:
                if self._is_to_end(began):
                    return
                self._run_alone(replace(chunk, seeds=(seed,)))

    def _run_alone(self, chunk: Chunk) -> None:
        future = self._submit(chunk)
        while self.stopped != "interrupted":
            done, _ = wait([future], LOOK_SECONDS)
            if done:
                break
        else:
            return
        error = future.exception()
        if error is None:
            self._take(future.result())
            return
        self._killed += 1
        why = f"the process of this run died twice ({type(error).__name__}: {error})"
        self._take([killed(chunk.combination, chunk.seeds[0], why)])
        self._pool.mend()

    def _let_land(self) -> None:
        """Take what is nearly done, and leave the rest."""
        until = monotonic() + GRACE_SECONDS
        for future in list(self._flying):
            future.cancel()
        while self._flying and monotonic() < until:
            self._land(LOOK_SECONDS)
