"""What is counted of requests and their answers, under the names that CloudWatch gives it.

A metric is counted where CloudWatch counts it: a conflict for every item that was in the way, a
throttled request once a table, and what was wrong with the request itself for nobody's table.
Tables come and go: what is counted of a table is forgotten when it is deleted, and of names that no
table has nothing is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from items.data import data
from items.units import HALVES
from network.messages import Response
from partition.meters import Meter, Meters

TABLES_MAX = 10_000  # Whoever comes later is not counted by name.
LATENCY_MS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000)  # A histogram's.
THROTTLED = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
)
OF_REASONS = {
    "TransactionConflict": "TransactionConflict",
    "ConditionalCheckFailed": "ConditionalCheckFailedRequests",
}
THROTTLING_REASONS = ("ProvisionedThroughputExceeded", "ThrottlingError")
OF_ERRORS = {
    "TransactionConflictException": "TransactionConflict",
    "ConditionalCheckFailedException": "ConditionalCheckFailedRequests",
}
NO_USER_ERRORS = ("ProvisionedThroughputExceededException", "ConditionalCheckFailedException")


@data
class Consumed:
    """What a table's items came to: units that were used, and items that were refused."""

    read_units: float = 0
    write_units: float = 0
    read_throttles: int = 0
    write_throttles: int = 0

    def with_more(self, meter: Meter) -> "Consumed":
        return Consumed(
            self.read_units + meter.read_halves / HALVES,
            self.write_units + meter.write_halves / HALVES,
            self.read_throttles + meter.read_throttles,
            self.write_throttles + meter.write_throttles,
        )


class Latency:
    """A histogram of milliseconds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENCY_MS) + 1)
        self.sum_ms = 0.0

    def add(self, took_ms: float) -> None:
        place = next((n for n, most in enumerate(LATENCY_MS) if took_ms <= most), len(LATENCY_MS))
        self.counts[place] += 1
        self.sum_ms += took_ms


class Counts:
    """All that is counted of requests."""

    def __init__(self) -> None:
        self.user_errors = 0
        self.returned_bytes = self.returned_records = 0  # By GetRecords, of streams.
        # By table: metric and, where CloudWatch tells operations apart, the operation.
        self.tables: dict[str, Counter[tuple[str, str]]] = {}
        self.latencies: dict[str, dict[str, Latency]] = {}  # By table and operation.
        self._consumed: dict[str, Consumed] = {}  # By table id: of partitions that crashed.

    def keep(self, meters: Meters | None) -> None:
        """Take over what a partition has counted, as it crashes."""
        self._consumed = consumed_by([meters], self._consumed)

    def consumed(self, partitions: Iterable[Meters | None]) -> dict[str, Consumed]:
        """Say what each table has come to, by its id, in these partitions as in crashed ones."""
        return consumed_by(partitions, self._consumed)

    def answered(
        self, operation: str, body: Mapping[str, Any], response: Response, took_us: int
    ) -> None:
        """Count one request."""
        named = tables_in(body)
        if response.status == 200:
            self._succeeded(operation, named, response.body, took_us / 1_000)
        elif response.status >= 500:
            self._add("SystemErrors", operation, dict.fromkeys(named))
        else:
            self._refused(operation, named, response.body)

    def forget(self, table: str) -> None:
        self.tables.pop(table, None)
        self.latencies.pop(table, None)

    def _succeeded(
        self, operation: str, named: list[str], answer: Mapping[str, Any], took_ms: float
    ) -> None:
        if operation == "DeleteTable":
            self.forget(named[0])
            return
        for table in dict.fromkeys(named):
            if self._has_room(table):
                latencies = self.latencies.setdefault(table, {})
                latencies.setdefault(operation, Latency()).add(took_ms)
        if operation in ("Query", "Scan"):
            self._add("ReturnedItemCount", operation, named, answer["Count"])
        elif operation == "GetRecords":
            self.returned_records += len(answer["Records"])
            sizes = [record["dynamodb"].get("SizeBytes", 0) for record in answer["Records"]]
            self.returned_bytes += sum(sizes)

    def _refused(self, operation: str, named: list[str], answer: Mapping[str, Any]) -> None:
        error = str(answer.get("__type", "")).rpartition("#")[2]
        if error not in NO_USER_ERRORS:
            self.user_errors += 1
        if error in OF_ERRORS:
            self._add(OF_ERRORS[error], "", named)
        elif error in THROTTLED:
            self._add("ThrottledRequests", operation, dict.fromkeys(named))
        elif "CancellationReasons" in answer:
            codes = [reason["Code"] for reason in answer["CancellationReasons"]]
            both = list(zip(named, codes, strict=False))
            for table, code in both:
                if code in OF_REASONS:
                    self._add(OF_REASONS[code], "", [table])
            short = [table for table, code in both if code in THROTTLING_REASONS]
            self._add("ThrottledRequests", operation, dict.fromkeys(short))

    def _add(
        self, metric: str, operation: str, tables: list[str] | dict[str, Any], by: int = 1
    ) -> None:
        for table in tables:
            if self._has_room(table):
                self.tables.setdefault(table, Counter())[metric, operation] += by

    def _has_room(self, table: str) -> bool:
        known = self.tables if table in self.tables else self.latencies
        return table in known or max(len(self.tables), len(self.latencies)) < TABLES_MAX


def consumed_by(
    partitions: Iterable[Meters | None], before: Mapping[str, Consumed]
) -> dict[str, Consumed]:
    """Add up what partitions have counted since they started, table by table."""
    found = dict(before)
    for meters in partitions:
        for table, meter in ({} if meters is None else meters.all).items():
            found[table] = found.get(table, Consumed()).with_more(meter)
    return found


def tables_in(body: Mapping[str, Any]) -> list[str]:
    """Return the tables that a request names, those of a transaction item by item."""
    return list(_named(body))


def _named(body: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(body.get("TransactItems"), list):
        for entry in body["TransactItems"]:
            for asked in entry.values() if isinstance(entry, dict) else ():
                yield from _named(asked) if isinstance(asked, dict) else ()
    elif isinstance(body.get("RequestItems"), dict):
        yield from map(plain_name, body["RequestItems"])
    elif isinstance(body.get("TableName"), str):
        yield plain_name(body["TableName"])


def plain_name(named: str) -> str:
    """Return a table's name, also of one that is named by its ARN."""
    return named.partition(":table/")[2].partition("/")[0] if ":table/" in named else named
