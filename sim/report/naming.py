"""Names for what a report speaks of: each text once, and numbers in its place everywhere else.

A page of 25,000 messages says most things many times over: the same action travels from the client
to the partition and back again.  So every text, item and node is kept in one list, and called by
its place there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from items.actions import Action, Delete, Put, Update
from items.to_json import item_to_json, to_json
from items.values import Item
from network.messages import RecordKey
from network.placement import TABLES_TABLE, is_internal
from sim.report.recording import Durable, Moment
from sim.telling import cut, told_item, value_of
from sim.words import Words

VALUE_MAX = 60  # Characters of a value …
ITEM_MAX = 240  # … and of an item; what is longer is cut.


class Names:
    """The texts, items and nodes of one run."""

    def __init__(self, moments: Iterable[Moment] = ()) -> None:
        self.words = Words()
        self.texts: dict[str, int] = {}
        self.items: dict[RecordKey, int] = {}
        self.nodes: dict[str, int] = {}
        self.tables: dict[str, str] = {}  # By id.
        self.key_names: dict[str, tuple[str, ...]] = {}  # Likewise.
        for moment in moments:
            if isinstance(moment, Durable):
                self._meet_tables(moment)

    def _meet_tables(self, durable: Durable) -> None:
        for (table, _), record in durable.changes.records:
            if table == TABLES_TABLE and record is not None and record.item is not None:
                item = record.item
                self.tables[str(item["Id"][1])] = str(item["Name"][1])
        for state in durable.changes.tables:
            schema = state.schema
            sort = (schema.sort.name,) if schema.sort is not None else ()
            self.key_names[state.id] = (schema.partition.name, *sort)

    def text(self, text: str) -> int:
        """Return the place of a text."""
        return self.texts.setdefault(text, len(self.texts))

    def item(self, key: RecordKey) -> int:
        """Return the place of an item; -1 if it is of no client."""
        if is_internal(key[0]):
            return -1
        return self.items.setdefault(key, len(self.items))

    def node(self, name: str) -> int:
        return self.nodes[name]

    def item_names(self) -> list[str]:
        """Return what items are called, in their order: table and key."""
        return [
            f"{self.tables.get(table, table)} {self.words.key(key)}" for table, key in self.items
        ]

    # In words --------------------------------------------------------------------------------

    def action(self, action: Action) -> str:
        """Say all that an action is."""
        said = [self.words.action(action)]
        if isinstance(action, Put):
            said.append(self.attributes(action.item, action.table))
        if isinstance(action, Update) and action.update is not None:
            said.append(filled(action.update, action.names, action.values))
        if action.condition is not None:
            said.append(f"if {filled(action.condition, action.names, action.values)}")
        if isinstance(action, Delete) and action.condition is None:
            said.append("whatever it holds")
        return " ".join(said)

    def attributes(self, item: Item | None, table: str) -> str:
        """Say what an item holds beside its key."""
        if item is None:
            return "no item"
        keys = self.key_names.get(table, ())
        return cut(told_item(item_to_json(item), keys, VALUE_MAX), ITEM_MAX)


def filled(expression: str, names: Mapping[str, str], values: Item) -> str:
    """Write an expression with its names and values in their places."""

    def told(match: re.Match[str]) -> str:
        name = match.group()
        if name not in values:
            return names.get(name, name)
        said = value_of(to_json(values[name]), VALUE_MAX)
        return f"'{said}'" if values[name][0] == "S" else said

    # All at once: a value may hold what looks like a name.
    return re.sub(r"[#:]\w+", told, expression)


def in_order(places: Mapping[Any, int]) -> Sequence[Any]:
    """Return what was given places, by place: they were given one after another."""
    return list(places)
