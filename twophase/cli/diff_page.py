"""Two runs beside each other in the terminal: the failing one left, the passing one right."""

from rich.table import Table as Grid
from rich.text import Text

from sim.search.diff.nearest import Nearest
from sim.search.diff.rows import BEFORE, Row, rows_of
from sim.search.diff.seen import SeenEvent
from twophase.cli.diff import leading_of, sentence
from twophase.cli.drawing import drawing

WIDTH_MAX = 160
ROWS_MAX, LAST_ROWS = 60, 12  # Of a longer comparison the middle is left out.


def show(found: Nearest) -> None:
    """Draw both runs on standard output, and say where they part."""
    with drawing(WIDTH_MAX) as console:
        console.print(heading(found))
        console.print()
        console.print(columns(found))
        console.print()
        console.print(Text(sentence(found)))
        console.print(Text(leading_of(found).explanation, style="red"))


def heading(found: Nearest) -> Text:
    variant = found.failing.variant
    mutant = f", {variant.mutant}" if variant.mutant else ""
    return Text.assemble(
        (variant.scenario.name, "bold"),
        f"  seed {variant.seed}{mutant}; beside it the same {found.passing.variant.what}",
    )


def columns(found: Nearest) -> Grid:
    grid = Grid(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False, expand=True)
    grid.add_column("ms", justify="right", no_wrap=True)
    grid.add_column(Text("failing", style="red"), ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column("ms", justify="right", no_wrap=True)
    grid.add_column(Text("passing", style="green"), ratio=1, no_wrap=True, overflow="ellipsis")
    rows = rows_of(found)
    before = min(BEFORE, found.prefix)
    for n, row in enumerate(rows):
        if len(rows) > ROWS_MAX and ROWS_MAX - LAST_ROWS <= n < len(rows) - LAST_ROWS:
            if n == ROWS_MAX - LAST_ROWS:
                grid.add_row("", f"… {len(rows) - ROWS_MAX:,} more rows, with --json", "", "")
            continue
        if n == before:
            grid.add_row(
                "", Text("─── here they part", style="bold"), "", Text("───", style="bold")
            )
        grid.add_row(*cells(row))
    return grid


def cells(row: Row) -> tuple[Text, Text, Text, Text]:
    """Write a row: what only one side has stands out."""
    style = "dim" if row.is_same else ""
    return (
        *cell(row.failing, style or "bold red"),
        *cell(row.passing, style or "bold green"),
    )


def cell(seen: SeenEvent | None, style: str) -> tuple[Text, Text]:
    if seen is None:
        return Text(""), Text("")
    return Text(f"{seen.us / 1_000:,.1f}", style="dim"), Text(short(seen.said), style=style)


def short(said: str) -> str:
    """Leave out what an arrow says as well."""
    return said.removeprefix("sent ").replace("step.happened", "a step:", 1)
