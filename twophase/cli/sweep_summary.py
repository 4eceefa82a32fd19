"""What a person wants to know of a sweep, drawn with rich; the last line is what it has shown."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from network.events import EVENTS
from sim.counted import counted
from sim.search.results import Tally
from sim.search.rows import KILLED
from sim.search.verdict import percent, words_of
from twophase.cli.drawing import drawing, listed, section
from twophase.cli.summary import mark_grid
from twophase.cli.sweep_told import Told

Rows = Sequence[tuple[Sequence[str], Tally]]  # The values of what differs, and what came of it.

INDENT = 2
WIDTH_MAX = 1_000_000  # Of a table that nobody draws.
COMBINATIONS_MAX = 50  # Drawn; JSON and CSV have them all.
RARE = 0.01  # Marks that fewer runs have seen are shown: there the next seeds are worth most.
STOPPED = {
    "interrupted": "interrupted",
    "time": "time is up",
    "killed": "too many runs killed their process: look at the machine, and at its memory",
}


def show(told: Told) -> None:
    """Draw a sweep on standard output."""
    with drawing() as console:
        draw_heading(console, told)
        draw_combinations(console, told)
        draw_findings(console, told)
        draw_not_set_up(console, told)
        draw_faults(console, told)
        draw_marks(console, told)
        draw_verdict(console, told)


def draw_heading(console: Console, told: Told) -> None:
    plan, scenario = told.plan, told.plan.scenarios[0]
    seeds = f"seeds {plan.first} to {plan.end - 1}"
    if len(plan.settings) > 1:
        seeds += f" of {len(plan.settings):,} combinations"
    console.print(Text.assemble((scenario.name, "bold"), f"  {seeds}"))
    if scenario.description:
        console.print(Text(scenario.description))
    made, sweep = told.results.runs + told.results.not_set_up.runs, told.sweep
    if plan.mutant is not None:
        console.print(Text(f"one rule is broken: {plan.mutant}", style="yellow"))
    fixed = {key: value for key, value in plan.settings[0].items() if key not in varied(told)}
    if fixed:
        console.print(Text(f"with {words_of(fixed)}"))
    words = [f"{made:,} of {counted(plan.runs, 'run')} made"]
    if told.known:
        words.append(f"{told.known:,} of them before, from the file")
    words.append(f"{told.seeds_per_second:,.0f} a second in {sweep.seconds:,.1f} s")
    where = counted(told.jobs, "process", "processes")
    words.append(where if told.executor == "processes" else f"{told.jobs:,} workers")
    console.print(Text(listed(words), style="dim"))
    if sweep.stopped is not None:
        console.print(Text(f"ended early: {STOPPED[sweep.stopped]}", style="yellow"))


def varied(told: Told) -> list[str]:
    """Name the keys that differ between combinations."""
    first, *others = told.plan.settings
    return [key for key in first if any(one[key] != first[key] for one in others)]


def draw_combinations(console: Console, told: Told) -> None:
    section(console, "By combination" if len(told.plan.settings) > 1 else "All runs")
    keys = varied(told)
    pairs = list(zip(told.plan.settings, told.results.tallies, strict=True))
    # Those with findings are drawn in any case, if there is no room for all.
    shown = (
        pairs if len(pairs) <= COMBINATIONS_MAX else sorted(pairs, key=lambda one: -one[1].failed)
    )
    rows = [
        ([settings[key] for key in keys], tally) for settings, tally in shown[:COMBINATIONS_MAX]
    ]
    tables = [table_of(keys, rows, between) for between in " \n"]
    fitting = [one for one in tables if width_of(one, console) <= console.width - INDENT]
    if fitting or not keys:
        console.print(Padding([*fitting, tables[-1]][0], (0, 0, 0, INDENT)))
    else:  # Settings that are cut into pieces cannot be read: each has a line below.
        numbered = [([str(n)], tally) for n, (_, tally) in enumerate(rows, 1)]
        console.print(Padding(table_of([""], numbered, "\n"), (0, 0, 1, INDENT)))
        legend = Table.grid(padding=(0, 2, 0, 0))
        for n, (values, _) in enumerate(rows, 1):
            legend.add_row(str(n), Text(words_of(dict(zip(keys, values, strict=True)))))
        console.print(Padding(legend, (0, 0, 0, INDENT)))
    if len(pairs) > COMBINATIONS_MAX:
        left = len(pairs) - COMBINATIONS_MAX
        console.print(Text(f"  … and {left:,} combinations more (--json has them)", style="dim"))


def table_of(keys: Sequence[str], rows: Rows, between: str) -> Table:
    """Lay out what came of combinations; `between` is what parts a title's first two words."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for key in keys:
        table.add_column(key, no_wrap=True)
    for title in ("runs", "with findings", "committed", "cancelled", "unknown", "messages a run"):
        table.add_column(title.replace(" ", between, 1), justify="right", no_wrap=True)
    for values, tally in rows:
        style = "red" if tally.failed else ""
        table.add_row(*map(Text, values), *cells_of(tally), style=style)
    return table


