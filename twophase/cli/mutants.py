"""`twophase mutants`: the rules that can be broken on purpose, and what each of them leads to."""

import json
from collections.abc import Mapping
from typing import Any

import click

from sim.mutants.catalogue import GROUPS, MUTANTS
from sim.mutants.mutant import Mutant

COLUMNS_MAX = 140
EXAMPLE = "twophase simulate bank --seed 3 --mutant reads-have-one-round"


@click.command("mutants")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list and nothing else.")
def command(*, as_json: bool) -> int:
    """List the mutants: each is the protocol with one rule left out or misread.

    Run one with `twophase simulate SCENARIO --mutant NAME`; the checks are to find it.
    """
    if as_json:
        click.echo(json.dumps([told(mutant) for mutant in MUTANTS.values()], indent=2))
    else:
        show(GROUPS)
    return 0


def told(mutant: Mutant) -> dict[str, Any]:
    return {
        "name": mutant.name,
        "section": mutant.section,
        "sentence": mutant.sentence,
        "anomaly": mutant.anomaly,
        "equivalent": mutant.is_equivalent,
        "why": mutant.why or None,
        "code": mutant.code or None,
        "replay": mutant.replay,
    }


def show(groups: Mapping[str, tuple[Mutant, ...]]) -> None:
    """Draw all mutants on standard output, by what they break."""
    # Only here: `--json` needs none of it, and it takes as long to import as all the rest.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    console.width = min(console.width, COLUMNS_MAX)
    with console.capture() as captured:
        for title, group in groups.items():
            console.print(Text(f"{title[0].upper()}{title[1:]}", style="bold"))
            console.print(table_of(group))
        console.print(Text(in_all(list(MUTANTS.values()))))
        console.print(Text(f"  {EXAMPLE}"), soft_wrap=True)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), color=True)  # Rich has decided on colours.


def table_of(group: tuple[Mutant, ...]) -> Any:
    """Lay a group out: name and section, then what each does and, dim, what that leads to."""
    from rich.table import Table  # noqa: PLC0415  # As above.
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(min_width=max(map(len, MUTANTS)) + 2, no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for mutant in group:
        after = mutant.why if mutant.is_equivalent else f"→ {mutant.anomaly}"
        words = Text.assemble(mutant.sentence, "\n", (after, "dim"))
        name = Text(f"  {mutant.name}", style="green" if mutant.is_equivalent else "red")
        table.add_row(name, Text(mutant.section, style="dim"), words)
    table.add_row()
    return table


def in_all(mutants: list[Mutant]) -> str:
    survive = sum(mutant.is_equivalent for mutant in mutants)
    return (
        f"{len(mutants) - survive} that the checks are to find, and {survive} that change nothing"
        " anybody could see.  With --json each has a command that shows it.  Break one:"
    )
