"""Votes that are held back on their way to c1, and what the ledger says meanwhile."""

from coordinator.ledger import Entry, entry_of
from network.placement import LEDGER_TABLE
from tests.builders import Stage


def hold_votes(stage: Stage) -> None:
    for node in stage.cluster.partitions:
        stage.cluster.network.hold(node, "c1")


def let_go(stage: Stage) -> None:
    for node in stage.cluster.partitions:
        stage.cluster.network.release(node, "c1")


def entries(stage: Stage) -> list[Entry]:
    return [
        entry_of(record.item)
        for (table, _), record in stage.cluster.disks["l1"].contents.records.items()
        if table == LEDGER_TABLE and record.item is not None
    ]
