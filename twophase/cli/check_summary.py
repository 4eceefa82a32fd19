"""What a person wants to know of a judged history, drawn with rich: the verdict, then why."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sim.checkers.graph.anomalies import KINDS, still_possible
from sim.checkers.graph.txn import LINEARIZABLE, Anomaly
from twophase.cli.check import Checked
from twophase.cli.drawing import drawing

YES = {
    "serializable": "some serial order explains every read",
    "strict-serializable": "a serial order that keeps real time explains every read",
    "linearizable": "each key's operations have an order that keeps real time",
}


def show(checked: Checked) -> None:
    """Draw a verdict and its reasons on standard output."""
    with drawing() as console:
        draw_verdict(console, checked)


def draw_verdict(console: Console, checked: Checked) -> None:
    report = checked.report
    console.print(Text(checked.name, style="bold"), overflow="fold")
    console.print(Text(transactions(checked)))
    console.print()
    if report.valid:
        words = YES[report.model] if report.transactions else "there was nothing to judge"
        console.print(
            Text(f"Valid: {report.model}", style="bold green").append(f"  {words}", "not bold")
        )
        return
    if report.valid is None:
        console.print(Text(f"Undecided: {report.model}", style="bold yellow"))
        console.print(Padding(Text(report.undecided), (0, 0, 0, 2)))
        return
    count = len(report.anomalies)
    found = "1 anomaly" if count == 1 else f"{count:,} anomalies"
    console.print(Text(f"Not {report.model}: {found}", style="bold red"))
    for number, anomaly in enumerate(report.anomalies, 1):
        draw(console, number, anomaly)
    console.print()
    if report.left_out:
        console.print(Text(f"{report.left_out:,} more of these types are not shown.", style="dim"))
    if report.model != LINEARIZABLE:
        console.print(Text(f"Still possible, by all of this: {still_possible(report.anomalies)}"))


def transactions(checked: Checked) -> str:
    total = checked.report.transactions
    words = "1 transaction" if total == 1 else f"{total:,} transactions"
    if checked.failed or checked.unknown:
        words += f": {checked.failed:,} failed, {checked.unknown:,} with unknown outcome"
    return words


def draw(console: Console, number: int, anomaly: Anomaly) -> None:
    """Draw an anomaly: its transactions, the contradiction, and what that refutes."""
    about = KINDS[anomaly.type][0]
    console.print()
    head = Text(f"{number:>3}  {anomaly.type}", style="bold").append(f"  {about}", "not bold")
    console.print(head)
    # The last line says again what the head and the line below it say.
    *lines, _ = anomaly.explanation.split("\n")
    for line in lines:
        style = "cyan" if line.startswith("  ") else ""
        console.print(Padding(Text(line.strip(), style=style), (0, 0, 0, 5)))
    refuted = Text(f"Refutes: {', '.join(anomaly.refutes)}.", style="dim")
    if anomaly.possible:
        refuted.append(f"  Still possible: {', '.join(anomaly.possible)}.")
    console.print(Padding(refuted, (0, 0, 0, 5)))
