"""Query and Scan: a page of items in key order, from one partition after the other (§2.2).

A page ends at the limit, at 1 MB or where the items end, and says where to go on.  It is read
committed: each item as it is at its own moment, and a page is no moment at all.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from items import conditions
from items.data import data
from items.errors import validation
from items.keys import Key, fresh_hash, partition_hash
from items.limits import PAGE_BYTES_MAX
from items.projections import project
from items.to_json import item_to_json
from items.values import Item, size_bytes
from network.messages import NotMine, Page, Scan
from network.owners import Pauses
from network.placement import Placement, Share
from router import capacity, query_requests
from router.definitions import Table
from router.followers import may_be_late
from router.key_paths import refuse_inside_keys
from router.lookups import on_table
from router.nodes import nobody_knows
from router.query_requests import START_WRONG, PageDraft, Segment
from router.shapes import NOTHING, Body
from router.sources import Source, is_fetched, refuse_unseen, source_of
from router.tools import Origin, Tools

LIMIT_MAX = 2**31 - 1


@data
class Found:
    """A page, or as much of it as the partitions that were asked so far have given."""

    items: tuple[Item, ...]
    scanned_count: int
    last: Item | None  # The key where to go on; None if there is no more.
    weighed: tuple[int, int] = (0, 0)  # So many of the items have been weighed, and weigh so much.


async def query(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await find(tools, query_requests.query(body, tools.options), body, origin)


async def scan(tools: Tools, body: Body, origin: Origin) -> dict[str, Any]:
    return await find(tools, query_requests.scan(body, tools.options), body, origin)


async def find(tools: Tools, draft: PageDraft, body: Body, origin: Origin) -> dict[str, Any]:
    """Find a page of items.

    Partitions filter what they find.  But where the whole page is to be weighed, or several
    partitions fill it together up to 1 MB of what was looked at, the items themselves are needed,
    and the filter's turn is here.  So it is where an index shows less than its partitions have.
    """
    weighs = capacity.is_wanted(body)
    filters_here = draft.filter is not None and (
        weighs or draft.key_condition is None or draft.index is not None
    )
    source: Source | None = None
    is_late = tools.followers is not None and may_be_late(body) and "IndexName" not in body

    async def ask(table: Table) -> Found | NotMine:
        nonlocal source
        source = source_of(draft, body, table)
        asked = scan_of(draft, source, draft.start_on(source), origin, filters_here=filters_here)
        refuse_inside_keys(
            table,
            draft.names,
            ProjectionExpression=draft.projection,
            FilterExpression=draft.filter,
        )
        if draft.key_condition is not None and draft.filter is not None:
            refuse_unseen(source, draft.filter, draft.names)
        if tools.options.tells_price and may_be_late(body):
            asked = replace(asked, costs_half=True)
        return await find_on(tools, draft, asked, source, is_late=is_late)

    found = await on_table(tools.tables, draft.table, ask)
    assert source is not None, "it was asked"
    fetches = is_fetched(source, draft, body)
    items = found.items if fetches else tuple(map(source.entry_of, found.items))
    if filters_here:
        items = filtered(draft, items)
    answer: dict[str, Any] = {"Count": len(items), "ScannedCount": found.scanned_count}
    if not draft.counts_only:
        answer["Items"] = [
            item_to_json(project(draft.projection, item, draft.names)) for item in items
        ]
    if found.last is not None:
        answer["LastEvaluatedKey"] = item_to_json(found.last)
    if weighs:
        strong = body.get("ConsistentRead") is True
        answer["ConsumedCapacity"] = capacity.page_consumed(
            body, source, found.items, strong=strong, fetches=fetches
        )
    return answer


def filtered(draft: PageDraft, items: Sequence[Item]) -> tuple[Item, ...]:
    """Leave out what the filter does not let through."""
    assert draft.filter is not None, "there is one"
    test = conditions.compiled(draft.filter)
    return tuple([item for item in items if test(item, draft.names, draft.values)])


async def find_on(
    tools: Tools, draft: PageDraft, asked: Scan, source: Source, *, is_late: bool = False
) -> Found | NotMine:
    """Ask the partitions, one after the other, until the page is full; `is_late` as it may be."""
    found = Found((), 0, None)
    shares = shares_of(tools.nodes.placement, draft, asked)
    pauses: Pauses | None = None
    ask = tools.nodes.scan
    if is_late and tools.followers is not None:
        ask = tools.followers.scan
    while shares:
        page = await ask(shares[0], asked)
        if isinstance(page, NotMine) and page.table:
            return page
        if isinstance(page, NotMine):  # It has split meanwhile: go on with who has its range now.
            pauses = pauses or tools.nodes.reading_pauses()
            if await pauses.heed((page,)) == 0:
                raise nobody_knows()
            first = shares[0].range.first
            shares = shares_of(tools.nodes.placement, draft, asked, first)
            continue
        shares = shares[1:]
        found = joined(found, page, source, is_filtered=asked.filter is not None)
        if found.last is not None:
            break
        asked = onwards(asked, asked.limit - page.scanned_count)
    return found


def joined(found: Found, page: Page, source: Source, *, is_filtered: bool) -> Found:
    """Add one partition's page to what others gave, up to 1 MB.

    A partition ends its own page there.  What several give together is only cut where every item
    that was looked at is shown, so that the last one shown is where to go on.
    """
    items = found.items + page.items
    scanned_count = found.scanned_count + page.scanned_count
    weighed = found.weighed
    if found.items and not is_filtered:
        weighed = full_after(items, *weighed)
        end, _ = weighed
        if end < len(items):
            return Found(items[:end], end, source.place_of(items[end - 1]))
    last = None if page.last is None else source.attributes_of(page.last)
    return Found(items, scanned_count, last, weighed)


def full_after(items: Sequence[Item], count: int, size: int) -> tuple[int, int]:
    """Count and weigh the items that a page of 1 MB holds; the last one may go beyond.

    The first `count` of them are known to weigh `size` bytes.
    """
    for item in items[count:]:
        if size >= PAGE_BYTES_MAX:
            break
        count += 1
        size += size_bytes(item)
    return count, size


def scan_of(
    draft: PageDraft, source: Source, start: Key | None, origin: Origin, *, filters_here: bool
) -> Scan:
    """Make what the first partition is asked."""
    wanted = draft.condition_on(source.schema, start)
    sort = None if wanted is None else wanted.sort
    return Scan(
        source.id,
        None if wanted is None else wanted.partition,
        None if sort is None else (sort.operator, sort.operands),
        start,
        draft.forward,
        LIMIT_MAX if draft.limit is None else draft.limit,
        None if filters_here else draft.filter,
        NOTHING if filters_here else draft.names,
        NOTHING if filters_here else draft.values,
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
        asked.costs_half,
    )


def shares_of(
    placement: Placement, draft: PageDraft, asked: Scan, first: int = 0
) -> tuple[Share, ...]:
    """Return the ranges that may have what is asked for from hash `first` on, in their order.

    Raises:
        DynamoDBError: ValidationException if a segment's page begins in another segment.
    """
    if asked.partition_value is not None:
        first = fresh_hash(asked.partition_value)
    elif asked.after is not None:
        first = partition_hash(asked.after[0])
        if not is_in(draft.segment, placement, asked.table, first):
            assert draft.segment is not None, "together, the nodes own every key"
            raise validation(
                f"{START_WRONG}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with"
                f" correct Segment. TotalSegments: {draft.segment.count}"
                f" Segment: {draft.segment.number}"
            )
    shares = [share for share in placement.shares(asked.table) if first < share.range.end]
    if asked.partition_value is not None:
        return tuple(shares[:1])
    return tuple(
        share for share in shares if is_in(draft.segment, placement, asked.table, share.range.first)
    )


def is_in(segment: Segment | None, placement: Placement, table: str, place: int) -> bool:
    """Say whether a hash is a segment's; of more segments than partitions, some have none.

    The partitions are counted as configured: a segment stays what it is when some have split.
    """
    if segment is None:
        return True
    count = len(placement.configured.partitions)
    return placement.configured_place(table, place) * segment.count // count == segment.number
