"""Which permissions a request needs, and whether its principal has them.

Each operation needs the action of its name on its table; many items need it on each table that
they are in.  A transaction needs no permission of its own: each of its actions needs the one that
it would need alone, and with one that is not allowed the whole request is refused, before anybody
hears of any of it.

Names are read from the body as it came, before anything else is judged: who may not touch a table
is not told whether there is one.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from items.errors import ACCESS_DENIED, UNRECOGNIZED_CLIENT, DynamoDBError
from items.json_shapes import ARRAYS
from items.limits import TRANSACTION_ACTIONS_MAX
from router import parameters, stream_parameters, table_parameters
from router.policies import Decision, Permissions, Principal
from router.requests import read
from router.responses import ARN_PREFIX
from router.shapes import Body, Shape, Structure
from router.stream_iterators import MARK
from router.table_names import TABLE, table_called

Need: TypeAlias = tuple[str, str]  # An action, as in dynamodb:PutItem, and the ARN of a resource.

OURSELVES = (
    "$ourselves"  # Calls under this name finish what was left unfinished; no key is like it.
)
NAMED_LENGTH_MAX = 2_048  # A shard iterator's: nothing else that names a resource is so long.
EVERYTHING = "*"  # The resource of what is about no single table.
ABOUT_NO_TABLE = frozenset({"ListTables", "ListStreams", "DescribeLimits", "DescribeEndpoints"})
# What each action of a transaction needs, by its name in the request.
OF_ACTIONS = {
    "TransactWriteItems": {
        "ConditionCheck": "dynamodb:ConditionCheckItem",
        "Put": "dynamodb:PutItem",
        "Delete": "dynamodb:DeleteItem",
        "Update": "dynamodb:UpdateItem",
    },
    "TransactGetItems": {"Get": "dynamodb:GetItem"},
}
OF_BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})
INDEXED = frozenset({"Query", "Scan"})
OF_STREAMS = frozenset({"DescribeStream", "GetShardIterator"})
OF_TAGS = frozenset({"TagResource", "UntagResource", "ListTagsOfResource"})
# Who does not say what it is about is told so as everybody else.
ONE_TABLE = Structure("TableInput", {"TableName": TABLE}, ("TableName",))
SHAPES: dict[str, Shape] = {
    "PutItem": parameters.PUT_ITEM,
    "UpdateItem": parameters.UPDATE_ITEM,
    "DeleteItem": parameters.DELETE_ITEM,
    "GetItem": parameters.GET_ITEM,
    "Query": parameters.QUERY,
    "Scan": parameters.SCAN,
    "BatchGetItem": parameters.BATCH_GET_ITEM,
    "BatchWriteItem": parameters.BATCH_WRITE_ITEM,
    "TransactWriteItems": parameters.transact_write_items(TRANSACTION_ACTIONS_MAX),
    "TransactGetItems": parameters.transact_get_items(TRANSACTION_ACTIONS_MAX),
    "DescribeStream": stream_parameters.DESCRIBE_STREAM,
    "GetShardIterator": stream_parameters.GET_SHARD_ITERATOR,
    "GetRecords": stream_parameters.GET_RECORDS,
    "TagResource": table_parameters.TAG_RESOURCE,
    "UntagResource": table_parameters.UNTAG_RESOURCE,
    "ListTagsOfResource": table_parameters.LIST_TAGS,
}


class UnreadableError(Exception):
    """A body that does not say which resource it is about, or at greater length than any has."""


def refuse_unless_allowed(
    permissions: Permissions, caller: str, operation: str, body: Body
) -> None:
    """Refuse a request of which any part is not allowed to whoever sent it.

    Raises:
        DynamoDBError: AccessDeniedException for the first part that is not; what is wrong with the
            request itself if it does not say what it is about.
    """
    if caller == OURSELVES:
        return
    principal = permissions.principals.get(caller)
    if principal is None:
        raise DynamoDBError(UNRECOGNIZED_CLIENT)
    try:
        needed = dict.fromkeys(needs(operation, body))
    except UnreadableError:  # What is wrong with its shape is told first, if that is the reason.
        read(SHAPES.get(operation, ONE_TABLE), body, _nothing)
        needed = {(f"dynamodb:{operation}", EVERYTHING): None}  # Only who may do it everywhere.
    for action, resource in needed:
        refuse_unless(principal, action, resource)


def refuse_unless(principal: Principal, action: str, resource: str) -> None:
    decision = principal.decide(action, resource)
    if decision is Decision.ALLOWED:
        return
    because = f"because no identity-based policy allows the {action} action"
    if decision is Decision.DENIED:
        because = "with an explicit deny in an identity-based policy"
    raise DynamoDBError(
        ACCESS_DENIED,
        f"User: {principal.arn} is not authorized to perform: {action}"
        f" on resource: {resource} {because}",
    )


def needs(operation: str, body: Body) -> Iterator[Need]:
    """Say what a request needs, in its own order.

    Raises:
        UnreadableError
    """
    action = f"dynamodb:{operation}"
    if operation in OF_ACTIONS:
        yield from _needs_of_actions(OF_ACTIONS[operation], body)
    elif operation in OF_BATCHES:
        tables = body.get("RequestItems")
        if not isinstance(tables, dict):
            raise UnreadableError
        for named in tables:
            yield action, table_arn(_short(named))
    elif operation in ABOUT_NO_TABLE:
        yield action, EVERYTHING
    else:
        yield action, _resource(operation, body)
        if operation == "CreateTable" and body.get("Tags"):
            yield "dynamodb:TagResource", _resource(operation, body)


def _needs_of_actions(kinds: dict[str, str], body: Body) -> Iterator[Need]:
    entries = body.get("TransactItems")
    if not isinstance(entries, ARRAYS):
        raise UnreadableError
    for entry in entries:
        if not isinstance(entry, dict):
            raise UnreadableError
        for kind, action in kinds.items():
            if entry.get(kind) is not None:
                yield action, table_arn(_text(entry[kind], "TableName"))


def _resource(operation: str, body: Body) -> str:
    """Find the one resource that a request is about, where its operation will look for it.

    What else the body names is ignored there, and here: it would open whatever is allowed.
    """
    if operation in OF_STREAMS:
        return stream_arn(_text(body, "StreamArn"))
    if operation == "GetRecords":  # The stream's ARN, and then where in it.
        return stream_arn(_text(body, "ShardIterator").partition(MARK)[0])
    if operation in OF_TAGS:
        return table_arn(_text(body, "ResourceArn"))
    table = table_arn(_text(body, "TableName"))
    if operation in INDEXED and body.get("IndexName") is not None:
        return f"{table}/index/{_text(body, 'IndexName')}"
    return table


def table_arn(named: str) -> str:
    """Give the ARN of what is named, whatever account and region an ARN says it is in."""
    return ARN_PREFIX + table_called(named)


def stream_arn(named: str) -> str:
    """Give the ARN of a stream as its operations understand it."""
    table, mark, label = named.partition("/stream/")
    return table_arn(table) + mark + label


def _text(body: Any, key: str) -> str:
    value = body.get(key) if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise UnreadableError
    return _short(value)


def _short(named: str) -> str:
    if len(named) > NAMED_LENGTH_MAX:
        raise UnreadableError
    return named


def _nothing(_: Body) -> None:
    """Want nothing of a body but that its shape is right."""
