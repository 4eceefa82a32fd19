"""A run as one JSON object, for programs: the same keys in the same order every time."""

import json
from typing import Any

from items.to_json import base64_text
from sim.books import Capacity
from sim.figures import Figures, Percentiles
from sim.history import Operation
from sim.indexes_seen import IndexLag
from sim.regions.figures import AcrossRegions
from sim.result import Result
from sim.staleness import Staleness
from sim.streams_seen import StreamsSeen
from sim.telling import Schemas, parts_of


def result_as_json(
    result: Result,
    figures: Figures,
    schemas: Schemas,
    wall_seconds: float,
    replay: str,
    *,
    mutant: str | None = None,
) -> str:
    """Write what came of a run; only `wall_s` differs between two runs of one seed."""
    document = {
        "scenario": result.scenario.name,
        "seed": result.seed,
        **({} if mutant is None else {"mutant": mutant}),
        "ok": result.ok,
        "transactions": dict(figures.outcomes),
        "reasons": dict(sorted(figures.reasons.items())),
        "examples": [example(operation, schemas) for operation in figures.examples],
        "latency_us": latencies(figures.transactions_us),
        "messages": dict(result.messages),
        "faults": dict(result.faults),
        **({} if result.capacity is None else {"capacity": capacity(result.capacity)}),
        **({} if result.streams is None else {"streams": streams(result.streams)}),
        **({} if result.staleness is None else {"eventual_reads": staleness(result.staleness)}),
        **({} if result.index_lag is None else {"index_entries": index_lag(result.index_lag)}),
        **({} if result.regions is None else {"regions": regions(result.regions)}),
        **({"switched_off": list(result.switched_off)} if result.switched_off else {}),
        **({"steps": steps_of(result)} if result.steps else {}),
        "checks": list(result.checks),
        "findings": [
            {
                "checker": finding.checker,
                "kind": finding.kind,
                "explanation": finding.explanation,
                "transactions": list(finding.transactions),
                "anomaly": finding.anomaly or None,
                "refutes": list(finding.refutes),
                "possible": list(finding.possible),
            }
            for finding in result.findings
        ],
        "marks": dict(sorted(result.marks.items())),
        "virtual_s": result.virtual_us / 1_000_000,
        "wall_s": round(wall_seconds, 3),
        "digest": result.digest,
        "replay": replay,
    }
    return dumps(document, indent=2)


def steps_of(result: Result) -> list[dict[str, Any]]:
    return [
        {
            **({"region": told.region} if told.region else {}),
            "step": told.step,
            "happened": told.happened,
        }
        for told in result.steps
    ]


def capacity(found: Capacity) -> dict[str, Any]:
    return {
        "write_units": found.write_units,
        "read_units": found.read_units,
        "refused_writes": found.refused_writes,
        "refused_reads": found.refused_reads,
    }


def streams(found: StreamsSeen) -> dict[str, Any]:
    return {
        "records": found.records,
        "waited": found.waited,
        "shards": found.shards,
        "child_shards": found.children,
        "got_by_readers": list(found.got),
        "expired_iterators": found.expired,
    }


def staleness(found: Staleness) -> dict[str, Any]:
    return {
        "answered": len(found.points),
        "by_followers": found.by_followers,
        "stale": len(found.ages_us),
        "age_us": {"p50": found.age_us(50), "p99": found.age_us(99), "max": found.age_us(100)},
    }


def index_lag(found: IndexLag) -> dict[str, Any]:
    return {
        "taken": len(found.lags_us),
        "lag_us": {"p50": found.at_us(50), "p99": found.at_us(99), "max": found.at_us(100)},
    }


def regions(found: AcrossRegions) -> dict[str, Any]:
    """Give what became of several regions, and what a reader in another one could see."""
    lag = found.lag_us
    return {
        "each": [
            {
                "name": one.name,
                "transactions": dict(one.outcomes),
                "items_written": one.writes,
                "items_arrived": one.arrived,
            }
            for one in found.regions
        ],
        "lag_us": {
            "p50": None if lag is None else lag.p50,
            "p99": None if lag is None else lag.p99,
            "max": None if lag is None else lag.most,
        },
        "caught_up_us": found.caught_up_us,
        "partial_reads": len(found.partial),
        "lost_writes": len(found.lost),
        "lost_updates": found.lost_updates,
        "torn_transactions": found.torn,
        "gone_when_caught_up": found.is_gone,
        "examples": [
            {"calls": list(one.calls), "explanation": one.explanation}
            for one in (*found.partial[:1], *found.lost[:1])
        ],
    }


def example(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    """Give a transaction with its request and answer as they travelled, and its reasons by item."""
    parts = parts_of(operation, schemas) if operation.reasons else []
    return {
        "client": operation.client,
        "operation": operation.name,
        "request": operation.request,
        "outcome": operation.outcome,
        "answer": operation.answer,
        "reasons": [
            {
                "table": part.table,
                "key": part.key,
                "code": reason["Code"],
                "message": reason.get("Message"),
            }
            for part, reason in zip(parts, operation.reasons, strict=False)
        ],
    }


def latencies(found: Percentiles | None) -> dict[str, int | None]:
    return {
        "p50": found.p50 if found else None,
        "p90": found.p90 if found else None,
        "p99": found.p99 if found else None,
    }


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Write JSON in plain ASCII; binaries are base64, as DynamoDB's JSON has them."""
    separators = None if indent else (",", ":")
    return json.dumps(value, indent=indent, separators=separators, default=as_text)


def as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64_text(value)
    raise TypeError(f"not a value of JSON: {value!r}")
