"""A hunt in numbers: how many seeds a mutant takes, which strategy is best at how many."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf, isinf
from statistics import median

from items.data import data
from sim.counted import counted
from sim.search.hunt.hunted import FOUND, SURVIVED, UNTRIED, Hunted, Mean
from sim.search.hunt.strategies import portfolio
from sim.search.hunt.tales import Tale


@data
class Figures:
    """What a hunt for many mutants comes to."""

    found: int
    to_be_found: int  # Of those that were tried.
    survived: int
    median: float | None  # None: nobody knows it.
    worst: Hunted | None
    best_at: Mapping[str, int]  # By strategy: the mutants that it finds most often.
    alone: Mapping[str, int]  # … and those that no other strategy has found.
    wrong: Mapping[str, tuple[str, ...]]  # By verdict: what is not as it should be.
    story: tuple[float, float] | None  # Of the shrunk stories: median transactions and choices.


def figures_of(hunted: Iterable[Hunted], tales: Mapping[str, Tale]) -> Figures:
    """Add a hunt up."""
    every = list(hunted)
    found = [one for one in every if one.verdict == FOUND]
    wrong: dict[str, list[str]] = {}
    for one in every:
        if not one.ok:
            wrong.setdefault(one.verdict, []).append(one.name)
    names = [strategy.name for strategy in portfolio()]
    best = Counter(max(names, key=lambda name: hits_of(one, name)) for one in found)
    alone = Counter(
        names_of[0] for one in found if len(names_of := [n for n in names if hits_of(one, n)]) == 1
    )
    verdicts = Counter(one.verdict for one in every)
    survived = verdicts[SURVIVED]
    return Figures(
        len(found),
        len(every) - survived - verdicts[UNTRIED],
        survived,
        median_of(every),
        max(found, key=lambda one: one.mean.seeds if one.mean else 0.0, default=None),
        {name: best[name] for name in names},
        {name: alone[name] for name in names},
        {verdict: tuple(them) for verdict, them in wrong.items()},
        story_of(tales),
    )


def median_of(every: Iterable[Hunted]) -> float | None:
    """Return how many seeds half of the mutants take, if enough of them were found to say so."""
    asked = [one for one in every if one.verdict != SURVIVED]
    if not asked or any(one.verdict == UNTRIED for one in asked):
        return None
    # Who was not found takes more seeds than all others.
    middle = median(one.mean.seeds if one.mean is not None else inf for one in asked)
    return None if isinf(middle) else middle


def hits_of(one: Hunted, strategy: str) -> int:
    return one.strategies.get(strategy, (0, 0))[0]


def story_of(tales: Mapping[str, Tale]) -> tuple[float, float] | None:
    if not tales:
        return None
    every = tales.values()
    return median(one.transactions for one in every), median(one.choices for one in every)


# In words ----------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Write a mean: 1.4, 12, 350; nobody needs more digits than two."""
    if isinf(value):
        return "∞"
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def interval(mean: Mean) -> str:
    """Write a mean's interval, as in 3.1 … 9.8."""
    return f"{number(mean.least)} … {number(mean.most)}"


def length(tale: Tale | None) -> str:
    """Write how long a story is: transactions, choices, messages."""
    return f"{tale.transactions} · {tale.choices} · {tale.events}" if tale is not None else ""


def came_to_nothing(one: Hunted) -> str:
    """Say how a hunt without a finding has ended, and after how much."""
    return f"{one.verdict} ({one.shots:,} seeds)" if one.shots else one.verdict


def sentences(figures: Figures) -> list[str]:
    """Say what a hunt has come to."""
    said = [f"{figures.found} of {figures.to_be_found} mutants that can be found were found."]
    worst = figures.worst
    if worst is not None and worst.mean is not None:
        middle = ""
        if figures.median is not None:
            middle = f"median {number(figures.median)} (half of the mutants take fewer), "
        said.append(f"Seeds to a finding: {middle}worst {number(worst.mean.seeds)} ({worst.name}).")
    if figures.survived:
        said.append(f"{figures.survived} equivalent ones survived, as they must.")
    if figures.story is not None:
        transactions, choices = figures.story
        said.append(
            f"Their shrunk stories have {counted(transactions, 'transaction')} and"
            f" {counted(choices, 'choice')} (medians)."
        )
    for verdict, names in figures.wrong.items():
        said.append(f"{verdict}: {', '.join(names)}.")
    return said
