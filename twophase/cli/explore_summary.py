"""What walks have shown, drawn with rich: a table of the worlds, or one with its figures.

A schedule that ends badly is told step by step, and then what is wrong at its end.
"""

import shlex
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.counted import counted
from sim.search.explore.walk import Walked
from sim.search.explore.world import Limits
from twophase.cli.drawing import drawing, section
from twophase.cli.explore import Asked, Told

WIDE = 100  # Less, and there is no room for what may go wrong.
FINDINGS_SHOWN = 3


def show(asked: Asked, told: Sequence[Told]) -> None:
    """Draw walks on standard output."""
    with drawing() as console:
        if asked.mutant is not None:
            console.print(Text(f"Broken on purpose: {asked.mutant}", style="bold red"))
        if asked.is_one:
            draw_world(console, told[0].walked)
        else:
            draw_table(console, told)
        draw_verdict(console, asked, told)


def draw_world(console: Console, walked: Walked) -> None:
    """Say what a world is, and how many states and schedules it has."""
    world = walked.world
    console.print(Text.assemble((world.name, "bold"), f"  {world.sentence}"))
    for asked in world.requests:
        console.print(Text(f"  {asked}"))
    there = " ".join(world.first_items) or "nothing"
    nodes = f"{counted(len(world.partitions), 'partition')}, 1 ledger node"
    console.print(Text(f"  there at first: {there}; {nodes}; {world.limits}", style="dim"))
    console.print()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    table.add_column(justify="right")
    table.add_column()
    for count, what in figures(walked):
        table.add_row(count, what)
    console.print(table)


def figures(walked: Walked) -> list[tuple[str, str]]:
    rows = [] if walked.schedules is None else [(f"{walked.schedules:,}", "schedules, in")]
    return [
        *rows,
        (f"{walked.states:,}", "different states, with"),
        (f"{walked.transitions:,}", "steps between them"),
        (f"{walked.ends:,}", "different ends that were judged"),
        (f"{walked.depth:,}", "steps to the furthest state"),
        (f"{walked.seconds:.1f}", "seconds"),
    ]


def draw_table(console: Console, told: Sequence[Told]) -> None:
    """Lay out one world a line."""
    is_wide = console.width >= WIDE
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("world", no_wrap=True)
    for title in ("schedules", "states", "steps", "ends", "depth", "s"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    if is_wide:
        table.add_column("what may go wrong", no_wrap=True)
    for one in told:
        walked = one.walked
        ways = "" if walked.schedules is None else short(walked.schedules)
        wrong = Text("" if walked.world.limits == Limits() else str(walked.world.limits))
        table.add_row(
            walked.world.name,
            *(ways, f"{walked.states:,}", f"{walked.transitions:,}", f"{walked.ends:,}"),
            *(str(walked.depth), f"{walked.seconds:.1f}"),
            mark(walked),
            *((wrong,) if is_wide else ()),
        )
    console.print(table)


def short(count: int) -> str:
    """Write a large number so that it has room."""
    return f"{count:,}" if count < 10**9 else f"{count:.1e}".replace("e+", "e")


def mark(walked: Walked) -> Text:
    if walked.findings:
        return Text("FINDING", style="bold red")
    return Text("✓", style="green") if walked.is_complete else Text("stopped", style="yellow")


def draw_verdict(console: Console, asked: Asked, told: Sequence[Told]) -> None:
    """Say whether all holds, of which part, or how the shortest schedule goes that ends badly."""
    bad = next((one for one in told if not one.walked.ok), None)
    stopped = [one.walked for one in told if one.walked.stopped_by]
    if bad is not None:
        draw_schedule(console, asked, bad)
        return
    console.print()
    if stopped:
        names = ", ".join(one.world.name for one in stopped)
        why = ", ".join(dict.fromkeys(one.stopped_by for one in stopped))
        said = f"Not complete: {names} stopped at its bound of {why}.  All that was seen holds."
        console.print(Text(said, style="yellow"))
    else:
        console.print(Text("Complete: every check holds at every end.", style="green"))
        if asked.mutant is not None:
            console.print("The rule that is broken does not show here.")


def draw_schedule(console: Console, asked: Asked, told: Told) -> None:
    walked = told.walked
    count = counted(len(told.lines), "step")
    section(
        console, f"The shortest schedule that ends badly: {walked.world.name}, {count}", "bold red"
    )
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
    table.add_column(justify="right", style="dim")
    table.add_column()
    for line in told.lines:
        table.add_row(str(line.step), Text("\n".join(line.said)))
    console.print(table)
    console.print()
    shown = list(zip(walked.findings, told.explained, strict=True))
    for finding, explained in shown[:FINDINGS_SHOWN]:
        console.print(Text(f"{finding.checker}: {finding.kind}", style="red"))
        console.print(Padding(Text(explained), (0, 0, 0, 2)))
    if len(shown) > FINDINGS_SHOWN:
        console.print(f"… and {len(shown) - FINDINGS_SHOWN} more, with --json", style="dim")
    console.print(Text(f"\nThe same walk again\n  {asked.command(walked.world)}"), soft_wrap=True)
    if asked.scenario is not None and not told.unwritten:
        section(console, f"The schedule as a run, in {asked.scenario}")
        for words in (("simulate", asked.scenario, "--story"), ("replay", asked.scenario)):
            console.print(Text(f"  {shlex.join(['twophase', *words])}"), soft_wrap=True)
