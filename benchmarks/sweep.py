"""How fast a sweep is: on two processes against two bare loops, and seeds a second and core.

    python benchmarks/sweep.py [SECONDS]

Two processes never give twice the speed of one: they share caches, memory and whatever else the
machine is busy with.  So the sweep's gain from a second process is compared with the gain of loops
that share nothing, measured in turns with it.  On a machine that others use as well that says
little; which part of the time workers had a run in hand says something even there.  Then one
process alone: seeds a second of its CPU time, and where a run's time goes.
"""

import multiprocessing
import sys
import time
from collections import defaultdict
from contextlib import closing
from statistics import median

from sim.cluster_run import Run
from sim.scenario import Scenario, load
from sim.search.executors import Processes, cores
from sim.search.memory import forgotten, many_runs
from sim.search.plan import Chunk, Plan
from sim.search.results import Results
from sim.search.rows import Row
from sim.search.sweep import Sweep
from sim.search.worker import run_chunk

ROUNDS = 5
SEEDS = 1_000_000
SMALL = {"workload.transactions": "40"}
ALONE = 200  # Seeds of one process alone.
TROUBLE = {
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "faults.crashes": "3",
    "cluster.clock_skew_us": "5000",
}


def swept(scenario: Scenario, jobs: int, seconds: float) -> tuple[float, float]:
    """Sweep for so long; return seeds a second, and for which part of it workers had a run."""
    in_runs_us = 0

    def keep(rows: list[Row]) -> None:
        nonlocal in_runs_us
        in_runs_us += sum(row.wall_us for row in rows)

    with closing(Processes(jobs)) as pool:
        plan, results = Plan((scenario,), ({},), first=0, end=SEEDS), Results(1)
        sweep = Sweep(plan, results, pool, seconds=seconds, keep=keep)
        sweep.go()
    assert results.failed == 0, [group.first[0] for group in results.groups.values()]
    return sweep.runs / sweep.seconds, in_runs_us / 1e6 / jobs / sweep.seconds


def bare(jobs: int, seconds: float) -> float:
    """Let so many processes count for so long; return how far they come together, a second."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs) as pool:
        pool.map(count, [0.05] * jobs, chunksize=1)  # All have come up.
        return sum(pool.map(count, [seconds] * jobs, chunksize=1)) / seconds


def count(seconds: float) -> int:
    until, number = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        for _ in range(10_000):
            number += 1
    return number


def two_processes(scenario: Scenario, seconds: float) -> None:
    print(f"a second process, {ROUNDS} rounds of {seconds:g} s each:")
    ratios, parts = [], []
    for _ in range(ROUNDS):
        loops = bare(2, seconds) / bare(1, seconds)
        (one, _part), (two, part) = (swept(scenario, jobs, seconds) for jobs in (1, 2))
        ratios.append(two / one / loops)
        parts.append(part)
        print(f"  sweep {one:6.1f} → {two:6.1f} seeds/s: {two / one:.2f}×, bare loops {loops:.2f}×")
    print(f"  {median(ratios):.2f} of what bare loops gain (median; asked for: 0.9)")
    print(f"  {100 * median(parts):.0f} % of the time both workers had a run in hand (median)")


def one_process(name: str, scenario: Scenario) -> None:
    chunk = Chunk(0, scenario, tuple(range(ALONE)))
    run_chunk(Chunk(0, scenario, tuple(range(10))))
    began = time.process_time()
    run_chunk(chunk)
    seconds = time.process_time() - began
    print(f"{name}: {ALONE / seconds:.1f} seeds/s of one core's time (asked for: 60)")
    parts = where_time_goes(scenario)
    whole = sum(parts.values())
    for part, spent in parts.items():
        print(f"  {spent / ALONE * 1e3:6.2f} ms  {100 * spent / whole:3.0f} %  {part}")


def where_time_goes(scenario: Scenario) -> dict[str, float]:
    """Add up the CPU time of each phase over many seeds."""
    spent: defaultdict[str, float] = defaultdict(float)
    with many_runs():
        for seed in range(ALONE):
            last = time.process_time()
            run = Run(scenario, seed)

            def ended(phase: str) -> None:
                nonlocal last
                now = time.process_time()
                spent[phase] += now - last
                last = now

            run.listen_to_phases(ended)
            forgotten(run.go())
            ended("checks, digest and result")
    return {
        "setting up": spent["setting up"],
        "trouble and calm": spent["calm"],
        "checks, digest and result": spent["checks, digest and result"],
    }


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    print(f"{cores()} processors")
    one_process("bank, 40 transactions", load("bank", SMALL))
    one_process("bank, 40 transactions, more trouble", load("bank", {**SMALL, **TROUBLE}))
    two_processes(load("bank", SMALL), seconds)


if __name__ == "__main__":
    main()
