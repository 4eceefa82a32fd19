"""The columns of the table: how an occasion can be hit, each as a step of the step language.

What is late comes after whoever waits for it has asked again; a host that crashes is back after a
second, before recovery takes its transaction for stalled.
"""

from items.data import data
from sim.search.steps.occasions import Occasion

LATE, DOWN, COPY = "2s", "1s", "20ms"


@data
class Column:
    """One way of hitting an occasion."""

    letter: str
    title: str
    step: str  # With places for the occasion's {name}, {source} and {target}.
    victim: str = ""  # Who crashes: source, target or nobody.

    def fits(self, occasion: Occasion) -> bool:
        """Say whether it can hit this occasion: clients never crash."""
        victim = {"source": occasion.source, "target": occasion.target}.get(self.victim, "")
        return not victim.startswith("k")

    def step_on(self, occasion: Occasion) -> str:
        """Return the step that hits this occasion."""
        return self.step.format(name=occasion.name, source=occasion.source, target=occasion.target)


ON_MESSAGES = (
    Column("a", "lost", "lose {name}"),
    Column("b", "repeated", f"repeat {{name}} {COPY} later"),
    Column("c", "late", f"delay {{name}} by {LATE}"),
    Column(
        "d",
        "sender crashes before",
        f"crash {{source}} for {DOWN} before {{name}} is sent",
        "source",
    ),
    Column(
        "e", "sender crashes after", f"crash {{source}} for {DOWN} after {{name}} is sent", "source"
    ),
    Column(
        "f",
        "receiver crashes before",
        f"crash {{target}} for {DOWN} before {{name}} is delivered",
        "target",
    ),
    Column(
        "g",
        "receiver crashes after",
        f"crash {{target}} for {DOWN} after {{name}} is delivered",
        "target",
    ),
)
ON_WRITES = (
    Column("p", "lost", f"crash {{source}} for {DOWN} before {{name}} is durable"),
    Column("q", "torn", f"crash {{source}} for {DOWN} during {{name}}"),
    Column("r", "late", f"pause {{source}} for {LATE} before {{name}} is durable"),
    Column("s", "crash after", f"crash {{source}} for {DOWN} after {{name}} is durable"),
)


def columns_of(occasion: Occasion) -> tuple[Column, ...]:
    """Return the ways in which an occasion can be hit."""
    columns = ON_WRITES if occasion.is_write else ON_MESSAGES
    return tuple(column for column in columns if column.fits(occasion))
