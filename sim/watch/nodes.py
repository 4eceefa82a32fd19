"""Who is up, who stands still, and which faults last: followed from a run's events."""

from collections.abc import Iterable

from sim.report.bands import HOST_BANDS, LINK_BANDS, hosts_in
from sim.trace import Event
from sim.watch.picture import DOWN, KINDS, PAUSED, UP, Node

STATES = {"down": DOWN, "paused": PAUSED}  # Bands that say what a host is doing.


class Nodes:
    """All hosts that have ever started, and what is wrong with them now."""

    def __init__(self) -> None:
        self.starts: dict[str, int] = {}
        self._lasting: dict[tuple[str, str], tuple[str, ...]] = {}  # (what, where) → hosts.

    def happened(self, event: Event) -> None:
        """Take a fault, or the end of one."""
        name, fields = event.name, event.fields
        host = str(fields.get("host", ""))
        if name == "host.started":
            self.starts[host] = self.starts.get(host, 0) + 1
        for kind, ends in HOST_BANDS.values():
            if name in ends:
                self._lasting.pop((kind, host), None)
        for kind, end, field in LINK_BANDS.values():
            if name == end:
                self._lasting.pop((kind, str(fields[field])), None)
        if name in HOST_BANDS:
            self._lasting[HOST_BANDS[name][0], host] = (host,)
        elif name in LINK_BANDS:
            kind, _, field = LINK_BANDS[name]
            where = str(fields[field])
            self._lasting[kind, where] = tuple(hosts_in(where))

    def state(self, host: str) -> str:
        for kind, state in STATES.items():
            if (kind, host) in self._lasting:
                return state
        return UP

    def troubles(self) -> tuple[str, ...]:
        """Say which faults last, as in 'c1>p2 cut'; the oldest first."""
        return tuple(f"{where} {kind}" for kind, where in self._lasting)

    def troubles_of(self, host: str) -> tuple[str, ...]:
        """Say what is wrong with a host that is not its state, as in 'cut' or 'slow disk'."""
        kinds = [kind for (kind, _), hosts in self._lasting.items() if host in hosts]
        return tuple(dict.fromkeys(kind for kind in kinds if kind not in STATES))


def kind_of(host: str) -> str:
    """Say what kind of node a host is, by its name."""
    return KINDS.get(host[:1], "node")


def in_order(hosts: Iterable[str]) -> list[str]:
    """Put hosts in the order of a request's way: clients, routers, coordinators, disks."""
    ways = list(KINDS)

    def place(host: str) -> tuple[int, str, int]:
        letters = host.rstrip("0123456789")
        kind = ways.index(host[0]) if host[:1] in KINDS else len(ways)
        return kind, letters, int(host[len(letters) :] or 0)

    return sorted(hosts, key=place)


# Rows that are folded ----------------------------------------------------------------------------

FOLDED_FIRST = (
    *("client", "follower", "reader", "router", "partition", "coordinator", "ledger", "manager"),
    "node",
)


def folded(nodes: tuple[Node, ...], most: int) -> tuple[Node, ...]:
    """Put the nodes of a kind into one row, kind after kind, until there are `most` rows."""
    rows = list(nodes)
    for kind in FOLDED_FIRST:
        if len(rows) <= most:
            break
        alike = [row for row in rows if row.kind == kind]
        if len(alike) > 1:
            place = rows.index(alike[0])
            rows = [row for row in rows if row.kind != kind]
            rows.insert(place, together(alike))
    return tuple(rows)


def together(nodes: list[Node]) -> Node:
    """Make one row of several nodes of a kind: who is not up is named, numbers are added up."""
    states = [f"{node.name} {node.state}" for node in nodes if node.state != UP]
    troubles = [f"{node.name} {trouble}" for node in nodes for trouble in node.troubles]
    counts: dict[str, int] = {}
    for node in nodes:
        for name, count in node.counts:
            before = counts.get(name, 0)
            # The sum of two positions says nothing.
            counts[name] = max(before, count) if name in POSITIONS else before + count
    up = sum(node.state == UP for node in nodes)
    state = UP if up == len(nodes) else f"{up} up"
    name = f"{nodes[0].name}-{nodes[-1].name}"
    return Node(
        name, nodes[0].kind, state, (*states, *troubles), in_words(counts), tuple(counts.items())
    )


ONE = {
    "records": "record",
    "entries": "entry",
    "requests": "request",
    "writes": "write",
    "reads": "read",
    "recoveries": "recovery",
}
POSITIONS = {"lsn": "LSN", "heard": "log to"}
ALWAYS = ("records", "entries")  # Told if there are none as well.


def in_words(counts: dict[str, int]) -> str:
    """Say what a node has, as in '12 records, 1 ongoing, LSN 40'."""
    said = []
    for name, count in counts.items():
        if name in POSITIONS:
            said.append(f"{POSITIONS[name]} {count:,}")
        elif count or name in ALWAYS:
            said.append(f"{count:,} {ONE.get(name, name) if count == 1 else name}")
    return ", ".join(said)
