"""How short failures get, and what that costs: a table of failures, and figures over all of them.

    python benchmarks/shrink.py [--seeds N] [--only WORD]

Each mutant that can be found is run where its hint says, from its own seed and then on until N
seeds have found it (1 if nothing is said, 70 failures or more); each failure is shrunk, the short
scenario is written, read again and replayed, and has to be the same run.
"""

import sys
from collections.abc import Iterator
from statistics import median

from sim.mutants.catalogue import MUTANTS
from sim.mutants.mutant import Mutant
from sim.run import run
from sim.scenario import load, parse
from sim.search.broken import broken
from sim.search.shrink.failure import Failure, found, text_of
from sim.search.shrink.shrink import Shrunk, shrink

TRIED = 60  # Seeds after a mutant's own, until enough have found it.
WIDTH = 38


def failures(mutant: Mutant, seeds: int) -> Iterator[Failure]:
    """Return the first failures of a mutant where its hint says, each once."""
    scenario = load(mutant.hint.scenario, mutant.hint.settings)
    if scenario.regions:  # Of several regions nothing is shrunk.
        return
    left, seen = seeds, set[str]()
    for seed in range(mutant.seed, mutant.seed + TRIED):
        failure = found(scenario, seed, mutant.name)
        is_wanted = failure is not None and failure.anomaly & set(mutant.kinds)
        if failure is not None and is_wanted and failure.digest not in seen:
            seen.add(failure.digest)
            yield failure
            left -= 1
            if not left:
                return


def is_replayed(short: Shrunk) -> bool:
    """Say whether what is written of a short failure is that run again, to the byte."""
    failure = short.failure
    scenario = parse(text_of(failure), "story", {})
    assert scenario.failure is not None
    with broken(scenario.failure.mutant):
        return run(scenario, scenario.failure.seed).digest == failure.digest


def table(seeds: int, only: str) -> list[Shrunk]:
    """Shrink all failures, and print a line for each."""
    head = f"{'transactions':>12} {'choices':>8} {'messages':>9} {'runs':>6} {'CPU s':>6}"
    print(f"{'failure':<{WIDTH}} {'seed':>5} {'as':<6} {head}")
    done = []
    for mutant in MUTANTS.values():
        if mutant.is_equivalent or only not in mutant.name:
            continue
        for failure in failures(mutant, seeds):
            short = shrink(failure)
            assert is_replayed(short), "what is written has to be the same run"
            done.append(short)
            told = "story" if short.is_told else "world"
            sizes = f"{short.transactions:>12} {short.choices:>8} {short.events:>9}"
            cost = f"{short.runs:>6} {short.cpu_s:>6.1f}"
            print(f"{mutant.name:<{WIDTH}} {failure.seed:>5} {told:<6} {sizes} {cost}", flush=True)
    return done


def main() -> None:
    words = sys.argv[1:]
    seeds = int(words[words.index("--seeds") + 1]) if "--seeds" in words else 1
    only = words[words.index("--only") + 1] if "--only" in words else ""
    done = table(seeds, only)
    print(f"\n{len(done)} failures, {sum(one.is_told for one in done)} told as a story")
    print(f"{'':<14}{'median':>8}{'9 in 10':>9}{'most':>7}   goal: median, 9 in 10")
    for name, goal in (("transactions", "4, 6"), ("choices", "4, 12"), ("events", "")):
        show(name, [getattr(one, name) for one in done], goal)
    show("CPU seconds", [round(one.cpu_s, 1) for one in done], "5")


def show(name: str, values: list[float], goal: str) -> None:
    ordered = sorted(values)
    tenth = ordered[min(len(ordered) - 1, -(-9 * len(ordered) // 10) - 1)]
    print(f"{name:<14}{median(ordered):>8g}{tenth:>9g}{ordered[-1]:>7g}   {goal}")


if __name__ == "__main__":
    main()
