"""Operations on one item outside any transaction: GetItem, PutItem, UpdateItem, DeleteItem (§2.2).

A read asks the item's partition until it answers; a write asks it once.  A partition that does not
know the table's id says so and has done nothing: the name may stand for another table by now.
"""

from typing import Any

from network.messages import NotMine, Reading, WriteRefused, Written
from router import requests, responses
from router.definitions import Table
from router.lookups import on_table
from router.nodes import WriteReply, error_of
from router.requests import Body, WriteDraft
from router.tools import Origin, Tools


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
        return await tools.nodes.write_once(
            action, draft.return_values, origin.request, tools.options.once()
        )

    reply: Written | WriteRefused = await on_table(tools.tables, draft.table, ask)
    if isinstance(reply, Written):
        return responses.written(reply.attributes)
    raise error_of(reply)
