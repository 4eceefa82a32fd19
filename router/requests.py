"""Requests about one item: from a body to something that is wrong no more, but for its table.

What a request says is judged in DynamoDB's order: types, then constraints, then whatever else the
request alone shows; what is past that is a *draft*.  Then comes whether its table is there, and
last whether its keys fit the table's schema, which a draft's `on` finds out.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from items import keys
from items.actions import Delete, Put, Update
from items.data import data
from items.errors import ITEM_TOO_LARGE, VALIDATION, DynamoDBError, invalid_parameter, validation
from items.expression_checks import check, check_given, check_placeholders, refuse_empty
from items.keys import KeySchema
from items.limits import ITEM_SIZE_BYTES_MAX
from items.operands import Names, Values
from items.typed_json import item_from_json, values_from_json
from items.updates import updated_attributes
from items.values import Item, size_bytes
from network.ids import TableId
from network.messages import RecordKey
from router import legacy, parameters
from router.legacy import Placeholders
from router.options import RouterOptions
from router.shapes import NOTHING, Body, Shape, as_integer, refuse_wrongs
from router.table_names import table_called

Parsed = TypeVar("Parsed")


def read(shape: Shape, body: Body, parse: Callable[[Body], Parsed]) -> Parsed:
    """Check a body's types and constraints and parse it.

    Raises:
        DynamoDBError: SerializationException if its JSON does not fit, else ValidationException.
    """
    try:
        if not shape.fits(body):
            shape.check(body, deep=False)
            refuse_wrongs(shape.wrongs(body))
        return parse(body)
    except DynamoDBError as error:
        if error.kind == VALIDATION:
            shape.check(body, deep=True)  # A misfit anywhere is told first.
        raise


@data
class Clauses:
    """The expressions that come with an action, and what their placeholders stand for."""

    condition: str | None
    update: str | None
    names: Names
    values: Values
    old_on_failure: bool
    is_legacy: bool = False  # Made of the parameters that were there before expressions.


NO_CLAUSES = Clauses(None, None, NOTHING, NOTHING, old_on_failure=False)
CLAUSES = frozenset(
    {
        "ConditionExpression",
        "UpdateExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValuesOnConditionCheckFailure",
    }
)


def clauses(body: Body, options: RouterOptions, *, updates: bool = False) -> Clauses:
    """Read and check the expressions of one action; only one that `updates` has an update."""
    if body.keys().isdisjoint(CLAUSES):
        return NO_CLAUSES
    condition = body.get("ConditionExpression")
    update = body.get("UpdateExpression") if updates else None
    names = body.get("ExpressionAttributeNames") or NOTHING
    values = body.get("ExpressionAttributeValues")
    read_values = expression_values(values, names) if values else NOTHING
    if condition is not None or update is not None:
        refuse_empty(body.get("ExpressionAttributeNames"), values)
        check(
            {"UpdateExpression": update, "ConditionExpression": condition},
            names,
            read_values,
            allow_reserved=options.allow_reserved_words,
        )
    return Clauses(
        condition,
        update,
        names,
        read_values,
        body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
    )


def expression_values(json: Any, names: Names) -> Values:
    """Read what the value placeholders stand for; raises ValidationException, as it is used."""
    try:
        return values_from_json(json)
    except DynamoDBError as error:
        if error.kind == VALIDATION:
            check_placeholders(names, json)  # Which are judged before what they stand for.
        raise


def legacy_clauses(body: Body) -> Clauses:
    """Read what one action says in the old parameters, as the expressions that say the same."""
    minted = Placeholders()
    condition = legacy.condition(body, minted)
    update = legacy.update(body.get("AttributeUpdates") or NOTHING, minted)
    old_on_failure = body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Clauses(condition, update, minted.names, minted.values, old_on_failure, is_legacy=True)


@data
class PutDraft:
    """A Put whose table is not known yet."""

    table: str
    item: Item
    clauses: Clauses
    return_values: str = "NONE"

    def on(self, table_id: TableId, schema: KeySchema) -> Put:
        key, given = keys.key_of_item(schema, self.item), self.clauses
        return Put(
            table_id,
            key,
            self.item,
            given.condition,
            given.names,
            given.values,
            given.old_on_failure,
        )


@data
class UpdateDraft:
    """An Update whose table is not known yet."""

    table: str
    key: Item
    clauses: Clauses
    return_values: str = "NONE"

    def on(self, table_id: TableId, schema: KeySchema) -> Update:
        key, given = keys.key_of_request(schema, self.key), self.clauses
        names = keys.key_names(schema)
        if given.update is not None:
            refuse_key_update(given.update, given.names, names)
        return Update(
            table_id,
            key,
            names,
            given.update,
            given.condition,
            given.names,
            given.values,
            given.old_on_failure,
        )


@data
class DeleteDraft:
    """A Delete whose table is not known yet."""

    table: str
    key: Item
    clauses: Clauses
    return_values: str = "NONE"

    def on(self, table_id: TableId, schema: KeySchema) -> Delete:
        key, given = keys.key_of_request(schema, self.key), self.clauses
        return Delete(
            table_id, key, given.condition, given.names, given.values, given.old_on_failure
        )


@data
class GetDraft:
    """A Get whose table is not known yet."""

    table: str
    key: Item
    projection: str | None
    names: Names

    def on(self, table_id: TableId, schema: KeySchema) -> RecordKey:
        return table_id, keys.key_of_request(schema, self.key)


WriteDraft: TypeAlias = PutDraft | UpdateDraft | DeleteDraft


def put_item(body: Body, options: RouterOptions) -> PutDraft:
    def parse(body: Body) -> PutDraft:
        is_legacy = begins(body, ("ConditionExpression",), parameters.LEGACY_CONDITION)
        item = item_from_json(body["Item"])
        return_values = old_or_none(body)
        refuse_oversized(item)
        given = legacy_clauses(body) if is_legacy else clauses(body, options)
        return PutDraft(table_name(body), item, given, return_values)

    return read(parameters.PUT_ITEM, body, parse)


def update_item(body: Body, options: RouterOptions) -> UpdateDraft:
    def parse(body: Body) -> UpdateDraft:
        expressions = ("UpdateExpression", "ConditionExpression")
        is_legacy = begins(body, expressions, parameters.LEGACY_UPDATE)
        key = item_from_json(body["Key"])
        return_values = body.get("ReturnValues") or "NONE"
        given = legacy_clauses(body) if is_legacy else clauses(body, options, updates=True)
        return UpdateDraft(table_name(body), key, given, return_values)

    return read(parameters.UPDATE_ITEM, body, parse)


def delete_item(body: Body, options: RouterOptions) -> DeleteDraft:
    def parse(body: Body) -> DeleteDraft:
        is_legacy = begins(body, ("ConditionExpression",), parameters.LEGACY_CONDITION)
        key = item_from_json(body["Key"])
        return_values = old_or_none(body)
        given = legacy_clauses(body) if is_legacy else clauses(body, options)
        return DeleteDraft(table_name(body), key, given, return_values)

    return read(parameters.DELETE_ITEM, body, parse)


def get_item(body: Body, options: RouterOptions) -> GetDraft:
    def parse(body: Body) -> GetDraft:
        is_legacy = begins(body, ("ProjectionExpression",), parameters.LEGACY_PROJECTION)
        table, key = table_name(body), body["Key"]
        return get_draft(table, key, body, options, is_legacy=is_legacy)

    return read(parameters.GET_ITEM, body, parse)


def begins(body: Body, expressions: tuple[str, ...], old: Mapping[str, object]) -> bool:
    """Say whether a request is of the time before expressions, and refuse one of both times.

    Raises:
        DynamoDBError: ValidationException, also for placeholders that nobody can use.
    """
    is_legacy = not body.keys().isdisjoint(old)
    if is_legacy:
        legacy.refuse_mixed(body, old, expressions)
    check_placeholders_given(body, expressions)
    return is_legacy and any(body.get(name) is not None for name in old)


def get_draft(
    table: str, key: Any, body: Body, options: RouterOptions, *, is_legacy: bool = False
) -> GetDraft:
    """Read a key, and the projection that stands beside it."""
    projection, names = legacy_projection(body) if is_legacy else projection_of(body, options)
    return GetDraft(table, item_from_json(key), projection, names)


def legacy_projection(body: Body) -> tuple[str, Names]:
    minted = Placeholders()
    return legacy.projection(body["AttributesToGet"], minted), minted.names


def projection_of(body: Body, options: RouterOptions) -> tuple[str | None, Names]:
    projection = body.get("ProjectionExpression")
    names = body.get("ExpressionAttributeNames") or NOTHING
    if projection is not None:
        check(
            {"ProjectionExpression": projection},
            names,
            NOTHING,
            allow_reserved=options.allow_reserved_words,
        )
    return projection, names


def check_placeholders_given(body: Body, expressions: tuple[str, ...]) -> None:
    check_given(
        {what: body.get(what) for what in expressions},
        body.get("ExpressionAttributeNames"),
        body.get("ExpressionAttributeValues"),
    )


def old_or_none(body: Body) -> str:
    return_values: str = body.get("ReturnValues") or "NONE"
    if return_values not in ("ALL_OLD", "NONE"):
        raise validation("ReturnValues can only be ALL_OLD or NONE")
    return return_values


def whole_number(body: Body, name: str) -> int | None:
    """Read an integer; JSON may write it as 3.0, too."""
    number = body.get(name)
    return None if number is None else as_integer(number)


def refuse_oversized(item: Item) -> None:
    if size_bytes(item) > ITEM_SIZE_BYTES_MAX:
        raise validation(ITEM_TOO_LARGE)


def table_name(body: Body) -> str:
    return table_called(body["TableName"])


def refuse_key_update(text: str, names: Names, key_names: tuple[str, ...]) -> None:
    for name in updated_attributes(text, names):
        if name in key_names:
            raise invalid_parameter(
                f"Cannot update attribute {name}. This attribute is part of the key"
            )
