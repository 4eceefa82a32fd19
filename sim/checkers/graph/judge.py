"""Judges a history: structure first, then the graph, then a search where it does not decide."""

from collections.abc import Callable, Iterable, Iterator

from sim.checkers.graph.anomalies import REALTIME, Findings
from sim.checkers.graph.cases import no_order
from sim.checkers.graph.components import components
from sim.checkers.graph.cycles import Cycle, cycles_in, cycles_in_time
from sim.checkers.graph.edges import Graph, peel
from sim.checkers.graph.explain import Explainer
from sim.checkers.graph.observed import Observed
from sim.checkers.graph.saturate import TRANSACTIONS_MAX, Saturation
from sim.checkers.graph.search import FOUND, GAVE_UP, NONE, Search, anyhow, in_time
from sim.checkers.graph.structure import check_structure
from sim.checkers.graph.txn import (
    LINEARIZABLE,
    MODELS,
    SERIALIZABLE,
    HistoryError,
    Report,
    Txn,
    VersionOrders,
)
from sim.checkers.graph.versions import Versions
from sim.checkers.graph.window import window
from sim.checkers.graph.zones import check_zones

COMPONENTS_MAX = 1_000  # Looked into, the smallest first.
UNDECIDED = (
    "some registers were written without being read before, in more orders than could be looked "
    "through"
)
Stage = Callable[[str], None]


def check(
    txns: Iterable[Txn],
    model: str = SERIALIZABLE,
    version_orders: VersionOrders | None = None,
) -> Report:
    """Judge whether some serial order explains what these transactions read.

    Under `strict-serializable` that order must also keep real time: who had returned before another
    was invoked comes first.  `version_orders` has all versions of a key, oldest first, for the keys
    where somebody knows; what it does not name is inferred from the reads.

    Raises:
        HistoryError: A value is written twice, or a key is a list and a register.
    """
    return judge(observe(txns, model), model, version_orders)


def observe(txns: Iterable[Txn], model: str) -> Observed:
    """Take transactions in.

    Raises:
        HistoryError: As above; or the model is about single operations, and one has several.
    """
    observed = Observed()
    for number, txn in enumerate(txns):
        if model == LINEARIZABLE and len(txn.ops) != 1:
            text = "has more or fewer operations than one; linearizable is about single operations"
            raise HistoryError(number, f"transaction {txn.id} {text}")
        observed.add(txn)
    return observed


def judge(
    observed: Observed,
    model: str,
    version_orders: VersionOrders | None = None,
    stage: Stage = lambda _: None,
    *,
    is_part: bool = False,
) -> Report:
    """Judge transactions that were taken in; `stage` is told what is being done.

    A part of a longer history is judged thoroughly, and without looking at parts of its own.
    """
    assert model in MODELS, model
    findings = Findings(model)
    stage("ordering versions")
    versions = Versions(observed, findings, version_orders)
    check_structure(observed, versions, findings)
    stage("linking transactions")
    # Linearizable is what strict serializability comes to where a transaction is one operation.
    strictly = model != SERIALIZABLE
    graph = Graph(observed, versions)
    stage("looking for cycles")
    _find_cycles(graph, observed, findings, strictly=strictly)
    del graph
    undecided = ""
    if not findings.found and versions.open:
        stage("searching for an order")
        if model == LINEARIZABLE:
            check_zones(observed, versions, findings, "not-linearizable")
        else:
            undecided = _decide(observed, versions, findings, strictly=strictly, is_part=is_part)
    return Report(model, len(observed), tuple(findings.found), undecided, findings.left_out)


def _find_cycles(
    graph: Graph,
    observed: Observed,
    findings: Findings,
    *,
    strictly: bool,
    once: bool = False,
) -> None:
    """Tell the cycles that there are; `once` is for one of each kind, where they come in crowds."""
    explainer = Explainer(graph, observed)
    told: set[str] = set()
    for cycle in cycles(graph, observed, strictly=strictly):
        kind = explainer.kind(cycle)
        if not once or kind not in told:
            explainer.tell(cycle, findings)
        told.add(kind)


def cycles(graph: Graph, observed: Observed, *, strictly: bool) -> Iterator[Cycle]:
    """Find what contradicts itself: cycles of edges, then those that real time closes."""
    peeled = peel(graph, observed, strictly=strictly)
    if peeled.rest:
        for component in components(graph, peeled.rest)[:COMPONENTS_MAX]:
            yield from cycles_in(graph, component)
    if peeled.late:
        yield from cycles_in_time(graph, observed, peeled.late)


def _decide(
    observed: Observed, versions: Versions, findings: Findings, *, strictly: bool, is_part: bool
) -> str:
    """Judge where registers leave it open in which order they were written.

    Returns:
        Why that could not be decided, or nothing.
    """
    if strictly:
        check_zones(observed, versions, findings, "G-single" + REALTIME)
        if findings.found:
            return ""
    graph = Graph(observed, versions)
    search = _search(graph, observed, versions, strictly=strictly)
    if search.ended == FOUND:
        return ""
    if search.stuck and len(observed) > TRANSACTIONS_MAX and not is_part:
        part = observe(window(observed, versions, search.stuck), SERIALIZABLE)
        findings.found += judge(part, findings.model, is_part=True).anomalies
    if not findings.found:
        saturation = Saturation(graph, observed, versions, strictly=strictly)
        saturation.run()
        saturation.run_around(search.stuck)
        _find_cycles(graph, observed, findings, strictly=strictly, once=True)
    if not findings.found and search.ended == GAVE_UP:
        search = _search(graph, observed, versions, strictly=strictly)
    if not findings.found and search.ended == NONE:
        no_order(observed, versions, findings, strictly=strictly)
    return UNDECIDED if not findings.found and search.ended == GAVE_UP else ""


def _search(graph: Graph, observed: Observed, versions: Versions, *, strictly: bool) -> Search:
    """Look for an order; where there is one, one that keeps real time is mostly found at once."""
    search = in_time(graph, observed, versions)
    if search.ended == FOUND or strictly:
        return search
    return anyhow(graph, observed, versions)
