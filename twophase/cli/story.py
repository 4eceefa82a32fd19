"""A transaction as a sequence diagram in the terminal.

A column for each node that takes part, time flows down, a line for each message: when it left, when
it arrived, an arrow, and what it says.  A line never wraps; what does not fit is cut, and where
there are more nodes than columns the last column stands for several.
"""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from coordinator.ledger import State
from items.data import data
from network.events import EVENTS
from network.ids import NEVER
from network.placement import LEDGER_TABLE
from partition.storage import Changes
from sim.words import Words
from twophase.cli.following import Followed, Noted, Sent

ORDER = "krclpfm"  # Clients, routers, coordinators, ledger, partitions, followers, managers.
TIMES_WIDTH = 19
LANE_MIN, LANE_MAX = 5, 9
WORDS_MIN, WORDS_WANTED = 24, 42
LINES_MAX, LAST_LINES = 90, 12  # Of a longer story the middle is left out.


@data
class Lanes:
    """Where each node's column is."""

    names: tuple[str, ...]
    at: Mapping[str, int]  # Several nodes may share the last column.
    width: int

    @property
    def all_columns(self) -> range:
        return range(self.width // 2, self.width * len(self.names), self.width)

    def sharing(self, *nodes: str) -> str:
        """Name those of these nodes that share the last column: it does not tell which it is."""
        shared = len(self.names) - 1 if len(self.names) < len(self.at) else None
        names = ">".join(node for node in nodes if self.at[node] == shared)
        return f"{names}: " if names else ""


def draw(console: Console, followed: Followed, hosts: Sequence[Noted], words: Words) -> None:
    """Draw one transaction's story, by the names that the run has for transactions."""
    lines = with_hosts(followed, hosts)
    if not lines:
        return
    lanes = lanes_for(nodes_in(followed.lines), console.width)
    began_us = lines[0].us
    heading = "".join(name.center(lanes.width) for name in lanes.names)
    show(console, Text(f"{'ms':>8} {'arrives':>8}  {heading}", style="bold"))
    left_out = range(0)
    if len(lines) > LINES_MAX:
        left_out = range(LINES_MAX - LAST_LINES, len(lines) - LAST_LINES)
    for n, line in enumerate(lines):
        if n in left_out:
            if n == left_out.start:
                show(console, Text(f"{'':{TIMES_WIDTH}}… {len(left_out)} lines are left out"))
            continue
        if isinstance(line, Sent):
            show(console, message_line(line, lanes, began_us, words))
        else:
            show(console, noted_line(line, lanes, began_us, words))


def show(console: Console, line: Text) -> None:
    console.print(line, no_wrap=True, overflow="ellipsis", crop=True)


def with_hosts(followed: Followed, hosts: Sequence[Noted]) -> list[Sent | Noted]:
    """Add the crashes and restarts of those who take part, while they do."""
    lines = followed.lines
    if not lines:
        return []
    nodes = nodes_in(lines)
    first_us, last_us = lines[0].us, lines[-1].us
    seen = [one for one in hosts if one.host in nodes and first_us <= one.us <= last_us]
    return sorted([*lines, *seen], key=lambda line: line.us)


def nodes_in(lines: Sequence[Sent | Noted]) -> list[str]:
    nodes: dict[str, None] = {}
    for line in lines:
        for name in (line.source, line.target) if isinstance(line, Sent) else (line.host,):
            nodes.setdefault(name)
    return sorted(nodes, key=lambda name: (ORDER.find(name[0]), int(name[1:])))


def lanes_for(nodes: Sequence[str], columns: int) -> Lanes:
    """Give each node a column, as wide as there is room for."""
    room = columns - TIMES_WIDTH
    most = max(2, (room - WORDS_MIN) // LANE_MIN)
    own, shared = list(nodes), list[str]()
    if len(nodes) > most:
        own, shared = list(nodes[: most - 1]), list(nodes[most - 1 :])
    names = [*own, f"+{len(shared)}"] if shared else own
    at = {name: n for n, name in enumerate(own)} | dict.fromkeys(shared, len(own))
    return Lanes(
        tuple(names), at, min(LANE_MAX, max(LANE_MIN, (room - WORDS_WANTED) // len(names)))
    )


def message_line(sent: Sent, lanes: Lanes, began_us: int, words: Words) -> Text:
    said = words.message(sent.message)
    style = style_of(said)
    if sent.again:
        said = f"again: {said}"
    if sent.lost:
        said, style = f"{sent.lost}: {said}", "red"
    elif len(sent.arrived_us) > 1:
        said = f"twice ({ms(sent.arrived_us[1] - began_us)}): {said}"
    said = f"{lanes.sharing(sent.source, sent.target)}{said}"
    arrives = ms(sent.arrived_us[0] - began_us) if sent.arrived_us else "lost" if sent.lost else ""
    line = times(ms(sent.us - began_us), arrives)
    lost = bool(sent.lost) and not sent.arrived_us
    line.append_text(arrow(lanes, lanes.at[sent.source], lanes.at[sent.target], lost=lost))
    line.append(f" {said}", style=style)
    return line


def style_of(said: str) -> str:
    if "reject " in said or said.startswith(("cancelled", "400")):
        return "yellow"
    return "green" if said.startswith(("committed", "200")) else ""


def arrow(lanes: Lanes, source: int, target: int, *, lost: bool) -> Text:
    """Draw an arrow from one column to another, over the columns between."""
    cells = lifelines(lanes)
    columns = lanes.all_columns
    begin, end = columns[source], columns[target]
    step = 1 if end >= begin else -1
    for x in range(begin + step, end, step):
        cells[x] = "┼" if x in columns else "╌" if lost else "─"
    cells[begin] = "├" if step > 0 else "┤"
    if begin != end:
        cells[end - step] = "✗" if lost else "▶" if step > 0 else "◀"
    drawn = Text("".join(cells), style="dim")
    first, last = sorted((begin, end - step))
    drawn.stylize("not dim red" if lost else "not dim cyan", first, last + 1)
    return drawn


def noted_line(noted: Noted, lanes: Lanes, began_us: int, words: Words) -> Text:
    """Draw what happened on one host: a sign in its column."""
    sign, style, said = "●", "", EVENTS.get(noted.event, noted.event).rstrip(".")
    if noted.changes is not None:
        said, decided = said_of(noted.changes, words)
        sign, style = ("◆", "bold magenta") if decided else ("■", "dim")
    elif noted.event == "host.crashed":
        sign, style, said = "✗", "bold red", "crashed"
    elif noted.event == "host.started":
        sign, style, said = "●", "bold", "started again"
    line = times(ms(noted.us - began_us), "")
    cells = lifelines(lanes)
    x = lanes.all_columns[lanes.at[noted.host]]
    cells[x] = sign
    drawn = Text("".join(cells), style="dim")
    drawn.stylize(f"not dim {style}".replace("not dim dim", "not dim"), x, x + 1)
    line.append_text(drawn)
    line.append(f" {lanes.sharing(noted.host)}{said}", style=style)
    return line


def said_of(changes: Changes, words: Words) -> tuple[str, bool]:
    """Say what became durable, and whether it was a transaction's decision."""
    (table, _), record = changes.records[0]
    if table == LEDGER_TABLE:
        if record is None or record.item is None:
            return "durable: nothing is entered any more", False
        name, state = words.transaction(record.item["Transaction"][1]), record.item["State"][1]
        decided = state in (State.COMMITTING, State.CANCELLING)
        return f"{'commit point' if decided else 'durable'}: {name} is {state}", decided
    keys = words.keys(key for key, _ in changes.records)
    if any(record is not None and record.ongoing for _, record in changes.records):
        return f"durable: promised {keys}", False
    return f"durable: {'free' if changes.timestamp == NEVER else 'applied'} {keys}", False


def lifelines(lanes: Lanes) -> list[str]:
    cells = [" "] * (lanes.width * len(lanes.names))
    for x in lanes.all_columns:
        cells[x] = "│"
    return cells


def times(first: str, second: str) -> Text:
    line = Text()
    line.append(f"{first:>8} ", style="dim")
    line.append(f"{second:>8}  ", style="red" if second == "lost" else "dim")
    return line


def ms(us: int) -> str:
    return f"{us / 1000:.1f}"
