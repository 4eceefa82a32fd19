"""Query and Scan: a page of items in key order, from one partition after the other (§2.2).

A page ends at the limit, at 1 MB or where the items end, and says where to go on.  It is read
committed: each item as it is at its own moment, and a page is no moment at all.
"""

from collections.abc import Sequence
from typing import Any

from items.data import data
from items.errors import validation
from items.keys import Key, KeySchema, key_attributes, key_of_item
from items.limits import PAGE_BYTES_MAX
from items.projections import project
from items.typed_json import item_to_json
from items.values import Item, size_bytes
from network.messages import NotMine, Page, Scan
from network.placement import Placement
from router import query_requests
from router.definitions import Table
from router.lookups import on_table
from router.query_requests import START_WRONG, PageDraft, Segment
from router.requests import Body
from router.tools import Origin, Tools

LIMIT_MAX = 2**31 - 1


@data
class Found:
    """A page, or as much of it as the partitions that were asked so far have given."""

    items: tuple[Item, ...]
    scanned_count: int
    last: Item | None  # The key where to go on; None if there is no more.


async def query(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await find(tools, query_requests.query(body, tools.options), origin)


async def scan(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await find(tools, query_requests.scan(body, tools.options), origin)


async def find(tools: Tools, draft: PageDraft, origin: Origin) -> dict[str, Any]:
    async def ask(table: Table) -> Found | NotMine:
        start = draft.start_on(table.schema)
        asked = scan_of(draft, table, start, origin)
        nodes = nodes_of(tools.nodes.placement, draft, asked)
        return await find_on(tools, asked, nodes, table.schema)

    found = await on_table(tools.tables, draft.table, ask)
    answer: dict[str, Any] = {"Count": len(found.items), "ScannedCount": found.scanned_count}
    if not draft.counts_only:
        answer["Items"] = [
            item_to_json(project(draft.projection, item, draft.names)) for item in found.items
        ]
    if found.last is not None:
        answer["LastEvaluatedKey"] = item_to_json(found.last)
    return answer


async def find_on(
    tools: Tools, asked: Scan, nodes: Sequence[str], schema: KeySchema
) -> Found | NotMine:
    """Ask these partitions, one after the other, until the page is full."""
    found = Found((), 0, None)
    for node in nodes:
        page = await tools.nodes.scan(node, asked)
        if isinstance(page, NotMine):
            return page
        found = joined(found, page, schema, is_filtered=asked.filter is not None)
        if found.last is not None:
            break
        asked = onwards(asked, asked.limit - page.scanned_count)
    return found


def joined(found: Found, page: Page, schema: KeySchema, *, is_filtered: bool) -> Found:
    """Add one partition's page to what others gave, up to 1 MB.

    A partition ends its own page there.  What several give together is only cut where every item
    that was looked at is shown, so that the last one shown is where to go on.
    """
    items = found.items + page.items
    scanned_count = found.scanned_count + page.scanned_count
    if found.items and not is_filtered:
        end = full_after(items)
        if end < len(items):
            return Found(items[:end], end, key_of(schema, items[end - 1]))
    last = None if page.last is None else key_attributes(schema, page.last)
    return Found(items, scanned_count, last)


def full_after(items: Sequence[Item]) -> int:
    """Count the items that a page of 1 MB holds; the last one may go beyond."""
    size = 0
    for count, item in enumerate(items):
        if size >= PAGE_BYTES_MAX:
            return count
        size += size_bytes(item)
    return len(items)


def key_of(schema: KeySchema, item: Item) -> Item:
    return key_attributes(schema, key_of_item(schema, item))


def scan_of(draft: PageDraft, table: Table, start: Key | None, origin: Origin) -> Scan:
    """Make what the first partition is asked."""
    wanted = draft.condition_on(table.schema, start)
    sort = None if wanted is None else wanted.sort
    return Scan(
        table.id,
        None if wanted is None else wanted.partition,
        None if sort is None else (sort.operator, sort.operands),
        start,
        draft.forward,
        LIMIT_MAX if draft.limit is None else draft.limit,
        draft.filter,
        draft.names,
        draft.values,
        origin.request,
    )


def onwards(asked: Scan, limit: int) -> Scan:
    """Make what the next partition is asked, from its beginning."""
    return Scan(
        asked.table,
        asked.partition_value,
        asked.sort_condition,
        None,
        asked.forward,
        limit,
        asked.filter,
        asked.names,
        asked.values,
        asked.request,
    )


def nodes_of(placement: Placement, draft: PageDraft, asked: Scan) -> tuple[str, ...]:
    """Name the partitions that may have what is asked for, in the order of their keys.

    Raises:
        DynamoDBError: ValidationException if a segment's page begins in another segment.
    """
    if asked.partition_value is not None:
        return (placement.owner(asked.table, (asked.partition_value,)),)
    nodes = placement.owners(asked.table)
    if draft.segment is not None:
        nodes = nodes_in(draft.segment, nodes)
    if asked.after is None:
        return nodes
    first = placement.owner(asked.table, asked.after)
    if first not in nodes:
        assert draft.segment is not None, "together, the nodes own every key"
        raise validation(
            f"{START_WRONG}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct"
            f" Segment. TotalSegments: {draft.segment.count} Segment: {draft.segment.number}"
        )
    return nodes[nodes.index(first) :]


def nodes_in(segment: Segment, nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Give a segment its share of the nodes; of more segments than nodes, some have none."""
    return tuple(
        node
        for place, node in enumerate(nodes)
        if place * segment.count // len(nodes) == segment.number
    )
