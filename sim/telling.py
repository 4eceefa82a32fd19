"""One operation in words: what was asked of which item, what was answered, and why.

Requests and answers are read as clients wrote and saw them, in DynamoDB's JSON; a request that
makes no sense is told as far as it goes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from items.data import data
from items.to_json import base64_text
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation

Json: TypeAlias = Mapping[str, Any]
Schemas: TypeAlias = Mapping[str, tuple[str, ...]]  # The key's attributes, by table name.

EXPRESSION_MAX = 48  # Characters; longer ones are cut.
VALUE_MAX = 24  # Where nothing else is asked for.
NOTHING_WRONG = "nothing was wrong with it"


@data
class Part:
    """What was asked of one item, and what was answered about it."""

    table: str
    key: str
    asked: str
    condition: str  # Under which it was asked; empty if under none.
    answered: str
    blamed: bool  # It is a reason why the operation did not go ahead.


def schemas_of(tables: Iterable[Json]) -> Schemas:
    """Read the keys' attributes out of CreateTable requests."""
    return {
        table["TableName"]: tuple(entry["AttributeName"] for entry in table["KeySchema"])
        for table in tables
    }


def parts_of(operation: Operation, schemas: Schemas) -> list[Part]:
    """Tell an operation item by item, in the request's order."""
    parts = []
    for n, (verb, body) in enumerate(actions_of(operation)):
        table, key = table_of(body), key_of(body, schemas)
        condition = "ConditionExpression"
        parts.append(
            Part(
                table,
                key,
                asked(verb, body, table, key),
                f"if {expression(body, condition)}" if condition in body else "",
                *answer_about(operation, n, schemas.get(table, ())),
            )
        )
    return parts


def error_of(operation: Operation) -> str:
    """Tell why an operation did not go ahead where no item was the reason; empty if one was."""
    if operation.status == 0:
        return "no answer: it may have happened, or not"
    if not operation.error or operation.reasons:
        return ""
    said = operation.answer.get("message", operation.answer.get("Message", ""))
    unknown = " (it may have happened, or not)" if operation.is_unknown else ""
    return f"{operation.error}: {said}{unknown}" if said else f"{operation.error}{unknown}"


def outcome_of(operation: Operation) -> str:
    """Say how it ended; 'committed' and 'cancelled' are for transactions."""
    if operation.is_transaction or operation.is_unknown:
        return operation.outcome
    return "refused" if operation.error else "done"


# What was asked ----------------------------------------------------------------------------------


def actions_of(operation: Operation) -> list[tuple[str, Json]]:
    """Return each action or item of a request with its verb."""
    request = operation.request
    if operation.name in (WRITE_TRANSACTION, READ_TRANSACTION):
        return [pair for entry in request.get("TransactItems", ()) for pair in entry.items()]
    return [("", request)]  # The operation says it itself.


def asked(verb: str, body: Json, table: str, key: str) -> str:
    words = ["Check" if verb == "ConditionCheck" else verb, table, key]
    if "UpdateExpression" in body:
        words.append(expression(body, "UpdateExpression"))
    if "KeyConditionExpression" in body:
        words += ["where", expression(body, "KeyConditionExpression")]
    if body.get("IndexName"):
        words.append(f"({body['IndexName']})")
    if body.get("ConsistentRead"):
        words.append("(consistent)")
    return " ".join(word for word in words if word)


def table_of(body: Json) -> str:
    return str(body.get("TableName", ""))


def key_of(body: Json, schemas: Schemas) -> str:
    """Tell the key that an action names, or that its item has."""
    named = body.get("Key")
    if named is None:
        item = body.get("Item", {})
        names = schemas.get(table_of(body), ())
        return "/".join(value_of(item[name]) for name in names if name in item)
    return "/".join(value_of(value) for value in named.values())


def expression(body: Json, name: str) -> str:
    """Write an expression with its names and values in their places."""
    names = body.get("ExpressionAttributeNames", {})
    values = body.get("ExpressionAttributeValues", {})

    def filled(match: re.Match[str]) -> str:
        found = match.group()
        if found in values:
            kind = next(iter(values[found]), "")
            told = value_of(values[found])
            return f"'{told}'" if kind == "S" else told
        return str(names.get(found, found))

    return cut(re.sub(r"[#:]\w+", filled, str(body[name])), EXPRESSION_MAX)


# What was answered -------------------------------------------------------------------------------


def answer_about(operation: Operation, n: int, key_names: Sequence[str]) -> tuple[str, bool]:
    """Tell the answer for the n-th item, and whether that item is to blame."""
    reasons, answer = operation.reasons, operation.answer
    if n < len(reasons):
        reason = reasons[n]
        return told_reason(reason, key_names), reason["Code"] != "None"
    if operation.error or operation.status == 0:
        return "", False
    found: Sequence[Json] = answer.get("Responses", ())
    if operation.name == READ_TRANSACTION and n < len(found):
        return told_item(found[n].get("Item"), key_names), False
    if operation.name == "GetItem":
        return told_item(answer.get("Item"), key_names), False
    if "Attributes" in answer:
        return told_item(answer["Attributes"], key_names), False
    return "", False


def told_reason(reason: Json, key_names: Sequence[str]) -> str:
    if reason["Code"] == "None":
        return f"None - {NOTHING_WRONG}"
    item = f"; the item: {told_item(reason['Item'], key_names)}" if "Item" in reason else ""
    return f"{reason['Code']} - {reason.get('Message', '')}{item}"


def told_item(item: Json | None, key_names: Sequence[str], most: int = VALUE_MAX) -> str:
    """Tell an item's attributes, without those of its key, which was asked for.

    What is longer than `most` characters is cut, value by value.
    """
    if not item:
        return "no item"
    told = [f"{name} {value_of(item[name], most)}" for name in item if name not in key_names]
    return ", ".join(told) or "nothing but its key"


def value_of(value: Json, most: int = VALUE_MAX) -> str:
    """Write a value of DynamoDB's JSON without its type."""
    ((kind, content),) = value.items()
    match kind:
        case "L":
            told = f"[{', '.join(value_of(element, most) for element in content)}]"
        case "M":
            told = f"{{{told_item(content, (), most) if content else ''}}}"
        case "SS" | "NS":
            told = f"{{{', '.join(content)}}}"
        case "B":
            told = content if isinstance(content, str) else base64_text(content)
        case "BS":
            told = f"{{{len(content)} binaries}}"
        case "BOOL":
            told = "true" if content else "false"
        case "NULL":
            told = "null"
        case _:
            told = str(content)
    return cut(told, most)


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
