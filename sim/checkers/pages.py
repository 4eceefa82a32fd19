"""Query, Scan and BatchGetItem on tables: what is there all the while is not left out (§2.2).

Such an answer is of no moment: each item on it is as it was at its own.  But an item that was there
before it was asked for and until it was answered is to be on it, and one that was missing all that
while is not; and each item on a page is what it was at some moment meanwhile.  A page has its items
in the order of their keys, each once, between its two ends; a batch shows or gives back each item
that it was asked for once, and no other.

A page counts what it shows and what it looked at (`page_counts`), as many as were there.  With a
filter it shows what passes; of an item that has changed meanwhile, any of its states may have.

An item whose writer was asked meanwhile, or never answered, may be there or not.  What a follower
leaves out nobody judges: it shows an earlier moment (`eventual`).  Nor does anybody judge an
answer with a projection; those of indexes are judged elsewhere (`index_pages`).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import itemgetter

from items import conditions
from items.keys import Key, key_names, key_of_item, key_order
from items.to_json import item_to_json
from items.typed_json import item_from_json
from items.values import Item
from network.messages import RecordKey
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.items_told import both_told
from sim.checkers.lifetimes import Lifetime
from sim.checkers.model import Json, Place, shown_place
from sim.checkers.page_counts import miscounted
from sim.checkers.page_ends import Order, Page, asks_for_all, is_paged, page_of
from sim.history import BATCH_READ, Operation

REFUTED = ("read committed",)
Passes = Callable[[Item], bool]  # What a filter says of an item.


class Items:
    """All items that there ever were: each one's life, and each table's in the order of keys."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._keys: dict[Place, RecordKey] = {}
        self._lives: dict[Place, Lifetime] = {}
        self._is_item: dict[Place, list[bool]] = {}  # By the count of its versions.
        decided_us = {name: one.at_us for name, one in evidence.committed.items()}
        tables: dict[str, list[tuple[Order, Place]]] = defaultdict(list)
        for key, versions in evidence.versions.items():
            place = evidence.place(key)
            if place not in self._lives:
                tables[place[0]].append((key_order(place[1]), place))
            self._keys[place] = key
            self._lives[place] = Lifetime(versions, evidence.writers, decided_us)
            self._is_item[place] = [False, *(version.is_item for version in versions)]
        self._orders: dict[str, list[Order]] = {}
        self._places: dict[str, list[Place]] = {}
        for table, found in tables.items():
            found.sort(key=itemgetter(0))
            self._orders[table] = [order for order, _ in found]
            self._places[table] = [place for _, place in found]

    def on(self, table: str, page: Page) -> Sequence[Place]:
        """Give the places of the items that may be on a page."""
        return self._places.get(table, [])[page.cut(self._orders.get(table, []))]

    def was_there(
        self, place: Place, operation: Operation, passes: Passes | None = None
    ) -> bool | None:
        """Say whether an item was there while an operation lasted, or missing; None: perhaps.

        To a filter an item that does not pass is missing.
        """
        if place not in self._lives:
            return False
        if passes is None:
            states = [self._is_item[place][n] for n in self._lives[place].during(operation)]
        else:
            states = [item is not None and passes(item) for item in self._during(place, operation)]
        if all(states) == any(states):
            return states[0]
        return None

    def during(self, place: Place, operation: Operation) -> list[Item]:
        """Give what an item may have been while an operation lasted, the latest last."""
        if place not in self._lives:
            return []
        return [item for item in self._during(place, operation) if item is not None]

    def _during(self, place: Place, operation: Operation) -> list[Item | None]:
        items = self._evidence.items(self._keys[place])
        return [items[n] for n in self._lives[place].during(operation)]


def is_judged(operation: Operation) -> bool:
    """Say whether this is a request for several items whose answer is judged here."""
    if operation.name == BATCH_READ:
        return True
    return is_paged(operation) and "IndexName" not in operation.request


def check_pages(evidence: Evidence) -> Iterator[Finding]:
    """Judge what clients were told of several items at once."""
    items = Items(evidence)
    for operation in evidence.operations:
        if operation.outcome == "committed" and is_judged(operation):
            judged = _of_batch if operation.name == BATCH_READ else _of_page
            yield from judged(evidence, operation, items)


