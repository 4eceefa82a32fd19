"""Figures to be drawn: how long it took, what came of it, why, where it is hot, and at what price.

All operations are counted, whatever a page leaves out of its diagram; only the single points of the
latency over time are thinned where there are very many.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sim.history import Operation
from sim.report.inside import Inside
from sim.report.recording import Recording
from sim.report.transactions import clients_own
from sim.telling import Schemas, actions_of, key_of, schemas_of, table_of

Json: TypeAlias = dict[str, Any]

POINTS_MAX = 1_200
SPANS = 40  # Parts of the time in which outcomes are counted.
ITEMS_MAX = 15
# Latencies are counted between these, in µs: 1, 2 and 5 times each power of ten.
EDGES_US = tuple(first * 10**power for power in range(2, 8) for first in (1, 2, 5))
OUTCOMES = ("committed", "cancelled", "unknown")
CONFLICTS = ("TransactionConflict", "TransactionConflictException")


def plots_of(recording: Recording, inside: Inside) -> Json:
    """Count everything that is drawn."""
    own = list(clients_own(recording.operations))
    transactions = [one for one in own if one.is_transaction]
    schemas = schemas_of(recording.tables)
    return {
        "latency": latency_of(transactions),
        "points": points_of(own),
        "over_time": over_time(transactions),
        "reasons": reasons_of(own),
        "items": items_of(own, schemas),
        "messages": messages_of(transactions, inside.messages),
        **staleness_in(recording),
    }


def staleness_in(recording: Recording) -> Json:
    """Give when each stale read was answered, and how long it was out of date, if any can be."""
    found = None if recording.result is None else recording.result.staleness
    if found is None:
        return {}
    stale = [point for point in found.points if point.age_us]
    stride = -(-len(stale) // POINTS_MAX) or 1
    shown = stale[::stride]
    columns: Json = {
        "us": [point.us for point in shown],
        "age_us": [point.age_us for point in shown],
        "call": [point.call for point in shown],
        "node": [point.node for point in shown],
    }
    counts = {"answered": len(found.points), "stale": len(stale), "stride": stride}
    return {"staleness": {**columns, **counts}}


def latency_of(transactions: Iterable[Operation]) -> list[Json]:
    """Count transactions by how long they took, each outcome by itself."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for one in transactions:
        took_us = one.returned_us - one.invoked_us
        place = sum(edge <= took_us for edge in EDGES_US)
        counts[place][one.outcome] += 1
    if not counts:
        return []
    edges = (0, *EDGES_US, 10 * EDGES_US[-1])
    return [
        {"from_us": edges[n], "to_us": edges[n + 1], **_by_outcome(counts[n])}
        for n in range(min(counts), max(counts) + 1)
    ]


def points_of(operations: Sequence[Operation]) -> Json:
    """Give when each operation was asked for, how long it took, and what it and its end were."""
    stride = -(-len(operations) // POINTS_MAX) or 1
    shown = operations[::stride]
    return {
        "us": [one.invoked_us for one in shown],
        "took_us": [one.returned_us - one.invoked_us for one in shown],
        "outcome": [OUTCOMES.index(one.outcome) for one in shown],
        "call": [one.call for one in shown],
        "stride": stride,
    }


def over_time(transactions: Sequence[Operation]) -> list[Json]:
    """Count outcomes by the part of the time in which clients learned them."""
    if not transactions:
        return []
    begin = min(one.invoked_us for one in transactions)
    end = max(one.returned_us for one in transactions)
    span_us = max(1, -(-(end - begin + 1) // SPANS))
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for one in transactions:
        counts[(one.returned_us - begin) // span_us][one.outcome] += 1
    return [
        {
            "from_us": begin + n * span_us,
            "to_us": begin + (n + 1) * span_us,
            **_by_outcome(counts[n]),
        }
        for n in range((end - begin) // span_us + 1)
    ]


def reasons_of(operations: Iterable[Operation]) -> list[Json]:
    """Count why items were the reason, and why singletons were refused, the most frequent first."""
    counts: Counter[str] = Counter()
    for one in operations:
        if one.reasons:
            counts.update(str(reason["Code"]) for reason in one.reasons if reason["Code"] != "None")
        elif one.error and not one.is_unknown:
            counts[one.error] += 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"code": code, "count": count} for code, count in ordered]


def items_of(operations: Iterable[Operation], schemas: Schemas) -> Json:
    """Count, item by item, how often it was asked for and what went wrong there."""
    asked: Counter[str] = Counter()
    conflicts: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for one in operations:
        reasons = one.reasons
        for n, (_, body) in enumerate(actions_of(one)):
            name = f"{table_of(body)} {key_of(body, schemas)}"
            code = str(reasons[n]["Code"]) if n < len(reasons) else one.error or "None"
            asked[name] += 1
            if code in CONFLICTS:
                conflicts[name] += 1
            elif code != "None" and not one.is_unknown:
                others[name] += 1
    hot = sorted(asked, key=lambda name: (-conflicts[name], -others[name], -asked[name], name))
    return {
        "count": len(hot),
        "hottest": [
            {
                "item": name,
                "asked": asked[name],
                "conflicts": conflicts[name],
                "others": others[name],
            }
            for name in hot[:ITEMS_MAX]
        ],
    }


def messages_of(transactions: Iterable[Operation], sent: Mapping[str, int]) -> list[Json]:
    """Count transactions by the messages that they took, writers and readers apart."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for one in transactions:
        counts[sent.get(one.call, 0)][one.name] += 1
    width = _width(max(counts, default=0))
    spans: dict[int, Counter[str]] = defaultdict(Counter)
    for count, names in counts.items():
        spans[count // width].update(names)
    return [
        {
            "from": n * width,
            "to": (n + 1) * width - 1,
            "writes": spans[n]["TransactWriteItems"],
            "reads": spans[n]["TransactGetItems"],
        }
        for n in range(min(spans, default=0), max(spans, default=-1) + 1)
    ]


def _width(most: int) -> int:
    """Choose how many counts of messages make one bar, so that there are 30 bars or so."""
    return next(width for width in (1, 2, 5, 10, 20, 50, 100, 1_000_000) if most <= 30 * width)


def _by_outcome(counts: Mapping[str, int]) -> dict[str, int]:
    return {outcome: counts.get(outcome, 0) for outcome in OUTCOMES}
