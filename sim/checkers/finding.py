"""A finding: what a checker found wrong, with its evidence in words."""

from items.data import data
from sim.checkers.graph.txn import Precedes


@data
class Finding:
    """What is wrong, and what that means.

    The explanation gives the smallest evidence, a line a step and a reason for each.
    """

    checker: str
    kind: str
    explanation: str
    transactions: tuple[str, ...]  # Calls or transaction ids that it is about.
    anomaly: str = ""  # Its name in the literature, if it has one.
    refutes: tuple[str, ...] = ()  # What this system does not give, therefore.
    possible: tuple[str, ...] = ()  # The strongest of what it may still give.
    steps: tuple[Precedes, ...] = ()  # Who must come before whom, where that is what contradicts.
