"""The screen of a run that is watched: what goes where, and how much of it."""

from collections.abc import Sequence
from textwrap import wrap

from rich.text import Text

from items.data import data
from sim.watch.picture import Picture
from twophase.cli.watch_layout import GAP, Block, Size, page
from twophase.cli.watch_rows import (
    between,
    counted_line,
    decided_line,
    going_line,
    happened_line,
    lines_of,
    node_lines,
    outcomes_line,
)

FOOT = "space pause  . step  n next decision  + - speed  f to the end  q quit  ? help"
END_FOOT = "The run has ended: any key shows its summary."
HELP = (
    "space     pause, and go on",
    ". s →     one message is delivered, with all that comes of it",
    "n         on to the next decision, and pause there",
    "+ -       twice as fast, half as fast",
    "f         to the end, as fast as it goes",
    "q         leave the run as it is: nothing is judged",
    "?         this, or no longer this",
    "",
    "An item of a transaction:",
    "? asked   ✓ promised (or read)   ✗ rejected   ■ applied   □ freed",
    "An event:",
    "c1>p2     a message was delivered",
    "■         a change became durable",
    "·         a node noted something",
    "!         a fault, or its end",
    "Times are virtual: ms since the run began, or since a",
    "transaction did.  Where nothing happens, time passes faster.",
)
LEFT_MIN, LEFT_PERCENT = 36, 42
NODES_PERCENT = 65  # Of the height, at most: faults are below them.
GOING_PERCENT, DECIDED_PERCENT = 30, 25
FINDINGS_MAX = 100
FINDINGS_HEIGHT_MAX = 10


@data
class Shown:
    """All that the screen is drawn from."""

    picture: Picture
    title: str
    broken: str  # The rule that is broken on purpose.
    mode: str
    phase: str
    speed: float
    begun: int
    total: int
    faults: int  # So far, as the summary counts them.
    findings: tuple[str, ...] | None = None  # None: nobody has looked yet.
    has_help: bool = False


def lines_of_page(shown: Shown, size: Size) -> list[Text]:
    """Draw the whole screen."""
    head = head_of(shown, size.width)
    foot = Text(FOOT if shown.findings is None else END_FOOT, style="dim")
    if shown.has_help:
        keys = [Block("Keys", lines_of(HELP), newest_last=False)]
        return page(size, head, keys, [], foot, left_width=size.width - GAP)
    left_width = left_width_of(size)
    room = size.height - len(head) - 1
    left = left_side(shown.picture, left_width, room)
    right = right_side(shown, size.width - left_width - GAP, room)
    return page(size, head, left, right, foot, left_width=left_width)


def left_width_of(size: Size) -> int:
    return max(LEFT_MIN, size.width * LEFT_PERCENT // 100)


def head_of(shown: Shown, width: int) -> list[Text]:
    picture = shown.picture
    when = Text(f"{picture.us / 1_000:,.3f} ms  ", style="bold")
    when.append(f"{speed_in_words(shown.speed)}  ", style="not bold")
    when.append(shown.mode, style="bold yellow" if shown.mode == "paused" else "bold green")
    when.append(f"  {shown.phase}", style="dim")
    messages = dict(picture.messages)
    messages.pop("delivered", None)
    messages["on their way"] = picture.flying
    faults = Text(f"Faults now: {', '.join(picture.troubles)}", style="bold red")
    calm = Text(f"Faults so far: {shown.faults:,}; none lasts", style="dim")
    lines = [
        between(Text(shown.title, style="bold"), when, width),
        between(
            outcomes_line(picture.outcomes, shown.begun, shown.total),
            counted_line("Messages:", messages),
            width,
            keeps="left",
        ),
        faults if picture.troubles else calm,
    ]
    if shown.broken:
        lines.append(Text(f"Broken on purpose: {shown.broken}", style="bold red"))
    return [*lines, Text("")]


def speed_in_words(speed: float) -> str:
    return f"{speed:,.5f}".rstrip("0").rstrip(".") + "×"


def left_side(picture: Picture, width: int, room: int) -> list[Block]:
    most = max(3, room * NODES_PERCENT // 100)
    nodes = node_lines(picture.nodes, most - 2, width)
    lost = [happened_line(one) for one in picture.lost]
    return [
        Block("Nodes", [*nodes, Text("")], min(len(nodes) + 2, most), newest_last=False),
        Block("Lost, repeated, faults", lost),
    ]


def right_side(shown: Shown, width: int, room: int) -> list[Block]:
    picture = shown.picture
    blocks = []
    if shown.findings is not None:
        blocks.append(findings_of(shown.findings, width))
    going = [going_line(one, picture.us) for one in picture.going]
    blocks += [
        Block("In flight", going, max(4, room * GOING_PERCENT // 100), newest_last=False),
        *ended_blocks(picture, room),
    ]
    return blocks


def ended_blocks(picture: Picture, room: int) -> list[Block]:
    """Show what has come to its end, of a run or in a server."""
    decided = [decided_line(one) for one in picture.decided]
    return [
        Block("Decided", decided, max(3, room * DECIDED_PERCENT // 100)),
        Block("What happened", [happened_line(one) for one in picture.happened]),
    ]


def findings_of(findings: Sequence[str], width: int) -> Block:
    if not findings:
        return Block("Every check holds", [Text("")], 2)
    lines = [line for one in findings[:FINDINGS_MAX] for line in wrap(one, width)]
    title = "1 finding" if len(findings) == 1 else f"{len(findings):,} findings"
    return Block(
        f"{title}: not every check holds",
        [*lines_of(lines, style="red"), Text("")],
        min(len(lines) + 2, FINDINGS_HEIGHT_MAX),
        newest_last=False,
    )
