"""`twophase status`: what goes on inside a running server."""

import json
import os
from collections.abc import Mapping
from typing import Any

import click

from network.events import EVENTS
from twophase.cli.asking import DEFAULT_URL, ask, url_option
from twophase.cli.errors import BadInputError

PATH = "/_twophase/status"
CAPACITY = ("table", "read units", "write units", "throttled", "conflicts", "conditions failed")
NUMBERS = ("records", "ongoing", "LSN", "syncs", "count", "starts", "lag", *CAPACITY[1:])


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--watch", is_flag=True, help="Show it live, until q is pressed.")
@click.option("--interval", metavar="S", help="Of --watch: seconds between looks.  [default: 1]")
@url_option
def command(*, as_json: bool, watch: bool, interval: str | None, url: str | None) -> int:
    """Show nodes, tables, answers, events and faults of a server that runs with --control."""
    if interval is not None and not watch:
        raise BadInputError("--interval is for who watches: give --watch as well")
    if watch:
        watch_it(url, interval, as_json=as_json)
        return 0
    status = ask(url, PATH)
    if as_json:
        click.echo(json.dumps(status))
    else:
        show(status)
    return 0


def watch_it(url: str | None, interval: str | None, *, as_json: bool) -> None:
    """Show a server's status live."""
    # Only here: they import rich.
    from twophase.cli.watch_screen import refuse_without_terminal  # noqa: PLC0415
    from twophase.cli.watch_status import INTERVAL_SECONDS, interval_of, watch_status  # noqa: PLC0415

    if as_json:
        raise BadInputError("--watch draws a picture and --json prints none: choose one of them")
    refuse_without_terminal()
    seconds = INTERVAL_SECONDS if interval is None else interval_of(interval)
    where = url or os.environ.get("AWS_ENDPOINT_URL") or DEFAULT_URL
    watch_status(lambda: ask(url, PATH), f"twophase status  {where}", seconds)


def show(status: Mapping[str, Any]) -> None:
    """Draw everything on standard output."""
    from twophase.cli.drawing import drawing  # noqa: PLC0415  # Drawing alone needs rich.

    with drawing() as console:
        console.print(table_of_nodes(status["nodes"]), "")
        for title, columns, rows in (
            ("Tables", ("table", "status", "id"), rows_of(status["tables"])),
            ("Capacity", CAPACITY, rows_of_capacity(status["capacity"])),
            ("Answers", ("operation", "outcome", "count"), rows_of(status["answers"])),
            ("Events", ("event", "count", "meaning"), rows_of_events(status["events"])),
        ):
            if rows:
                console.print(table(title, columns, rows), "")
        console.print(f"Faults: {status['faults']}")
        for name, count in status["faults_waiting"].items():
            console.print(f"  {count:,} × {name}, waiting for a request", markup=False)
        for name, count in status["faults_carried_out"].items():
            console.print(f"  {count:,} × {name}", markup=False)


def table_of_nodes(nodes: list[Mapping[str, Any]]) -> Any:
    lag = ("lag",) if any("lag" in node for node in nodes) else ()
    columns = ("node", "kind", "state", "starts", "clock", "range", *NUMBERS[:4], *lag)
    shown = ("records", "ongoing", "lsn", "syncs", *lag)
    rows = [
        (
            node["node"],
            f"{node['kind']} of {node['follows']}" if "follows" in node else node["kind"],
            "up" if node["up"] else "down",
            number(node["incarnation"]),
            f"{node['clock_off_us'] / 1000:+.1f}ms" if node["clock_off_us"] else "",
            "-".join(end[:4] for end in node.get("range", ())),
            *(number(node.get(name)) for name in shown),
        )
        for node in nodes
    ]
    return table("Nodes", columns, rows)


def rows_of(found: list[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [tuple(number(value) for value in one.values()) for one in found]


def rows_of_capacity(found: list[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Give a table a row: units a second and used, reads before writes, and what was refused."""
    return [
        (
            one["table"],
            *(both(one[f"{name}_units"], one[f"consumed_{name}"]) for name in ("read", "write")),
            *(number(one[name]) for name in ("throttled", "conflicts", "conditions")),
        )
        for one in found
    ]


def both(units: int | None, used: float) -> str:
    return f"{used:,g} of " + ("any" if units is None else f"{units:,}/s")


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
