"""Requests about several items at once: TransactWriteItems and TransactGetItems.

Three kinds of wrong (api.md has them from recorded answers).  What is wrong with the request as a
whole is a ValidationException.  A key that does not fit its table is that action's own fault: the
transaction is cancelled, the first such action is told why, and nobody else was asked anything.
What only the item shows is found out where the item is.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TypeAlias, TypeVar

from items import keys
from items.actions import Action, Check, Put
from items.data import data
from items.errors import (
    NESTING_TOO_DEEP,
    NONE,
    DynamoDBError,
    cancelled,
    validation,
    validation_reason,
)
from items.keys import KeySchema
from items.limits import ITEM_SIZE_BYTES_MAX, TRANSACTION_SIZE_BYTES_MAX
from items.typed_json import item_from_json
from items.values import Item, size_bytes
from network.ids import TableId
from network.messages import RecordKey
from router import parameters
from router.canonical import canonical_json
from router.definitions import Table
from router.options import RouterOptions
from router.requests import (
    Clauses,
    DeleteDraft,
    GetDraft,
    PutDraft,
    UpdateDraft,
    clauses,
    get_draft,
    read,
    refuse_oversized,
    table_name,
)
from router.shapes import Body

PAYLOAD_TOO_LARGE = "Transaction payload size cannot exceed 4MB. Payload Size: "
SAME_ITEM_TWICE = "Transaction request cannot include multiple operations on one item"
TWO_ACTIONS_IN_ONE = "TransactItems can only contain one of Check, Put, Update or Delete"
NO_ACTION = "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
EMPTY_KEY = "One or more parameter values are not valid."  # Wrong with the request as a whole.
FINGERPRINT_BYTES = 16
ITEMS_NEVER_TOO_LARGE = TRANSACTION_SIZE_BYTES_MAX // ITEM_SIZE_BYTES_MAX


@data
class CheckDraft:
    """A ConditionCheck whose table is not known yet."""

    table: str
    key: Item
    clauses: Clauses

    def on(self, table_id: TableId, schema: KeySchema) -> Check:
        key, given = keys.key_of_request(schema, self.key), self.clauses
        assert given.condition is not None, "a constraint of its parameters"
        return Check(
            table_id, key, given.condition, given.names, given.values, given.old_on_failure
        )


@data
class TooDeepDraft:
    """A Put of an item with too many levels, which is told as that action's fault.

    Outside of transactions, and for all else that is wrong with an item, it is the request's.
    """

    table: str

    def on(self, _: TableId, __: KeySchema) -> Put:
        raise validation(NESTING_TOO_DEEP)


ActionDraft: TypeAlias = CheckDraft | PutDraft | UpdateDraft | DeleteDraft | TooDeepDraft


@data
class WriteTransactionDraft:
    """A TransactWriteItems whose tables are not known yet."""

    token: str | None
    fingerprint: bytes
    actions: tuple[ActionDraft, ...]


def transact_write_items(body: Body, options: RouterOptions) -> WriteTransactionDraft:
    def parse(body: Body) -> WriteTransactionDraft:
        entries = body["TransactItems"]
        drafts = tuple([action_draft(entry, options) for entry in entries])
        payload = canonical_json(entries)
        if len(payload) > TRANSACTION_SIZE_BYTES_MAX:
            raise too_large(len(payload))
        if len(payload) > ITEM_SIZE_BYTES_MAX:  # An item is no larger than the JSON that it is in.
            for draft in drafts:
                if isinstance(draft, PutDraft):
                    refuse_oversized(draft.item)
        fingerprint = blake2b(payload, digest_size=FINGERPRINT_BYTES).digest()
        return WriteTransactionDraft(body.get("ClientRequestToken"), fingerprint, drafts)

    shape = parameters.transact_write_items(options.transaction_actions_max)
    return read(shape, body, parse)


def refuse_too_much(items: Sequence[Item | None]) -> None:
    """Refuse a read transaction of more than 4 MB of items, however little of them is asked for.

    The service's documentation says so (API_TransactGetItems); its words are the write's.
    """
    if len(items) > ITEMS_NEVER_TOO_LARGE:
        total = sum([size_bytes(item) for item in items if item is not None])
        if total > TRANSACTION_SIZE_BYTES_MAX:
            raise too_large(total)


def too_large(size: int) -> DynamoDBError:
    return validation(f"{PAYLOAD_TOO_LARGE}: {PAYLOAD_TOO_LARGE}{size}")


def transact_get_items(body: Body, options: RouterOptions) -> tuple[GetDraft, ...]:
    def parse(body: Body) -> tuple[GetDraft, ...]:
        gets = [entry["Get"] for entry in body["TransactItems"]]
        return tuple([get_draft(table_name(get), get["Key"], get, options) for get in gets])

    return read(parameters.transact_get_items(options.transaction_actions_max), body, parse)


def action_draft(entry: Body, options: RouterOptions) -> ActionDraft:
    """Read one entry of TransactItems."""
    present = [kind for kind, body in entry.items() if body is not None and kind in DRAFTS]
    if len(present) != 1:
        raise validation(TWO_ACTIONS_IN_ONE if present else NO_ACTION)
    (kind,) = present
    body = entry[kind]
    try:
        contents = item_from_json(body["Item" if kind == "Put" else "Key"])
    except DynamoDBError as error:
        if kind == "Put" and error.message == NESTING_TOO_DEEP:
            clauses(body, options)
            return TooDeepDraft(table_name(body))
        raise
    given = clauses(body, options, updates=kind == "Update")
    return DRAFTS[kind](table_name(body), contents, given)


def named_tables(body: Body) -> list[str]:
    """Name the table of each entry of TransactItems, as the request names it."""
    return [
        next(one["TableName"] for what in ENTRIES if (one := entry.get(what)) is not None)
        for entry in body["TransactItems"]
    ]


DRAFTS: dict[str, type[CheckDraft | PutDraft | UpdateDraft | DeleteDraft]] = {
    "ConditionCheck": CheckDraft,
    "Put": PutDraft,
    "Update": UpdateDraft,
    "Delete": DeleteDraft,
}
ENTRIES = (*DRAFTS, "Get")


# With the tables' schemas -------------------------------------------------------------------------

Made = TypeVar("Made")


def actions_on(drafts: Sequence[ActionDraft], tables: Sequence[Table]) -> tuple[Action, ...]:
    """Make the actions of a write transaction, each with its table.

    Raises:
        DynamoDBError: TransactionCanceledException for the first action whose key does not fit,
            ValidationException for what is wrong with the whole.
    """
    makers: list[Callable[[TableId, KeySchema], Action]] = [draft.on for draft in drafts]
    actions = all_made(makers, tables)
    refuse_repeated([(action.table, action.key) for action in actions])
    return actions


def keys_on(drafts: Sequence[GetDraft], tables: Sequence[Table]) -> tuple[RecordKey, ...]:
    """Make the keys of a read transaction; raises as `actions_on` does."""
    found = all_made([draft.on for draft in drafts], tables)
    refuse_repeated(found)
    return found


def all_made(
    makers: Sequence[Callable[[TableId, KeySchema], Made]], tables: Sequence[Table]
) -> tuple[Made, ...]:
    made: list[Made] = []
    reasons = [NONE] * len(makers)
    is_wrong = False
    for position, (make, table) in enumerate(zip(makers, tables, strict=True)):
        try:
            made.append(make(table.id, table.schema))
        except DynamoDBError as error:
            if error.message.startswith(EMPTY_KEY):
                raise
            if not is_wrong:
                reasons[position] = validation_reason(error.message)
                is_wrong = True
    if is_wrong:
        raise cancelled(reasons)
    return tuple(made)


def refuse_repeated(record_keys: Sequence[RecordKey]) -> None:
    """Refuse a transaction that names an item twice: its actions have no order (§2.3)."""
    if len(set(record_keys)) < len(record_keys):
        raise validation(SAME_ITEM_TWICE)
