"""A DynamoDB of one's own for the length of a `with`, for tests of code that uses DynamoDB.

    with local_dynamodb(faults="conflict=0.2", seed=7) as dynamodb:
        client = dynamodb.client()  # A boto3 client; `dynamodb.url` for any other SDK.

The server runs in a thread of this process, on a free port, in memory or in a directory.
"""

import asyncio
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any

from router.policy_file import permissions_of
from sim.recorded import SEEDS
from twophase.local.faults import FaultsError, parse
from twophase.local.policies import policies_in
from twophase.local.world import new_seed

EXTRA = ("boto3", "httptools", "orjson", "uvicorn", "uvloop")  # Libraries that it brings along.
BRINGS_IT = "pip install '/path/to/twophase[testing]' brings it"


def told_what_brings(error: ModuleNotFoundError, who_needs: str) -> ModuleNotFoundError:
    """Have an error say what brings a library; of one that nothing brings, it stays as it is."""
    if error.name not in EXTRA:
        return error
    text = f"{who_needs} {error.name}, which is not installed: {BRINGS_IT}"
    return ModuleNotFoundError(text, name=error.name)


try:
    from twophase.local.cluster import LocalCluster, Nodes
    from twophase.local.serving import Asked, Opened, Server, new_loop
    from twophase.local.splitting import split
except ModuleNotFoundError as error:
    raise told_what_brings(error, "twophase.testing needs") from None

START_SECONDS = 60
REGION = "us-east-1"
NO_POLICIES = "principals are in policies, and local_dynamodb was given none"
STOPPED = "the server has stopped: ask it inside of its `with`, or begin another one"


class LocalDynamoDB:
    """A server that runs in a thread."""

    def __init__(self, asked: Asked) -> None:
        self._server = Server(asked)
        self._opened = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="twophase serve", daemon=True)

    @property
    def url(self) -> str:
        """The endpoint, as in `http://127.0.0.1:49152`."""
        return self._server.url

    @property
    def seed(self) -> int:
        """Where all chance comes from: given again, it draws the same faults."""
        return self._server.asked.seed

    @property
    def cluster(self) -> LocalCluster:
        """What is behind the door; look, and change it in `inside` only."""
        assert self._server.cluster is not None, "it has been started"
        return self._server.cluster

    def client(self, principal: str | None = None, **more: Any) -> Any:
        """Make a boto3 client of a principal; `more` goes to `boto3.client`.

        Raises:
            ValueError: There is no such principal.
        """
        return library_of_clients().client("dynamodb", **self.settings(principal), **more)

    def resource(self, principal: str | None = None, **more: Any) -> Any:
        """Make a boto3 resource of a principal; `more` goes to `boto3.resource`.

        Raises:
            ValueError: There is no such principal.
        """
        return library_of_clients().resource("dynamodb", **self.settings(principal), **more)

    def settings(self, principal: str | None = None) -> dict[str, str]:
        """Return what a client of botocore must know to find this, with a principal's keys.

        Without policies any keys will do; with them, the first principal's are those of nobody
        named.

        Raises:
            ValueError: There is no such principal.
        """
        key, secret = self._keys(principal)
        return {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": key,
            "aws_secret_access_key": secret,
        }

    def _keys(self, principal: str | None) -> tuple[str, str]:
        permissions = self._server.asked.nodes.router.permissions
        if permissions is None and principal is None:
            return "local", "local"
        principals = [] if permissions is None else list(permissions.principals.values())
        names = [one.name for one in principals]
        if principal is not None and principal not in names:
            there = f"there are {', '.join(names)}" if names else NO_POLICIES
            raise ValueError(f"there is no principal {principal!r}: {there}")
        found = principals[0 if principal is None else names.index(principal)]
        return found.access_key, found.secret

    def faults(self, text: str) -> None:
        """Make this trouble from now on; '' heals all.  Only where `faults` were asked for.

        'next TransactWriteItems: conflict 2' makes it for one request; a `with` that ends before
        there was one warns of it.

        Raises:
            FaultsError: The text names no faults, or there were none to begin with.
            RuntimeError: The server has stopped.
        """
        trouble = self.cluster.trouble
        if trouble is None:
            raise FaultsError("there are no faults here: begin with faults='' to have them later")
        self.inside(lambda _: trouble.tell(text))

    def split(self, partition: str) -> str:
        """Have a partition give half of its range to a new node, whose name is returned.

        Raises:
            SplitError: There is no such partition, or it cannot be split now.
            RuntimeError: The server has stopped.
        """
        children: list[str] = []
        self.inside(lambda cluster: children.append(split(cluster, partition)))
        return children[0]

    def inside(self, change: Callable[[LocalCluster], None]) -> None:
        """Do something to the cluster on its own thread, and wait: `cluster.crash("p1")`, say.

        What has crashed is down until `cluster.start("p1")`.  What `change` raises is raised here,
        and `change` may ask for more in the same way.

        Raises:
            RuntimeError: The server has stopped.
            TimeoutError: It was at work on something else for too long, and may do it yet.
            Exception: What `change` has raised.
        """
        assert self._loop is not None, "it has been started"
        if current_thread() is self._thread:  # It would wait for itself.
            change(self.cluster)
            return
        done: Future[None] = Future()

        def do() -> None:
            try:
                change(self.cluster)
            except BaseException as error:  # noqa: BLE001  # Raised by whoever asked: pytest.fail().
                done.set_exception(error)
            else:
                done.set_result(None)

        if not self._thread.is_alive():
            raise RuntimeError(STOPPED)
        self._loop.call_soon_threadsafe(do)
        done.result(START_SECONDS)

    def start(self) -> None:
        """Open the door.

        Raises:
            StorageError: The data directory cannot be used.
            TimeoutError: What was left unfinished there does not come to its end.
        """
        self._thread.start()
        if not self._opened.wait(START_SECONDS):
            self.stop()
            raise TimeoutError(f"the server was not ready within {START_SECONDS} seconds")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Answer what is under way, and end."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end)
        self._thread.join()

    def _end(self) -> None:
        if not self._server.stop() and self._serving is not None:  # The door is not open yet.
            self._serving.cancel()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                self._loop = runner.get_loop()
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # Raised by whoever started it.
            self._failure = error
        finally:
            self._opened.set()

    async def _serve(self) -> None:
        self._serving = asyncio.current_task()
        await self._server.serve(self._tell)

    def _tell(self, _: Opened) -> None:
        self._opened.set()


