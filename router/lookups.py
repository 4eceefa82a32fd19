"""From names to tables for a whole request, and once more where a name stands for another by now.

A partition that does not know a table's id says so and has done nothing (`NotMine`).  Then the
definition that this router had in its cache is old, and the request may be tried with the new one.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from items.errors import RESOURCE_NOT_FOUND, DynamoDBError
from network.messages import NotMine
from router.definitions import Table
from router.nodes import nobody_knows
from router.tables import Tables

Answer = TypeVar("Answer")


async def on_table(
    tables: Tables, name: str, ask: Callable[[Table], Awaitable[Answer | NotMine]]
) -> Answer:
    """Ask something of a table's partition, and once more if the name stands for another table now.

    Raises:
        DynamoDBError: ResourceNotFoundException if there is no such table (any more).
    """
    table = await tables.active(name)
    reply = await ask(table)
    if isinstance(reply, NotMine) and reply.table:
        tables.forget(table)
        newer = await tables.active(name)
        if newer == table:
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        reply = await ask(newer)  # Of another table, or of one whose indexes are others by now.
        if isinstance(reply, NotMine) and reply.table and newer.id == table.id:
            raise DynamoDBError(RESOURCE_NOT_FOUND)
    if isinstance(reply, NotMine):
        raise nobody_knows()
    return reply


async def tables_of(names: Sequence[str], tables: Tables) -> list[Table]:
    """Return the table of each name, in order, each looked up once."""
    found: dict[str, Table] = {}
    for name in names:
        if name not in found:
            found[name] = await tables.active(name)
    return [found[name] for name in names]


async def changed(tables: Sequence[Table], known: Tables) -> list[Table] | None:
    """Look the tables up anew; None if all of them are what they were."""
    for table in tables:
        known.forget(table)
    newer = await tables_of([table.name for table in tables], known)
    return newer if newer != list(tables) else None
