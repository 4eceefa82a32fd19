"""What a hunt has come to, as JSON: an object for each mutant."""

import json
import shlex
from math import isinf
from typing import Any

from sim.mutants.catalogue import find
from sim.search.broken import needs_of
from sim.search.hunt.hunted import Hunted
from sim.search.hunt.shots import NONE, drawn_for
from sim.search.hunt.tales import Tale
from sim.search.verdict import bound
from twophase.cli.mutants_hunt import ALL, Told


def as_json(told: Told) -> str:
    """Write a list where all were hunted, and one object where one was."""
    documents = [document_of(one, told.tales.get(one.name)) for one in told.hunted]
    whole = documents if told.asked.name == ALL else documents[0]
    return json.dumps(whole, indent=2, ensure_ascii=False)


def document_of(one: Hunted, tale: Tale | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": one.name,
        "found": one.found,
        "seeds": one.seeds,
        "seconds": round(one.seconds, 3),
        "checker": one.checker,
        "story": story_of(tale),
        "verdict": one.verdict,
        "finding": one.kind[1] if one.kind is not None else None,
        "strategy": one.strategy,
        "mean": mean_of(one),
        "hits": one.hits,
        "shots": one.shots,
        "seconds_a_seed": round(one.seconds_a_shot, 4),
        "checkers": dict(one.checkers),
        "strategies": {
            name: {"hits": hits, "shots": shots} for name, (hits, shots) in one.strategies.items()
        },
        "replay": replay(one),
    }
    if one.name != NONE:
        document["section"] = find(one.name).section
        document["equivalent"] = find(one.name).is_equivalent
    if not one.found and one.shots:
        document["probability_below"] = bound(one.shots)
    return document


def story_of(tale: Tale | None) -> dict[str, Any] | None:
    if tale is None:
        return None
    return {
        "transactions": tale.transactions,
        "choices": tale.choices,
        "events": tale.events,
        "seconds": round(tale.cpu_s, 2),
        "sentences": list(tale.sentences),
    }


def mean_of(one: Hunted) -> dict[str, float | None] | None:
    """Return the seeds to a finding, with their interval; its upper end may be anywhere."""
    if one.mean is None:
        return None
    most = one.mean.most
    return {
        "seeds": round(one.mean.seeds, 2),
        "least": round(one.mean.least, 2),
        "most": None if isinf(most) else round(most, 2),
        "seconds": round(one.mean.seeds * one.seconds_a_shot, 3),
    }


def replay(one: Hunted) -> str | None:
    """Return the command that does the run that found it first."""
    if one.first is None:
        return None
    needs = needs_of(None if one.name == NONE else one.name)
    base, *settings = drawn_for(one.first.seed, tuple(needs.items())).world.words()
    words = ["twophase", "simulate", base, "--seed", str(one.first.seed), *settings]
    return shlex.join(words if one.name == NONE else [*words, "--mutant", one.name])
