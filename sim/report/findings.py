"""What the checks found, with their evidence as a graph where who precedes whom contradicts itself.

First comes the shrunk story, if the run was read from a file that has one; of a run that is short,
the nearest one that passes stands beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sim.checkers.finding import Finding
from sim.checkers.graph.txn import Precedes
from sim.report.inside import Inside
from sim.report.recording import Recording
from sim.search.diff.apart import apart
from sim.search.diff.nearest import Nearest, NothingPassesError, nearest
from sim.search.diff.rows import BEFORE, Row, first_events, rows_of
from sim.search.diff.seen import SeenEvent
from sim.search.shrink.failure import ordered

Json: TypeAlias = dict[str, Any]

SHOWN_MAX = 40  # Findings; --json has all of them.
SHORT_MOMENTS = 4_000  # Of a run that is short enough for the nearest one to be looked for.
ROWS_MAX = 120

# What an edge is called, in words that need no other.
EDGES = {
    "ww": "ww: the later one wrote the next version",
    "wr": "wr: the later one read what the earlier one wrote",
    "rw": "rw: the later one wrote what the earlier one had not seen yet",
    "rt": "rt: the earlier one had its answer before the later one was asked for",
    "": "by the moment at which it happened",
}


def findings_of(recording: Recording, inside: Inside) -> Json:
    """Gather all that was found, the leading findings first; None where nothing was checked."""
    result = recording.result
    findings = () if result is None else result.findings
    return {
        "checks": None if result is None else list(result.checks),
        "story": list(recording.origin.comments) if findings else [],
        "found": [told(one, inside) for one in _leading_first(findings)[:SHOWN_MAX]],
        "left_out": max(0, len(findings) - SHOWN_MAX),
        "nearest": nearest_of(recording) if findings else None,
    }


def _leading_first(findings: Iterable[Finding]) -> Sequence[Finding]:
    findings = tuple(findings)
    kinds = ordered(findings)
    # What has a graph to show comes before what has none: it explains the others.
    return sorted(findings, key=lambda one: (not one.steps, kinds.index((one.checker, one.kind))))


def told(finding: Finding, inside: Inside) -> Json:
    """Tell one finding, with its graph if there is one."""
    calls = dict.fromkeys(inside.call_of(name) or name for name in finding.transactions)
    return {
        "checker": finding.checker,
        "kind": finding.kind,
        "explanation": finding.explanation,
        "anomaly": finding.anomaly,
        "refutes": list(finding.refutes),
        "possible": list(finding.possible),
        "calls": list(calls),
        "graph": graph_of(finding, inside) if finding.steps else None,
    }


def graph_of(finding: Finding, inside: Inside) -> Json:
    """Lay the steps of an explanation out as nodes and edges."""
    lines = lines_in(finding.explanation)
    nodes = dict.fromkeys(str(name) for step in finding.steps for name in (step.first, step.then))
    return {
        "nodes": [
            {"call": call, "names": names_of(inside, call), "did": lines.get(call, "")}
            for call in nodes
        ],
        "edges": [edge_of(step) for step in finding.steps],
    }


def edge_of(step: Precedes) -> Json:
    return {
        "from": str(step.first),
        "to": str(step.then),
        "kind": step.kind,
        "means": EDGES[step.kind],
        "because": step.because,
    }


def lines_in(explanation: str) -> Mapping[str, str]:
    """Read what each transaction did out of an explanation: its lines are indented, by name."""
    pairs = (line.strip().partition(": ") for line in explanation.splitlines() if line[:2] == "  ")
    return {name: did for name, colon, did in pairs if colon}


def names_of(inside: Inside, call: str) -> list[str]:
    """Return what the transactions of a call are called, as t1."""
    return [name for one, name in inside.names.items() if inside.call_of(one) == call]


# The nearest run that passes ---------------------------------------------------------------------


def nearest_of(recording: Recording) -> Json | None:
    """Look for the nearest run that passes, if this one is a failure's and short."""
    failure = recording.origin.failure
    if failure is None or len(recording.moments) > SHORT_MOMENTS:
        return None
    try:
        found = nearest(failure)
    except NothingPassesError:  # Then the page shows the failing run alone.
        return None
    return beside(found)


def beside(found: Nearest) -> Json:
    """Put two runs side by side, and say where they part."""
    rows = rows_of(found)
    failing, passing = first_events(found)
    return {
        "what": found.passing.variant.what,
        "common": found.prefix,
        "before": min(BEFORE, found.prefix),
        "differ": apart(failing, passing),
        "rows": [row_of(row) for row in rows[:ROWS_MAX]],
        "left_out": max(0, len(rows) - ROWS_MAX),
    }


def row_of(row: Row) -> Json:
    return {"failing": seen_of(row.failing), "passing": seen_of(row.passing), "same": row.is_same}


def seen_of(seen: SeenEvent | None) -> Json | None:
    return None if seen is None else {"us": seen.us, "said": seen.said.removeprefix("sent ")}
