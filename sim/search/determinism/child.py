"""One process of the certificate: it makes the runs that it is asked for, a line of JSON each.

    echo '{"runs": [["bank", {}, 1]], "noise": 3}' | python -m sim.search.determinism.child

Before the first run and after each it makes noise on the heap, so that addresses differ between
processes, and from run to run.
"""

import json
import sys
from contextlib import nullcontext
from typing import Any, TextIO

from sim.run import run
from sim.scenario import load
from sim.search.broken import broken
from sim.search.event_lines import EventLines, Write
from sim.tables import SetupError

NOISE = 7_919  # Objects, for each step of noise.


def noise(amount: int) -> list[object]:
    """Allocate much, free most of it, and return what is to stay."""
    made = [object() for _ in range(amount * NOISE)]
    return made[:: amount + 2]


def answer(job: dict[str, Any], out: TextIO) -> None:
    """Make all runs of a job, and write a line for each as soon as it is known."""
    kept = [noise(job["noise"])]
    last = len(job["runs"]) - 1
    for n, (scenario, settings, seed) in enumerate(job["runs"]):
        path = job.get("events") if n == last else None
        with open(path, "w", encoding="utf-8") if path else nullcontext() as file:
            told = one(scenario, settings, seed, file)
        out.write(f"{json.dumps(told)}\n")
        out.flush()
        kept.append(noise(job["noise"] + n % 5))


def one(
    scenario: str, settings: dict[str, str], seed: int, events: TextIO | None
) -> dict[str, str]:
    listeners = () if events is None else (EventLines(line_to(events)),)
    loaded = load(scenario, settings)
    mutant = loaded.failure.mutant if loaded.failure is not None else None
    try:
        with broken(mutant):  # A failure's file is about a run with that rule broken.
            return {"digest": run(loaded, seed, listeners=listeners).digest}
    except SetupError as error:
        return {"problem": str(error)}


def line_to(file: TextIO) -> Write:
    return lambda us, said, exact: file.write(f"{us}\t{said}\t{exact}\n")


if __name__ == "__main__":
    answer(json.load(sys.stdin), sys.stdout)
