"""A finding: what a checker found wrong, with its evidence in words."""

from items.data import data


@data
class Finding:
    checker: str
    kind: str
    explanation: str
    transactions: tuple[str, ...]  # Calls or transaction ids that it is about.
