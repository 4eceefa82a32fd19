"""What the witness sees of secondary indexes: versions of items, entries, and answers in order.

Kept only where a table has indexes.  The order of a local index is worked out anew for each answer
from the items that are there, by nothing that partitions have; what there was of each item is kept,
to judge entries by that come later.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cmp_to_key
from itertools import accumulate
from typing import Any

from items import conditions
from items.data import data
from items.indexes import INDEX_MARK
from items.keys import Key
from items.values import AttributeValue, Item, compare, size_bytes
from network.ids import NEVER, Timestamp
from network.messages import (
    Backfill,
    Done,
    Envelope,
    Message,
    NotMine,
    OfRange,
    Page,
    Propagate,
    RecordKey,
    Scan,
)
from partition.machine import Machine, Output
from partition.options import PartitionOptions
from partition.record import Record
from partition.storage import Changes
from router.definitions import Status, Table
from sim.entries_seen import EntriesSeen
from sim.figures import nearest_rank
from sim.tables_seen import LIES_MAX

PAGE_BYTES_MAX = PartitionOptions().page_bytes_max
Json = Mapping[str, Any]


@data
class IndexAsked:
    """An index as CreateTable asked for it."""

    table: str
    name: str
    keys: tuple[tuple[str, str], ...]  # Name and type.
    table_keys: tuple[str, ...]
    shows: tuple[str, ...] | None  # None: everything.
    is_local: bool

    def has(self, item: Item | None) -> bool:
        """Say whether an item is in the index: it is sparse."""
        return item is not None and all(
            name in item and item[name][0] == kind and item[name][1] for name, kind in self.keys
        )

    def shown(self, item: Item) -> Item:
        if self.shows is None:
            return item
        return {name: value for name, value in item.items() if name in self.shows}

    @property
    def place_names(self) -> tuple[str, ...]:
        return (*(name for name, _ in self.keys), *self.table_keys)

    def place(self, item: Item) -> Key:
        """Return where its entry is: the index key, and the item's own."""
        return tuple(item[name] for name in self.place_names)


def indexes_asked(table: Json) -> tuple[IndexAsked, ...]:
    """Read the indexes of a CreateTable request."""
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    table_keys = tuple(one["AttributeName"] for one in table["KeySchema"])
    found = []
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for one in table.get(kind, ()):
            names = [element["AttributeName"] for element in one["KeySchema"]]
            projection, shows = one["Projection"], None
            if projection["ProjectionType"] != "ALL":
                shows = (*names, *table_keys, *projection.get("NonKeyAttributes", ()))
            keys = tuple((name, types[name]) for name in names)
            is_local = kind == "LocalSecondaryIndexes"
            found.append(
                IndexAsked(table["TableName"], one["IndexName"], keys, table_keys, shows, is_local)
            )
    return tuple(found)


@data
class IndexLag:
    """How much later than their items the entries of global indexes were durable, in order."""

    lags_us: tuple[int, ...]

    def at_us(self, percent: int) -> int | None:
        """Return the lag that so many in a hundred entries do not exceed."""
        return nearest_rank(self.lags_us, percent) if self.lags_us else None


