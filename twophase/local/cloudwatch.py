"""What a running cluster's tables come to, under CloudWatch's names: for `status`, for Prometheus.

Each metric has the dimensions that CloudWatch gives it, as labels.  Only tables that are there are
told of: what is gone drops out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from network.placement import TABLES_TABLE
from partition.server import PartitionServer
from router.definitions import Table, table_of
from twophase.local.cluster import LocalCluster
from twophase.local.counting import LATENCY_MS, Consumed, Counts, Latency

NOTHING: Counter[tuple[str, str]] = Counter()
# Counted by requests, a table and often an operation at a time.
OF_REQUESTS = {
    "ThrottledRequests": "Requests that were refused because of too little throughput.",
    "TransactionConflict": "Items that were in the way of another transaction, or behind one.",
    "ConditionalCheckFailedRequests": "Conditions of writes that were false.",
    "SystemErrors": "Requests that were answered with an error of the server, 5xx.",
    "ReturnedItemCount": "Items that Query and Scan returned.",
}
# Counted by partitions: the metric, and how a table's figures are read.
OF_PARTITIONS = {
    "ConsumedReadCapacityUnits": ("Read capacity units that were used.", "read_units"),
    "ConsumedWriteCapacityUnits": ("Write capacity units that were used.", "write_units"),
    "ReadThrottleEvents": ("Reads that were refused for want of units.", "read_throttles"),
    "WriteThrottleEvents": ("Writes that were refused for want of units.", "write_throttles"),
}


def tables_in(cluster: LocalCluster) -> list[Table]:
    """Return the definitions of all tables, by name."""
    servers = [cluster.servers.get(name) for name in cluster.ledgers]
    found = [
        table_of(item)
        for server in servers
        if isinstance(server, PartitionServer)
        for item in server.machine.items_of(TABLES_TABLE)
    ]
    return sorted(found, key=_name)


def _name(table: Table) -> str:
    return table.name


def consumed_in(cluster: LocalCluster, counts: Counts) -> dict[str, Consumed]:
    """Return what partitions have counted, by table id."""
    servers = [cluster.servers.get(name) for name in cluster.partitions]
    meters = [one.machine.meters for one in servers if isinstance(one, PartitionServer)]
    return counts.consumed(meters)


def capacity_of(cluster: LocalCluster) -> list[dict[str, Any]]:
    """Tell of each table what it may use, what it has used, and what was refused."""
    counts = cluster.counts
    if counts is None:
        return []
    consumed, found = consumed_in(cluster, counts), []
    for table in tables_in(cluster):
        throughput, used = table.traits.throughput, consumed.get(table.id, Consumed())
        counted = counts.tables.get(table.name, NOTHING)
        found.append(
            {
                "table": table.name,
                "read_units": None if throughput is None else throughput.read_units,
                "write_units": None if throughput is None else throughput.write_units,
                "consumed_read": used.read_units,
                "consumed_write": used.write_units,
                "throttled": used.read_throttles + used.write_throttles,
                "conflicts": counted.get(("TransactionConflict", ""), 0),
                "conditions": counted.get(("ConditionalCheckFailedRequests", ""), 0),
            }
        )
    return found


# Prometheus ---------------------------------------------------------------------------------------


def cloudwatch_lines(cluster: LocalCluster) -> Iterator[str]:
    """Write CloudWatch's metrics in Prometheus's text format."""
    counts = cluster.counts
    if counts is None:
        return
    tables, consumed = tables_in(cluster), consumed_in(cluster, counts)
    for metric, (about, figure) in OF_PARTITIONS.items():
        values = [(one, getattr(consumed.get(one.id, Consumed()), figure)) for one in tables]
        lines = [(label(TableName=one.name), value) for one, value in values]
        yield from family(f"{metric}_total", "counter", about, lines)
    for metric, figure in (
        ("ProvisionedReadCapacityUnits", "read_units"),
        ("ProvisionedWriteCapacityUnits", "write_units"),
    ):
        held = [(one, one.traits.throughput) for one in tables]
        lines = [
            (label(TableName=one.name), getattr(units, figure))
            for one, units in held
            if units is not None
        ]
        yield from family(metric, "gauge", "Units a second that a table is held to.", lines)
    for metric, about in OF_REQUESTS.items():
        yield from family(f"{metric}_total", "counter", about, of_requests(metric, counts, tables))
    for metric, about, value in (
        ("UserErrors", "Requests that were wrong, 4xx.", counts.user_errors),
        ("ReturnedBytes", "Bytes of the records of streams.", counts.returned_bytes),
        ("ReturnedRecordsCount", "Records of streams.", counts.returned_records),
    ):
        yield from family(f"{metric}_total", "counter", about, [("", value)])
    yield from latencies(counts, tables)


def of_requests(metric: str, counts: Counts, tables: list[Table]) -> Iterator[tuple[str, float]]:
    for table in tables:
        for (name, operation), count in sorted(counts.tables.get(table.name, {}).items()):
            if name == metric:
                told = {"Operation": operation} if operation else {}
                yield label(TableName=table.name, **told), count


def latencies(counts: Counts, tables: list[Table]) -> Iterator[str]:
    name = "twophase_SuccessfulRequestLatency"
    yield f"# HELP {name} Milliseconds that requests took which were carried out."
    yield f"# TYPE {name} histogram"
    for table in tables:
        for operation, found in sorted(counts.latencies.get(table.name, {}).items()):
            yield from histogram(name, {"TableName": table.name, "Operation": operation}, found)


def histogram(name: str, labels: dict[str, str], found: Latency) -> Iterator[str]:
    """Write a histogram; each bucket holds those below it as well."""
    below = 0
    for most, count in zip((*LATENCY_MS, "+Inf"), found.counts, strict=True):
        below += count
        yield f"{name}_bucket{label(**labels, le=str(most))} {below}"
    yield f"{name}_sum{label(**labels)} {found.sum_ms:g}"
    yield f"{name}_count{label(**labels)} {below}"


def label(**labels: str) -> str:
    """Write labels; no name of ours or of a table has a character that would be escaped."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def family(
    metric: str, kind: str, about: str, values: Iterable[tuple[str, float]]
) -> Iterator[str]:
    yield f"# HELP twophase_{metric} {about}"
    yield f"# TYPE twophase_{metric} {kind}"
    for labels, value in values:
        yield f"twophase_{metric}{labels} {value:.15g}"
