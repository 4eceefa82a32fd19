"""A picture of a cluster at one moment: what a live view shows, and nothing of how it is drawn."""

from collections.abc import Mapping

from items.data import data

# What has become of an item of a transaction so far, as one sign beside its name.
ASKED, ACCEPTED, REJECTED, APPLIED, FREED = "?", "✓", "✗", "■", "□"
NOT_ASKED = ""

KINDS = {
    "k": "client",
    "r": "router",
    "c": "coordinator",
    "l": "ledger",
    "p": "partition",
    "f": "follower",
    "m": "manager",
    "s": "reader",  # Of streams.
}
UP, DOWN, PAUSED = "up", "down", "paused"


@data
class Node:
    """One node, or several of one kind in one row."""

    name: str
    kind: str
    state: str
    troubles: tuple[str, ...] = ()  # What is wrong with its links and its disk.
    has: str = ""  # What it keeps, or is busy with.
    counts: tuple[tuple[str, int], ...] = ()  # The same in numbers, to be added up in a fold.


@data
class Part:
    """An item of a transaction, with a sign for what has become of it, or the reason's code."""

    item: str
    said: str


@data
class Going:
    """A call that is under way, or a transaction that nobody waits for any more."""

    name: str  # t1, t2 …; empty as long as the ledger has not been asked.
    call: str
    phase: str
    since_us: int
    parts: tuple[Part, ...]


@data
class Decided:
    """The end of a transaction: a write's at its commit point, a read's when it is answered."""

    us: int
    name: str
    call: str
    outcome: str  # committed, cancelled, unknown
    parts: tuple[Part, ...]


@data
class Happened:
    """One thing that happened."""

    us: int
    kind: str  # delivered, durable, fault, noted; repeated, late; lost, or 'lost, link cut'
    where: str
    said: str


@data
class Picture:
    """Everything, at one moment."""

    us: int
    nodes: tuple[Node, ...]
    going: tuple[Going, ...]  # In the order in which they began.
    decided: tuple[Decided, ...]  # The newest one last, as everywhere here.
    happened: tuple[Happened, ...]
    lost: tuple[Happened, ...]  # Messages that were lost or repeated, and faults.
    troubles: tuple[str, ...]  # Faults that last at this moment.
    flying: int  # Messages on their way.
    messages: Mapping[str, int]
    outcomes: Mapping[str, int]  # Of transactions, as clients were told.
    reasons: Mapping[str, int]  # Of what was decided, by code; `None` left out.