class IndexesSeen:
    """The evidence about indexes of one run."""

    def __init__(self, asked: Iterable[IndexAsked], names: Mapping[str, str]) -> None:
        """`names` are the tables', by id, as they come to be known."""
        self.asked = {(one.table, one.name): one for one in asked}
        self.versions: dict[RecordKey, list[Item]] = {}  # Of each item, all there ever were.
        self.entries = EntriesSeen()
        self.dropped: set[str] = set()  # Tables of which some partition was told that they go.
        self.lies: list[tuple[str, str]] = []  # Kind, and what is wrong.
        self._lags_us: list[int] = []
        self._born_us: dict[tuple[str, Key, Timestamp], int] = {}  # Each version of an item.
        # To judge what an index has from the beginning: each item's past, and entries as they are.
        self._pasts: dict[RecordKey, list[tuple[int, Item | None]]] = {}
        self._entries: dict[RecordKey, Record] = {}
        self._wanted: dict[str, int] = {}  # When an index was asked for that is on its way.
        self._moment = 0  # Counts the changes of items.
        self._names = names
        self._tables = {one.table for one in self.asked.values()}
        self._local = [one for one in self.asked.values() if one.is_local]

    def of(self, index_id: str) -> IndexAsked | None:
        """Find an index by the id that partitions have for it."""
        table, _, rest = index_id.partition(INDEX_MARK)
        name = rest.rpartition(INDEX_MARK)[0]
        return self.asked.get((self._names.get(table, ""), name))

    def entries_of(self, asked: IndexAsked, own: Key) -> list[Item]:
        """Return all entries that the item of a key has come to, in any table of the name."""
        tables = [table for table, name in self._names.items() if name == asked.table]
        versions = [one for table in tables for one in self.versions.get((table, own), ())]
        return [asked.shown(one) for one in versions if asked.has(one)]

    # Indexes that come -----------------------------------------------------------------------

    def defined(self, table: Table) -> None:
        """Take a table's definition, as it is durable now."""
        for traits, index in table.remote:
            asked = self.asked.get((table.name, index.name))
            if traits.status == Status.CREATING:
                self._wanted.setdefault(index.id, self._moment)
            elif traits.status == Status.ACTIVE and asked is not None:
                since = self._wanted.pop(index.id, None)
                if since is not None:
                    self._came(table.id, index.id, asked, since)

    def _came(self, table: str, index: str, asked: IndexAsked, since: int) -> None:
        """Judge that an index which serves from now on has all that was to be in it all along."""
        for (owner, key), past in self._pasts.items():
            items = stayed(asked, items_since(past, since)) if owner == table else []
            if not items:  # What was moved there meanwhile arrives like any other.
                continue
            entry = self._entries.get((index, asked.place(items[0])))
            if entry is None or not any(entry.item == asked.shown(item) for item in items):
                where = "/".join(str(content) for _, content in key)
                has = "nothing" if entry is None else entry.item
                text = f"{asked.name} is ACTIVE and has {has} of {where}, which was {items[0]}"
                self._lie("index incomplete", f"{text} before there was an index")

    # What is durable -------------------------------------------------------------------------

    def durable(self, node: str, changes: Changes, now_us: int) -> Changes:
        """Take what has become durable; return what of it is no matter of indexes."""
        for state in changes.tables:
            if state.dropped:
                self.dropped.add(self._names.get(state.id.partition(INDEX_MARK)[0], ""))
        for key, record in changes.records:
            if self.of(key[0]) is not None:
                if record is not None:
                    self._entry(node, key, record, now_us)
            elif changes.cause and self._names.get(key[0]) in self._tables:
                self._version(key, None if record is None else record.item, now_us)
                if changes.timestamp != NEVER:
                    self._born_us.setdefault((*key, changes.timestamp), now_us)
        own = tuple([one for one in changes.records if INDEX_MARK not in one[0][0]])
        return changes if len(own) == len(changes.records) else replace(changes, records=own)

    def _version(self, key: RecordKey, item: Item | None, now_us: int) -> None:
        past = self._pasts.setdefault(key, [])
        before = past[-1][1] if past else None
        if item is before:  # A promise changes nothing that can be seen.
            return
        self._moment += 1
        past.append((self._moment, item))
        for asked in self._local:
            if self._names.get(key[0]) == asked.table:
                self._moved(asked, before, item, now_us)
        known = self.versions.setdefault(key, [])
        if item is not None and (not known or known[-1] != item):
            known.append(item)

    def _moved(
        self, asked: IndexAsked, before: Item | None, item: Item | None, now_us: int
    ) -> None:
        """Note where an item is in a local index now, and where it is no more."""
        old = asked.place(before) if before is not None and asked.has(before) else None
        new = asked.place(item) if item is not None and asked.has(item) else None
        index = asked.table, asked.name
        if old is not None and old != new:
            self.entries.note(index, old, now_us, is_there=False)
        if new is not None:
            self.entries.note(index, new, now_us, is_there=True)

    def lag(self) -> IndexLag:
        return IndexLag(tuple(sorted(self._lags_us)))

    def _entry(self, node: str, key: RecordKey, record: Record, now_us: int) -> None:
        """Judge an entry that is there now: some version of its item is to have been like it."""
        asked = self.of(key[0])
        assert asked is not None, "an index that was asked for"
        kept = self._entries.get(key)
        if kept is None or kept.timestamp <= record.timestamp:  # A range may come twice, late.
            self._entries[key] = record
        table, own, item = key[0].partition(INDEX_MARK)[0], key[1][len(asked.keys) :], record.item
        born_us = self._born_us.get((table, own, record.timestamp))
        if born_us is not None:
            self._lags_us.append(now_us - born_us)
        index, is_there = (asked.table, asked.name), bool(item)
        self.entries.note(index, key[1], now_us, is_there=is_there, version=record.timestamp)
        if not item:
            return
        # The latest first: an entry is late, but hardly ever of long ago.
        versions = reversed(self.versions.get((table, own), []))
        if not any(asked.has(one) and asked.shown(one) == item for one in versions):
            where = "/".join(str(content) for _, content in own)
            text = f"{node} has {item} in {asked.name}: {where} has never been like that"
            self._lie("entry invented", text)

    # What local indexes answer ---------------------------------------------------------------

    def stepped(self, machine: Machine, envelope: Envelope, output: Output) -> str:
        """Judge an answer from a local index; return an event that is to be noted, if any."""
        message = envelope.message
        if isinstance(message, Propagate):
            return told_by(message, output.reply)
        scan = message.question if isinstance(message, OfRange) else message
        if isinstance(scan, Backfill):
            return passed_by(machine, scan, output.reply)
        if isinstance(scan, Scan) and isinstance(output.reply, Page):
            asked = self.of(scan.table)
            if asked is not None and asked.is_local:
                self._answered(machine, scan, asked, output.reply)
        return ""

    def _answered(self, machine: Machine, scan: Scan, asked: IndexAsked, page: Page) -> None:
        there = machine.items_of(scan.table.partition(INDEX_MARK)[0])
        wanted = [item for item in there if asked.has(item) and is_asked_for(scan, asked, item)]
        if scan.partition_value is None:
            self._scanned(machine, scan, asked, page, wanted)
            return
        wanted.sort(key=cmp_to_key(lambda one, other: ordered(asked, one, other)))
        if not scan.forward:
            wanted.reverse()
        behind = [item for item in wanted if is_behind(scan, asked, item)]
        looked_at = on_one_page(behind[: scan.limit], PAGE_BYTES_MAX)
        right = [item for item in looked_at if is_passed(scan, item)]
        if list(page.items) != right:
            self._lie("local index refuted", wrong_page(machine, asked, page.items, right))

    def _scanned(
        self, machine: Machine, scan: Scan, asked: IndexAsked, page: Page, there: Sequence[Item]
    ) -> None:
        """Judge a page of a scan: items that are there, and all of them if it is the only one.

        It has the order of the partition keys' hashes, by which routers go on: clients' pages are
        judged for that.
        """
        right = {asked.place(item): item for item in there if is_passed(scan, item)}
        told = {asked.place(item): item for item in page.items if asked.has(item)}
        is_whole = scan.after is None and page.last is None
        is_right = len(told) == len(page.items) and told.items() <= right.items()
        if not is_right or (is_whole and len(told) < len(right)):
            self._lie("local index refuted", wrong_page(machine, asked, page.items, right.values()))

    def _lie(self, kind: str, text: str) -> None:
        if len(self.lies) < LIES_MAX:
            self.lies.append((kind, text))


