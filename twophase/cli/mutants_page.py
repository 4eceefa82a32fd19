"""A hunt as a page of the documentation: docs/bug-zoo.md is what `--markdown` prints."""

from collections.abc import Iterator

from sim.mutants.catalogue import GROUPS
from sim.mutants.mutant import Mutant
from sim.search.hunt.hunted import Hunted
from sim.search.hunt.hunting import SELDOM, STAGES, seeds_of_turns
from sim.search.hunt.strategies import portfolio
from sim.search.hunt.tales import Tale
from twophase.cli.mutants import ALL
from twophase.cli.mutants_figures import (
    Figures,
    came_to_nothing,
    figures_of,
    interval,
    length,
    number,
    sentences,
)
from twophase.cli.mutants_hunt import Told

ABOUT = (
    "# The bug zoo",
    "",
    "How long it takes to find each mutant: the protocol with one rule left out or misread"
    " ([the list, and what each does wrong](mutants.md)).",
    "Of the mutant that it hunts the hunt knows no more than what its world must have for it to"
    " show at all, such as streams, followers or indexes; strategies that are the same for all of"
    " them take turns, a seed each.",
    "This page is made by `twophase mutants --hunt --markdown`.",
    "",
    "What is not here (yet): no strategy is guided by what earlier seeds have covered.",
    "",
    "```sh",
    "twophase mutants --hunt                        # All of them: 45 minutes on two cores.",
    "twophase mutants --hunt reads-have-one-round   # One, with its story and the run of it.",
    "twophase mutants --hunt none --seeds 0:100000  # The protocol as it is: nothing may be found.",
    "```",
    "",
)
READING = (
    "## How to read it",
    "",
    "* *first* is the first seed that finds the mutant, counted from 1, and *CPU s* the time until"
    " then on one processor.",
    "* *mean* is how many seeds a finding takes on the average: 1 / p̂, where p̂ is the part of the"
    " seeds that find it, and beside it Wilson's interval (95 %).",
    "  The seeds are {first} to {last}, {turns} turns of each strategy; a mutant that fewer than"
    " {seldom} of them find is hunted with {more}, and then with {most}.",
    "* *seen first by* is the first check that complains in that run, in the order in which checks"
    " are made, and what it calls it.",
    "* *story* is the length of that run once it is [shrunk](shrink.md):"
    " transactions · choices · messages.",
    "* A finding that the unbroken protocol has in the very same run counts for nothing.",
    "",
    "What is not found is told by kind: *workload too narrow* (the broken rule changed nothing in"
    " any run that was compared), *checker blind* (it changed runs, and no check saw anything"
    " wrong), or *equivalent* (nobody can tell, and nothing may be found).",
    "",
    "## The mutants",
)


def page(told: Told) -> str:
    """Write the page of a hunt of all mutants; of one, what the page is to have of it."""
    if told.asked.name != ALL:
        return "\n".join(mutants(told)).lstrip("\n") + "\n"
    figures = figures_of(told.hunted, told.tales)
    parts = [*ABOUT, "## The figures", "", *(f"* {said}" for said in sentences(figures)), ""]
    parts += [*strategies(figures), "", *reading(), *mutants(told)]
    return "\n".join(parts) + "\n"


def reading() -> list[str]:
    first, more, most = (seeds_of_turns(turns) for turns in STAGES)
    words = {
        "first": first[0],
        "last": first[-1],
        "turns": STAGES[0],
        "seldom": SELDOM,
        "more": len(more),
        "most": len(most),
    }
    return [line.format(**words) for line in READING]


def strategies(figures: Figures) -> Iterator[str]:
    """Write the table of the portfolio."""
    yield "| strategy | what it does | finds most often | finds alone |"
    yield "|---|---|---|---|"
    for one in portfolio():
        best, alone = figures.best_at[one.name], figures.alone[one.name]
        yield f"| {one.name} | {one.about} | {best} | {alone} |"


def mutants(told: Told) -> Iterator[str]:
    """Write a table for each group of mutants."""
    by_name = {one.name: one for one in told.hunted}
    for title, group in GROUPS.items():
        there = [mutant for mutant in group if mutant.name in by_name]
        if there:
            yield f"\n### {title[0].upper()}{title[1:]}\n"
            yield "| mutant | § | first | CPU s | mean | seen first by | strategy | story |"
            yield "|---|---|---|---|---|---|---|---|"
            yield from (row(one, by_name[one.name], told.tales.get(one.name)) for one in there)


def row(mutant: Mutant, one: Hunted, tale: Tale | None) -> str:
    name = f"`{mutant.name}`"
    if one.mean is None or one.first is None or one.kind is None:
        said = came_to_nothing(one)
        cells = [name, mutant.section, "", f"{one.seconds:.1f}", "", said, "", ""]
    else:
        cells = [
            *(name, mutant.section, str(one.seeds), f"{one.seconds:.2f}"),
            f"{number(one.mean.seeds)} ({interval(one.mean)})",
            *(": ".join(one.kind), one.first.strategy, length(tale)),
        ]
    return f"| {' | '.join(cells)} |"
