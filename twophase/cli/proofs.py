"""Write the proof of a green run, with a header that says of what, and a seal."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from sim.checkers.proof import VERSION, proof_of
from sim.cluster_run import Run
from sim.result import Result
from twophase.cli.as_json import dumps
from twophase.cli.files import LinesFile

CLAIMS = (
    "carried out one after the other in this order, the operations give every answer",
    "so do the writers in the order of their timestamps, and both leave the data at the end",
    "of two operations but GetItem, one answered before the other was asked for comes first",
)


def write_proof(lines: LinesFile, run: Run, result: Result, replay: str) -> str:
    """Write the proof, if there is one; return why there is none otherwise."""
    if not result.ok:
        lines.is_wanted = False
        return "the run has findings"
    seal = blake2b(digest_size=16)
    for line in _lines(run, result, replay):
        seal.update(f"{dumps(line)}\n".encode())
        lines.write(line)
    lines.write({"seal": seal.hexdigest()})
    return ""


def _lines(run: Run, result: Result, replay: str) -> Iterator[dict[str, Any]]:
    yield {
        "proof": VERSION,
        "scenario": result.scenario.name,
        "seed": result.seed,
        "digest": result.digest,
        "replay": replay,
        "tables": [table["TableName"] for table in run.workload.tables],
        "claims": list(CLAIMS),
    }
    for line in proof_of(run.history, run.witness, run.cluster, run.workload.tables):
        yield dict(line)
