"""A DynamoDB of one's own for the length of a `with`, for tests of code that uses DynamoDB.

    with local_dynamodb(faults="conflict=0.2", seed=7) as dynamodb:
        client = dynamodb.client()  # A boto3 client; `dynamodb.url` for any other SDK.

The server runs in a thread of this process, on a free port, in memory or in a directory.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from twophase.local.cluster import LocalCluster, Nodes
from twophase.local.faults import parse
from twophase.local.serving import Asked, Opened, Server, new_loop
from twophase.local.world import new_seed

START_SECONDS = 60
REGION = "us-east-1"


class LocalDynamoDB:
    """A server that runs in a thread."""

    def __init__(self, asked: Asked) -> None:
        self._server = Server(asked)
        self._opened = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="twophase serve", daemon=True)

    @property
    def url(self) -> str:
        """The endpoint, as in `http://127.0.0.1:49152`."""
        return self._server.url

    @property
    def cluster(self) -> LocalCluster:
        """What is behind the door; look, and change it in `inside` only."""
        assert self._server.cluster is not None, "it has been started"
        return self._server.cluster

    def client(self, **more: Any) -> Any:
        """Make a boto3 client; `more` goes to `boto3.client`."""
        import boto3  # noqa: PLC0415  # Only this asks for it: the server serves any SDK.

        return boto3.client("dynamodb", **self.settings(), **more)

    def resource(self, **more: Any) -> Any:
        """Make a boto3 resource; `more` goes to `boto3.resource`."""
        import boto3  # noqa: PLC0415  # As above.

        return boto3.resource("dynamodb", **self.settings(), **more)

    def settings(self) -> dict[str, str]:
        """Return what a client of botocore must know to find this."""
        return {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }

    def faults(self, text: str) -> None:
        """Make this trouble from now on; '' heals all.  Only where `faults` were asked for.

        'next TransactWriteItems: conflict 2' makes it for one request.

        Raises:
            FaultsError: The text names no faults.
        """
        trouble = self.cluster.trouble
        assert trouble is not None, "begin with faults='' to have faults later"
        self.inside(lambda _: trouble.tell(text))

    def inside(self, change: Callable[[LocalCluster], None]) -> None:
        """Do something to the cluster on its own thread, such as crashing a node, and wait."""
        assert self._loop is not None, "it has been started"
        done: Future[None] = Future()

        def do() -> None:
            try:
                change(self.cluster)
            except Exception as error:  # noqa: BLE001  # Raised by whoever asked for it.
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(do)
        done.result(START_SECONDS)

    def start(self) -> None:
        """Open the door.

        Raises:
            StorageError: The data directory cannot be used.
        """
        self._thread.start()
        self._opened.wait(START_SECONDS)
        if self._failure is not None:
            raise self._failure
        assert self._opened.is_set(), "it took too long to start"

    def stop(self) -> None:
        """Answer what is under way, and end."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                self._loop = runner.get_loop()
                runner.run(self._server.serve(self._tell))
        except BaseException as error:  # noqa: BLE001  # Raised by whoever started it.
            self._failure = error
        finally:
            self._opened.set()

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
) -> Iterator[LocalDynamoDB]:
    """Serve a DynamoDB of one's own.

    `faults` is a text as `twophase serve --faults` takes it ('' for none yet: see
    `LocalDynamoDB.faults`), `seed` is where all chance comes from, and `data` keeps everything in a
    directory, which can be used again.  `control` lets `twophase status` and `twophase faults` in.

    Raises:
        FaultsError: The text names no faults.
        StorageError: The directory cannot be used.
    """
    dynamodb = LocalDynamoDB(
        Asked(
            port=0,
            directory=None if data is None else Path(data),
            nodes=nodes or Nodes(),
            seed=new_seed() if seed is None else seed,
            faults=None if faults is None else parse(faults),
            control=control,
            metrics=metrics,
        )
    )
    dynamodb.start()
    try:
        yield dynamodb
    finally:
        dynamodb.stop()
