"""A partition of a running server gives half of its range to a new node (§3.3, docs/splits.md).

Only what concerns this process is here: a host and a disk for the child, and the order to split.
The directory knows of the child before its file is there, so that a process which is killed in
between finds it again; a child whose split came to nothing stays, and owns nothing.
"""

from network.placement import PLACEMENT_KEY, PLACEMENT_TABLE, Placement, placement_of
from partition.machine import Machine
from partition.server import PartitionServer
from partition.sqlite import StorageError
from twophase.local.cluster import LocalCluster

SPLIT_NODES_MAX = 64  # Of a kind; each has a file and a thread of its own.


class SplitError(Exception):
    """Why a partition cannot be split, in one sentence."""


def split(cluster: LocalCluster, parent: str) -> str:
    """Order a partition, or a ledger node, to give the upper half of its range away.

    Returns the name of the child.  What comes of the order is seen in the placement.

    Raises:
        SplitError
    """
    parents = [*cluster.partitions, *cluster.ledgers]
    if parent not in parents:
        raise SplitError(f"there is no partition {parent!r}: there are {', '.join(parents)}")
    machine = machine_of(cluster, parent)
    manager = cluster.manager()
    if machine is None or manager is None:
        down = parent if machine is None else cluster.managers[0]
        raise SplitError(f"{down} is down: nobody could split {parent} now")
    holding = machine.holding
    if holding.leaving is not None:
        raise SplitError(f"{parent} is being split already, to {holding.leaving.child}")
    if holding.range.end - holding.range.first < 2:
        raise SplitError(f"{parent} has no range that could be split")
    is_ledger = parent in cluster.ledgers
    kind = cluster.ledgers if is_ledger else cluster.partitions
    if len(kind) - len(cluster.configured(kind)) >= SPLIT_NODES_MAX:
        made = "ledger nodes" if is_ledger else "partitions"
        raise SplitError(f"{SPLIT_NODES_MAX} {made} were made by splits already: no more are")
    try:
        child = cluster.add_for_split(kind)
    except StorageError as error:
        raise SplitError(f"{parent} cannot be split: {error}") from error
    manager.order_split(parent, (holding.range.first + holding.range.end) // 2, child)
    return child


def machine_of(cluster: LocalCluster, name: str) -> Machine | None:
    server = cluster.servers.get(name)
    return server.machine if isinstance(server, PartitionServer) else None


def placement_now(cluster: LocalCluster) -> Placement:
    """Return who owns what, by the node that knows, or as it was configured if that is down."""
    found = cluster.placement.copy()
    home = machine_of(cluster, found.home)
    item = None if home is None else home.record(PLACEMENT_TABLE, PLACEMENT_KEY).item
    if item is not None:
        found.learn(placement_of(item))
    return found


def is_settled(cluster: LocalCluster) -> bool:
    """Say whether every range is served, by the node that owns it."""
    record = placement_now(cluster).record
    for share in (*record.partitions, *record.ledgers):
        machine = machine_of(cluster, share.node)
        if machine is None or machine.holding.range != share.range:
            return False
    return True
