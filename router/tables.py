"""Table definitions: where a table's name becomes an id and a schema (§3.1's metadata).

They live in an internal table on the ledger nodes, one item a table, written like the ledger with
conditional writes that name the state they expect.  A definition goes one way:

    nothing ── create ──▶ CREATING ── every partition keeps it ──▶ ACTIVE
    ACTIVE ── delete ──▶ DELETING ── every partition has dropped it ──▶ nothing

A router that crashes in between leaves a table CREATING or DELETING.  Whoever is asked to describe
such a table takes it further; two who do so at once do no harm, because partitions know what is
open and dropped by the table's id, and the definition moves by compare-and-set.  A table is never
deleted before it is ACTIVE: only then does every partition know it, and only who knows a table
remembers that it was dropped, when a late copy of its opening arrives.

What is cached is what was ACTIVE a moment ago.  If it is no more, partitions say so (`NotMine`).
"""

from items.actions import Delete, Put, Update
from items.errors import (
    CONDITIONAL_CHECK_FAILED,
    RESOURCE_IN_USE,
    RESOURCE_NOT_FOUND,
    DynamoDBError,
)
from items.keys import Key, KeySchema
from items.values import AttributeValue
from network.host import Host
from network.ids import TableId, transaction_id
from network.messages import DropTable, NotMine, OpenTable, Scan, WriteRefused, Written
from network.placement import TABLES_TABLE
from network.rpc import Patience
from router.definitions import (
    Status,
    Table,
    Throughput,
    item_of,
    move,
    table_key,
    table_of,
    with_status,
)
from router.nodes import Nodes, nobody_knows
from router.options import RouterOptions

CACHED_MAX = 10_000
NAMES_PAGE_MAX = 1_000
IN_USE = "Attempt to change a resource which is still in use"


