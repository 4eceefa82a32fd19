"""The tables of the system itself, which ledger nodes are born with (§3.5).

Those that come of a split have them from their parents.
"""

from items.keys import KeyAttribute, KeySchema
from network.ids import NEVER
from network.placement import LEDGER_TABLE, PLACEMENT_TABLE, REPLICATION_TABLE, TABLES_TABLE
from partition.record import TableState


def _table(name: str, key: str) -> TableState:
    return TableState(name, KeySchema(KeyAttribute(key, "S"), None), NEVER)


INTERNAL_TABLES = (_table(LEDGER_TABLE, "Entry"), _table(TABLES_TABLE, "Name"))
HOME_TABLES = (_table(PLACEMENT_TABLE, "Name"),)  # Kept by one node only.
REGION_TABLES = (_table(REPLICATION_TABLE, "Position"),)  # Kept where there are several regions.
