"""The list of mutants, drawn with rich: what each does wrong, and what that leads to."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from sim.mutants.catalogue import MUTANTS
from sim.mutants.mutant import Mutant
from twophase.cli.drawing import drawing

WIDTH_MAX = 140
EXAMPLE = "twophase simulate bank --seed 3 --mutant reads-have-one-round"


def show(groups: Mapping[str, tuple[Mutant, ...]]) -> None:
    """Draw all mutants on standard output, by what they break."""
    with drawing(WIDTH_MAX) as console:
        for title, group in groups.items():
            console.print(Text(f"{title[0].upper()}{title[1:]}", style="bold"))
            console.print(table_of(group))
        console.print(Text(in_all(list(MUTANTS.values()))))
        console.print(Text(f"  {EXAMPLE}"), soft_wrap=True)


def table_of(group: tuple[Mutant, ...]) -> Table:
    """Lay a group out: name and section, then what each does and, dim, what that leads to."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(min_width=max(map(len, MUTANTS)) + 2, no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for mutant in group:
        after = mutant.why if mutant.is_equivalent else f"→ {mutant.anomaly}"
        words = Text.assemble(mutant.sentence, "\n", (after, "dim"))
        if mutant.source:
            words.append(f"\nas in {mutant.source}", "dim italic")
        name = Text(f"  {mutant.name}", style="green" if mutant.is_equivalent else "red")
        table.add_row(name, Text(mutant.section, style="dim"), words)
    table.add_row()
    return table


def in_all(mutants: list[Mutant]) -> str:
    survive = sum(mutant.is_equivalent for mutant in mutants)
    return (
        f"{len(mutants) - survive} that the checks are to find, and {survive} that change nothing"
        " anybody could see.  With --json each has a command that shows it, --hunt looks for them"
        " without knowing them.  Break one:"
    )
