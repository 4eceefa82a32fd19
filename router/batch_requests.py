"""Requests for many items, each on its own: BatchGetItem and BatchWriteItem."""

from collections.abc import Sequence
from typing import Any

from items.actions import Action
from items.data import data
from items.errors import validation
from items.indexes import refuse_put
from items.keys import key_names, key_of_request
from items.limits import BATCH_GET_KEYS_MAX, BATCH_WRITE_REQUESTS_MAX
from items.typed_json import item_from_json
from items.values import Item
from network.messages import RecordKey
from router import parameters
from router.definitions import Table
from router.key_paths import refuse_inside_keys
from router.options import RouterOptions
from router.requests import (
    NO_CLAUSES,
    DeleteDraft,
    GetDraft,
    PutDraft,
    begins,
    legacy_projection,
    projection_of,
    read,
    refuse_oversized,
)
from router.shapes import Body
from router.table_names import table_called

SAME_KEY_TWICE = "Provided list of item keys contains duplicates"
NOT_ONE_REQUEST = (
    "Supplied AttributeValue has more than one datatypes set, "
    "must contain exactly one of the supported datatypes"
)


@data
class Wanted:
    """One key of a BatchGetItem, and where in the request it stands."""

    get: GetDraft
    named: str  # As the request names the table: by name or by ARN.
    json: Any
    asked: Body  # What the request says about this table.


@data
class WriteEntry:
    """One Put or Delete of a BatchWriteItem, and where in the request it stands."""

    draft: PutDraft | DeleteDraft
    named: str
    json: Any


def batch_get_item(body: Body, options: RouterOptions) -> tuple[Wanted, ...]:
    def parse(body: Body) -> tuple[Wanted, ...]:
        wanted: list[Wanted] = []
        for named, asked in body["RequestItems"].items():
            is_legacy = begins(asked, ("ProjectionExpression",), parameters.LEGACY_PROJECTION)
            projection, names = (
                legacy_projection(asked) if is_legacy else projection_of(asked, options)
            )
            table = table_called(named)
            wanted += [
                Wanted(GetDraft(table, item_from_json(key), projection, names), named, key, asked)
                for key in asked["Keys"]
            ]
        if len(wanted) > BATCH_GET_KEYS_MAX:
            raise validation("Too many items requested for the BatchGetItem call")
        return tuple(wanted)

    return read(parameters.BATCH_GET_ITEM, body, parse)


def batch_write_item(body: Body) -> tuple[WriteEntry, ...]:
    def parse(body: Body) -> tuple[WriteEntry, ...]:
        entries = [
            WriteEntry(write_draft(table_called(named), request), named, request)
            for named, requests in body["RequestItems"].items()
            for request in requests
        ]
        if len(entries) > BATCH_WRITE_REQUESTS_MAX:
            raise validation("Too many items requested for the BatchWriteItem call")
        return tuple(entries)

    return read(parameters.BATCH_WRITE_ITEM, body, parse)


def write_draft(table: str, request: Body) -> PutDraft | DeleteDraft:
    put, delete = request.get("PutRequest"), request.get("DeleteRequest")
    if (put is None) == (delete is None):
        raise validation(NOT_ONE_REQUEST)
    if delete is not None:
        return DeleteDraft(table, item_from_json(delete["Key"]), NO_CLAUSES)
    assert put is not None, "one of the two"
    item = item_from_json(put["Item"])
    refuse_oversized(item)
    return PutDraft(table, item, NO_CLAUSES)


def keys_on(wanted: Sequence[Wanted], tables: Sequence[Table]) -> tuple[RecordKey, ...]:
    """Make the keys to read, each with its table; raises ValidationException."""
    pairs = tuple(zip(wanted, tables, strict=True))
    keys = tuple([one.get.on(table.id, table.schema) for one, table in pairs])
    refuse_repeated(keys)
    for one, table in pairs:
        refuse_inside_keys(table, one.get.names, ProjectionExpression=one.get.projection)
    return keys


def actions_on(entries: Sequence[WriteEntry], tables: Sequence[Table]) -> tuple[Action, ...]:
    """Make the actions to carry out, each with its table; raises ValidationException."""
    pairs = tuple(zip(entries, tables, strict=True))
    for entry, table in pairs:
        if isinstance(entry.draft, PutDraft):
            refuse_unfit(entry.draft.item, table)
    actions = tuple([entry.draft.on(table.id, table.schema) for entry, table in pairs])
    refuse_repeated([(action.table, action.key) for action in actions])
    return actions


def refuse_unfit(item: Item, table: Table) -> None:
    """Refuse an item that its table could not hold, its key in the words for a key alone."""
    names = key_names(table.schema)
    key = key_of_request(table.schema, {name: item[name] for name in names if name in item})
    if table.traits.indexes:
        refuse_put(table.indexes, table.schema, key, item)


def refuse_repeated(keys: Sequence[RecordKey]) -> None:
    if len(set(keys)) < len(keys):
        raise validation(SAME_KEY_TWICE)