def items_since(past: Sequence[tuple[int, Item | None]], since: int) -> list[Item | None]:
    """Return an item as it was at a moment, and as it has been from then on."""
    first = bisect_right(past, since, key=lambda one: one[0]) - 1
    return [item for _, item in past[first:]] if first >= 0 else []


def stayed(asked: IndexAsked, items: Iterable[Item | None]) -> list[Item]:
    """Return what an item has been like, if it was at one place of an index all the time."""
    there = [item if asked.has(item) else None for item in items]
    found = [item for item in there if item is not None]
    places = {asked.place(item) for item in found}
    return found if len(found) == len(there) and len(places) == 1 else []


def told_by(message: Propagate, reply: Message | None) -> str:
    """Say what is to be noted of entries that came; nothing if all of them were new."""
    if not isinstance(reply, Done):
        return ""
    if len(reply.changed) < len(message.entries):  # Nobody asks for any of a dropped table.
        return "entry.orphaned"
    return "" if all(reply.changed) else "entry.outdated"


def passed_by(machine: Machine, message: Backfill, reply: Message | None) -> str:
    """Say what is to be noted of a part of a backfill."""
    if isinstance(reply, NotMine):
        return "" if reply.table else "backfill.begun_anew"
    table = machine.table(message.table)
    records = () if table is None or not message.limit else table.records.values()
    met = any(record.ongoing is not None for record in records)
    return "backfill.met_ongoing" if met else ""


