"""The canary: one answer of the evidence is falsified, to see whether the checks are awake."""

from collections.abc import Iterator, Mapping
from typing import Any

from network.host import Chance
from sim.checkers.evidence import is_read
from sim.checkers.finding import Finding
from sim.history import History, Operation

FALSE = {"S": "the canary's"}  # A value that no workload writes.


def falsified(history: History, chance: Chance) -> tuple[History, str]:
    """Return the history with one attribute that a read has shown changed, and whose read it was.

    Nobody, if nobody has read anything.
    """
    site = chance.site("canary")
    shown = [n for n, operation in enumerate(history) if is_read(operation) and any(_of(operation))]
    if not shown:
        return history, ""
    chosen = shown[site.below(len(shown))]
    false, whose = History(), ""
    for n, operation in enumerate(history):
        if n == chosen:
            items = [item for item in _of(operation) if item]
            item = items[site.below(len(items))]
            name = sorted(item)[site.below(len(item))]
            item[name] = FALSE  # Unpacked for us alone.
            whose = operation.call
        false.add(operation)
    return false, whose


def verdict(whose: str, found: list[Finding]) -> list[Finding]:
    """Say what is wrong with the checks themselves, if anything is."""
    if not whose:
        return [Finding("canary", "nothing to falsify", "nobody has read anything", ())]
    if any(whose in finding.transactions for finding in found):
        return []
    text = f"the answer of {whose} was falsified, and no check has noticed"
    return [Finding("canary", "overlooked", text, (whose,))]


def _of(operation: Operation) -> Iterator[dict[str, Any]]:
    """Give the items that an answer shows."""
    answers: list[Mapping[str, Any]] = operation.answer.get("Responses", [operation.answer])
    return (answer.get("Item", {}) for answer in answers)