def _of_batch(evidence: Evidence, operation: Operation, items: Items) -> Iterator[Finding]:
    asked_of = operation.request["RequestItems"]
    responses = operation.answer.get("Responses", {})
    given_back = operation.answer.get("UnprocessedKeys", {})
    for table in sorted({*responses, *given_back} - {*asked_of}):
        yield _finding("item unasked", operation, f"answers of {table}, and was not asked for that")
    for table, asked in asked_of.items():
        if not asks_for_all(asked):
            continue
        key_of = key_reader(evidence, table)
        told = [(table, key_of(one)) for one in responses.get(table, ())]
        back = [(table, key_of(one)) for one in given_back.get(table, {}).get("Keys", ())]
        keys = [(table, key_of(one)) for one in asked["Keys"]]
        for place in Counter([*told, *back]) - Counter(keys):
            text = f"answers of {shown_place(place)} more often than it was asked for that"
            yield _finding("item unasked", operation, text)
        if not evidence.is_late(operation):
            wanted = [place for place in keys if place not in back]
            yield from _complete(operation, items, wanted, {*told})


def _of_page(evidence: Evidence, operation: Operation, items: Items) -> Iterator[Finding]:
    table = operation.request["TableName"]
    key_of = key_reader(evidence, table)
    wrong = miscounted(operation)
    if wrong:
        yield _finding("page miscounted", operation, wrong)
    page = page_of(operation, key_of)
    if page is None:
        return
    there = operation.answer.get("Items", ())
    told = [key_of(item) for item in there]
    wrong = page.misplaced(told)
    if wrong:
        yield _finding("page out of order", operation, wrong)
    passes = filter_of(operation.request)
    for key, item in zip(told, there, strict=True):
        if passes is not None and not passes(item_from_json(item)):
            text = f"shows {shown_place((table, key))}, which does not pass its filter"
            yield _finding("filter ignored", operation, text)
    if not evidence.is_late(operation):
        wanted = items.on(table, page)
        if not asks_for_all(operation.request):
            yield from _counted(operation, items, wanted, passes)
        if "Items" in operation.answer:
            shown = dict(zip([(table, key) for key in told], there, strict=True))
            yield from _complete(operation, items, wanted, shown, passes)
            yield from _current(evidence, operation, items, shown)


def filter_of(request: Json) -> Passes | None:
    """Read a page's filter; None if it has none."""
    text = request.get("FilterExpression")
    if text is None:
        return None
    names = request.get("ExpressionAttributeNames", {})
    values = item_from_json(request.get("ExpressionAttributeValues", {}))
    return lambda item: conditions.holds(text, item, names, values)


def _counted(
    operation: Operation, items: Items, wanted: Sequence[Place], passes: Passes | None
) -> Iterator[Finding]:
    """Judge that a page counts what was there, and of it what passes its filter."""
    for what, test in (("ScannedCount", None), ("Count", passes)):
        states = [items.was_there(place, operation, test) for place in wanted]
        least, most = states.count(True), len(states) - states.count(False)
        if not least <= operation.answer[what] <= most:
            text = f"says {what} {operation.answer[what]}, and there were {least} to {most}"
            yield _finding("page miscounted", operation, text)


def key_reader(evidence: Evidence, table: str) -> Callable[[Json], Key]:
    """Return what reads the key of an item of this table, or of its key alone."""
    schema = evidence.requests.schemas[table]
    names = key_names(schema)

    def key_of(json: Json) -> Key:
        return key_of_item(schema, item_from_json({name: json[name] for name in names}))

    return key_of


def _complete(
    operation: Operation,
    items: Items,
    wanted: Sequence[Place],
    shown: Collection[Place],
    passes: Passes | None = None,
) -> Iterator[Finding]:
    """Judge which of these items are told, and which are not."""
    for place in wanted:
        is_there = items.was_there(place, operation, passes)
        if is_there is None or is_there == (place in shown):
            continue
        where = shown_place(place)
        if is_there:
            text = f"leaves out {where}, which was there before it was asked for and all the while"
            yield _finding("item left out", operation, text)
        else:
            text = f"shows {where}, which was missing before it was asked for and all the while"
            yield _finding("item invented", operation, text)


def _current(
    evidence: Evidence, operation: Operation, items: Items, shown: Mapping[Place, Json]
) -> Iterator[Finding]:
    """Judge that each item that was there is shown as it was, at some moment meanwhile."""
    for place, told in shown.items():
        were = items.during(place, operation)
        if were and item_from_json(told) not in were:
            names = evidence.requests.key_names(place)
            one, other = both_told(told, item_to_json(were[-1]), names)
            text = f"shows {shown_place(place)} as {one}; it was never so meanwhile, but {other}"
            yield _finding("not current", operation, text)


def _finding(kind: str, operation: Operation, text: str) -> Finding:
    return Finding("pages", kind, f"{named(operation)} {text}", (operation.call,), "", REFUTED)
