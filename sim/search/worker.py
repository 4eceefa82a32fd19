"""What a worker does: it runs the seeds of a chunk, one after another, and sends back rows.

A worker is imported once and runs thousands of seeds.  In the sweep's own processes it leaves
Ctrl-C to the sweep, and leaves itself when the sweep does, however that ended.
"""

import gc
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import connection, parent_process
from time import perf_counter

from sim.garbage import stays
from sim.run import run
from sim.search.broken import broken
from sim.search.memory import forgotten, many_runs
from sim.search.plan import Chunk
from sim.search.rows import Row, not_set_up, row_of
from sim.tables import SetupError

Job = Callable[[Chunk], list[Row]]


def run_chunk(chunk: Chunk) -> list[Row]:
    """Run a chunk's seeds; whatever is wrong with a run is in its row."""
    with many_runs(), broken(chunk.mutant):
        return [forgotten(run_seed(chunk, seed)) for seed in chunk.seeds]


def run_seed(chunk: Chunk, seed: int) -> Row:
    began = perf_counter()
    try:
        result = run(chunk.scenario, seed)
    except SetupError as error:
        return not_set_up(chunk.combination, seed, str(error))
    return row_of(chunk.combination, result, round((perf_counter() - began) * 1e6))


def settle(leave: connection.Connection) -> None:
    """Make a fresh process a worker that goes when its sweep goes, or closes `leave`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_sweep, args=(leave,), daemon=True).start()
    gc.collect()
    stays()  # What was imported.


def _leave_with_sweep(leave: connection.Connection) -> None:
    parent = parent_process()
    assert parent is not None, "a worker is somebody's child"
    connection.wait([parent.sentinel, leave])
    os._exit(0)


def ready(_: int) -> bool:
    """Answer that this worker has come up, with all its imports."""
    return True