def width_of(table: Table, console: Console) -> int:
    """Return how wide a table is, whether there is room for it or not."""
    return console.measure(table, options=console.options.update(width=WIDTH_MAX)).maximum


def cells_of(tally: Tally) -> Iterable[str]:
    transactions = sum(tally.outcomes)
    yield f"{tally.runs:,}"
    yield f"{tally.failed:,}"
    for count in tally.outcomes:
        yield percent(count / transactions) if transactions else "-"
    yield f"{tally.messages / tally.runs:,.0f}" if tally.runs else "-"


def draw_findings(console: Console, told: Told) -> None:
    groups = told.groups
    if not groups:
        return
    section(console, f"{counted(len(groups), 'kind')} of finding", "bold red")
    for n, (checker, kind, group) in enumerate(groups, 1):
        runs = counted(group.runs, "run")
        head = Text.assemble(f"  {n}  ", (f"{checker}: {kind}", "red"), f"  in {runs}")
        console.print(head)
        first = group.first[0]
        console.print(Padding(Text(first.explanation), (0, 0, 0, 5)))
        seeds = listed(str(seen.seed) for seen in group.first)
        more = " …" if group.runs > len(group.first) else ""
        if (checker, kind) == KILLED:
            more += "  (run one by hand, and watch its memory)"
        console.print(Padding(Text(f"seeds {seeds}{more}", style="dim"), (0, 0, 0, 5)))
        # As it is to be typed: a line that were broken would be two commands.
        console.print(Text(f"     {told.replay(first)}"), soft_wrap=True)


def draw_not_set_up(console: Console, told: Told) -> None:
    group = told.results.not_set_up
    if not group.runs:
        return
    section(console, f"{counted(group.runs, 'run')} could not be carried out", "bold yellow")
    console.print(Padding(Text(group.first[0].explanation), (0, 0, 0, 2)))
    console.print(Text(f"  {told.replay(group.first[0])}"), soft_wrap=True)


def draw_faults(console: Console, told: Told) -> None:
    faults = told.results.faults
    if not faults:
        return
    section(console, "Faults carried out")
    seen = listed(f"{faults[name]:,} {spoken(name)}" for name in sorted(faults) if faults[name])
    console.print(Padding(Text(seen or "none"), (0, 0, 0, 2)))
    never = listed(spoken(name) for name in sorted(faults) if not faults[name])
    if never:
        console.print(Padding(Text(f"never: {never}", style="yellow"), (0, 0, 0, 2)))


def spoken(name: str) -> str:
    return name.replace("_", " ")


def draw_marks(console: Console, told: Told) -> None:
    """Draw what was never seen, and what was seen so rarely that more seeds may show more."""
    results = told.results
    if not results.runs:
        return
    never = results.never_seen
    rare = [mark for mark in EVENTS if 0 < results.marks[mark] < RARE * results.runs]
    seen = len(EVENTS) - len(never)
    section(console, f"{seen} of {len(EVENTS)} marks seen")
    rows = [("never", mark, "yellow") for mark in never]
    rows += [(f"{results.marks[mark]:,}", mark, "") for mark in rare]
    if rows:
        console.print(Padding(mark_grid(console, rows), (0, 0, 0, 2)))
    novelty = results.novelty()
    if novelty is not None:
        text = f"{counted(results.shapes, 'set')} of marks seen; the next run shows a new one with"
        console.print(Text(f"  {text} probability about {percent(novelty)}", style="dim"))


def draw_verdict(console: Console, told: Told) -> None:
    bad = told.results.failed or not told.results.runs
    console.print()
    # One line, whatever the width: it is what people look for and programs search.
    console.print(Text(told.verdict, style="bold red" if bad else "bold green"), soft_wrap=True)