def wrong_page(
    machine: Machine, asked: IndexAsked, told: Iterable[Item], right: Iterable[Item]
) -> str:
    return f"{machine.name} answered from {asked.name}: {list(told)}; its items are {list(right)}"


def is_asked_for(scan: Scan, asked: IndexAsked, item: Item) -> bool:
    """Say whether an item's keys are as is asked."""
    if scan.partition_value is not None and item[asked.keys[0][0]] != scan.partition_value:
        return False
    return scan.sort_condition is None or is_sorted_so(item[asked.keys[1][0]], *scan.sort_condition)


def is_sorted_so(value: AttributeValue, operator: str, operands: Sequence[AttributeValue]) -> bool:
    """Say whether a sort key is as its condition says."""
    if operator == "begins_with":
        return bool(value[1][: len(operands[0][1])] == operands[0][1])
    first, last = compare(value, operands[0]), compare(value, operands[-1])
    match operator:
        case "<":
            return first < 0
        case "<=":
            return first <= 0
        case ">":
            return first > 0
        case ">=":
            return first >= 0
        case _:  # BETWEEN, and = where both ends are one.
            return first >= 0 >= last


def is_passed(scan: Scan, item: Item) -> bool:
    """Say whether an item that was looked at is on the page: a filter may leave it out."""
    return scan.filter is None or conditions.holds(scan.filter, item, scan.names, scan.values)


def on_one_page(items: Sequence[Item], bytes_max: int) -> list[Item]:
    """Return those that have room on a page: it ends behind the item that fills it."""
    before = accumulate((size_bytes(item) for item in items), initial=0)
    return [item for item, size in zip(items, before, strict=False) if size < bytes_max]


def is_behind(scan: Scan, asked: IndexAsked, item: Item) -> bool:
    """Say whether an item is behind the page's start."""
    if scan.after is None:
        return True
    way = order(tail(asked, item), scan.after[1:])
    return way > 0 if scan.forward else way < 0


def tail(asked: IndexAsked, item: Item) -> Key:
    """Return what orders an item within its partition key."""
    return tuple(item[name] for name in (asked.keys[1][0], *asked.table_keys[1:]))


def ordered(asked: IndexAsked, one: Item, other: Item) -> int:
    return order(tail(asked, one), tail(asked, other))


def order(one: tuple[AttributeValue, ...], other: tuple[AttributeValue, ...]) -> int:
    for left, right in zip(one, other, strict=True):
        found = compare(left, right)
        if found:
            return found
    return 0
