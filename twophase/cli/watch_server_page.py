"""The screen of a server that is watched: its nodes, requests, conflicts and faults.

Made from what `twophase status` shows, and, in the server's own process, from its events as well.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from items.data import data
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION
from sim.watch.nodes import in_words
from sim.watch.picture import DOWN, UP, Node, Picture
from sim.watch.rates import Rate
from twophase.cli.watch_layout import GAP, Block, Size, page
from twophase.cli.watch_page import DECIDED_PERCENT, GOING_PERCENT, ended_blocks, left_width_of
from twophase.cli.watch_rows import (
    between,
    going_line,
    happened_line,
    lines_of,
    node_lines,
)

COUNTED = ("records", "ongoing", "lsn", "syncs")
TRANSACTIONS = (WRITE_TRANSACTION, READ_TRANSACTION)
ENDS = {"done": "committed", "TransactionCanceledException": "cancelled"}
NODES_PERCENT = 55
RATES_HEIGHT_MIN = 4
FOOT = "space freezes the picture, and lets it go on   q quits   ? help"


@data
class ServerShown:
    """All that the screen is drawn from."""

    title: str
    state: str  # running, frozen, or what is wrong.
    seconds: float  # For how long it has been watched.
    status: Mapping[str, Any]
    rates: Sequence[Rate]
    picture: Picture | None  # None: nobody tells of events.
    said: Sequence[str]  # What nodes and disks had to report, the latest last.
    help: Sequence[str]
    has_help: bool = False


def lines_of_server(shown: ServerShown, size: Size) -> list[Text]:
    """Draw the whole screen."""
    head = head_of(shown, size.width)
    foot = Text(FOOT, style="dim")
    if shown.has_help:
        keys = [Block("Keys", lines_of(shown.help), newest_last=False)]
        return page(size, head, keys, [], foot, left_width=size.width - GAP)
    left_width = left_width_of(size)
    room = size.height - len(head) - 1
    left = left_side(shown, left_width, room)
    return page(size, head, left, right_side(shown, room), foot, left_width=left_width)


def head_of(shown: ServerShown, width: int) -> list[Text]:
    faults = shown.status["faults"]
    when = Text(f"{shown.seconds:,.1f} s  ")
    when.append(shown.state, style="bold green" if shown.state == "running" else "bold yellow")
    total = sum(rate.total for rate in shown.rates)
    now = sum(rate.a_second for rate in shown.rates)
    requests = Text(f"Requests: {total:,}, now {now:,.1f} a second")
    carried_out = ", ".join(
        f"{count:,} × {name}" for name, count in shown.status["faults_carried_out"].items()
    )
    trouble = Text(f"Faults: {faults}", style="dim" if faults == "none" else "bold red")
    trouble.append(f"  {carried_out}", style="not bold")
    return [
        between(Text(shown.title, style="bold"), when, width),
        between(requests, transactions_of(shown), width, keeps="left"),
        trouble,
        Text(""),
    ]


def transactions_of(shown: ServerShown) -> Text:
    """Say how transactions ended, and how often one was in another one's way."""
    ends: Counter[str] = Counter()
    for one in shown.status["answers"]:
        if one["operation"] in TRANSACTIONS:
            ends[ENDS.get(one["outcome"], "unknown or refused")] += one["count"]
        elif one["outcome"] == "TransactionConflictException":
            ends["conflicts"] += one["count"]
    said = Text("Transactions: ")
    said.append(f"{ends['committed']:,} committed", style="green")
    said.append(f", {ends['cancelled']:,} cancelled", style="yellow")
    if ends["unknown or refused"]:
        said.append(f", {ends['unknown or refused']:,} unknown or refused", style="magenta")
    if shown.picture is not None:
        conflicts = ends["conflicts"] + shown.picture.reasons.get("TransactionConflict", 0)
        said.append(f"   Conflicts: {conflicts:,}")
    return said


def left_side(shown: ServerShown, width: int, room: int) -> list[Block]:
    most = max(3, room * NODES_PERCENT // 100)
    nodes = node_lines(nodes_of(shown.status["nodes"]), most - 2, width)
    events = sorted(shown.status["events"].items(), key=lambda one: (-one[1], one[0]))
    lost = [] if shown.picture is None else [happened_line(one) for one in shown.picture.lost]
    trouble = [*lost, *lines_of(shown.said, style="red")]
    blocks = [
        Block("Nodes", [*nodes, Text("")], min(len(nodes) + 2, most), newest_last=False),
        Block("Events", [Text(f"{count:>9,} {name}") for name, count in events], newest_last=False),
    ]
    if trouble:
        blocks.append(Block("Faults and failures", trouble))
    return blocks


def right_side(shown: ServerShown, room: int) -> list[Block]:
    rates = [rate_line(rate) for rate in shown.rates]
    title = f"{'a second':>10} {'in all':>9} {'refused':>8}  Requests"
    picture = shown.picture
    if picture is None:
        tables = [Text(f"{one['status']:<10} {one['table']}") for one in shown.status["tables"]]
        return [
            Block(title, rates, newest_last=False),
            Block("Tables", tables, newest_last=False),
        ]
    going = [going_line(one, picture.us) for one in picture.going]
    height = max(RATES_HEIGHT_MIN, min(len(rates) + 2, room * GOING_PERCENT // 100))
    return [
        Block(title, rates, height, newest_last=False),
        Block("In flight", going, max(3, room * DECIDED_PERCENT // 100), newest_last=False),
        *ended_blocks(picture, room),
    ]


def rate_line(rate: Rate) -> Text:
    line = Text(f"{rate.a_second:>10,.1f} {rate.total:>9,} ")
    line.append(f"{rate.refused:>8,}  ", style="yellow" if rate.refused else "dim")
    return line.append(rate.operation)


def nodes_of(found: Iterable[Mapping[str, Any]]) -> tuple[Node, ...]:
    """Read nodes from a server's status."""
    nodes = []
    for one in found:
        counts = {name: int(one[name]) for name in COUNTED if one.get(name) is not None}
        state = UP if one["up"] else DOWN
        nodes.append(
            Node(
                str(one["node"]),
                str(one["kind"]),
                state,
                (),
                in_words(counts),
                tuple(counts.items()),
            )
        )
    return tuple(nodes)


class LastLines:
    """A stream that keeps the last lines written to it, for a screen that nobody may write on."""

    def __init__(self, most: int) -> None:
        self.lines: deque[str] = deque(maxlen=most)
        self._begun = ""

    def write(self, text: str) -> int:
        *whole, self._begun = (self._begun + text).split("\n")
        self.lines.extend(line for line in whole if line.strip())
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False
