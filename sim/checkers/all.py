"""All checks of a run, the cheapest evidence first.

Where the orders that the protocol claims do not hold, the dependency graph says why: which
operations contradict each other, by which anomaly, and what is still possible.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from items.keys import Key
from items.values import Item
from network.placement import is_internal
from sim.checkers.acknowledged import check_disks
from sim.checkers.capacity import check_capacity
from sim.checkers.dependencies import SERIALIZABLE, STRICT, explained
from sim.checkers.eventual import check_eventual
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.indexes import check_indexes
from sim.checkers.instants import Instants
from sim.checkers.invariant import check_invariant
from sim.checkers.linear import check_items
from sim.checkers.model import Json, Place
from sim.checkers.outcomes import check_outcomes, check_singletons
from sim.checkers.pages import check_pages, is_judged
from sim.checkers.permissions import check_permissions
from sim.checkers.reasons import check_reasons
from sim.checkers.streams import check_streams
from sim.checkers.structure import check_structure
from sim.checkers.tables import check_tables
from sim.checkers.timestamps import check_timestamps
from sim.cluster import Cluster
from sim.history import History
from sim.stream_reader import StreamReader
from sim.witness import Witness
from sim.workload import HasInvariant

FINDINGS_MAX = 20  # Of one checker; the first ones say most.
OF_ORDER = ("items", "timestamps", "instants", "strict", "invariant")  # What the graph can explain.

Check = Callable[[], Iterable[Finding]]


def check_run(
    history: History,
    witness: Witness,
    cluster: Cluster,
    tables: tuple[Json, ...],
    *,
    workload: object = None,
    with_graph: bool = False,
    readers: Sequence[StreamReader] = (),
) -> tuple[tuple[str, ...], list[Finding]]:
    """Make every check; return their names and what they found.

    A workload that has an invariant is asked for it; `with_graph` has the dependency graph judge
    the run as well, and not only explain.
    """
    options = cluster.settings.coordinator
    evidence = Evidence(history, witness, tables, options.votes_deadline_us, options.token_valid_us)
    checks: dict[str, Check] = {
        "disks": lambda: check_disks(cluster),
        "outcomes": lambda: check_outcomes(evidence),
        "singletons": lambda: check_singletons(evidence),
        "reasons": lambda: check_reasons(evidence),
        "structure": lambda: check_structure(evidence),
        "items": lambda: check_items(evidence),
    }
    checks.update(_besides(evidence, witness, cluster, readers))
    data = data_of(cluster, witness)
    instants = Instants(evidence)
    checks["timestamps"] = lambda: check_timestamps(evidence, instants, data)
    checks["instants"] = lambda: instants.findings
    checks["strict"] = lambda: instants.late
    if isinstance(workload, HasInvariant):
        checks["invariant"] = lambda: check_invariant(evidence, workload, data)
    found = [one for check in checks.values() for one in islice(check(), FINDINGS_MAX)]
    if not with_graph and all(one.checker not in OF_ORDER for one in found):
        return tuple(checks), found
    return (*checks, "graph"), [*found, *islice(_by_graph(evidence), FINDINGS_MAX)]


def _besides(
    evidence: Evidence, witness: Witness, cluster: Cluster, readers: Sequence[StreamReader]
) -> Iterator[tuple[str, Check]]:
    """Give the checks of what only some scenarios have."""
    permissions = cluster.settings.router.permissions
    if permissions is not None:
        yield "permissions", lambda: check_permissions(evidence, permissions)
    if witness.books.totals() is not None:
        yield "capacity", lambda: check_capacity(witness.books, evidence)
    if witness.tables.changed:
        yield "tables", lambda: check_tables(witness.tables)
    indexes = witness.indexes
    if indexes is not None:
        yield "indexes", lambda: check_indexes(indexes, evidence, cluster)
    if witness.followed is not None:
        yield "eventual", lambda: check_eventual(evidence)
    if any(map(is_judged, evidence.operations)):
        yield "pages", lambda: check_pages(evidence)
    appends = witness.streams
    if appends is not None:
        kept = data_of(cluster, witness)
        yield "streams", lambda: check_streams(evidence, cluster, appends, kept, readers)


def _by_graph(evidence: Evidence) -> Iterable[Finding]:
    """Look for a contradiction: from inside and as clients alone see it, then in real time."""
    for model in (SERIALIZABLE, STRICT):
        for is_inside in (True, False):
            found = list(explained(evidence, model=model, is_inside=is_inside))
            if found:
                return found
    return []


def data_of(cluster: Cluster, witness: Witness) -> dict[Place, Item]:
    """Return all items on the partitions' disks, by table name and key."""
    names = witness.table_names
    data: dict[tuple[str, Key], Item] = {}
    for name in cluster.partitions:
        for (table, key), record in cluster.records_of(name):
            if record.item is not None and not is_internal(table) and table in names:
                data[names[table], key] = record.item
    return data
