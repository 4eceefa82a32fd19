"""Operations as a script writes them, and their answers: `write put(a, 1) check(b if missing)`.

write put(a, 1) update(a, 1) delete(a) check(a)     one to many of them: a transaction
read a b · get a · put a 1 · update a 1 · delete a
add(a, 1) · add a 1         an update that counts as well, and alone tells what it has left: so
                            nothing that is applied twice goes unseen
⟨any action⟩ if missing · if exists · if = 1        its condition
… if = 1 showing            and the item is to be shown if that fails
… [token=T call=C via=c2]                           at the end: which token, call, coordinator
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sim.history import Operation

Spec = dict[str, Any]
PlaceOf = Callable[[str], Spec]  # From an item's letter to its TableName and Key.

KINDS = {
    "put": "Put",
    "update": "Update",
    "add": "Update",
    "delete": "Delete",
    "check": "ConditionCheck",
}
OPERATIONS = ("write", "read", "get", "put", "update", "add", "delete")
LEAVE_A_VALUE = ("put", "update", "add")
CONDITIONS = {"missing": "attribute_not_exists(#k)", "exists": "attribute_exists(#k)"}
FORMS = "'if missing', 'if exists' and 'if = 1'"
ACTION = re.compile(r"\s*(\w+)\(([^()]*)\)")


class ScriptError(ValueError):
    """A line that is no command, or cannot be carried out."""


def table(name: str, units: int = 0) -> Spec:
    """Return the request that makes a table for a script's items, provisioned or on demand."""
    throughput = {"ReadCapacityUnits": units, "WriteCapacityUnits": units}
    return {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "BillingMode": "PROVISIONED" if units else "PAY_PER_REQUEST",
        **({"ProvisionedThroughput": throughput} if units else {}),
    }


def split_options(text: str, known: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Take the options in brackets off a request's end."""
    found = re.fullmatch(r"(.*?) *\[([^\[\]]*)\]", text)
    if not found:
        return text, {}
    return found[1], options(found[2], known)


def options(text: str, known: tuple[str, ...]) -> dict[str, str]:
    """Read `name=value name=value`."""
    given = {}
    for part in text.split():
        name, is_set, value = part.partition("=")
        if not is_set or not value:
            raise ScriptError(f"an option is like name=value, not {part!r}")
        if name not in known:
            raise ScriptError(f"no option here: {name!r}; there are {', '.join(known)}")
        given[name] = value
    return given


def request(verb: str, text: str, place_of: PlaceOf) -> tuple[str, Spec]:
    """Return the API's name for what is asked, and the request's body."""
    if verb == "write":
        return "TransactWriteItems", {"TransactItems": list(_entries(text, place_of))}
    if verb == "read":
        gets = [{"Get": place_of(letter)} for letter in text.split()]
        if not gets:
            raise ScriptError("a read transaction reads something")
        return "TransactGetItems", {"TransactItems": gets}
    if verb == "get":
        return "GetItem", place_of(text)
    if verb in (*LEAVE_A_VALUE, "delete"):
        letter, _, rest = text.partition(" ")
        comma = ", " if rest and not rest.startswith("if ") else " "
        ((kind, spec),) = _entry(verb, f"{letter}{comma}{rest}", place_of).items()
        if verb == "add":
            spec["ReturnValues"] = "ALL_NEW"
        return f"{kind}Item", spec
    raise ScriptError(f"no operation: {verb!r}; there are {', '.join(OPERATIONS)}")


def answered(operation: Operation) -> str:
    """Say in a phrase what a client was told."""
    if operation.outcome == "unknown":
        return f"unknown {operation.error}".strip()
    if operation.error:
        codes = ", ".join(_reason(reason) for reason in operation.reasons)
        return f"{operation.error} [{codes}]" if codes else operation.error
    answer = operation.answer
    if operation.name == "TransactGetItems":
        return ", ".join(_value(one.get("Item")) for one in answer["Responses"])
    if operation.name == "GetItem":
        return _value(answer.get("Item"))
    return "committed" if operation.name == "TransactWriteItems" else "ok"


def _entries(text: str, place_of: PlaceOf) -> list[Spec]:
    entries, place = [], 0
    while found := ACTION.match(text, place):
        entries.append(_entry(found[1], found[2], place_of))
        place = found.end()
    if not entries or text[place:].strip():
        raise ScriptError(f"no actions: {text[place:].strip() or text!r}; {_form(text[place:])}")
    return entries


def _form(rest: str) -> str:
    """Say in which form that is written which stands where an action is to stand."""
    rest = rest.strip()
    if rest.startswith(","):
        return "actions are parted by blanks, as in put(a, 1) put(d, 2)"
    if rest.startswith("if "):
        return f"a condition stands inside its action, as in delete(a {rest})"
    return "a write transaction is like write put(a, 1) delete(d)"


def _entry(verb: str, inside: str, place_of: PlaceOf) -> Spec:
    """Read `put(a, 1 if missing)` and the like as an entry of TransactItems."""
    if verb not in KINDS:
        raise ScriptError(f"no action: {verb!r}; there are {', '.join(KINDS)}")
    what, _, condition = f"{inside} ".partition(" if ")
    letter, comma, value = (part.strip() for part in what.partition(","))
    if bool(comma) != (verb in LEAVE_A_VALUE) or bool(comma) != bool(value):
        needs = "a value" if verb in LEAVE_A_VALUE else "none"
        raise ScriptError(f"{verb} takes {needs}, as in {_example(verb)}: {inside.strip()!r}")
    if verb == "check" and not condition:
        raise ScriptError(f"a check has a condition, as in {_example(verb)}: {inside.strip()!r}")
    spec = place_of(letter)
    names: dict[str, str] = {}
    values: Spec = {}
    if verb == "put":
        spec["Item"] = {**spec.pop("Key"), "value": {"S": value}}
    elif verb in LEAVE_A_VALUE:
        spec["UpdateExpression"] = _update(verb, value, names, values)
    condition, shows, _ = f"{condition} ".partition(" showing ")
    if shows:
        spec["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if condition.strip():
        spec["ConditionExpression"] = _condition(condition.strip(), names, values)
    if names:
        spec["ExpressionAttributeNames"] = names
    if values:
        spec["ExpressionAttributeValues"] = values
    return {KINDS[verb]: spec}


def _example(verb: str) -> str:
    """Return an action in its right form, in a transaction and by itself."""
    if verb == "check":
        return "check(a if = 1)"
    return f"{verb}(a, 1) or {verb} a 1" if verb in LEAVE_A_VALUE else f"{verb}(a) or {verb} a"


def _update(verb: str, value: str, names: dict[str, str], values: Spec) -> str:
    names["#v"], values[":new"] = "value", {"S": value}
    if verb == "update":
        return "SET #v = :new"
    names["#times"], values[":one"] = "times", {"N": "1"}
    return "SET #v = :new ADD #times :one"


def _condition(condition: str, names: dict[str, str], values: Spec) -> str:
    equals, _, old = condition.partition(" ")
    if equals == "=" and old:
        names["#v"], values[":old"] = "value", {"S": old}
        return "#v = :old"
    if condition not in CONDITIONS:
        raise ScriptError(f"no condition: {condition!r}; there are {FORMS}")
    names["#k"] = "key"
    return CONDITIONS[condition]


def _reason(reason: Mapping[str, Any]) -> str:
    shown = f" of {_value(reason['Item'])}" if "Item" in reason else ""
    return f"{reason['Code']}{shown}"


def _value(item: Mapping[str, Any] | None) -> str:
    return "nothing" if not item else str(item["value"]["S"])
