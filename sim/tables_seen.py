"""What the witness sees of tables that change: what each is to be, and who has been told of it.

A table is ACTIVE again when every partition that serves some of it knows what it is to do: which
stream it keeps, which indexes it brings up to date, how many units it has.  And whoever keeps
entries knows the indexes that there are, and no other.  That is judged at the very moment at which
the table's definition says ACTIVE, by what the disks have.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from items.indexes import INDEX_MARK
from network.settings import TableSettings
from partition.indexed import is_outbox
from partition.record import TableState
from partition.storage import Changes
from router.definitions import Status, Table

LIES_MAX = 1_000  # The first ones say most.


class TablesSeen:
    """The evidence about tables of one run."""

    def __init__(self) -> None:
        self.changed = False  # Whether any table has ever been changed.
        self.lies: list[tuple[str, str]] = []  # Kind, and what is wrong.
        self._defined: dict[str, Table] = {}  # By id.
        self._told: dict[str, dict[str, TableState]] = {}  # By node and table.

    def told(self, node: str, states: Iterable[TableState]) -> None:
        """Take what a partition durably knows of tables."""
        known = self._told.setdefault(node, {})
        known.update({state.id: state for state in states})

    def defined(self, table: Table, owners: Iterable[str]) -> bool:
        """Take a table's definition, as it is durable now; say whether it is the first one."""
        is_new = table.id not in self._defined
        self._defined[table.id] = table
        self.changed = self.changed or table.status is Status.UPDATING
        if table.status is Status.ACTIVE:
            for node in owners:
                self._judge(node, table)
        return is_new

    def has_unheard(self, node: str, changes: Changes) -> bool:
        """Say whether an append is to a table of whose last change this partition has not heard."""
        return self.changed and any(self._is_unheard(node, key[0]) for key, _ in changes.records)

    def _is_unheard(self, node: str, table_id: str) -> bool:
        table = self._defined.get(table_id)
        if table is None or table.status is not Status.UPDATING:
            return False
        state = self._told.get(node, {}).get(table_id)
        return state is not None and not is_told(table, state)

    def _judge(self, node: str, table: Table) -> None:
        known = self._told.get(node, {})
        state = known.get(table.id)
        if state is None or state.dropped or not is_told(table, state):
            self._lie("update untold", f"{node} has not been told what it is to do for it", table)
        wanted = {index.id: traits.index.name for traits, index in table.remote}
        for index, name in wanted.items():
            if index not in known or known[index].dropped:
                self._lie("index unknown", f"{node} does not keep its index {name}", table)
        for index in left_over(table, known.values()):
            if index not in wanted:
                name = index.split(INDEX_MARK)[1]
                self._lie("index left behind", f"{node} still has {name}, which was deleted", table)

    def _lie(self, kind: str, what: str, table: Table) -> None:
        if len(self.lies) < LIES_MAX:
            self.lies.append((kind, f"{table.name} is ACTIVE, and {what}"))


def is_told(table: Table, state: TableState) -> bool:
    """Say whether this is what a table is to be; not every change is a partition's business."""
    return without_revision(state.settings) == without_revision(table.settings)


def without_revision(settings: TableSettings) -> TableSettings:
    return replace(settings, revision=0)


def left_over(table: Table, states: Iterable[TableState]) -> Iterator[str]:
    """Give the global indexes of a table that somebody keeps, by their ids."""
    for state in states:
        is_its = state.id.startswith(table.id + INDEX_MARK) and not is_outbox(state.id)
        if is_its and not state.dropped:
            yield state.id
