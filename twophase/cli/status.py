"""`twophase status`: what goes on inside a running server."""

import json
from collections.abc import Mapping
from typing import Any

import click

from network.events import EVENTS
from twophase.cli.asking import ask, url_option

PATH = "/_twophase/status"
COLUMNS_MAX = 120
NUMBERS = ("records", "ongoing", "LSN", "syncs", "count", "starts")


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@url_option
def command(*, as_json: bool, url: str | None) -> int:
    """Show nodes, tables, answers, events and faults of a server that runs with --control."""
    status = ask(url, PATH)
    if as_json:
        click.echo(json.dumps(status))
    else:
        show(status)
    return 0


def show(status: Mapping[str, Any]) -> None:
    """Draw everything on standard output."""
    from rich.console import Console  # noqa: PLC0415  # Drawing alone needs it.

    console = Console(highlight=False)
    console.width = min(console.width, COLUMNS_MAX)
    with console.capture() as captured:
        console.print(table_of_nodes(status["nodes"]), "")
        for title, columns, rows in (
            ("Tables", ("table", "status", "id"), rows_of(status["tables"])),
            ("Answers", ("operation", "outcome", "count"), rows_of(status["answers"])),
            ("Events", ("event", "count", "meaning"), rows_of_events(status["events"])),
        ):
            if rows:
                console.print(table(title, columns, rows), "")
        console.print(f"Faults: {status['faults']}")
        for name, count in status["faults_carried_out"].items():
            console.print(f"  {count:,} × {name}", markup=False)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), color=True)  # Rich has decided on colours.


def table_of_nodes(nodes: list[Mapping[str, Any]]) -> Any:
    columns = ("node", "kind", "state", "starts", "clock", "range", *NUMBERS[:4])
    rows = [
        (
            node["node"],
            node["kind"],
            "up" if node["up"] else "down",
            number(node["incarnation"]),
            f"{node['clock_off_us'] / 1000:+.1f}ms" if node["clock_off_us"] else "",
            "-".join(end[:4] for end in node.get("range", ())),
            *(number(node.get(name)) for name in ("records", "ongoing", "lsn", "syncs")),
        )
        for node in nodes
    ]
    return table("Nodes", columns, rows)


def rows_of(found: list[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [tuple(number(value) for value in one.values()) for one in found]


def rows_of_events(events: Mapping[str, int]) -> list[tuple[str, ...]]:
    return [(name, number(count), EVENTS.get(name, "")) for name, count in events.items()]


def number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


def table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Any:
    from rich.table import Table  # noqa: PLC0415  # As above.
    from rich.text import Text  # noqa: PLC0415  # As above.

    drawn = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for column in columns:
        drawn.add_column(column, justify="right" if column in NUMBERS else "left")
    for row in rows:
        style = "red" if "down" in row else ""
        drawn.add_row(*(Text(cell) for cell in row), style=style)
    return drawn
