"""What a server answers beside DynamoDB's API, if it is asked to: its state, its faults, counters.

    GET  /_twophase/status     with --control: everything, as JSON
    POST /_twophase/faults     with --control: a text of faults to make from now on
    GET  /metrics              with --metrics: counters, as Prometheus reads them

Status and faults are for this machine alone, wherever the server listens.
"""

from collections.abc import Callable
from ipaddress import ip_address

import orjson

from twophase.local.census import metrics_of, status_of
from twophase.local.cluster import LocalCluster
from twophase.local.faults import FaultsError

JSON, TEXT = "application/json", "text/plain; version=0.0.4; charset=utf-8"
Page = tuple[int, str, str]  # Status, type, text.
STATUS, FAULTS, METRICS = "/_twophase/status", "/_twophase/faults", "/metrics"


class BesideDoor:
    """Answers under other paths than DynamoDB's."""

    def __init__(self, cluster: LocalCluster, *, control: bool, metrics: bool) -> None:
        self._cluster = cluster
        self._pages: dict[tuple[str, str], Callable[[bytes], Page]] = {}
        if control:
            self._pages["GET", STATUS] = self._status
            self._pages["POST", FAULTS] = self._faults
        if metrics:
            self._pages["GET", METRICS] = self._metrics

    def answer(self, client: str, method: str, path: str, body: bytes) -> Page | None:
        """Answer, or say nothing: then there is nothing here for whoever asked."""
        page = self._pages.get((method, path))
        if page is None or (path != METRICS and not is_here(client)):
            return None
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

    def _metrics(self, _: bytes) -> Page:
        return 200, TEXT, metrics_of(self._cluster)


def is_here(client: str) -> bool:
    """Say whether an address is this machine's own."""
    try:
        return ip_address(client).is_loopback
    except ValueError:  # No address, as of a socket that is a file: not known to be near.
        return False
