"""Query and Scan on an index: the order of a page, and what routers leave out of it.

A page has its entries in the order of the index's keys, and of entries that share one of their
items' own; each once, between the page's two ends.  An entry that its partition had before it was
asked for, and until it was answered, is on it.  That holds of a global index too: it is late
because it hears of its items later, and what it has heard of it shows.

What came or went meanwhile may be there or not.
"""

from collections.abc import Iterator
from typing import NamedTuple

from items.keys import Key
from items.typed_json import from_json
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.model import Json, shown_place
from sim.checkers.page_counts import miscounted
from sim.checkers.page_ends import PAGED, Order, Page, asks_for_all, page_of
from sim.entries_seen import EntryLife
from sim.history import Operation
from sim.indexes_seen import IndexAsked, IndexesSeen

EVENTUAL = ("eventually consistent",)


class Entries(NamedTuple):
    """An index's entries that there ever were, in order."""

    orders: list[Order]
    lives: list[tuple[Key, EntryLife]]


def check_index_pages(seen: IndexesSeen, evidence: Evidence) -> Iterator[Finding]:
    """Judge what clients were told of indexes, page by page."""
    entries: dict[IndexAsked, Entries] = {}
    for operation in evidence.operations:
        if operation.outcome != "committed" or not is_of_index(operation):
            continue
        wrong = miscounted(operation)
        if wrong:
            yield _finding("page miscounted", operation, wrong)
        if asks_for_all(operation.request):
            asked = seen.asked[operation.request["TableName"], operation.request["IndexName"]]
            if asked not in entries:
                entries[asked] = entries_of(seen, asked)
            yield from _of_page(operation, asked, entries[asked])


def is_of_index(operation: Operation) -> bool:
    return operation.name in PAGED and "IndexName" in operation.request


def entries_of(seen: IndexesSeen, asked: IndexAsked) -> Entries:
    """Give all entries of an index; of a table that was dropped nobody knows until when."""
    if asked.table in seen.dropped:
        return Entries([], [])
    found = seen.entries.in_order((asked.table, asked.name))
    return Entries([order for order, *_ in found], [(key, life) for _, key, life in found])


def _of_page(operation: Operation, asked: IndexAsked, entries: Entries) -> Iterator[Finding]:
    names = asked.place_names

    def key_of(json: Json) -> Key:
        return tuple(from_json(json[name]) for name in names)

    page = page_of(operation, key_of)
    if page is None or not all(
        name in json for json in operation.answer["Items"] for name in names
    ):
        return  # What has no such key has never been in the index, which `indexes` finds.
    told = [key_of(json) for json in operation.answer["Items"]]
    wrong = page.misplaced(told)
    if wrong:
        yield _finding("page out of order", operation, f"{wrong}, in {asked.name}")
    yield from _complete(operation, asked, page, entries, {*told})


def _complete(
    operation: Operation, asked: IndexAsked, page: Page, entries: Entries, told: set[Key]
) -> Iterator[Finding]:
    """Judge which entries are told; who is late with those that went is `eventual` indeed."""
    for key, life in entries.lives[page.cut(entries.orders)]:
        was_there = life.was_there(operation.invoked_us, operation.returned_us)
        if was_there is None or was_there == (key in told):
            continue
        where = shown_place((asked.name, key))
        if was_there:
            text = f"leaves out {where}, which was there before it was asked for and all the while"
            yield _finding("entry left out", operation, text)
        elif asked.is_local:
            text = f"shows {where}, which was missing before it was asked for and all the while"
            yield _finding("entry outlived", operation, text)


def _finding(kind: str, operation: Operation, text: str) -> Finding:
    about = (operation.call,)
    return Finding("indexes", kind, f"{named(operation)} {text}", about, refutes=EVENTUAL)
