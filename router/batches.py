"""BatchGetItem and BatchWriteItem: many singletons in one request, and no transaction (§2.2).

Each item is read or written as if it had been asked for alone.  What met an ongoing transaction, or
was too much for its table, is given back as unprocessed, for the client to ask for again.  A batch
of which nobody knows whether some item was written is unknown as a whole.
"""

from collections.abc import Sequence
from typing import Any

from items.actions import BOTH
from items.errors import (
    PROVISIONED_THROUGHPUT_EXCEEDED,
    RESOURCE_NOT_FOUND,
    TRANSACTION_CONFLICT,
    DynamoDBError,
)
from items.limits import RESPONSE_BYTES_MAX
from items.projections import project
from items.to_json import item_to_json
from items.units import weight_bytes
from network.messages import NotMine, Reading, Throttled, WriteRefused, Written
from router import batch_requests, capacity, index_costs
from router.batch_requests import Wanted, WriteEntry
from router.definitions import Table
from router.followers import may_be_late
from router.lookups import changed, tables_of
from router.nodes import EachReply, WriteReply, error_of, images_in, nobody_knows, throttled
from router.shapes import Body
from router.tools import Origin, Tools

# Refusals that pass: what met them is given back as unprocessed.
PASSING = (TRANSACTION_CONFLICT.name, PROVISIONED_THROUGHPUT_EXCEEDED.name)


async def batch_get_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    wanted = batch_requests.batch_get_item(body, tools.options)
    tables = await tables_of([one.get.table for one in wanted], tools.tables)
    readings = await read_all(tools, wanted, tables, origin)
    if any(isinstance(reading, NotMine) for reading in readings):
        newer = await changed(tables, tools.tables)
        if newer is None:
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        readings = await read_all(tools, wanted, newer, origin)
    if all(isinstance(reading, Throttled) for reading in readings):
        raise throttled()
    answer = gathered(wanted, readings)
    if capacity.is_wanted(body):
        answer["ConsumedCapacity"] = read_costs(body, wanted, readings)
    return answer


def read_costs(
    body: Body, wanted: Sequence[Wanted], readings: Sequence[EachReply]
) -> list[dict[str, Any]]:
    """Weigh each item alone, also one that was given back because the answer is full.

    Its partition has charged it: it cannot know what others bring to the same answer.
    """
    costs = []
    for one, reading in zip(wanted, readings, strict=True):
        if isinstance(reading, Reading):
            strong = not may_be_late(one.asked)
            units = capacity.read_units(weight_bytes(reading.item), strong=strong)
            costs.append((one.named, units))
    return capacity.consumed_by_table(body, costs)


async def read_all(
    tools: Tools, wanted: Sequence[Wanted], tables: Sequence[Table], origin: Origin
) -> list[EachReply]:
    keys = batch_requests.keys_on(wanted, tables)
    late = [n for n, one in enumerate(wanted) if may_be_late(one.asked)]
    if tools.followers is not None:
        return await tools.followers.read_all(keys, late, origin.request)
    return await tools.nodes.read_each(keys, origin.request, late)


def gathered(wanted: Sequence[Wanted], readings: Sequence[EachReply]) -> dict[str, Any]:
    """Give what was found, each item to its table; what is too much at once is given back."""
    responses: dict[str, list[Any]] = {one.named: [] for one in wanted}
    unprocessed: dict[str, Any] = {}
    size = 0
    for one, reading in zip(wanted, readings, strict=True):
        if isinstance(reading, NotMine):
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        item = None if isinstance(reading, Throttled) else reading.item
        size += weight_bytes(item)
        if isinstance(reading, Throttled) or (item is not None and size > RESPONSE_BYTES_MAX):
            rest = unprocessed.setdefault(one.named, {**one.asked, "Keys": []})
            rest["Keys"].append(one.json)
        elif item is not None:
            shown = project(one.get.projection, item, one.get.names)
            responses[one.named].append(item_to_json(shown))
    return {"Responses": responses, "UnprocessedKeys": unprocessed}


