"""Provisioned tables: nobody was refused, let through or charged but as the units say.

The witness keeps books beside every partition (`sim.books`), and compares step by step.  Whether a
transaction's reason ProvisionedThroughputExceeded was true is told with the other reasons.
"""

from collections.abc import Iterable

from sim.books import Books
from sim.checkers.finding import Finding


def check_capacity(books: Books) -> Iterable[Finding]:
    """Give what the books and the partitions' meters do not agree about."""
    return books.wrongs
