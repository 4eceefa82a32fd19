"""What a person wants to see of a failure that was made short, drawn with rich."""

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.table import Table
from rich.text import Text

from sim.counted import counted
from sim.search.shrink.failure import Failure
from sim.search.shrink.scripted import Scripted
from sim.search.shrink.shrink import Shrunk
from twophase.cli.drawing import drawing, section
from twophase.cli.progress import PatientBar


def show(
    failure: Failure,
    short: Shrunk,
    text: str,
    output: str | None,
    *,
    golden: Scripted | None = None,
    path: str | None = None,
) -> None:
    """Draw it on standard output: what it was, what is left, its story, its scenario."""
    with drawing() as console:
        draw_heading(console, failure, short)
        section(console, "The story")
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, style="dim")
        grid.add_column(overflow="fold")
        for n, sentence in enumerate(short.sentences, 1):
            grid.add_row(f"{n:>3}", Text(sentence))
        console.print(grid)
        section(console, "The scenario")
        body = "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
        for line in body.splitlines():  # As it is to be copied: no line is broken.
            console.print(
                Text(f"  {line}", style="bold" if line[:1] == "[" else ""), soft_wrap=True
            )
        if golden is not None:
            draw_script(console, golden, path)
        draw_commands(console, output)


def draw_heading(console: Console, failure: Failure, short: Shrunk) -> None:
    scenario = failure.scenario
    head = Text.assemble((scenario.name, "bold"), f"  seed {failure.seed}  ")
    head.append(": ".join(failure.leading), style="red")
    console.print(head)
    if failure.mutant is not None:
        console.print(Text.assemble(("Broken on purpose: ", "bold red"), failure.mutant))
    before = counted(scenario.transactions, "transaction")
    requests = counted(short.transactions, "request" if short.is_told else "transaction")
    left = Text(f"{before} → ").append(
        f"{requests}, {counted(short.choices, 'choice')}", style="bold green"
    )
    left.append(f", {counted(short.events, 'message')}")
    console.print(left)
    console.print(Text(f"{counted(short.runs, 'run')}, {short.cpu_s:,.1f} s", style="dim"))
    if not short.is_told:
        console.print(
            Text(
                "It could not be told as a list of requests: this is the smallest world of its own"
                " workload in which it fails.",
                style="yellow",
            )
        )


def draw_script(console: Console, golden: Scripted, path: str | None) -> None:
    section(console, "The golden script")
    if golden.why_not:
        console.print(Text(f"  There is none: {golden.why_not}.", style="yellow"))
        return
    console.print(Text(f"  {path}", style="bold"), soft_wrap=True)
    broken = "shows the same anomaly" if golden.is_found else "comes out differently"
    console.print(Text(f"  Played, it holds with no rule broken, and with the mutant it {broken}."))


def draw_commands(console: Console, output: str | None) -> None:
    if output is None:
        console.print()
        console.print(Text("  -o story.toml writes this scenario to a file, to run and to edit."))
        return
    section(console, "The same run again, and to the byte")
    console.print(Text(f"  twophase simulate {output} --story"), soft_wrap=True)
    console.print(Text(f"  twophase replay {output}"), soft_wrap=True)


class ShrinkBar(PatientBar):
    """Shows how many runs were made, and how much is left of the failure."""

    def __init__(self, runs: int) -> None:
        super().__init__(
            TextColumn("shrinking"),
            BarColumn(),
            TextColumn("{task.completed:,} runs"),
            TextColumn("{task.fields[left]}"),
        )
        self._task = self._bar.add_task("shrinking", total=runs, left="")

    def show(self, runs: int, transactions: int, choices: int) -> None:
        """Take how far it has come; a `sim.search.shrink.trials.Progress`."""
        if self.is_shown():
            left = f"{transactions:,} requests × {choices:,} choices" if transactions else ""
            self._bar.update(self._task, completed=runs, left=left)
