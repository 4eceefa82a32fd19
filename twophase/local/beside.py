"""What a server answers beside DynamoDB's API, if it is asked to: its state, its faults, counters.

    GET  /_twophase/status     with --control: everything, as JSON
    POST /_twophase/faults     with --control: a text of faults to make from now on
    POST /_twophase/split      with --control: the name of a partition that is to split
    GET  /metrics              with --metrics: counters, as Prometheus reads them

Status and faults are for this machine alone, wherever the server listens, and there for whoever has
the server's secret (`twophase.local.secret`).
"""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

import orjson

from router.http import Head
from twophase.local.census import metrics_of, status_of
from twophase.local.cluster import LocalCluster
from twophase.local.faults import FaultsError
from twophase.local.secret import VARIABLE, is_right
from twophase.local.splitting import SplitError, split

JSON, TEXT = "application/json", "text/plain; version=0.0.4; charset=utf-8"
Page = tuple[int, str, str]  # Status, type, text.
STATUS, FAULTS, METRICS = "/_twophase/status", "/_twophase/faults", "/metrics"
SPLIT = "/_twophase/split"


STRANGER = (
    "who looks inside this server must have its secret: ask as the user who started it, or with"
    f" the secret in {VARIABLE}"
)


class BesideDoor:
    """Answers under other paths than DynamoDB's."""

    def __init__(self, cluster: LocalCluster, *, secret: str | None, metrics: bool) -> None:
        """Answer about this cluster: of its inside, whoever has the secret, if there is one."""
        self._cluster, self._secret = cluster, secret
        self._pages: dict[tuple[str, str], Callable[[bytes], Page]] = {}
        if secret is not None:
            self._pages["GET", STATUS] = self._status
            self._pages["POST", FAULTS] = self._faults
            self._pages["POST", SPLIT] = self._split
        if metrics:
            self._pages["GET", METRICS] = self._metrics

    def answer(self, head: Head, body: bytes) -> Page | None:
        """Answer, or say nothing: then there is nothing here for whoever asked."""
        page = self._pages.get((head.method, head.path))
        if page is None or (head.path != METRICS and not is_here(head.client)):
            return None
        if head.path != METRICS:
            assert self._secret is not None, "without one there are no such pages"
            if not is_right(self._secret, head.headers):
                return 403, JSON, orjson.dumps({"error": STRANGER}).decode()
        return page(body)

    def _status(self, _: bytes) -> Page:
        return 200, JSON, orjson.dumps(status_of(self._cluster)).decode()

    def _faults(self, body: bytes) -> Page:
        trouble = self._cluster.trouble
        assert trouble is not None, "a server with --control can be troubled"
        try:
            trouble.tell(body.decode("utf-8", errors="replace"))
        except FaultsError as error:
            return 400, JSON, orjson.dumps({"error": str(error)}).decode()
        return 200, JSON, orjson.dumps({"faults": str(trouble.faults)}).decode()

    def _split(self, body: bytes) -> Page:
        try:
            child = split(self._cluster, body.decode("utf-8", errors="replace").strip())
        except SplitError as error:
            return 400, JSON, orjson.dumps({"error": str(error)}).decode()
        return 200, JSON, orjson.dumps({"child": child}).decode()

    def _metrics(self, _: bytes) -> Page:
        return 200, TEXT, metrics_of(self._cluster)


def is_here(client: str) -> bool:
    """Say whether an address is this machine's own."""
    try:
        address = ip_address(client)
    except ValueError:  # No address, as of a socket that is a file: not known to be near.
        return False
    # A server on `::` meets 127.0.0.1 as ::ffff:127.0.0.1, which Python before 3.13 takes for far.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
