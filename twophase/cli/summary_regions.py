"""What a person wants to know of several regions: each one's part, the lag, what could be seen."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.regions.figures import AcrossRegions, Anomaly, Lag

INDENT = 2
ALLOWED = "Allowed between regions, which are promised no more than to agree in the end."


def draw_regions(console: Console, found: AcrossRegions) -> None:
    """Draw all that a run of one cluster has not."""
    _heading(console, "The regions")
    console.print(Padding(_by_region(found), (0, 0, 0, INDENT)))
    console.print(Text(f"  replication lag  {lag_in_words(found.lag_us)}"))
    console.print(
        Text(f"  caught up  {found.caught_up_us / 1e6:,.1f} s after the last client had ended")
    )
    _heading(console, "What another region could see")
    console.print(Text(f"  {ALLOWED}", style="dim"))
    _counted(console, found)
    _told(console, "a partial transaction", found.partial)
    _told(console, "a write that is gone", found.lost)
    if found.is_gone:
        text = "Gone when replication had caught up: a snapshot of each region shows the same."
        console.print(Padding(Text(text, style="green"), (1, 0, 0, INDENT)))


def lag_in_words(lag: Lag | None) -> str:
    if lag is None:
        return "none: nothing came from another region"
    values = (("p50", lag.p50), ("p99", lag.p99), ("at most", lag.most))
    return "  ".join(f"{name} {us / 1000:,.1f} ms" for name, us in values)


def _by_region(found: AcrossRegions) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("region")
    for column in ("committed", "cancelled", "unknown", "items written", "from elsewhere"):
        table.add_column(column, justify="right")
    for one in found.regions:
        counts = [*one.outcomes.values(), one.writes, one.arrived]
        table.add_row(one.name, *(f"{count:,}" for count in counts))
    return table


def _counted(console: Console, found: AcrossRegions) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", min_width=5)
    grid.add_column(overflow="fold")
    rows = (
        (len(found.partial), "reads saw a part of another region's transaction"),
        (len(found.lost), "writes are gone for a later one that knew nothing of them:"),
        (found.lost_updates, "  of them lost updates, where both had found the same version"),
        (found.torn, "transactions lost some of their writes like that, and kept others"),
    )
    for count, what in rows:
        grid.add_row(Text(f"{count:,}", style="yellow" if count else "dim"), what)
    console.print(grid)


def _told(console: Console, what: str, found: Sequence[Anomaly]) -> None:
    if found:
        console.print(Padding(Text(f"The first: {what}", style="bold"), (1, 0, 0, INDENT)))
        console.print(Padding(Text(found[0].explanation), (0, 0, 0, 2 * INDENT)))


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))
