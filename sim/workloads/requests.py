"""Requests as an SDK would send them, from the parts in which one differs from another.

An action is written once and asked for in either of two ways: with others in a write transaction,
or alone, as a singleton.  What a client may ask for or leave out - to see the item that failed a
condition, what a singleton replaced, a consistent read - is drawn here, so that every workload has
a share of each.  Nothing here knows a workload's tables.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.workload import Json, Session

Plain: TypeAlias = Mapping[str, Any]  # Attributes as Python has them: texts, whole numbers, lists.
Act: TypeAlias = Callable[[Session], Awaitable[None]]

SINGLETONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
RETURNED = {"Put": "ALL_OLD", "Update": "UPDATED_NEW", "Delete": "ALL_OLD"}
SHOWS_FAILED = 0.25  # How often a client wants to see the item that failed a condition …
WANTS_VALUES = 0.25  # … and what its singleton replaced or left.
READS_CONSISTENTLY = 0.5


class ItemKey(NamedTuple):
    """An item's key with its table: the item may be there or not."""

    table: str
    attributes: Json


class Action(NamedTuple):
    """One action: its kind and its parameters, in a transaction's list as in a singleton."""

    kind: str  # Put, Update, Delete, ConditionCheck.
    parameters: Json


def put(
    key: ItemKey, attributes: Plain, *, condition: str | None = None, values: Plain | None = None
) -> Action:
    table, item = item_at(key, attributes)
    return Action("Put", _with({"TableName": table, "Item": item}, condition, values))


def update(
    key: ItemKey,
    expression: str,
    values: Plain,
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Action:
    given = {"TableName": key.table, "Key": key.attributes, "UpdateExpression": expression}
    return Action("Update", _with(given, condition, values, names))


def delete(key: ItemKey, *, condition: str | None = None, values: Plain | None = None) -> Action:
    given = {"TableName": key.table, "Key": key.attributes}
    return Action("Delete", _with(given, condition, values))


def check(
    key: ItemKey,
    condition: str,
    values: Plain | None = None,
    *,
    names: Mapping[str, str] | None = None,
) -> Action:
    given = {"TableName": key.table, "Key": key.attributes}
    return Action("ConditionCheck", _with(given, condition, values, names))


def item_at(key: ItemKey, attributes: Plain) -> tuple[str, Json]:
    """Write an item with its table's name."""
    return key.table, {**key.attributes, **typed_attributes(attributes)}


def create_table(name: str, key: str) -> Json:
    """Write the CreateTable request of a table whose items have one text for a key."""
    return {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


async def write(session: Session, *actions: Action) -> Operation:
    """Ask for a write transaction."""
    return await session.ask(
        WRITE_TRANSACTION,
        {"TransactItems": [{kind: _shown(session, given)} for kind, given in actions]},
    )


async def write_alone(session: Session, action: Action) -> Operation:
    """Ask for one action by itself."""
    parameters = _shown(session, action.parameters)
    if session.happens(WANTS_VALUES):
        parameters = {**parameters, "ReturnValues": RETURNED[action.kind]}
    return await session.ask(SINGLETONS[action.kind], parameters)


async def read(session: Session, *keys: ItemKey) -> list[Plain | None] | None:
    """Ask for a read transaction; None if there is no answer, or in the place of no item."""
    gets = [{"Get": {"TableName": table, "Key": key}} for table, key in keys]
    operation = await session.ask(READ_TRANSACTION, {"TransactItems": gets})
    responses: Sequence[Json] | None = operation.answer.get("Responses")
    return None if responses is None else [_plain_item(response) for response in responses]


async def get(session: Session, key: ItemKey, *, consistent: bool | None = None) -> Plain | None:
    """Ask for one item, consistently or not, as drawn unless it is said."""
    request: dict[str, Any] = {"TableName": key.table, "Key": key.attributes}
    if session.happens(READS_CONSISTENTLY) if consistent is None else consistent:
        request["ConsistentRead"] = True
    return _plain_item((await session.ask("GetItem", request)).answer)


async def page_by_page(session: Session, operation: str, request: Json, *, pages_max: int) -> None:
    """Look at the pages of a Query or a Scan, one after another, up to so many."""
    for _ in range(pages_max):
        page = (await session.ask(operation, request)).answer
        if "LastEvaluatedKey" not in page:
            break
        request = {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]}


async def act_one_of(session: Session, *acts: tuple[int, Act]) -> None:
    """Draw one of these by its weight and do it; the first one is the calm choice."""
    drawn = session.pick(sum(weight for weight, _ in acts))
    for weight, act in acts:
        if drawn < weight:
            return await act(session)
        drawn -= weight
    raise AssertionError("what is drawn lies below the sum of all weights")


def pick_several(session: Session, count: int, bound: int) -> list[int]:
    """Draw `count` different ones of 0 … bound - 1."""
    assert count <= bound
    drawn: list[int] = []
    moved: dict[int, int] = {}  # As if all were in a list, and each one drawn swapped to its front.
    for place in range(count):
        other = place + session.pick(bound - place)
        drawn.append(moved.get(other, other))
        moved[other] = moved.get(place, place)
    return drawn


def typed_attributes(attributes: Plain) -> dict[str, Json]:
    return {name: typed(value) for name, value in attributes.items()}


def typed(value: Any) -> Json:
    """Write a Python value as DynamoDB JSON."""
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is int:
        return {"N": str(value)}
    if kind is bool:
        return {"BOOL": value}
    assert kind is list, f"no workload writes a {kind.__name__}"
    return {"L": [typed(element) for element in value]}


def plain(value: Json) -> Any:
    """Read DynamoDB JSON as `typed` writes it."""
    (kind,) = value
    content = value[kind]
    if kind == "N":
        return int(content)
    return [plain(element) for element in content] if kind == "L" else content


def _plain_item(answer: Json) -> Plain | None:
    item = answer.get("Item")
    return None if item is None else {name: plain(value) for name, value in item.items()}


def _with(
    given: dict[str, Any],
    condition: str | None,
    values: Plain | None,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Add the expressions of an action to its other parameters."""
    if condition is not None:
        given["ConditionExpression"] = condition
    if names:
        given["ExpressionAttributeNames"] = dict(names)
    if values:
        given["ExpressionAttributeValues"] = typed_attributes(values)
    return given


def _shown(session: Session, parameters: Json) -> Json:
    if "ConditionExpression" in parameters and session.happens(SHOWS_FAILED):
        return {**parameters, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return parameters
