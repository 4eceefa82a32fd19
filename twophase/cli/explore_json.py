"""What walks have shown, as one JSON object."""

import json
from collections.abc import Sequence
from typing import Any

from sim.search.explore.judging import CHECKS
from twophase.cli.explore import Asked, Told


def as_json(asked: Asked, told: Sequence[Told]) -> str:
    """Write all worlds; of one that was asked for by name, its figures stand at the top as well."""
    worlds = [_world(asked, one) for one in told]
    document: dict[str, Any] = {
        "ok": all(one.walked.ok for one in told),
        "complete": all(one.walked.is_complete for one in told),
        **({} if asked.mutant is None else {"mutant": asked.mutant}),
        "checks": list(CHECKS),
        **(worlds[0] if asked.is_one else {}),
        "worlds": worlds,
    }
    return json.dumps(document, ensure_ascii=False)


def _world(asked: Asked, told: Told) -> dict[str, Any]:
    walked = told.walked
    return {
        "world": walked.world.name,
        "sentence": walked.world.sentence,
        "limits": {name: count for name, count in walked.world.limits.each() if count},
        "troubles": walked.world.limits.all_together(),
        "ok": walked.ok,
        "complete": walked.is_complete,
        "stopped_by": walked.stopped_by or None,
        "schedules": walked.schedules,
        "transitions": walked.transitions,
        "states": walked.states,
        "ends": walked.ends,
        "depth": walked.depth,
        "seconds": round(walked.seconds, 3),
        "findings": [
            {"checker": one.checker, "kind": one.kind, "explanation": explained}
            for one, explained in zip(walked.findings, told.explained, strict=True)
        ],
        "schedule": [{"step": line.step, "said": list(line.said)} for line in told.lines],
        "command": asked.command(walked.world),
    }
