"""TransactWriteItems and TransactGetItems: checked here, carried out by a coordinator (§2.3, §3.1).

A write transaction is asked for again and again under its token, the client's or one minted for
this very request, so that every copy is the same transaction.  A client that calls twice without a
token has two.
"""

from collections.abc import Sequence
from typing import Any

from items.actions import Action
from items.data import data
from items.errors import RESOURCE_NOT_FOUND, DynamoDBError, cancelled
from items.limits import TOKEN_LENGTH_MAX
from items.values import Item
from network.ids import EntryKey
from network.messages import Finished, NotMine, ReadItems, ReadTransaction, WriteTransaction
from router import capacity, index_costs, responses, transact_requests
from router.definitions import Table
from router.lookups import changed, tables_of
from router.replicas import refuse_transaction
from router.requests import GetDraft
from router.shapes import Body
from router.tables import Tables
from router.tools import Origin, Tools

# Before a request's name: longer than any token that a client may give, so none is like it.
MINTED_MARK = f"{'no token, so by its request:':<{TOKEN_LENGTH_MAX}} "


async def transact_write_items(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    """Carry out TransactWriteItems.

    Raises:
        DynamoDBError: TransactionCanceledException with a reason an action, or what else the
            coordinator says; InternalServerError if it says nothing.
    """
    draft = transact_requests.transact_write_items(body, tools.options)
    tables = await tables_of([action.table for action in draft.actions], tools.tables)
    refuse_transaction(tables, tools.options)
    actions = transact_requests.actions_on(draft.actions, tables)
    costs = await write_costs(tools, actions, tables) if capacity.is_wanted(body) else None
    token = draft.token or f"{MINTED_MARK}{origin.request}"
    finished = await tools.nodes.write_transaction(
        WriteTransaction(EntryKey(token), origin.call, draft.fingerprint, actions)
    )
    refuse_cancelled(finished, tables, tools.tables)
    answer = {} if costs is None else told_costs(body, costs, is_replayed=finished.replayed)
    if index_costs.are_metrics_wanted(body):
        names = transact_requests.named_tables(body)
        keys = [action.key for action in actions]
        written = list(zip(names, tables, keys, strict=True))
        metrics = await index_costs.metrics_of(tools.nodes, written)
        if metrics:
            answer["ItemCollectionMetrics"] = metrics
    return answer


async def transact_get_items(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    """Carry out TransactGetItems; raises as `transact_write_items` does."""
    drafts = transact_requests.transact_get_items(body, tools.options)
    tables = await tables_of([draft.table for draft in drafts], tools.tables)
    refuse_transaction(tables, tools.options)
    try:
        found = await read_transaction(tools, drafts, tables, origin)
    except DynamoDBError as error:
        newer = await changed(tables, tools.tables) if error.kind == RESOURCE_NOT_FOUND else None
        if newer is None:
            raise
        found = await read_transaction(tools, drafts, newer, origin)
    transact_requests.refuse_too_much(found.items)
    answer: dict[str, Any] = {
        "Responses": [
            responses.got(item, draft.projection, draft.names)
            for draft, item in zip(drafts, found.items, strict=True)
        ]
    }
    if capacity.is_wanted(body):
        units = map(capacity.transaction_read_units, found.items)
        costs = zip(transact_requests.named_tables(body), units, strict=True)
        answer["ConsumedCapacity"] = capacity.consumed_by_table(body, costs, "ReadCapacityUnits")
    return answer


@data
class Costs:
    """What a transaction costs if it is carried out now, and if it turns out to be an old one."""

    new: tuple[float, ...]
    replayed: tuple[float, ...]
    arms: tuple[index_costs.Arms, ...]  # What it costs in indexes, if it is carried out now.


async def write_costs(tools: Tools, actions: Sequence[Action], tables: Sequence[Table]) -> Costs:
    """Weigh the items as they are just before the transaction.

    Whether its token was used before shows only afterwards, so both prices are worked out.
    """
    keys = tuple([(action.table, action.key) for action in actions])
    readings = await tools.nodes.read_all(keys, "")
    found = [None if isinstance(one, NotMine) else one.item for one in readings]
    both = list(zip(actions, found, strict=True))
    return Costs(
        tuple([capacity.transaction_write_units(*one) for one in both]),
        tuple([capacity.transaction_read_units(item) for item in found]),
        tuple([arms_of(table, *one) for table, one in zip(tables, both, strict=True)]),
    )


def arms_of(table: Table, action: Action, before: Item | None) -> index_costs.Arms:
    """Weigh what one action does to its table's indexes, by the item as it was just before it."""
    if not table.traits.indexes:
        return {}
    return index_costs.arms_of(table, before, capacity.after(action, before))


def told_costs(body: Body, costs: Costs, *, is_replayed: bool) -> dict[str, Any]:
    """Tell what a write transaction cost: one that was carried out before is only read."""
    units, what = (
        (costs.replayed, "ReadCapacityUnits") if is_replayed else (costs.new, "WriteCapacityUnits")
    )
    names = transact_requests.named_tables(body)
    told = capacity.consumed_by_table(body, zip(names, units, strict=True), what)
    if not is_replayed:
        told = index_costs.with_all_arms(body, told, zip(names, costs.arms, strict=True), what)
    return {"ConsumedCapacity": told}


async def read_transaction(
    tools: Tools, drafts: Sequence[GetDraft], tables: Sequence[Table], origin: Origin
) -> ReadItems:
    record_keys = transact_requests.keys_on(drafts, tables)
    reply = await tools.nodes.read_transaction(ReadTransaction(record_keys, origin.request))
    if isinstance(reply, Finished):
        raise cancelled(reply.reasons)
    return reply


def refuse_cancelled(finished: Finished, tables: Sequence[Table], known: Tables) -> None:
    if not finished.reasons:
        return
    if any(reason.code == RESOURCE_NOT_FOUND.name for reason in finished.reasons):
        # Not asked again, even if there is a new table of that name: the ledger remembers that this
        # call was refused.  The client's next call finds the new one.
        for table in tables:
            known.forget(table)
        raise DynamoDBError(RESOURCE_NOT_FOUND)
    raise cancelled(finished.reasons)
