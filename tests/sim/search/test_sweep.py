"""The loop: each run once, whatever dies; the same results whoever made the runs."""

import errno
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sim.run import run
from sim.scenario import load
from sim.search import sweep as sweep_module
from sim.search import worker
from sim.search.executors import ExecutorError, Processes
from sim.search.plan import Chunk, Plan
from sim.search.results import Results
from sim.search.rows import KILLED, Row
from sim.search.sweep import CHUNK_RUNS_MAX, KILLED_MAX, Sweep
from sim.search.worker import Job, ready, run_chunk
from sim.tables import SetupError
from tests.sim.search import jobs
from tests.sim.search.jobs import Here, plan, sevenths_are_wrong

SMALL = {"workload.transactions": "5", "workload.clients": "2"}


def swept(
    pool: Any, job: Job = sevenths_are_wrong, chosen: Plan | None = None, **more: Any
) -> tuple[Sweep, Results, list[Row]]:
    chosen = chosen or plan()
    results, kept = Results(len(chosen.scenarios)), list[Row]()
    sweep = Sweep(chosen, results, pool, job=job, keep=kept.extend, **more)
    sweep.go()
    return sweep, results, kept


def test_every_run_is_made_once_and_kept() -> None:
    sweep, results, kept = swept(Here())

    assert sorted(row.seed for row in kept) == list(range(100))
    assert (sweep.runs, results.runs, results.failed) == (100, 100, 15)
    assert sweep.stopped is None


def test_chunks_grow_until_they_are_worth_sending() -> None:
    pool = Here()
    swept(pool, chosen=plan(0, 2_000))

    assert len(pool.chunks[0].seeds) == 1
    # A run of jobs.row takes 10 ms.
    assert {len(chunk.seeds) for chunk in pool.chunks[10:-1]} == {25}


def test_a_chunk_has_no_more_runs_than_may_be_lost_with_it() -> None:
    sweep = Sweep(plan(), Results(1), Here())
    sweep.runs = 1

    assert sweep._size() == CHUNK_RUNS_MAX


# Workers that die.


def test_what_went_down_with_a_worker_is_run_again() -> None:
    died: list[int] = []

    def once(chunk: Chunk) -> None:
        if 50 in chunk.seeds and not died:
            died.append(50)
            raise RuntimeError("a worker died")

    pool = Here(once)
    _, results, kept = swept(pool)

    assert sorted(row.seed for row in kept) == list(range(100))
    assert KILLED not in results.groups
    assert pool.mended == 1


def test_what_is_sent_to_workers_that_have_just_died_is_run_again() -> None:
    class Dying(Here):
        def submit(self, job: Any, asked: Any) -> Future[Any]:
            if isinstance(asked, Chunk) and 50 in asked.seeds and not self.mended:
                raise BrokenProcessPool("a process died after the last look")
            return super().submit(job, asked)

    pool = Dying()
    _, results, kept = swept(pool)

    assert sorted(row.seed for row in kept) == list(range(100))
    assert KILLED not in results.groups
    assert pool.mended == 1


def test_a_run_whose_process_dies_again_is_a_finding_that_names_its_seed() -> None:
    def always(chunk: Chunk) -> None:
        if {31, 50} & set(chunk.seeds):
            raise RuntimeError("a worker died")

    _, results, kept = swept(Here(always))

    assert sorted(row.seed for row in kept) == list(range(100))
    assert [seen.seed for seen in results.groups[KILLED].first] == [31, 50]
    assert results.groups[KILLED].runs == 2
    assert results.failed == 15 + 2


def test_where_every_run_kills_its_process_the_sweep_ends() -> None:
    def always(_: Chunk) -> None:
        raise RuntimeError("a worker died")

    sweep, results, _ = swept(Here(always), chosen=plan(0, 1_000))

    assert sweep.stopped == "killed"
    assert results.runs == KILLED_MAX


def test_a_worker_never_hears_ctrl_c_which_a_terminal_sends_to_all() -> None:
    with closing(Processes(1)) as pool:
        assert not pool.submit(jobs.hears_ctrl_c, 0).result()

    assert jobs.hears_ctrl_c(0), "this process still does"


