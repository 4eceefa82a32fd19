"""A sequential model of the tables: what the API does when one operation comes after the other.

It shares `items/` with the nodes and nothing else: no timestamps, no partitions, no messages.  Fed
the operations of a run in the order that the protocol claims they have, it must give the same data
and the same answers.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from items.actions import Action, Check, Delete, Put, Update, allowed_on, applied_to, returned
from items.data import data
from items.errors import DynamoDBError
from items.keys import Key, KeyAttribute, KeySchema, key_names, key_of_item, key_of_request
from items.projections import project
from items.to_json import item_to_json
from items.typed_json import item_from_json
from items.values import Item
from sim.telling import told_item

TOLD_MAX = 60  # Characters of a value in a finding; what is longer is cut.

Json: TypeAlias = Mapping[str, Any]
Place: TypeAlias = tuple[str, Key]  # (table name, key)
UNFIT = (DynamoDBError, KeyError)  # Of a request for a table that is not there, or no key of it.


@data
class Step:
    """One action of an operation, ready to be judged and applied."""

    place: Place
    action: Action


class Model:
    """All tables, as after some operations."""

    def __init__(self, tables: Iterable[Json]) -> None:
        self.schemas = {table["TableName"]: schema_of(table) for table in tables}
        self.items: dict[Place, Item] = {}
        self._shown: dict[Place, Json] = {}  # Items as JSON, while they stay what they are.

    # Reading requests ------------------------------------------------------------------------

    def steps(self, request: Json) -> list[Step]:
        """Return the actions of a TransactWriteItems request."""
        return [
            self._step(kind, spec)
            for entry in request["TransactItems"]
            for kind, spec in entry.items()
        ]

    def step(self, name: str, request: Json) -> Step:
        """Return the action of a PutItem, UpdateItem or DeleteItem request."""
        return self._step(name.removesuffix("Item"), request)

    def place(self, name: str, request: Json) -> Place:
        """Return which item a request for a single one is about."""
        if name == "PutItem":
            return self.step(name, request).place
        return self._place(request["TableName"], request["Key"])

    def gets(self, request: Json) -> list[tuple[Place, Json]]:
        """Return the items that a TransactGetItems or GetItem request asks for."""
        entries = [entry["Get"] for entry in request.get("TransactItems", ())] or [request]
        return [(self._place(entry["TableName"], entry["Key"]), entry) for entry in entries]

    def _place(self, table: str, key: Json) -> Place:
        return table, key_of_request(self.schemas[table], item_from_json(key))

    def _step(self, kind: str, spec: Json) -> Step:
        table = spec["TableName"]
        schema = self.schemas[table]
        conditions = {
            "condition": spec.get("ConditionExpression"),
            "names": spec.get("ExpressionAttributeNames", {}),
            "values": item_from_json(spec.get("ExpressionAttributeValues", {})),
            "old_on_failure": spec.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
        }
        if kind == "Put":
            item = item_from_json(spec["Item"])
            place = table, key_of_item(schema, item)
            return Step(place, Put(*place, item=item, **conditions))
        place = self._place(table, spec["Key"])
        if kind == "Update":
            update = spec.get("UpdateExpression")
            return Step(place, Update(*place, key_names(schema), update, **conditions))
        if kind == "Delete":
            return Step(place, Delete(*place, **conditions))
        return Step(place, Check(*place, **conditions))

    # Carrying out ----------------------------------------------------------------------------

    def judged(self, step: Step) -> tuple[str, Item | None]:
        """Say why this action could not be carried out now, if so, and what it would leave."""
        item = self.items.get(step.place)
        try:
            after = applied_to(step.action, item)
            if allowed_on(step.action, item):
                return "", after
        except DynamoDBError as error:
            return error.message, item
        there = "there was no item"
        if item is not None:
            names = self.key_names(step.place)
            there = f"the item was {told_item(item_to_json(item), names, TOLD_MAX)}"
        return f"its condition {step.action.condition!r} was false: {there}", item

    def carried_out(self, step: Step) -> Item | None:
        """Return what an action leaves, whatever its condition says.

        Raises:
            DynamoDBError: It is impossible.
        """
        return applied_to(step.action, self.items.get(step.place))

    def keep(self, place: Place, after: Item | None) -> None:
        """Have this item, or none, at its place."""
        self._shown.pop(place, None)
        if after is None:
            self.items.pop(place, None)
        else:
            self.items[place] = after

    def key_names(self, place: Place) -> tuple[str, ...]:
        """Return the attributes of an item that say no more than its place."""
        return key_names(self.schemas[place[0]])

    def answer(self, place: Place, entry: Json) -> Json:
        """Return what GetItem, or one entry of TransactGetItems, answers now."""
        if "ProjectionExpression" in entry:
            return get_answer(self.items.get(place), entry)
        found = self._shown.get(place)
        if found is None:
            found = self._shown[place] = get_answer(self.items.get(place), {})
        return found


def write_answer(step: Step, request: Json, before: Item | None, after: Item | None) -> Json:
    """Return the body that a singleton write is answered with."""
    attributes = returned(step.action, request.get("ReturnValues", "NONE"), before, after)
    return {"Attributes": item_to_json(attributes)} if attributes else {}


def get_answer(item: Item | None, entry: Json) -> Json:
    """Return what GetItem, or one entry of TransactGetItems, answers for this item."""
    if item is None:
        return {}
    names = entry.get("ExpressionAttributeNames", {})
    return {"Item": item_to_json(project(entry.get("ProjectionExpression"), item, names))}


def schema_of(table: Json) -> KeySchema:
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    names = {one["KeyType"]: one["AttributeName"] for one in table["KeySchema"]}
    sort = names.get("RANGE")
    return KeySchema(
        KeyAttribute(names["HASH"], types[names["HASH"]]),
        None if sort is None else KeyAttribute(sort, types[sort]),
    )


def shown_place(place: Place) -> str:
    table, key = place
    return f"{table} {'/'.join(str(content) for _, content in key)}"
