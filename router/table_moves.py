"""Tables on their way: everything that is to be done before a definition says the next thing.

    CREATING ── every partition keeps it ──▶ ACTIVE
    UPDATING ── every partition knows ──▶ ACTIVE
    DELETING ── every partition has dropped it ──▶ nothing

A router that crashes in between leaves a table on its way.  Whoever meets such a table takes it
further, and a router may look for them now and then (`Tables.look`); two who do so at once do no
harm, because partitions know what is open and dropped by the table's id, and the definition moves
by compare-and-set.
"""

from items.actions import Delete, Put, Update
from items.errors import CONDITIONAL_CHECK_FAILED
from items.values import AttributeValue
from network.host import Host
from network.ids import TableId
from network.messages import DropTable, OpenTable, SetTable, WriteRefused, Written
from network.placement import TABLES_TABLE
from network.rpc import Patience
from router.backfills import Backfilling
from router.definitions import (
    Status,
    Table,
    amendment,
    move,
    settled,
    table_key,
    table_of,
    with_status,
)
from router.nodes import Nodes, nobody_knows
from router.options import RouterOptions

LOOK_US = 1_000


class Moves:
    """What one router takes further."""

    def __init__(self, host: Host, nodes: Nodes, options: RouterOptions) -> None:
        self._host, self._nodes, self._options = host, nodes, options
        # What is taken further right now, and from where.
        self._moving: dict[TableId, tuple[Status, int]] = {}

    def take_further(self, table: Table) -> None:
        """Bring a table that is on its way to its end, unless a task of this router is at it."""
        stage = (table.status, table.revision)
        if table.status is not Status.ACTIVE and self._moving.get(table.id) != stage:
            self._moving[table.id] = stage
            self._host.spawn(self._move(table))

    async def settle(self, table: Table) -> None:
        """Let a table come to its end before it is answered for, if that takes but a moment.

        Then whoever looks at it next need not look again: SDKs do that after 20 seconds.
        """
        waited_us = 0
        while waited_us < self._options.table_answer_us and table.id in self._moving:
            await self._host.sleep(LOOK_US)
            waited_us += LOOK_US

    async def _move(self, table: Table) -> None:
        try:
            match table.status:
                case Status.CREATING:
                    await self._open(table)
                case Status.UPDATING:
                    await self._set(table)
                case _:
                    await self._drop(table)
        finally:
            if self._moving.get(table.id) == (table.status, table.revision):
                del self._moving[table.id]

    async def _open(self, table: Table) -> None:
        for _, index in table.remote:  # First, so that whoever has entries finds them open.
            await self._nodes.ask_everyone(OpenTable(TableId(index.id), index.schema))
        await self._nodes.ask_everyone(OpenTable(table.id, table.schema, table.settings))
        if self._options.table_creating_us:
            await self._host.sleep(self._options.table_creating_us)
        # Where it is refused, somebody else was faster, and the table may even be gone again.
        active = with_status(table, Status.ACTIVE)
        await write_definition(self._nodes, move(table, active), self._options.patience(None))

    async def _set(self, table: Table) -> None:
        """Have every partition do what the table's definition says by now."""
        for traits, index in table.remote:
            if traits.status == Status.CREATING:
                await self._nodes.ask_everyone(OpenTable(TableId(index.id), index.schema))
        await self._nodes.ask_everyone(SetTable(table.id, table.settings))
        for traits, index in table.remote:
            if traits.status == Status.CREATING:
                await Backfilling(self._host, self._nodes, table.id, index.id).go()
            elif traits.status == Status.DELETING:
                await self._nodes.ask_everyone(DropTable(TableId(index.id)))
        if self._options.table_updating_us:
            await self._host.sleep(self._options.table_updating_us)
        updated = settled(table)
        changes = amendment if updated.revision != table.revision else move
        await write_definition(self._nodes, changes(table, updated), self._options.patience(None))

    async def _drop(self, table: Table) -> None:
        await self._nodes.ask_everyone(DropTable(table.id))
        for _, index in table.remote:
            await self._nodes.ask_everyone(DropTable(TableId(index.id)))
        if self._options.table_deleting_us:
            await self._host.sleep(self._options.table_deleting_us)
        values: dict[str, AttributeValue] = {":id": ("S", table.id)}
        gone = Delete(TABLES_TABLE, table_key(table.name), "#id = :id", {"#id": "Id"}, values)
        await write_definition(self._nodes, gone, self._options.patience(None))


async def write_definition(
    nodes: Nodes, action: Put | Update | Delete, patience: Patience
) -> tuple[bool, Table | None]:
    """Write a definition surely; say whether it was written, and else what was in the way."""
    reply = await nodes.write_surely(action, patience)
    match reply:
        case Written():
            return True, None
        case WriteRefused(error=error, item=item):
            assert error == CONDITIONAL_CHECK_FAILED.name, reply.message
            return False, None if item is None else table_of(item)
        case _:
            raise nobody_knows()
