"""The table of a step sweep, drawn with rich: the one that textbooks print of two-phase commit."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from sim.search.steps.cells import CellRun
from sim.search.steps.columns import ON_MESSAGES, ON_WRITES, Column
from sim.search.steps.table import Table
from sim.search.steps.verdicts import Ending, Outcome, Verdict
from twophase.cli.drawing import drawing, listed, section
from twophase.cli.steps import Asked
from twophase.cli.summary import draw_heading

WIDTH_MAX = 140
WIDE = 116  # Less, and cells say only what they must.
PAIRS_SHOWN = 4  # Of each outcome.
FOUND_SHOWN = 10
LATER_US = 100_000
MARKS = {"committed": "✓", "cancelled": "✗", "never decided": "–", "": "·"}
STYLES = {"✓": "green", "✗": "yellow", "–": "yellow", "·": "", "?": "magenta"}
LEGEND = (
    ("✓", "committed"),
    ("✗", "cancelled"),
    ("–", "never decided"),
    ("?", "the client was left without an answer, and then what is true"),
    ("↻c2", "finished by recovery, at that coordinator"),
    ("12ms", "when the client was told"),
    ("·5s", "when the ledger had it COMPLETED, where that was later by a tenth of a second"),
)


def show(asked: Asked, table: Table) -> None:
    """Draw a step sweep on standard output."""
    with drawing(WIDTH_MAX) as console:
        draw_heading(console, asked.scenario, asked.seed)
        calm = said(table.undisturbed.verdict)
        console.print(Text.assemble("Without any fault: ", calm))
        draw_cells(console, table, ON_MESSAGES, "Every message, and a fault on it")
        draw_cells(console, table, ON_WRITES, "Every durable write, and a fault on it")
        draw_legend(console, table, asked)
        draw_totals(console, table, asked)
        draw_findings(console, table, asked)


def draw_cells(console: Console, table: Table, columns: Sequence[Column], title: str) -> None:
    section(console, title)
    is_wide = console.width >= WIDE
    if not is_wide:
        titles = (f"{column.letter} {column.title}" for column in columns)
        console.print(Text(" · ".join(titles), style="dim"))
    grid = Grid(box=None, padding=(0, 2 if is_wide else 1, 0, 0), header_style="bold")
    grid.add_column("", justify="right")
    grid.add_column("", ratio=None if is_wide else 1)
    for column in columns:
        head = f"{column.letter}  {column.title}" if is_wide else column.letter
        grid.add_column(head, max_width=12, no_wrap=not is_wide)
    for row, occasion in enumerate(table.undisturbed.occasions, 1):
        if occasion.is_write == (columns is ON_WRITES):
            cells = [cell(table, f"{row}{column.letter}", is_wide) for column in columns]
            grid.add_row(str(row), Text(occasion.said, no_wrap=True, overflow="ellipsis"), *cells)
    console.print(grid)


def cell(table: Table, address: str, is_wide: bool) -> Text:
    told = table.singles.get(address)
    return Text("") if told is None else said(told.verdict, is_wide, between="\n")


def said(verdict: Verdict, is_wide: bool = True, between: str = " ") -> Text:
    """Write a verdict in as few signs as will do, or even fewer; `between` requests is that."""
    if verdict.findings:
        return Text("FINDING", style="bold red")
    if not all(verdict.came):
        return Text("never came" if is_wide else "never", style="dim")
    return Text(between).join(ended(ending, is_wide) for ending in verdict.endings)


def ended(ending: Ending, is_wide: bool) -> Text:
    truth = MARKS[ending.truth]
    mark = truth
    if ending.told == "unknown":
        mark = f"?{truth}"
    elif not ending.truth or not ending.told.startswith(ending.truth):
        mark = MARKS.get(ending.told.partition(" ")[0], "·")
    space = " " if is_wide else ""
    text = Text(f"{mark}{space}{shown_us(ending.told_us)}", style=STYLES[mark[0]])
    if ending.is_recovered:
        text.append(f"{space}↻{ending.by if is_wide else ''}")
    is_later = ending.finished_us is not None and ending.finished_us > ending.told_us + LATER_US
    if is_wide and is_later and ending.finished_us is not None:
        text.append(f" ·{shown_us(ending.finished_us)}", style="dim")
    return text


def shown_us(us: int) -> str:
    return f"{us / 1e6:.1f}s" if us >= 1_000_000 else f"{us // 1_000}ms"


def draw_legend(console: Console, table: Table, asked: Asked) -> None:
    console.print()
    for mark, meaning in LEGEND if console.width >= WIDE else LEGEND[:-1]:
        console.print(Text.assemble(f"  {mark:>4}  ", (meaning, "dim")))
    whose = [ending.client for ending in table.undisturbed.verdict.endings]
    if len(whose) > 1:
        meaning = f"one for each request, in the order of clients: {listed(whose)}"
        console.print(Text.assemble("   ✓ ✗  ", (meaning, "dim")))
    console.print(Text.assemble("The story of a cell:  ", asked.command("--cell", "3a")))


def draw_totals(console: Console, table: Table, asked: Asked) -> None:
    section(console, f"One fault at a time: {len(table.singles):,} runs")
    draw_outcomes(console, Counter(one.verdict.outcome for one in table.singles.values()))
    if not asked.with_pairs:
        return
    section(console, f"Two faults at a time: {table.pairs:,} runs")
    draw_outcomes(console, table.pair_outcomes)
    if table.differing_count:
        console.print(
            f"{table.differing_count:,} of them end as neither of their faults does alone:"
        )
        shown = samples(table)
        draw_told(console, shown)
        if table.differing_count > len(shown):
            more = table.differing_count - len(shown)
            console.print(f"  … and {more:,} more, with --json", style="dim")


def samples(table: Table) -> list[CellRun]:
    """Choose a few of the pairs that differ, some of each outcome, the rarest first."""
    by_outcome: dict[Outcome, list[CellRun]] = {}
    for pair in table.differing:
        by_outcome.setdefault(pair.verdict.outcome, []).append(pair)
    rare_first = sorted(by_outcome, key=lambda outcome: (table.pair_outcomes[outcome], outcome))
    return [pair for outcome in rare_first for pair in by_outcome[outcome][:PAIRS_SHOWN]]


def draw_outcomes(console: Console, outcomes: Counter[Outcome]) -> None:
    grid = Grid(box=None, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(justify="right")
    grid.add_column()
    for outcome, count in sorted(outcomes.items(), key=lambda one: (-one[1], one[0])):
        grid.add_row(f"{count:,}", in_words(outcome))
    console.print(grid)


def in_words(outcome: Outcome) -> str:
    """Say how all requests ended, and whose they are where there are several."""
    return "; ".join(
        (f"{client} " if len(outcome) > 1 else "") + described(told, truth, is_recovered)
        for client, told, truth, is_recovered in outcome
    )


def described(told: str, truth: str, is_recovered: bool) -> str:
    """Say how a request ended, as in 'the client knows nothing, committed, by recovery'."""
    words = ["told nothing definite" if told == "unknown" else f"told {told!r}"]
    if truth and not told.startswith(truth):
        words.append(f"in truth {truth}")
    if is_recovered:
        words.append("finished by recovery")
    return ", ".join(words)


def draw_told(console: Console, some: Sequence[CellRun]) -> None:
    grid = Grid(box=None, padding=(0, 2, 0, 2), show_header=False)
    for told in some:
        steps = "\n".join(one.step for one in told.cells)
        grid.add_row(told.address, Text(steps), said(told.verdict))
    console.print(grid)


def draw_findings(console: Console, table: Table, asked: Asked) -> None:
    runs = 1 + len(table.singles) + table.pairs
    console.print()
    if table.ok:
        console.print(Text(f"Every check of all {runs:,} runs holds.", style="green"))
        return
    console.print(Text(f"{table.found_count:,} of {runs:,} runs have findings:", style="bold red"))
    for explanation in table.undisturbed.verdict.findings:
        console.print(Text(f"  without any fault  {explanation}"))
    for told in table.found[:FOUND_SHOWN]:
        console.print(Text(f"  {told.address}  {told.verdict.findings[0]}"))
        console.print(Text(f"    {asked.command('--cell', told.address)}", style="dim"))
