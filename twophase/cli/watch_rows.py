"""A picture of a cluster as lines of text: a line a node, a transaction, a decision, an event."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from sim.watch.nodes import folded
from sim.watch.picture import (
    ACCEPTED,
    APPLIED,
    DOWN,
    FREED,
    REJECTED,
    UP,
    Decided,
    Going,
    Happened,
    Node,
    Part,
)

OUTCOMES = {"committed": "green", "cancelled": "yellow", "unknown": "magenta"}
SIGNS = {ACCEPTED: "green", REJECTED: "yellow", APPLIED: "bold green", FREED: "dim"}
PHASES = {"COMMITTING": "green", "CANCELLING": "yellow", "COMPLETED": "dim"}
NAME_WIDTH, KIND_WIDTH = 5, 12
KIND_FROM = 44  # Columns: where there are fewer, the name's letter has to do.
EVENTS = {"durable": ("■", "cyan"), "fault": ("!", "bold red"), "noted": ("·", "dim")}


def ms(us: int) -> str:
    """Write a moment or a duration in ms, as the stories of a run do."""
    return f"{us / 1_000:,.1f}"


def node_lines(nodes: tuple[Node, ...], most: int, width: int) -> list[Text]:
    rows = folded(nodes, most)
    name_width = max([NAME_WIDTH, *[len(row.name) for row in rows]])
    return [node_line(row, name_width, width) for row in rows]


def node_line(node: Node, name_width: int, width: int) -> Text:
    style = "green" if node.state == UP else "bold red" if node.state == DOWN else "yellow"
    line = Text(f"{node.name:<{name_width}} ")
    if width >= KIND_FROM:
        line.append(f"{node.kind:<{KIND_WIDTH}}", style="dim")
    line.append(f"{node.state:<4} ", style=style)
    if node.troubles:
        line.append(", ".join(node.troubles) + " ", style="yellow")
    return line.append(node.has)


def going_line(going: Going, now_us: int) -> Text:
    """Say how far a transaction has come: since when, and each item with its sign."""
    line = Text(f"{ms(now_us - going.since_us):>7} ")
    line.append(f"{going.name:<4} ", style="bold")
    line.append(f"{going.call:<6} ", style="dim")
    line.append(f"{going.phase} ", style=PHASES.get(going.phase.partition(",")[0], ""))
    for part in going.parts:
        line.append(f" {part.item}").append(part.said, style=SIGNS.get(part.said, "dim"))
    return line


def decided_line(decided: Decided) -> Text:
    """Say how a transaction ended, the reasons first."""
    line = Text(f"{ms(decided.us):>9} ")
    line.append(f"{decided.name or 'read':<4} ", style="bold" if decided.name else "dim")
    line.append(f"{decided.call:<6} ", style="dim")
    line.append(decided.outcome, style=OUTCOMES.get(decided.outcome, ""))
    for part in sorted(decided.parts, key=lambda one: one.said in ("", "None")):
        line.append(f" {part.item}", style="dim" if part.said in ("", "None") else "")
        line.append_text(reason(part))
    return line


def reason(part: Part) -> Text:
    if part.said == "":
        return Text("")
    return Text(f" {part.said},", style="dim" if part.said == "None" else "yellow")


def happened_line(happened: Happened) -> Text:
    """Say one thing that happened: a message that came, or a sign and what it was."""
    line = Text(f"{ms(happened.us):>9} ")
    if happened.kind == "delivered":
        return line.append(f"{happened.where:<7} {happened.said}")
    if happened.kind in EVENTS:
        sign, style = EVENTS[happened.kind]
        where = f"{happened.where:<5} " if happened.where else ""
        return line.append(f"{sign} {where}{happened.said}", style=style)
    style = "red" if happened.kind.startswith("lost") else "magenta"
    return line.append(f"{happened.where:<7} {happened.kind}: {happened.said}", style=style)


def outcomes_line(outcomes: Mapping[str, int], begun: int, total: int) -> Text:
    """Say how many transactions ended how, of those that were begun."""
    line = Text(f"Transactions {begun:,} of {total:,}: ")
    for n, (outcome, count) in enumerate(outcomes.items()):
        line.append(", " if n else "")
        line.append(f"{count:,} {outcome}", style=OUTCOMES[outcome] if count else "dim")
    return line


def counted_line(title: str, counts: Mapping[str, int]) -> Text:
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return Text(f"{title} {said or 'none'}")


def between(left: Text, right: Text, width: int, *, keeps: str = "right") -> Text:
    """Put one text at the left end of a line and another one at its right end.

    Where both do not fit, the one that is not kept is cut, or left out if it is the right one.
    """
    if keeps == "left" and left.cell_len + 1 + right.cell_len > width:
        return left
    line = left.copy()
    line.truncate(max(0, width - right.cell_len - 1), overflow="ellipsis", pad=True)
    return Text.assemble(line, " ", right)


def lines_of(texts: Sequence[str], style: str = "") -> list[Text]:
    return [Text(text, style=style) for text in texts]
