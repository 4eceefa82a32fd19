"""Table definitions: where a table's name becomes an id and a schema (§3.1's metadata).

They live in an internal table on the ledger nodes, one item a table, written like the ledger with
conditional writes that name the state they expect.  A definition goes one way:

    nothing ── create ──▶ CREATING ──▶ ACTIVE ── delete ──▶ DELETING ──▶ nothing
    ACTIVE ── update ──▶ UPDATING ──▶ ACTIVE

Here is what clients ask for: the steps that have a name.  What takes a table on from there, and
tells the partitions, is in `table_moves`.  A table is never deleted before it is ACTIVE: only then
does every partition know it, and only who knows a table remembers that it was dropped, when a late
copy of its opening arrives.

While it is ACTIVE its traits may be changed, by compare-and-set as well: a definition counts its
revisions, and each change names the one that it knows.  A change that is the partitions' to carry
out (`network.settings`) takes the table through UPDATING, where it serves as ever.

What is cached is what was there a moment ago.  If it is no more, partitions say so (`NotMine`).
"""

from collections.abc import Callable

from items.actions import Put
from items.errors import (
    CONDITIONAL_CHECK_FAILED,
    RESOURCE_IN_USE,
    RESOURCE_NOT_FOUND,
    DynamoDBError,
    validation,
)
from items.keys import Key
from items.values import Item
from network.host import Host
from network.ids import TableId, transaction_id
from network.messages import NotMine, Scan, WriteRefused
from network.placement import TABLES_TABLE
from network.rpc import Patience
from router.definitions import (
    Status,
    Table,
    Traits,
    amendment,
    item_of,
    move,
    table_key,
    table_of,
    with_status,
    with_traits,
)
from router.nodes import Nodes, nobody_knows
from router.options import RouterOptions
from router.replicas import in_region
from router.table_moves import Moves, write_definition

CACHED_MAX = 10_000
NAMES_PAGE_MAX = 1_000
AMENDMENTS_MAX = 10  # Of one table, each in the way of the one before it.
IN_USE = "Attempt to change a resource which is still in use"
DOING = {
    Status.CREATING: "created",
    Status.UPDATING: "updated",
    Status.DELETING: "deleted",
}
PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion."
    " Disable deletion protection first."
)


class Tables:
    """One router's way to the table definitions."""

    def __init__(self, host: Host, nodes: Nodes, options: RouterOptions) -> None:
        self._host, self._nodes, self._options = host, nodes, options
        self.moves = Moves(host, nodes, options)
        self._id_site = host.site("table id")
        self._minted = 0
        self._cache: dict[str, tuple[int, Table]] = {}  # When it was read; ACTIVE tables only.

    def now_us(self) -> int:
        return self._host.now_us()

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
        if newest is None:
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        self.moves.take_further(newest)
        if not newest.is_there:
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
        return sorted([item["Name"][1] for item in await self._definitions()])

    async def all(self, name: str = "") -> list[Table]:
        """Return the tables that have this name; all of them, whatever they are called, for ""."""
        if name:
            table = await self.find(name)
            return [] if table is None else [table]
        return [table_of(item) for item in await self._definitions()]

    async def look(self) -> None:
        """Take every table further that is neither ACTIVE nor gone: its mover may be dead."""
        for item in await self._definitions():
            if item["Status"][1] != Status.ACTIVE:
                self.moves.take_further(table_of(item))

    async def _definitions(self) -> list[Item]:
        """Read the definitions of all tables, each as it is at its own moment."""
        pauses = self._nodes.reading_pauses()
        while True:
            items = await self._all_items()
            if not isinstance(items, NotMine):
                return items
            if items.table or await pauses.heed((items,)) == 0:
                raise nobody_knows()

    async def _all_items(self) -> list[Item] | NotMine:
        items: list[Item] = []
        for share in self._nodes.placement.shares(TABLES_TABLE):
            after: Key | None = None
            while True:
                page = await self._nodes.scan(share, every_table(after))
                if isinstance(page, NotMine):
                    return page
                items += page.items
                after = page.last
                if after is None:
                    break
        return items

    async def create(self, name: str, traits: Traits) -> Table:
        """Define a table, and go on to open it everywhere when the caller has its answer.

        Raises:
            DynamoDBError: ResourceInUseException if there is one of this name,
                InternalServerError if nobody knows whether it was defined.
        """
        now_us = self._host.now_us()
        traits = in_region(traits, name, self._options.region, now_us)
        table = Table(name, self._mint(), Status.CREATING, now_us, traits)
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
        self.moves.take_further(table)
        await self.moves.settle(table)
        return table

    async def delete(self, name: str) -> Table:
        """Begin to delete a table, and go on when the caller has its answer.

        One that is being deleted already is no error, as the service's documentation has it.

        Raises:
            DynamoDBError: ResourceNotFoundException, ResourceInUseException if the table is being
                created or changed, ValidationException if it is protected.
        """
        table = await self.find(name)
        if table is None:
            raise not_found(name)
        if table.status is Status.ACTIVE:
            deleting = with_status(table, Status.DELETING)
            written, found = await write_definition(
                self._nodes, move(table, deleting), self._in_time()
            )
            self.forget(table)
            if written:
                table = deleting
            elif found is None or found.id != table.id:
                raise not_found(name)
            elif found.traits.protected:
                raise validation(PROTECTED)
            else:
                table = found  # Somebody else is deleting it, or has begun to change it.
        self.moves.take_further(table)
        if table.status is not Status.DELETING:
            raise in_use(table)
        await self.moves.settle(table)
        return table

    async def amend(self, name: str, change: Callable[[Table], Traits]) -> Table:
        """Change the traits of a table; `change` says what they are to be, or refuses to.

        Raises:
            DynamoDBError: ResourceNotFoundException; ResourceInUseException if it is not ACTIVE,
                or others change it all the time; what `change` raises.
        """
        for _ in range(AMENDMENTS_MAX):
            table = await self.find(name)
            if table is None:
                raise not_found(name)
            if table.status is not Status.ACTIVE:
                self.moves.take_further(table)
                raise in_use(table)
            amended = with_traits(table, change(table))
            if amended.traits == table.traits:
                return table
            written, found = await write_definition(
                self._nodes, amendment(table, amended), self._in_time()
            )
            # Our first question did it, or somebody had our idea, and may be further by now.
            if written or (found and with_status(found, amended.status)) == amended:
                self.forget(table)
                self.moves.take_further(amended)
                await self.moves.settle(amended)
                return amended
        raise DynamoDBError(RESOURCE_IN_USE, f"{IN_USE}: Table is being changed: {name}")

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


def in_use(table: Table) -> DynamoDBError:
    doing = DOING[table.status]
    return DynamoDBError(RESOURCE_IN_USE, f"{IN_USE}: Table is being {doing}: {table.name}")


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
