"""BatchGetItem and BatchWriteItem: many singletons in one request, and no transaction (§2.2).

Each item is read or written as if it had been asked for alone.  What met an ongoing transaction is
given back as unprocessed, for the client to ask for again.  A batch of which nobody knows whether
some item was written is unknown as a whole.
"""

from collections.abc import Sequence
from typing import Any

from items.errors import RESOURCE_NOT_FOUND, TRANSACTION_CONFLICT, DynamoDBError
from items.limits import RESPONSE_BYTES_MAX
from items.projections import project
from items.typed_json import item_to_json
from items.values import size_bytes
from network.messages import NotMine, Reading, WriteRefused, Written
from router import batch_requests
from router.batch_requests import Wanted, WriteEntry
from router.definitions import Table
from router.lookups import changed, tables_of
from router.nodes import WriteReply, error_of, nobody_knows
from router.requests import Body
from router.tools import Origin, Tools


async def batch_get_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    wanted = batch_requests.batch_get_item(body, tools.options)
    tables = await tables_of([one.get.table for one in wanted], tools.tables)
    readings = await read_all(tools, wanted, tables, origin)
    if any(isinstance(reading, NotMine) for reading in readings):
        newer = await changed(tables, tools.tables)
        if newer is None:
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        readings = await read_all(tools, wanted, newer, origin)
    return gathered(wanted, readings)


async def read_all(
    tools: Tools, wanted: Sequence[Wanted], tables: Sequence[Table], origin: Origin
) -> list[Reading | NotMine]:
    keys = batch_requests.keys_on(wanted, tables)
    return await tools.nodes.read_all(keys, origin.request)


def gathered(wanted: Sequence[Wanted], readings: Sequence[Reading | NotMine]) -> dict[str, Any]:
    """Give what was found, each item to its table; what is too much at once is given back."""
    responses: dict[str, list[Any]] = {one.named: [] for one in wanted}
    unprocessed: dict[str, Any] = {}
    size = 0
    for one, reading in zip(wanted, readings, strict=True):
        if isinstance(reading, NotMine):
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        if reading.item is None:
            continue
        size += size_bytes(reading.item)
        if size > RESPONSE_BYTES_MAX:
            rest = unprocessed.setdefault(one.named, {**one.asked, "Keys": []})
            rest["Keys"].append(one.json)
        else:
            shown = project(one.get.projection, reading.item, one.get.names)
            responses[one.named].append(item_to_json(shown))
    return {"Responses": responses, "UnprocessedKeys": unprocessed}


async def batch_write_item(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    entries = batch_requests.batch_write_item(body)
    tables = await tables_of([entry.draft.table for entry in entries], tools.tables)
    replies = await write_all(tools, entries, tables, origin)
    strays = [n for n, reply in enumerate(replies) if isinstance(reply, NotMine)]
    if strays:
        # Their partitions have done nothing, so that these may be asked for once more.
        newer = await changed([tables[n] for n in strays], tools.tables)
        if newer is not None:
            again = await write_all(tools, [entries[n] for n in strays], newer, origin)
            for n, reply in zip(strays, again, strict=True):
                replies[n] = reply
    return {"UnprocessedItems": unprocessed_of(entries, replies)}


async def write_all(
    tools: Tools, entries: Sequence[WriteEntry], tables: Sequence[Table], origin: Origin
) -> list[WriteReply | None]:
    actions = batch_requests.actions_on(entries, tables)
    once = tools.options.once()
    return await tools.nodes.write_all_once(actions, "NONE", origin.request, once)


def unprocessed_of(
    entries: Sequence[WriteEntry], replies: Sequence[WriteReply | None]
) -> dict[str, list[Any]]:
    """Give back what met an ongoing transaction; an unknown outcome of any comes before that."""
    strayed = any(isinstance(reply, NotMine) for reply in replies)
    written = any(isinstance(reply, Written) for reply in replies)
    if any(reply is None for reply in replies) or (strayed and written):
        raise nobody_knows()  # Some of it happened, so it cannot be refused for good.
    unprocessed: dict[str, list[Any]] = {}
    for entry, reply in zip(entries, replies, strict=True):
        if isinstance(reply, NotMine):
            raise DynamoDBError(RESOURCE_NOT_FOUND)
        if isinstance(reply, WriteRefused):
            if reply.error != TRANSACTION_CONFLICT.name:
                raise error_of(reply)
            unprocessed.setdefault(entry.named, []).append(entry.json)
    return unprocessed