async def batch_write_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    entries = batch_requests.batch_write_item(body)
    tables = await tables_of([entry.draft.table for entry in entries], tools.tables)
    weighs = capacity.is_wanted(body)
    return_values = BOTH if weighs else "NONE"
    replies = await write_all(tools, entries, tables, return_values, origin)
    strays = [n for n, reply in enumerate(replies) if isinstance(reply, NotMine)]
    if strays:
        # Their partitions have done nothing, so that these may be asked for once more.
        try:
            newer = await changed([tables[n] for n in strays], tools.tables)
            if newer is not None:
                stray = [entries[n] for n in strays]
                again = await write_all(tools, stray, newer, return_values, origin)
                for n, table, reply in zip(strays, newer, again, strict=True):
                    tables[n], replies[n] = table, reply
        except DynamoDBError:  # There is no such table any more, or this does not fit it.
            if may_be_written(replies):
                raise nobody_knows() from None
            raise
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed_of(entries, replies)}
    if weighs:
        answer["ConsumedCapacity"] = write_costs(body, entries, tables, replies)
    if index_costs.are_metrics_wanted(body):
        actions = batch_requests.actions_on(entries, tables)
        done = [
            (entry.named, table, action.key)
            for entry, table, action, reply in zip(entries, tables, actions, replies, strict=True)
            if isinstance(reply, Written)
        ]
        metrics = await index_costs.metrics_of(tools.nodes, done)
        if metrics:
            answer["ItemCollectionMetrics"] = metrics
    return answer


def write_costs(
    body: Body,
    entries: Sequence[WriteEntry],
    tables: Sequence[Table],
    replies: Sequence[WriteReply | None],
) -> list[dict[str, Any]]:
    """Weigh each item that was written; one that was given back costs nothing."""
    costs = [
        (entry.named, capacity.write_units(*images_in(reply)))
        for entry, reply in zip(entries, replies, strict=True)
        if isinstance(reply, Written)
    ]
    arms = [
        (entry.named, index_costs.arms_of(table, *images_in(reply)))
        for entry, table, reply in zip(entries, tables, replies, strict=True)
        if isinstance(reply, Written)
    ]
    return index_costs.with_all_arms(body, capacity.consumed_by_table(body, costs), arms)


async def write_all(
    tools: Tools,
    entries: Sequence[WriteEntry],
    tables: Sequence[Table],
    return_values: str,
    origin: Origin,
) -> list[WriteReply | None]:
    actions = batch_requests.actions_on(entries, tables)
    once = tools.options.once()
    return await tools.nodes.write_all_once(actions, return_values, origin.request, once)


def may_be_written(replies: Sequence[WriteReply | None]) -> bool:
    """Say whether some of it may have happened, so that it cannot be refused for good."""
    return any(reply is None or isinstance(reply, Written) for reply in replies)


def unprocessed_of(
    entries: Sequence[WriteEntry], replies: Sequence[WriteReply | None]
) -> dict[str, list[Any]]:
    """Give back what may be asked again; an unknown outcome of any comes before that."""
    strayed = any(isinstance(reply, NotMine) for reply in replies)
    if any(reply is None for reply in replies) or (strayed and may_be_written(replies)):
        raise nobody_knows()
    errors = [reply.error for reply in replies if isinstance(reply, WriteRefused)]
    if errors == [PROVISIONED_THROUGHPUT_EXCEEDED.name] * len(replies):
        raise throttled()
    unprocessed: dict[str, list[Any]] = {}
    for entry, reply in zip(entries, replies, strict=True):
        if isinstance(reply, NotMine):
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        if isinstance(reply, WriteRefused):
            if reply.error not in PASSING:
                raise error_of(reply)
            unprocessed.setdefault(entry.named, []).append(entry.json)
    return unprocessed
