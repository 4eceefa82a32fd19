"""Tables that change: when one is ACTIVE, all who serve it know what it is to be.

The witness judges that at the moment itself (`sim.tables_seen`); of what is on its way in calm the
check `calm` tells.
"""

from collections.abc import Iterator

from sim.checkers.finding import Finding
from sim.tables_seen import TablesSeen


def check_tables(seen: TablesSeen) -> Iterator[Finding]:
    """Give what partitions did not know of tables that were ACTIVE."""
    for kind, text in seen.lies:
        yield Finding("tables", kind, text, ())
