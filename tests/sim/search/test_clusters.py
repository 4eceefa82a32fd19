"""Sweeps on a real cluster of this machine, each with its own library, where that is installed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL

import pytest

from sim.run import run
from sim.search.executors import ExecutorError, Pool, open_pool
from sim.search.plan import Plan
from sim.search.results import Results
from sim.search.rows import KILLED, Row
from sim.search.sweep import Sweep
from sim.search.worker import Job, run_chunk
from tests.sim.search import jobs
from tests.sim.search.jobs import plan
from tests.tidy import ROOT

WAIT_SECONDS = 60
SMALL = {"workload.transactions": "5", "workload.clients": "2"}
BESIDE = Path(sys.executable).parent
LIBRARIES = {"dask": "distributed", "ray": "ray"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def going(*words: str, daemons: bool = False) -> Iterator[None]:
    """Keep a program running, or what it leaves running, with a process group of its own."""
    process = subprocess.Popen(
        [str(BESIDE / words[0]), *words[1:]],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"},
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
    )
    try:
        if daemons:
            assert process.wait(WAIT_SECONDS) == 0, f"{words[0]} does not start"
        yield
    finally:
        with suppress(ProcessLookupError):  # It has ended by itself.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(WAIT_SECONDS)


def opened(where: str) -> Pool:
    """Wait for a cluster to come up."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return open_pool(where, 0)
        except ExecutorError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    host, _, port = address.partition(":")
    here = ("--no-dashboard", "--local-directory", str(folder))
    with (
        going("dask", "scheduler", "--host", host, "--port", port, "--no-dashboard"),
        going("dask", "worker", f"tcp://{address}", "--nworkers", "2", "--nthreads", "1", *here),
    ):
        yield f"dask://{address}"


@contextmanager
def ray_cluster(folder: Path) -> Iterator[str]:
    ports = {"--port": free_port(), "--ray-client-server-port": free_port()}
    # Ports of Ray's own choice for its workers: of the usual ones, ours may be one.
    options = [f"{name}={port}" for name, port in ports.items()]
    options += [
        "--node-ip-address=127.0.0.1",
        "--num-cpus=2",
        "--include-dashboard=false",
        f"--temp-dir={folder}",
    ]
    options += ["--min-worker-port=0", "--max-worker-port=0", "--object-store-memory=100000000"]
    with going("ray", "start", "--head", "--disable-usage-stats", *options, daemons=True):
        yield f"ray://127.0.0.1:{ports['--ray-client-server-port']}"


CLUSTERS = {"dask": dask_cluster, "ray": ray_cluster}


@pytest.fixture(params=sorted(CLUSTERS), scope="module")
def pool(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, soak: bool
) -> Iterator[Pool]:
    kind: str = request.param
    if not soak:
        pytest.skip("clusters take their time to start: TWOPHASE_SOAK=1 starts them")
    pytest.importorskip(LIBRARIES[kind], reason=f"the extra {kind} is not installed")
    folder = tmp_path_factory.mktemp("c", numbered=True)
    with CLUSTERS[kind](folder) as where, closing(opened(where)) as one:
        yield one


def swept(pool: Pool, job: Job, chosen: Plan) -> tuple[Results, list[Row]]:
    results, kept = Results(len(chosen.scenarios)), list[Row]()
    Sweep(chosen, results, pool, job=job, keep=kept.extend).go()
    return results, kept


@pytest.mark.slow
def test_a_cluster_makes_the_runs_that_are_made_here(pool: Pool) -> None:
    chosen = plan(0, 12, (SMALL, {**SMALL, "network.loss": "0.1"}))
    here = {(n, s): run(chosen.scenarios[n], s).digest for n in (0, 1) for s in range(12)}

    _, kept = swept(pool, run_chunk, chosen)

    assert pool.jobs in (1, 2), "of two, one may still be coming up"
    assert {(row.combination, row.seed): row.digest for row in kept} == here


@pytest.mark.slow
def test_a_run_that_kills_its_worker_is_found_out(pool: Pool) -> None:
    results, kept = swept(pool, jobs.thirteen_kills, plan())

    assert sorted(row.seed for row in kept) == list(range(100))
    assert [seen.seed for seen in results.groups[KILLED].first] == [13]


@pytest.mark.parametrize("kind", sorted(CLUSTERS))
def test_a_cluster_that_is_not_there_is_told(kind: str) -> None:
    pytest.importorskip(LIBRARIES[kind], reason=f"the extra {kind} is not installed")

    with pytest.raises(ExecutorError, match="answers at 127"):
        open_pool(f"{kind}://127.0.0.1:{free_port()}", 0)


@pytest.mark.parametrize("kind", sorted(CLUSTERS))
def test_a_library_that_is_not_installed_is_named(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, LIBRARIES[kind], None)

    with pytest.raises(ExecutorError, match=rf"pip install '\.\[{kind}\]'"):
        open_pool(f"{kind}://127.0.0.1:1", 0)
