"""A hunt, drawn with rich: a line a mutant, the hardest ones last, and what that comes to."""

from math import inf

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.counted import counted
from sim.search.hunt.hunted import FOUND, SURVIVED, Hunted
from sim.search.hunt.shots import NONE
from sim.search.hunt.strategies import portfolio
from sim.search.verdict import bound, percent, wilson
from twophase.cli.drawing import drawing
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
from twophase.cli.mutants_json import replay

WIDTH_MAX = 140
STYLES = {FOUND: "red", SURVIVED: "green"}


def show(told: Told) -> None:
    """Draw a hunt on standard output."""
    with drawing(WIDTH_MAX) as console:
        if told.asked.name == NONE:
            draw_unbroken(console, told.hunted[0])
        elif len(told.hunted) == 1:
            draw_one(console, told)
        else:
            draw_all(console, told)
        if told.is_interrupted:
            console.print(Text("interrupted: this is what was known by then", style="yellow"))


def draw_all(console: Console, told: Told) -> None:
    """Draw a table of many mutants, and the portfolio under it."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("mutant", no_wrap=True)
    for title in ("first", "CPU s", "mean"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("95 %", no_wrap=True)
    table.add_column("seen first by", overflow="fold")
    table.add_column("strategy", no_wrap=True)
    table.add_column("story", no_wrap=True)
    for one in sorted(told.hunted, key=hardness):
        table.add_row(*row(one), length(told.tales.get(one.name)))
    console.print(table)
    console.print(
        Padding(
            Text(
                "first: the seed that found it, and the CPU time until then.  mean: seeds to a"
                " finding.  story: transactions · choices · messages.",
                style="dim",
            ),
            (1, 0),
        )
    )
    figures = figures_of(told.hunted, told.tales)
    draw_portfolio(console, figures)
    for sentence in sentences(figures):
        console.print(Text(sentence))


def hardness(one: Hunted) -> tuple[bool, float]:
    return one.ok, one.mean.seeds if one.mean is not None else inf if not one.ok else -1.0


def row(one: Hunted) -> list[Text | str]:
    name = Text(one.name, style=STYLES.get(one.verdict, "bold yellow"))
    if one.mean is None or one.first is None or one.kind is None:
        return [name, "", f"{one.seconds:.1f}", "", "", came_to_nothing(one), ""]
    return [
        name,
        str(one.seeds),
        f"{one.seconds:.2f}",
        number(one.mean.seeds),
        interval(one.mean),
        ": ".join(one.kind),
        one.first.strategy,
    ]


def draw_portfolio(console: Console, figures: Figures) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("strategy", no_wrap=True)
    table.add_column("best at", justify="right", no_wrap=True)
    table.add_column("alone at", justify="right", no_wrap=True)
    table.add_column("")
    for strategy in portfolio():
        name = strategy.name
        best, alone = figures.best_at[name], figures.alone[name]
        table.add_row(name, str(best), str(alone), Text(strategy.about, style="dim"))
    console.print(table)
    console.print()


def draw_one(console: Console, told: Told) -> None:
    """Tell of the hunt for one mutant."""
    (one,) = told.hunted
    style = STYLES.get(one.verdict, "bold yellow")
    console.print(Text.assemble((one.name, "bold"), "  ", (one.verdict, style)))
    console.print(Text(said_of(one)))
    for name, (hits, shots) in one.strategies.items():
        console.print(Text(f"  {name:10}{hits:5,} of {shots:,}", style="" if hits else "dim"))
    tale = told.tales.get(one.name)
    if tale is not None:
        console.print(
            Text(
                f"Its shrunk story: {counted(tale.transactions, 'transaction')},"
                f" {counted(tale.choices, 'choice')},"
                f" {counted(tale.events, 'message')}."
            )
        )
        for sentence in tale.sentences:
            console.print(Padding(Text(sentence), (0, 0, 0, 2)))
    draw_replay(console, one)


def said_of(one: Hunted) -> str:
    if not one.shots:
        return "no run of it was made"
    if one.mean is None or one.kind is None:
        changed = f"; it changed {one.changed} runs" if one.changed is not None else ""
        return (
            f"nothing in {one.shots:,} seeds and {one.seconds:.1f} s of CPU time: a seed finds it"
            f" with probability below {bound(one.shots)} (95 %){changed}"
        )
    return (
        f"seed {one.first.seed if one.first else 0} found it, after {one.seconds:.2f} s of CPU"
        f" time: {': '.join(one.kind)}.  {one.hits:,} of {one.shots:,} seeds do: one in"
        f" {number(one.mean.seeds)} ({interval(one.mean)}, 95 %)."
    )


def draw_unbroken(console: Console, one: Hunted) -> None:
    """Tell what was found in the protocol as it is."""
    if not one.shots:
        console.print(Text("no run was made: nothing is known", style="yellow"))
        return
    if not one.found:
        per_second = one.shots / one.seconds if one.seconds else 0.0
        console.print(
            Text(
                f"no finding in {one.shots:,} seeds of the unbroken protocol: under this portfolio"
                f" a seed fails with probability below {bound(one.shots)} (95 %);"
                f" {one.seconds:,.0f} s of CPU time, {per_second:.1f} seeds a second",
                style="green",
            )
        )
        return
    least, most = (percent(part) for part in wilson(one.hits, one.shots))
    console.print(
        Text(
            f"{one.hits:,} of {one.shots:,} seeds have findings: between {least} and {most} (95 %)",
            style="bold red",
        )
    )
    draw_replay(console, one)


def draw_replay(console: Console, one: Hunted) -> None:
    command = replay(one)
    if command is not None:
        console.print(Text("The run that found it"))
        console.print(Text(f"  {command}"), soft_wrap=True)
