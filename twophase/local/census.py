"""What there is to see of a running cluster: as JSON for `twophase status`, as Prometheus text."""

from typing import Any

from network.events import EVENTS, WITNESSED
from network.placement import NOTHING, Placement, Range
from partition.feed import Feed
from partition.follower import Follower
from partition.follower_server import FollowerServer
from partition.server import PartitionServer
from partition.sqlite import SqliteStorage
from sim.watch.picture import KINDS
from twophase.local.cloudwatch import capacity_of, cloudwatch_lines, family, label, tables_in
from twophase.local.cluster import LocalCluster
from twophase.local.splitting import placement_now


def status_of(cluster: LocalCluster) -> dict[str, Any]:
    """Look at everything, as it is at this moment."""
    trouble, placement = cluster.trouble, placement_now(cluster)
    return {
        "nodes": [node_of(cluster, placement, name) for name in cluster.all_names()],
        "tables": [
            {"table": one.name, "status": str(one.status), "id": one.id}
            for one in tables_in(cluster)
        ],
        "capacity": capacity_of(cluster),
        "answers": [
            {"operation": operation, "outcome": outcome, "count": count}
            for (operation, outcome), count in sorted(cluster.answers.items())
        ],
        "events": dict(sorted(cluster.events.items())),
        "faults": "none" if trouble is None else str(trouble.faults),
        "faults_waiting": {} if trouble is None else trouble.waiting(),
        "faults_carried_out": {} if trouble is None else dict(sorted(trouble.counts.items())),
    }


def node_of(cluster: LocalCluster, placement: Placement, name: str) -> dict[str, Any]:
    host = cluster.hosts[name]
    found: dict[str, Any] = {
        "node": name,
        "kind": KINDS[name[0]],
        "up": cluster.is_up(name),
        "incarnation": host.incarnation,
        "clock_off_us": cluster.clocks[name].offset_us,
    }
    server = cluster.servers.get(name)
    if isinstance(server, PartitionServer):
        owned = placement.range_of(name)
        census = server.machine.census()
        found["range"] = told_range(owned)
        found |= {"records": census.records, "ongoing": census.ongoing, "lsn": census.lsn}
    if isinstance(server, FollowerServer):
        feed = cluster.feeds[server.partition]
        found["follows"] = server.partition
        found |= {"records": server.state.count(), "lag": lag(feed, server.state)}
    disk = cluster.disks.get(name)
    if isinstance(disk, SqliteStorage):
        found |= {"syncs": disk.syncs, "appends": disk.appends}
    return found


def lag(feed: Feed, state: Follower) -> int:
    """Count the partition's appends that a follower has not applied yet."""
    is_same = feed.incarnation == state.incarnation
    return feed.durable - state.position if is_same else feed.durable


def told_range(owned: Range) -> list[str]:
    """Give the first and the last hash; nothing for a node that owns none (yet)."""
    return [] if owned == NOTHING else [f"{owned.first:08x}", f"{owned.end - 1:08x}"]


# Prometheus -------------------------------------------------------------------------------------


def metrics_of(cluster: LocalCluster) -> str:
    """Write all counters in Prometheus's text format."""
    status = status_of(cluster)
    lines: list[str] = []
    lines += family(
        "requests_total",
        "counter",
        "Requests, by operation and what came of them.",
        (
            (label(operation=one["operation"], outcome=one["outcome"]), one["count"])
            for one in status["answers"]
        ),
    )
    lines += family(
        "events_total",
        "counter",
        "Events that nodes noted about themselves (docs/events.md).",
        (
            (label(event=event), status["events"].get(event, 0))
            for event in EVENTS
            if event not in WITNESSED
        ),
    )
    lines += family(
        "faults_total",
        "counter",
        "Faults that were carried out.",
        ((label(fault=name), count) for name, count in status["faults_carried_out"].items()),
    )
    for name, kind, about in (
        ("up", "gauge", "Whether a node runs."),
        ("records", "gauge", "Records that a partition keeps."),
        ("ongoing", "gauge", "Records that are promised to a transaction."),
        ("lag", "gauge", "Appends of its partition that a follower has not applied yet."),
        ("syncs", "counter", "Syncs of a partition's disk for appends."),
        ("appends", "counter", "Appends to a partition's disk."),
    ):
        suffix = "_total" if kind == "counter" else ""
        values = (
            (label(node=node["node"]), int(node[name])) for node in status["nodes"] if name in node
        )
        lines += family(f"{name}{suffix}", kind, about, values)
    lines += cloudwatch_lines(cluster)
    return "\n".join(lines) + "\n"
