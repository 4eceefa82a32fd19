"""Operations on one item outside any transaction: GetItem, PutItem, UpdateItem, DeleteItem (§2.2).

A read asks the item's partition until it answers; a write asks it once.  A partition that does not
know the table's id says so and has done nothing: the name may stand for another table by now.
"""

from typing import Any

from items.actions import BOTH, shown
from items.errors import OPERAND_TYPE_INCORRECT, TYPE_TO_UPDATE_MISMATCH, validation
from network.messages import NotMine, Reading, WriteRefused, Written
from router import capacity, requests, responses
from router.definitions import Table
from router.lookups import on_table
from router.nodes import WriteReply, error_of, images_in
from router.requests import Body, WriteDraft
from router.tools import Origin, Tools


async def get_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    draft = requests.get_item(body, tools.options)

    async def ask(table: Table) -> Reading | NotMine:
        return await tools.nodes.read(draft.on(table.id, table.schema), origin.request)

    reading = await on_table(tools.tables, draft.table, ask)
    answer = responses.got(reading.item, draft.projection, draft.names)
    if capacity.is_wanted(body):
        weight_bytes = capacity.weight_bytes(reading.item)
        units = capacity.read_units(weight_bytes, strong=body.get("ConsistentRead") is True)
        answer["ConsumedCapacity"] = capacity.consumed(body, body["TableName"], units)
    return answer


async def put_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await write(tools, requests.put_item(body, tools.options), body, origin)


async def update_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await write(tools, requests.update_item(body, tools.options), body, origin)


async def delete_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await write(tools, requests.delete_item(body, tools.options), body, origin)


async def write(tools: Tools, draft: WriteDraft, body: Body, origin: Origin) -> dict[str, Any]:
    """Carry out one singleton write (§3.3).

    Raises:
        DynamoDBError: What the partition refused it for; InternalServerError if nobody knows.
    """
    weighs = capacity.is_wanted(body)
    return_values = BOTH if weighs else draft.return_values

    async def ask(table: Table) -> WriteReply:
        action = draft.on(table.id, table.schema)
        return await tools.nodes.write_once(
            action, return_values, origin.request, tools.options.once()
        )

    reply: Written | WriteRefused = await on_table(tools.tables, draft.table, ask)
    if isinstance(reply, Written):
        return weighed(draft, body, reply) if weighs else responses.written(reply.attributes)
    error = error_of(reply)
    if draft.clauses.is_legacy and error.message == OPERAND_TYPE_INCORRECT:
        raise validation(TYPE_TO_UPDATE_MISMATCH)  # AttributeUpdates has words of its own.
    raise error


def weighed(draft: WriteDraft, body: Body, reply: Written) -> dict[str, Any]:
    """Answer a write of which both the item before and the item after are known."""
    before, after = images_in(reply)
    given = draft.clauses
    attributes = shown(draft.return_values, before, after, given.update, given.names)
    units = capacity.write_units(before, after)
    consumed = capacity.consumed(body, body["TableName"], units)
    return {**responses.written(attributes), "ConsumedCapacity": consumed}
