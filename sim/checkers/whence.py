"""Whose version of an item a reader was shown: for the explanation of what was found.

A read that was asked for more than once has several readings; its answer is the one that has the
same item.
"""

from collections.abc import Iterable, Iterator

from network.messages import RecordKey
from sim.checkers.evidence import Evidence
from sim.checkers.model import Json, get_answer, shown_place
from sim.history import Operation

Shown = dict[RecordKey, tuple[int | None, ...]]


def whence(evidence: Evidence, operation: Operation) -> list[str]:
    """Tell, of each item that was read, whose version it may have been."""
    seen = evidence.seen_by(operation)
    return [
        f"{shown_place(evidence.place(key))}: {_whose(evidence, key, versions)}"
        for key, versions in versions_shown(evidence, operation, seen).items()
    ]


def versions_shown(
    evidence: Evidence, operation: Operation, seen: dict[RecordKey, list[int | None]]
) -> Shown:
    """Say which versions of each item an answer may show; None is one that no disk has had."""
    answers: list[Json] = operation.answer.get("Responses", [operation.answer])
    told = {
        place: (entry, answer)
        for (place, entry), answer in zip(evidence.gets(operation), answers, strict=False)
    }
    found: Shown = {}
    for key, versions in seen.items():
        found[key] = tuple(dict.fromkeys(versions))
        if len(found[key]) > 1 and evidence.place(key) in told:
            entry, answer = told[evidence.place(key)]
            items = evidence.items(key)
            fitting = [one for one in found[key] if one is not None]
            fitting = [one for one in fitting if get_answer(items[one], entry) == answer]
            found[key] = tuple(fitting) or found[key]
    return found


def _whose(evidence: Evidence, key: RecordKey, found: Iterable[int | None]) -> str:
    return ", or ".join(_told(evidence, key, found))


def _told(evidence: Evidence, key: RecordKey, found: Iterable[int | None]) -> Iterator[str]:
    versions = evidence.versions.get(key, [])
    for place in found:
        if place is None:
            yield "in a version that no disk has ever had"
        elif place == 0:
            yield "missing, as at the start"
        else:
            writer = evidence.writers.get(versions[place - 1].writer)
            name = versions[place - 1].writer if writer is None else writer.call
            yield f"as {name} left it (version {place} of {len(versions)})"
