"""Operations on one item outside any transaction: GetItem, PutItem, UpdateItem, DeleteItem (§2.2).

A read asks the item's partition until it answers; a write asks it once.  A partition that does not
know the table's id says so and has done nothing: the name may stand for another table by now.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from items.data import data
from items.errors import RESOURCE_NOT_FOUND, DynamoDBError
from network.messages import NotMine, Reading, WriteRefused, Written
from router import requests, responses
from router.nodes import Nodes, WriteReply, error_of, nobody_knows
from router.options import RouterOptions
from router.requests import Body, WriteDraft
from router.tables import Table, Tables

Answer = TypeVar("Answer")


@data
class Tools:
    """What carrying out an operation takes."""

    nodes: Nodes
    tables: Tables
    options: RouterOptions


@data
class Origin:
    """Who asks: the client's attempt, and the call that it is an attempt of."""

    request: str
    call: str


async def get_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    draft = requests.get_item(body, tools.options)

    async def ask(table: Table) -> Reading | NotMine:
        return await tools.nodes.read(draft.on(table.id, table.schema), origin.request)

    reading = await on_table(tools.tables, draft.table, ask)
    return responses.got(reading.item, draft.projection, draft.names)


async def put_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await write(tools, requests.put_item(body, tools.options), origin)


async def update_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await write(tools, requests.update_item(body, tools.options), origin)


async def delete_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await write(tools, requests.delete_item(body, tools.options), origin)


async def write(tools: Tools, draft: WriteDraft, origin: Origin) -> dict[str, Any]:
    """Carry out one singleton write (§3.3).

    Raises:
        DynamoDBError: What the partition refused it for; InternalServerError if nobody knows.
    """

    async def ask(table: Table) -> WriteReply:
        action = draft.on(table.id, table.schema)
        return await tools.nodes.write_once(action, draft.return_values, origin.request)

    reply: Written | WriteRefused = await on_table(tools.tables, draft.table, ask)
    if isinstance(reply, Written):
        return responses.written(reply.attributes)
    raise error_of(reply)


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
        if newer.id == table.id:
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        reply = await ask(newer)
    if isinstance(reply, NotMine):
        raise nobody_knows()
    return reply
