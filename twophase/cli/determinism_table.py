"""The determinism certificate, drawn with rich: a row a Python, a column a hash seed."""

from itertools import groupby

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from sim.counted import counted
from sim.search.determinism.asked import SHORT, total_of
from sim.search.determinism.certificate import Certificate
from sim.search.determinism.difference import Difference, Parting
from sim.search.determinism.environments import HASH_SEEDS, EnvironmentDigests
from twophase.cli.drawing import drawing, section

WIDTH_MAX = 140
SHOWN = 8  # Digits of a digest in a cell.
LISTED_MAX = 5


def show(scenario: str | None, found: Certificate, not_golden: tuple[str, ...] | None) -> None:
    """Draw a certificate on standard output."""
    with drawing(WIDTH_MAX) as console:
        draw_heading(console, scenario, found)
        draw_cells(console, found)
        draw_left_out(console, found)
        draw_verdict(console, found, not_golden)


def draw_heading(console: Console, scenario: str | None, found: Certificate) -> None:
    runs = counted(len(found.runs), "run")
    what = (scenario, f"{runs}, a seed each") if scenario else ("golden runs", f"{runs} in trouble")
    console.print(Text.assemble((what[0], "bold"), f"  {what[1]}"))
    pythons = counted(len(found.tolds) // len(HASH_SEEDS), "Python")
    noise = "a fresh process each, with noise on its heap"
    console.print(Text(f"{pythons}, {len(HASH_SEEDS)} hash seeds, {noise}", style="dim"))
    console.print()


def draw_cells(console: Console, found: Certificate) -> None:
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for head in ("", "packages", "msgpack", *(f"hash seed {seed}" for seed in HASH_SEEDS)):
        grid.add_column(head)
    expected = next((told.digests for told in found.tolds if not told.problem), ())
    for python, tolds in groupby(found.tolds, key=lambda told: told.environment.python):
        packages = "borrowed" if python.borrows else "its own"
        msgpack = "compiled" if python.compiled else "plain Python"
        grid.add_row(python.name, packages, msgpack, *(cell(told, expected) for told in tolds))
    console.print(grid)


def cell(told: EnvironmentDigests, expected: tuple[str, ...]) -> Text:
    if told.problem:
        return Text("broke off", style="bold red")
    same = told.digests == expected
    digest = total_of(told.digests)[:SHOWN]
    return Text(f"{'✓' if same else '✗'} {digest}", style="green" if same else "bold red")


def draw_left_out(console: Console, found: Certificate) -> None:
    if found.left_out:
        section(console, "Left out")
        for one in found.left_out:
            console.print(Text(f"  {one.why}  ({one.path})", style="dim"), soft_wrap=True)


def draw_verdict(console: Console, found: Certificate, not_golden: tuple[str, ...] | None) -> None:
    console.print()
    for told in found.problems:
        console.print(Text(f"{told.environment.name}: {told.problem}", style="bold red"))
    if found.difference is not None:
        draw_difference(console, found.difference)
    if found.digest is None:
        return
    console.print(Text.assemble("Digest  ", (found.digest, "bold")))
    total = f"{len(found.runs) * len(found.tolds):,}"
    if not not_golden:
        also = ", and have the digests that come with twophase" if not_golden == () else ""
        console.print(Text(f"All {total} runs agree{also}.", style="green"))
        return
    few = ", ".join(not_golden[:LISTED_MAX]) + (" …" if len(not_golden) > LISTED_MAX else "")
    text = f"All {total} runs agree with each other, but {len(not_golden)} of {len(found.runs)} do"
    console.print(Text(f"{text} not have the digest that comes with twophase: {few}", style="red"))


def draw_difference(console: Console, difference: Difference) -> None:
    console.print(Text(f"{difference.run.name} has two digests:", style="bold red"))
    sides = (difference.one, difference.other)
    for digest, environment in zip(difference.digests, sides, strict=True):
        console.print(Text(f"  {digest[:SHORT]}  {environment.name}"))
    if difference.parting is None:
        console.print(Text("It differed once and then no more: no event can be named."))
    else:
        draw_parting(console, difference.parting)


def draw_parting(console: Console, parting: Parting) -> None:
    console.print()
    console.print(Text(f"The first event that differs is number {parting.number:,}:"))
    for event in parting.before:
        console.print(Text(f"  both   {event}", style="dim"))
    for side, event in zip(("one  ", "other"), parting.events, strict=True):
        console.print(Text.assemble("  ", (side, "bold red"), f"  {event}"))
    if parting.events[0] == parting.events[1]:
        console.print(Text(f"  {bytes_apart(*parting.frames)}"))


def bytes_apart(one: str, other: str) -> str:
    """Say where two messages differ that are the same in words."""
    pairs = zip(one, other, strict=False)
    place = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other))) // 2
    mine, theirs = (hexadecimal[2 * place :][:16] or "nothing" for hexadecimal in (one, other))
    return f"the same in words; from byte {place} on, one has {mine} and the other {theirs}"
