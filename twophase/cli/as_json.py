"""A run as one JSON object, for programs: the same keys in the same order every time."""

import json
from typing import Any

from items.to_json import base64_text
from sim.figures import Figures, Percentiles
from sim.history import Operation
from sim.run import Result
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
    return [{"step": told.step, "happened": told.happened} for told in result.steps]


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