class Tables:
    """One router's way to the table definitions."""

    def __init__(self, host: Host, nodes: Nodes, options: RouterOptions) -> None:
        self._host, self._nodes, self._options = host, nodes, options
        self._id_site = host.site("table id")
        self._minted = 0
        self._cache: dict[str, tuple[int, Table]] = {}  # When it was read; ACTIVE tables only.
        self._moving: dict[TableId, Status] = {}  # What this router takes further right now.

    async def active(self, name: str) -> Table:
        """Return the table that has this name, as it was a moment ago.

        Raises:
            DynamoDBError: ResourceNotFoundException if there is none that keeps items.
        """
        found = self._cache.get(name)
        if found is not None:
            read_us, table = found
            if self._host.elapsed_us() - read_us < self._options.table_cache_us:
                return table
            del self._cache[name]
        asked_us = self._host.elapsed_us()
        newest = await self.find(name)
        if newest is None or newest.status is not Status.ACTIVE:
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        if len(self._cache) >= CACHED_MAX:
            self._cache.clear()
        self._cache[name] = (asked_us, newest)
        return newest

    def forget(self, table: Table) -> None:
        """Read this table's definition anew when it is asked for next: a partition knows better."""
        found = self._cache.get(table.name)
        if found is not None and found[1].id == table.id:
            del self._cache[table.name]

    async def find(self, name: str) -> Table | None:
        """Read what is defined under this name at this moment."""
        reading = await self._nodes.read((TABLES_TABLE, table_key(name)), "")
        if isinstance(reading, NotMine):
            raise nobody_knows()
        return None if reading.item is None else table_of(reading.item)

    async def names(self) -> list[str]:
        """Return the names of all tables, in order."""
        names: list[str] = []
        for node in self._nodes.placement.owners(TABLES_TABLE):
            after: Key | None = None
            while True:
                page = await self._nodes.scan(node, every_table(after))
                if isinstance(page, NotMine):
                    raise nobody_knows()
                names += [item["Name"][1] for item in page.items]
                after = page.last
                if after is None:
                    break
        return sorted(names)

    async def create(self, name: str, schema: KeySchema, throughput: Throughput | None) -> Table:
        """Define a table, and go on to open it everywhere when the caller has its answer.

        Raises:
            DynamoDBError: ResourceInUseException if there is one of this name,
                InternalServerError if nobody knows whether it was defined.
        """
        table = Table(name, self._mint(), schema, Status.CREATING, self._host.now_us(), throughput)
        put = Put(
            TABLES_TABLE,
            table_key(name),
            item_of(table),
            "attribute_not_exists(#name)",
            {"#name": "Name"},
        )
        # Never asked anew: had the first question been carried out, and the table been deleted
        # since, its definition would come back under an id that partitions know as dropped.
        reply = await self._nodes.write_once(put, "NONE", "", self._in_time())
        if isinstance(reply, NotMine):
            raise nobody_knows()
        if isinstance(reply, WriteRefused):
            assert reply.error == CONDITIONAL_CHECK_FAILED.name, reply.message
            raise DynamoDBError(RESOURCE_IN_USE, f"Table already exists: {name}")
        self.take_further(table)
        return table

    async def delete(self, name: str) -> Table:
        """Begin to delete a table, and go on when the caller has its answer.

        One that is being deleted already is no error, as the service's documentation has it.

        Raises:
            DynamoDBError: ResourceNotFoundException, or ResourceInUseException if the table is
                being created.
        """
        table = await self.find(name)
        if table is None:
            raise not_found(name)
        if table.status is Status.ACTIVE:
            deleting = with_status(table, Status.DELETING)
            written, found = await self._write(move(table, deleting), self._in_time())
            if not written and (found is None or found.id != table.id):
                raise not_found(name)
            self.forget(table)
            table = deleting
        self.take_further(table)
        if table.status is Status.CREATING:
            raise DynamoDBError(RESOURCE_IN_USE, f"{IN_USE}: Table is being created: {name}")
        return table

    def take_further(self, table: Table) -> None:
        """Bring a table that is CREATING or DELETING to its end, in a task of its own."""
        if table.status is Status.ACTIVE or self._moving.get(table.id) is table.status:
            return
        self._moving[table.id] = table.status
        self._host.spawn(self._move(table))

    async def _move(self, table: Table) -> None:
        try:
            if table.status is Status.CREATING:
                await self._open(table)
            else:
                await self._drop(table)
        finally:
            if self._moving.get(table.id) is table.status:
                del self._moving[table.id]

    async def _open(self, table: Table) -> None:
        partitions = self._nodes.placement.owners(table.id)
        await self._nodes.ask_everyone(partitions, OpenTable(table.id, table.schema))
        # Where it is refused, somebody else was faster, and the table may even be gone again.
        active = with_status(table, Status.ACTIVE)
        await self._write(move(table, active), self._options.patience(None))

    async def _drop(self, table: Table) -> None:
        partitions = self._nodes.placement.owners(table.id)
        await self._nodes.ask_everyone(partitions, DropTable(table.id))
        values: dict[str, AttributeValue] = {":id": ("S", table.id)}
        gone = Delete(TABLES_TABLE, table_key(table.name), "#id = :id", {"#id": "Id"}, values)
        await self._write(gone, self._options.patience(None))

    async def _write(
        self, action: Put | Update | Delete, patience: Patience
    ) -> tuple[bool, Table | None]:
        """Write surely; say whether it was written, and else what was in the way."""
        reply = await self._nodes.write_surely(action, patience)
        match reply:
            case Written():
                return True, None
            case WriteRefused(error=error, item=item):
                assert error == CONDITIONAL_CHECK_FAILED.name, reply.message
                return False, None if item is None else table_of(item)
            case _:
                raise nobody_knows()

    def _in_time(self) -> Patience:
        return self._options.patience(self._options.write_deadline_us)

    def _mint(self) -> TableId:
        self._minted += 1
        return TableId(
            transaction_id(
                node=self._host.name,
                incarnation=self._host.incarnation,
                count=self._minted,
                chance=self._id_site.below(1 << 26),
            )
        )


def not_found(name: str) -> DynamoDBError:
    return DynamoDBError(
        RESOURCE_NOT_FOUND, f"{RESOURCE_NOT_FOUND.message}: Table: {name} not found"
    )


def every_table(after: Key | None) -> Scan:
    return Scan(
        TableId(TABLES_TABLE),
        None,
        None,
        after,
        forward=True,
        limit=NAMES_PAGE_MAX,
        filter=None,
        names={},
        values={},
        request="",
    )
