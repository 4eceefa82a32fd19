"""Operations on one item outside any transaction: GetItem, PutItem, UpdateItem, DeleteItem (§2.2).

A read asks the item's partition until it answers; a write asks it once.  A partition that does not
know the table's id says so and has done nothing: the name may stand for another table by now.
"""

from typing import Any

from items.actions import BOTH, Action, Put, Update, shown
from items.errors import OPERAND_TYPE_INCORRECT, TYPE_TO_UPDATE_MISMATCH, validation
from items.indexes import refuse_put
from items.units import weight_bytes
from network.messages import NotMine, Reading, WriteRefused, Written
from router import capacity, index_costs, requests, responses
from router.definitions import Table
from router.followers import may_be_late
from router.key_paths import refuse_inside_keys
from router.lookups import on_table
from router.nodes import WriteReply, error_of, images_in
from router.requests import WriteDraft
from router.shapes import Body
from router.tools import Origin, Tools


async def get_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    draft = requests.get_item(body, tools.options)

    followers = tools.followers if may_be_late(body) else None

    async def ask(table: Table) -> Reading | NotMine:
        key = draft.on(table.id, table.schema)
        refuse_inside_keys(table, draft.names, ProjectionExpression=draft.projection)
        if followers is not None:
            return await followers.read(key, origin.request)
        return await tools.nodes.read(key, origin.request, costs_half=may_be_late(body))

    reading = await on_table(tools.tables, draft.table, ask)
    answer = responses.got(reading.item, draft.projection, draft.names)
    if capacity.is_wanted(body):
        units = capacity.read_units(weight_bytes(reading.item), strong=not may_be_late(body))
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
    asked: list[tuple[Table, Action]] = []  # The last one was not refused for its table.

    async def ask(table: Table) -> WriteReply:
        action = draft.on(table.id, table.schema)
        refuse_inside_keys(
            table,
            action.names,
            UpdateExpression=action.update if isinstance(action, Update) else None,
            ConditionExpression=action.condition,
        )
        if table.traits.indexes and isinstance(action, Put):  # Before its condition is judged.
            refuse_put(table.indexes, table.schema, action.key, action.item)
        asked.append((table, action))
        return await tools.nodes.write_once(
            action, return_values, origin.request, tools.options.once()
        )

    reply: Written | WriteRefused = await on_table(tools.tables, draft.table, ask)
    if isinstance(reply, Written):
        table, action = asked[-1]
        answer = responses.written(reply.attributes)
        if weighs:
            answer = weighed(draft, body, table, reply)
        if table.traits.indexes and index_costs.are_metrics_wanted(body):
            answer.update(await collection_of(tools, table, action))
        return answer
    error = error_of(reply)
    if draft.clauses.is_legacy and error.message == OPERAND_TYPE_INCORRECT:
        raise validation(TYPE_TO_UPDATE_MISMATCH)  # AttributeUpdates has words of its own.
    raise error


def weighed(draft: WriteDraft, body: Body, table: Table, reply: Written) -> dict[str, Any]:
    """Answer a write of which both the item before and the item after are known."""
    before, after = images_in(reply)
    given = draft.clauses
    attributes = shown(draft.return_values, before, after, given.update, given.names)
    units = capacity.write_units(before, after)
    consumed = capacity.consumed(body, body["TableName"], units)
    if table.traits.indexes:
        consumed = index_costs.with_arms(body, consumed, index_costs.arms_of(table, before, after))
    return {**responses.written(attributes), "ConsumedCapacity": consumed}


async def collection_of(tools: Tools, table: Table, action: Action) -> dict[str, Any]:
    """Tell how large the collection is that an item was written to, if there are collections."""
    metrics = await index_costs.metrics_of(tools.nodes, [("", table, action.key)])
    return {"ItemCollectionMetrics": metrics[""][0]} if metrics else {}
