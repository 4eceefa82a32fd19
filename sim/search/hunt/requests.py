"""A few random requests over a few items, in the language of the workload `listed`.

Many requests are alike on purpose: two that want the same items at the same moment are what there
is to be seen, and conditions that hold now and not a moment later.
"""

from collections.abc import Sequence

from sim.chance import NamedSite
from sim.search.hunt.draws import Draws

LETTERS = "abcdefgh"  # Of items; where their partitions begin is chance enough.
BASE = "two-that-conflict"
VERBS = ("write",) * 6 + ("read",) * 4 + ("get", "put", "update", "update", "delete")
KINDS = ("put", "update", "update", "update", "delete", "check")
CONDITIONS = ("", "", "", " if missing", " if exists", " if exists", " if = {}")
SHOWING = 0.2


class _Writer:
    """Writes requests; no two leave an item with the same value."""

    def __init__(self, site: NamedSite, items: Sequence[str]) -> None:
        self._site, self._items = site, items
        self._value = 0

    def request(self) -> str:
        verb = self._pick(VERBS)
        if verb == "write":
            return f"write {' '.join(self._action(item) for item in self._some())}"
        if verb == "read":
            return f"read {' '.join(self._some())}"
        item = self._pick(self._items)
        if verb == "get":
            return f"get {item}"
        value = "" if verb == "delete" else f" {self._new()}"
        return f"{verb} {item}{value}{self._condition()}"

    def _action(self, item: str) -> str:
        kind = self._pick(KINDS)
        condition = self._condition()
        if kind == "check":
            return f"check({item}{condition or ' if exists'})"
        value = "" if kind == "delete" else f", {self._new()}"
        return f"{kind}({item}{value}{condition})"

    def _condition(self) -> str:
        condition = self._pick(CONDITIONS).format(self._site.below(self._value + 1))
        return f"{condition} showing" if condition and self._site.happens(SHOWING) else condition

    def _some(self) -> list[str]:
        """Draw one item or more, seldom more than three, in any order."""
        left = list(self._items)
        count = min(len(left), 1 + self._site.below(3) + self._site.below(2))
        return [left.pop(self._site.below(len(left))) for _ in range(count)]

    def _new(self) -> int:
        self._value += 1
        return self._value

    def _pick(self, options: Sequence[str]) -> str:
        return options[self._site.below(len(options))]


def small_world(draws: Draws, least: int, most: int) -> dict[str, str]:
    """Draw a few clients with so many requests each, over few items and partitions."""
    items = LETTERS[: draws.between("items", 2, 4)]
    clients = draws.between("clients", 2, 4)
    writer = _Writer(draws.site("requests"), items)
    there = [item for item in items if draws.happens(f"{item} is there", 0.6)]
    lines = [
        f"k{client}: {writer.request()}"
        for client in range(1, clients + 1)
        for _ in range(draws.between(f"requests of k{client}", least, most))
    ]
    transactions = sum(line.split()[1] in ("write", "read") for line in lines)
    return {
        "workload.clients": str(clients),
        "workload.transactions": str(max(1, transactions)),
        "workload.there": " ".join(f"{item}=0" for item in there),
        "workload.requests": "\n".join(lines),
        "workload.linger_us": "20000",
        "cluster.partitions": draws.one_of("partitions", "1223"),
        "cluster.coordinators": draws.one_of("coordinators", "223"),
        "client.think_us": draws.one_of("think", ("1", "1000", "5000")),
    }