@contextmanager
def local_dynamodb(
    *,
    faults: str | None = None,
    seed: int | None = None,
    data: Path | str | None = None,
    nodes: Nodes | None = None,
    control: bool = False,
    metrics: bool = False,
    policies: Path | str | Mapping[str, Any] | None = None,
) -> Iterator[LocalDynamoDB]:
    """Serve a DynamoDB of one's own.

    `faults` is a text as `twophase serve --faults` takes it ('' for none yet: see
    `LocalDynamoDB.faults`), `seed` is where all chance comes from, and `data` keeps everything in a
    directory, which can be used again.  `nodes` says how many there are of each kind, and how long
    they wait for what.  `control` lets `twophase status` and `twophase faults` in, and `metrics`
    answers at `/metrics`.  `policies` says who may do what: a policy file, or what would be in it.

    Raises:
        FaultsError: The text names no faults.
        PolicyError: The policies are none, or cannot be read.
        StorageError: The directory cannot be used.
        TimeoutError: What was left unfinished in it does not come to its end.
        ValueError: The seed is no whole number, or one that is too large or small.
    """
    dynamodb = LocalDynamoDB(
        Asked(
            port=0,
            directory=None if data is None else Path(data),
            nodes=permitted(nodes or Nodes(), policies),
            seed=new_seed() if seed is None else checked(seed),
            faults=None if faults is None else parse(faults),
            control=control,
            metrics=metrics,
        )
    )
    dynamodb.start()
    try:
        yield dynamodb
        warn_of_steps(dynamodb)
    finally:
        dynamodb.stop()


def warn_of_steps(dynamodb: LocalDynamoDB) -> None:
    """Warn of steps that no request has met: a test that passed has not met them either."""
    trouble = dynamodb.cluster.trouble
    if trouble is not None and (waiting := trouble.waiting()):
        told = ", ".join(f"{step!r}" for step in waiting)
        warnings.warn(f"no request met {told}", UserWarning, stacklevel=4)  # At the `with`.


def library_of_clients() -> Any:
    """Import boto3.

    Raises:
        ModuleNotFoundError: It is not installed; the text says what brings it.
    """
    try:
        import boto3  # noqa: PLC0415  # Only clients ask for it: the server serves any SDK.
    except ModuleNotFoundError as error:
        raise told_what_brings(error, "a client needs") from None
    return boto3


def checked(seed: Any) -> int:
    """Take a seed that `twophase serve` would take.

    Raises:
        ValueError: It is no such number.
    """
    if type(seed) is not int or not 0 <= seed < SEEDS:
        raise ValueError(f"seed must be a whole number from 0 to {SEEDS - 1}, not {seed!r}")
    return seed


def permitted(nodes: Nodes, policies: Path | str | Mapping[str, Any] | None) -> Nodes:
    """Let routers ask these policies.

    Raises:
        PolicyError: They are none, or cannot be read.
    """
    if policies is None:
        return nodes
    if isinstance(policies, Path | str):
        permissions = policies_in(policies)
    else:
        permissions = permissions_of(json.dumps(policies))
    return replace(nodes, router=replace(nodes.router, permissions=permissions))
