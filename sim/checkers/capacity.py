"""Provisioned tables: nobody was refused, let through or charged but as the units say.

The witness keeps books beside every partition (`sim.books`), and compares step by step.  Of a read
that costs half a partition hears from its router; that is held against what the client asked for.
Whether a transaction's reason ProvisionedThroughputExceeded was true is told with other reasons.
"""

from collections.abc import Iterator

from sim.books import Books
from sim.checkers.evidence import Evidence, may_be_late, named
from sim.checkers.finding import Finding


def check_capacity(books: Books, evidence: Evidence) -> Iterator[Finding]:
    """Give what books and meters do not agree about, nor routers with clients."""
    yield from books.wrongs
    for request, table, costs_half in sorted(books.prices):
        # A read transaction's rounds have a name behind their attempt's.
        operation = evidence.by_attempt.get(request.partition("/")[0])
        if operation is None:
            continue
        name = evidence.table_names[table]
        if costs_half != may_be_late(operation, (name,)):
            price = "half" if costs_half else "whole"
            text = f"{named(operation)} was to be charged {price} units of {name}"
            yield Finding("capacity", "wrong price", text, (operation.call,))
