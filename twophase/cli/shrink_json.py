"""A shrunk failure as one JSON object, for programs."""

from typing import Any

from sim.search.shrink.failure import Failure
from sim.search.shrink.scripted import Scripted
from sim.search.shrink.shrink import Shrunk
from twophase.cli.as_json import dumps


def as_json(
    failure: Failure,
    short: Shrunk,
    text: str,
    golden: Scripted | None = None,
    path: str | None = None,
) -> str:
    """Write what came of shrinking a failure; only `cpu_s` differs from one time to the next."""
    document = {
        "scenario": failure.scenario.name,
        "seed": failure.seed,
        "mutant": failure.mutant,
        "finding": ": ".join(failure.leading),
        "is_told": short.is_told,
        "transactions": short.transactions,
        "choices": short.choices,
        "events": short.events,
        "steps": [{"step": text, "passes_without": passes} for text, passes in short.flips],
        "sentences": list(short.sentences),
        "short": {
            "seed": short.failure.seed,
            "finding": ": ".join(short.failure.leading),
            "digest": short.failure.digest,
            "scenario": text,
        },
        "script": script_of(golden, path),
        "runs": short.runs,
        "cpu_s": round(short.cpu_s, 3),
    }
    return dumps(document, indent=2)


def script_of(golden: Scripted | None, path: str | None) -> dict[str, Any] | None:
    """Tell of the golden script: where it is, or why there is none; None if nobody asked for it."""
    if golden is None:
        return None
    if golden.why_not:
        return {"path": None, "why_not": golden.why_not}
    return {"path": path, "why_not": None, "shows": "same" if golden.is_found else "other"}
