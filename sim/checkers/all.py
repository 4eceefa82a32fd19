"""All checks of a run, the cheapest evidence first."""

from collections.abc import Callable, Iterable
from itertools import islice

from items.keys import Key
from items.values import Item
from network.placement import is_internal
from sim.checkers.finding import Finding
from sim.checkers.model import Json, Place
from sim.checkers.oracles import FINDINGS_MAX, Evidence, check_instants, check_timestamps
from sim.checkers.outcomes import check_outcomes, check_reasons, check_singletons
from sim.cluster import Cluster
from sim.history import History
from sim.witness import Witness


def check_run(
    history: History, witness: Witness, cluster: Cluster, tables: tuple[Json, ...]
) -> tuple[tuple[str, ...], list[Finding]]:
    """Make every check; return their names and what they found."""
    evidence = Evidence(history, witness)
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "outcomes": lambda: check_outcomes(evidence),
        "singletons": lambda: check_singletons(evidence),
        "reasons": lambda: check_reasons(evidence, witness, tables),
    }
    if not any(operation.name == "BatchWriteItem" for operation in evidence.operations):
        # The oracles know no batches, whose writes would be missing from their model.
        data = data_of(cluster, witness)
        checks["timestamps"] = lambda: check_timestamps(evidence, tables, data)
        checks["instants"] = lambda: check_instants(evidence, tables)
    found = [one for check in checks.values() for one in islice(check(), FINDINGS_MAX)]
    return tuple(checks), found


def data_of(cluster: Cluster, witness: Witness) -> dict[Place, Item]:
    """Return all items on the partitions' disks, by table name and key."""
    names = witness.table_names
    data: dict[tuple[str, Key], Item] = {}
    for name in cluster.partitions:
        for (table, key), record in cluster.disks[name].contents.records.items():
            if record.item is not None and not is_internal(table) and table in names:
                data[names[table], key] = record.item
    return data