def test_ctrl_c_waits_until_a_worker_has_been_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []

    def submit(*_: object) -> Future[bool]:
        signal.raise_signal(signal.SIGINT)  # As if it came in the middle.
        started.append(True)
        return Future()

    # Whoever is run in the background ignores it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with closing(Processes(1)) as pool:
            monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
            with pytest.raises(KeyboardInterrupt):
                pool.submit(ready, 0)
        assert jobs.hears_ctrl_c(0)
    finally:
        signal.signal(signal.SIGINT, before)

    assert started


def test_a_process_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with closing(Processes(2)) as pool:
        _, results, kept = swept(pool, partial(jobs.thirteen_kills_once, str(mark)))

    assert mark.exists(), "nobody was killed"
    assert sorted(row.seed for row in kept) == list(range(100))
    assert results.failed == 15


def test_a_run_that_kills_its_process_is_found_out() -> None:
    with closing(Processes(2)) as pool:
        _, results, kept = swept(pool, jobs.thirteen_kills)

    assert sorted(row.seed for row in kept) == list(range(100))
    assert [seen.seed for seen in results.groups[KILLED].first] == [13]
    assert "died twice" in results.groups[KILLED].first[0].explanation
    assert results.failed == 15 + 1


def test_workers_that_cannot_start_are_nobodys_finding() -> None:
    class Dead(Here):
        def submit(self, job: Any, asked: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(RuntimeError("no memory"))
            return future

    with pytest.raises(ExecutorError, match="no worker comes up: RuntimeError: no memory"):
        swept(Dead())


# Ends before the end.


def test_a_system_that_gives_no_more_processes_is_nobodys_finding() -> None:
    class Full(Here):
        def submit(self, job: Any, asked: Any) -> Future[Any]:
            raise OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(ExecutorError, match=r"no worker comes up: .*Too many open files"):
        swept(Full())


def test_time_that_is_up_ends_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ticking(1.0)
    monkeypatch.setattr(sweep_module, "monotonic", lambda: next(clock))

    sweep, results, kept = swept(Here(), chosen=plan(0, 100_000), seconds=20)

    assert sweep.stopped == "time"
    assert 0 < results.runs == len(kept) < 100_000


def test_an_interrupt_ends_a_sweep_with_what_is_known() -> None:
    pool, chosen, results = Here(), plan(0, 100_000), Results(1)
    going: list[Sweep] = []

    def interrupt() -> None:
        going[0].interrupt()

    sweep = Sweep(chosen, results, pool, job=sevenths_are_wrong, watch=interrupt)
    going.append(sweep)
    sweep.go()

    assert sweep.stopped == "interrupted"
    assert 0 < results.runs == sweep.runs < 100_000


def ticking(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


# Runs as they are.


def test_a_row_says_what_the_run_says() -> None:
    scenario = load("bank", SMALL)
    result = run(scenario, 3)

    [row] = run_chunk(Chunk(0, scenario, (3,)))

    assert (row.seed, row.digest, row.ok) == (3, result.digest, result.ok)
    assert (row.marks, row.virtual_us) == (result.marks, result.virtual_us)
    assert sum(row.outcomes) == 5
    assert row.messages == result.messages["sent"]


def test_processes_make_the_runs_that_are_made_here() -> None:
    chosen = plan(0, 12, (SMALL, {**SMALL, "network.loss": "0.1"}))
    here = {(n, s): run(chosen.scenarios[n], s).digest for n in (0, 1) for s in range(12)}
    with closing(Processes(2)) as pool:
        _, _, kept = swept(pool, run_chunk, chosen)

    assert {(row.combination, row.seed): row.digest for row in kept} == here


def test_a_run_that_cannot_be_set_up_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise SetupError("CreateTable was answered 500")

    monkeypatch.setattr(worker, "run", fail)
    _, results, _ = swept(Here(), run_chunk, plan(0, 3))

    assert results.not_set_up.runs == 3
    assert (results.runs, results.failed) == (0, 0)


def test_a_worker_is_ready_in_this_process_as_well() -> None:
    assert worker.ready(os.getpid())


def test_a_cluster_that_is_gone_ends_the_sweep() -> None:
    class Gone(Here):
        def submit(self, job: Any, asked: Any) -> Future[Any]:
            return super().submit(job, asked) if job is ready else Future()  # For ever.

        def check(self) -> None:
            raise ExecutorError("the cluster does not answer any more")

    with pytest.raises(ExecutorError, match="does not answer any more"):
        Sweep(plan(), Results(1), Gone()).go()
