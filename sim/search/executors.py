"""Where a sweep's runs are made: processes of this machine, or a Dask or Ray cluster.

Each is a `concurrent.futures.Executor` behind one small seam.  A cluster's library is imported only
when it is asked for; its workers need the same twophase installed as the sweep has.
"""

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from logging import ERROR
from multiprocessing import forkserver, resource_tracker
from typing import Any, Protocol, TypeVar

from sim.keys import whole_within
from sim.search.worker import settle

WHERE = "'processes', dask://HOST:PORT or ray://HOST:PORT"
CONNECT_SECONDS = 10
JOBS_MAX = 1_000

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class ExecutorError(RuntimeError):
    """There are no workers to be had; the text says why, and what would help."""


class Pool(Protocol):
    """Workers that a sweep can give chunks to."""

    jobs: int  # How many chunks it works on at once.

    def submit(self, job: Callable[[Asked], Told], asked: Asked) -> Future[Told]: ...

    def mend(self) -> None:
        """Replace what a worker's death has broken."""

    def check(self) -> None:
        """Look whether anybody can still answer.

        Raises:
            ExecutorError: Nobody ever will.
        """

    def close(self) -> None:
        """Let all workers go at once, whatever they are doing."""


def open_pool(where: str, jobs: int) -> Pool:
    """Open the executor of this name.

    Raises:
        ExecutorError: The name is none, its library is not installed, or nobody is there.
    """
    kind, separator, address = where.partition("://")
    if where == "processes":
        return Processes(jobs)
    if kind == "dask" and separator and _is_address(address):
        return dask(address)
    if kind == "ray" and separator and _is_address(address):
        return ray(address)
    raise ExecutorError(f"--executor must be {WHERE}, not {where!r}")


def _is_address(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    return bool(host and colon) and whole_within(port, 1, 65_535) is not None


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Processes:
    """Processes of this machine, each a fresh interpreter that shares nothing with the sweep."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        methods = multiprocessing.get_all_start_methods()
        # A fork server imports once, and its children begin in milliseconds.
        method = "forkserver" if "forkserver" in methods else "spawn"
        self._context = multiprocessing.get_context(method)
        self._has_server = method == "forkserver"
        if self._has_server:
            self._context.set_forkserver_preload(["sim.search.worker"])
        self._open()

    def submit(self, job: Callable[[Asked], Told], asked: Asked) -> Future[Told]:
        if not self._has_server:
            return self._executor.submit(job, asked)
        start_deaf_fork_server()  # Not before: by now whoever asks knows what Ctrl-C is to do.
        # Ctrl-C in the middle of it would leave a process that nobody knows of, and so nobody ends.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            return self._executor.submit(job, asked)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def mend(self) -> None:
        self.close()
        self._open()

    def check(self) -> None:
        pass

    def close(self) -> None:
        self._stay.close()  # Workers see that, and are gone.
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._leave.close()

    def _open(self) -> None:
        self._leave, self._stay = self._context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(
            self.jobs, mp_context=self._context, initializer=settle, initargs=(self._leave,)
        )


def start_deaf_fork_server() -> None:
    """Start the fork server, if it is not there, so that it and its children never hear Ctrl-C.

    A terminal sends it to all of them.  Until a worker has settled that would end it in the middle
    of its imports, and the sweep with it, instead of letting the sweep say what is known.
    """
    resource_tracker.ensure_running()  # First: having started it, this unblocks the signal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()  # A blocked signal is blocked in whoever is born then.
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Cluster:
    """A cluster's executor; the cluster replaces its workers itself."""

    def __init__(
        self,
        executor: Executor,
        jobs: int,
        leave: Callable[[], object],
        is_there: Callable[[], bool] = lambda: True,
    ) -> None:
        self.jobs = jobs
        self._executor, self._leave, self._is_there = executor, leave, is_there

    def submit(self, job: Callable[[Asked], Told], asked: Asked) -> Future[Told]:
        return self._executor.submit(job, asked)

    def mend(self) -> None:
        pass

    def check(self) -> None:
        if not self._is_there():
            raise ExecutorError("the cluster does not answer any more: its scheduler is gone")

    def close(self) -> None:
        self._leave()


def dask(address: str) -> Cluster:
    """Connect to a Dask scheduler."""
    try:
        from distributed import Client  # noqa: PLC0415  # An extra.
    except ImportError as error:
        raise ExecutorError(_not_installed("dask", "distributed")) from error
    _knock("Dask scheduler", address)
    try:
        client = Client(f"tcp://{address}", timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ExecutorError(f"no Dask scheduler answers at {address}: {error}") from error
    jobs = sum(client.ncores().values())
    if not jobs:
        client.close()
        raise ExecutorError(f"the Dask scheduler at {address} has no workers")
    # A run that kills its worker is run again by the sweep, which knows what to make of it.
    executor = client.get_executor(pure=False, retries=0)
    # A client that has lost its scheduler asks for it again for a while, and then closes itself.
    return Cluster(executor, jobs, client.close, lambda: client.status != "closed")


def ray(address: str) -> Cluster:
    """Connect to a Ray cluster, through its client server."""
    try:
        import ray as library  # noqa: PLC0415  # An extra.
    except ImportError as error:
        raise ExecutorError(_not_installed("ray", "ray")) from error
    _knock("Ray cluster", address)
    try:
        library.init(f"ray://{address}", log_to_driver=False, logging_level=ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        library.shutdown()
        first, *_ = str(error).splitlines() or [type(error).__name__]
        raise ExecutorError(f"no Ray cluster answers at {address}: {first}") from error
    jobs = int(library.cluster_resources().get("CPU", 0))
    if not jobs:
        library.shutdown()
        raise ExecutorError(f"the Ray cluster at {address} has no processors")
    return Cluster(RayExecutor(library), jobs, library.shutdown)


def _knock(what: str, address: str) -> None:
    """Find out at once that nobody is there; the libraries would ask again and again."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise ExecutorError(f"no {what} answers at {address}: {error}") from error


class RayExecutor(Executor):
    """Ray's tasks as an Executor: each is a future of the standard library already."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._remote: dict[Any, Any] = {}

    def submit(self, job: Callable[..., Told], /, *asked: Any, **named: Any) -> Future[Told]:
        if job not in self._remote:
            # As above: the sweep itself runs again what failed.
            self._remote[job] = self._library.remote(max_retries=0)(job)
        future: Future[Told] = self._remote[job].remote(*asked, **named).future()
        return future


def _not_installed(extra: str, library: str) -> str:
    return f"{library} is not installed: pip install '.[{extra}]' in twophase's directory brings it"
