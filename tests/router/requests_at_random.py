"""Requests made from the service's own description: good ones, nearly good ones, and garbage."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from router.table_parameters import UNSUPPORTED
from sim.chance import NamedSite
from tests.router.service_model import Json, input_of, shape_of

GARBAGE_PERCENT = 2
MEMBER_PERCENT = 30  # How many of the members that nothing requires are there.
LIST_LENGTH_MAX = 3

# The good ones first, as many as said; a sober request is made of these alone.
TABLES = (2, "pets", "cars", "ghosts", "", "a b", "x" * 256)
ARNS = (1, "arn:aws:dynamodb:us-east-1:000000000000:table/pets", "pets", "arn:aws:s3:::table/x")
NAMES = (7, "a", "b", "n", "s", "l", "m", "a.b", "pk", "sk", "", "x" * 300)
TEXTS = (4, "a", "b", "rex", "é", "", "x" * 1025, "x" * 2049)
NUMBERS = (5, "0", "1", "2.50", "-3", "1e3", "1e126", "1e-131", "1" * 39, "x", "")
BINARIES = (2, "AA==", "AP8=", "", "A", "QR==")
CONDITIONS = (
    9,
    "attribute_exists(pk)",
    "attribute_not_exists(pk)",
    "#a = :v",
    "a < :n AND NOT b = :v",
    "a BETWEEN :n AND :m",
    "a IN (:v, :n)",
    "begins_with(s, :v) OR size(s) > :n",
    "contains(l, :v)",
    "attribute_type(a, :t)",
    "((a = b))",
    "status = :v",
    "a = ",
    "",
    "size(a)",
    "#undefined = :undefined",
)
UPDATES = (
    8,
    "SET a = :v",
    "SET #a = :n, b = if_not_exists(b, :v)",
    "SET n = n + :n REMOVE s",
    "SET l = list_append(if_not_exists(l, :l), :l)",
    "ADD n :n",
    "ADD n :n DELETE ss :ss",
    "DELETE ss :ss",
    "REMOVE l[0], m.x",
    "SET m.x.y = :v",
    "SET pk = :v",
    "SET a = :v SET b = :v",
    "SET a = :v, a.b = :v",
    "SET a = b + c + d",
    "REMOVE",
    "",
)
KEY_CONDITIONS = (
    4,
    "pk = :v",
    "pk = :v",
    "pk = :v AND sk > :n",
    "pk = :v AND sk BETWEEN :n AND :m",
    "pk = :v AND begins_with(sk, :v)",
    "sk = :n",
    "pk > :v",
    "pk = :v OR sk = :n",
    "pk = sk",
)
PROJECTIONS = (3, "a", "pk, sk", "#a, l[0], m.x", "a, a.b", "a[1", "", "status")
TOKENS = (2, "t1", "t2", "", "x" * 37)
VALUES: Json = {
    ":v": {"S": "a"},
    ":n": {"N": "1"},
    ":m": {"N": "5"},
    ":l": {"L": [{"S": "x"}]},
    ":ss": {"SS": ["x", "y"]},
    ":t": {"S": "S"},
}
LEGACY = (
    *("Expected", "ConditionalOperator", "AttributeUpdates", "AttributesToGet"),
    *("KeyConditions", "QueryFilter", "ScanFilter"),
)
KEYED_TABLE: Json = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
}
UNLUCKY = ("IndexName", "ExclusiveStartKey", "Segment", "TotalSegments", "Select")
SOBER_PERCENT = 60


class Maker:
    """Makes requests; all that it draws comes from one site."""

    def __init__(self, site: NamedSite) -> None:
        self._site, self._sober = site, False
        self._by_shape: dict[str, Callable[[], Any]] = {
            "TableName": lambda: self._pick(TABLES),
            "TableArn": lambda: self._pick(TABLES),
            "ResourceArnString": lambda: self._pick(ARNS),
            "AttributeValue": self._value,
            "Key": self._key,
            "PutItemInputAttributeMap": self._item,
            "AttributeMap": self._item,
            "AttributeName": lambda: self._pick(NAMES),
            "ConditionExpression": lambda: self._pick(CONDITIONS),
            "UpdateExpression": lambda: self._pick(UPDATES),
            "KeyExpression": lambda: self._pick(KEY_CONDITIONS),
            "ProjectionExpression": lambda: self._pick(PROJECTIONS),
            "ExpressionAttributeNameMap": lambda: {"#a": self._pick(NAMES)},
            "ExpressionAttributeValueMap": self._values,
            "ClientRequestToken": lambda: self._pick(TOKENS),
        }

    def request(self, operation: str) -> Json:
        self._sober = self._chance(SOBER_PERCENT)
        body: Json = self._structure(input_of(operation), shape_of(input_of(operation)))
        # What is used is mostly given, and what is given is mostly used.
        if self._sober or self._chance(80):
            for whole in (body, *self._inner_actions(body)):
                self._fit_placeholders(whole)
                if self._sober:
                    self._make_sense(whole)
        if self._sober:
            self._complete(operation, body)
        return body

    def _complete(self, operation: str, body: Json) -> None:
        """Add what the service model does not say is needed, and leave out what is not here."""
        for name in UNSUPPORTED:
            body.pop(name, None)
        if operation == "Query" and "KeyConditions" not in body:
            body["KeyConditionExpression"] = self._pick(KEY_CONDITIONS)
            self._fit_placeholders(body)
        if operation == "CreateTable":
            body.update(KEYED_TABLE)
        if operation in ("CreateTable", "UpdateTable"):
            for name in ("SSESpecification", "StreamSpecification", "BillingMode"):
                body.pop(name, None)

    def _make_sense(self, whole: Json) -> None:
        """Leave out what contradicts the rest, and give keys as the table has them."""
        expressions = [name for name in whole if "Expression" in name]
        old = self._chance(30) and "UpdateExpression" not in whole
        for name in (*(expressions if old else LEGACY), *UNLUCKY):
            whole.pop(name, None)
        for name in ("Key", "Item"):
            if isinstance(whole.get(name), dict):
                whole[name].pop("sk", None)
                if whole.get("TableName") == "cars":
                    whole[name]["sk"] = {"N": self._pick(NUMBERS)}

    def _fit_placeholders(self, whole: Json) -> None:
        used = " ".join([str(one) for name, one in whole.items() if name.endswith("Expression")])
        for name, given in (("Names", {"#a": "a"}), ("Values", VALUES)):
            needed = {key: one for key, one in given.items() if uses(used, key)}
            whole.pop(f"ExpressionAttribute{name}", None)
            if needed:
                whole[f"ExpressionAttribute{name}"] = needed

    def _inner_actions(self, body: Json) -> list[Json]:
        entries = body.get("TransactItems")
        if not isinstance(entries, list):
            return []
        return [
            action
            for entry in entries
            if isinstance(entry, dict)
            for action in entry.values()
            if isinstance(action, dict)
        ]

    def _make(self, name: str) -> Any:
        if not self._sober and self._chance(GARBAGE_PERCENT):
            return self._garbage()
        shape = shape_of(name)
        if name in self._by_shape and (self._sober or not self._chance(3)):
            return self._by_shape[name]()
        match shape["type"]:
            case "structure":
                return self._structure(name, shape)
            case "list":
                count = self._site.below(LIST_LENGTH_MAX + 1) or int(self._sober)
                return [self._make(shape["member"]["shape"]) for _ in range(count)]
            case "map":
                count = self._site.below(LIST_LENGTH_MAX) or int(self._sober)
                keys = [self._make(shape["key"]["shape"]) for _ in range(count)]
                return {str(key): self._make(shape["value"]["shape"]) for key in keys}
            case "boolean":
                return self._chance(50)
            case "integer" | "long":
                return self._pick((3, 1, 2, 5, 0, -1, 10**13))
            case _:
                choices = (*shape.get("enum", ()), "abc")
                return self._pick((len(choices) - ("enum" in shape), *choices, ""))

    def _structure(self, name: str, shape: Json) -> Json:
        required = shape.get("required", ())
        members = shape["members"]
        if name in ("TransactWriteItem", "WriteRequest") and (self._sober or not self._chance(5)):
            chosen = self._one_of(tuple(members))
            return {chosen: self._make(members[chosen]["shape"])}
        return {
            member: self._make(of["shape"])
            for member, of in members.items()
            if (self._sober and member in required)
            or self._chance(97 if member in required else MEMBER_PERCENT)
        }

    def _key(self) -> Json:
        key = {"pk": {"S": self._pick((3, "a", "b", "c", ""))}}
        if self._chance(40):
            key["sk"] = {"N": self._pick(NUMBERS)}
        return key if self._sober or self._chance(95) else self._item()

    def _item(self) -> Json:
        item = self._key() if self._sober or self._chance(95) else {}
        for _ in range(self._site.below(4)):
            item[self._pick(NAMES)] = self._value()
        return item

    def _values(self) -> Json:
        return {name: value for name, value in VALUES.items() if self._chance(40)}

    def _value(self, depth: int = 0) -> Any:
        kind = self._pick((10, "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "X"))
        contents: dict[str, Callable[[], Any]] = {
            "S": lambda: self._pick(TEXTS),
            "N": lambda: self._pick(NUMBERS),
            "B": lambda: self._pick(BINARIES),
            "BOOL": lambda: self._chance(50),
            "NULL": lambda: self._sober or self._chance(90),
            "SS": lambda: self._some_of(TEXTS),
            "NS": lambda: self._some_of(NUMBERS),
            "BS": lambda: self._some_of(BINARIES),
            "L": lambda: [self._value(depth + 1) for _ in range(self._site.below(3))],
            "M": lambda: {self._pick(NAMES): self._value(depth + 1)},
            "X": self._garbage,
        }
        if depth > 3 or self._chance(60):
            kind = self._one_of(("S", "N"))
        return {kind: contents[kind]()}

    def _garbage(self) -> Any:
        return self._one_of(
            (
                None,
                True,
                3,
                1.5,
                -(10**20),
                "",
                "garbage",
                "\ud800",
                [],
                [None],
                {},
                {"S": {}},
                [[]],
            )
        )

    def _some_of(self, things: Sequence[Any]) -> list[Any]:
        if self._sober:
            return [things[1], things[2]][: 1 + self._site.below(2)]
        return [self._pick(things) for _ in range(self._site.below(3))]

    def _pick(self, things: Sequence[Any]) -> Any:
        """Choose from things that begin with how many of them are good."""
        good, *others = things
        return self._one_of(others[:good] if self._sober else others)

    def _one_of(self, things: Sequence[Any]) -> Any:
        return things[self._site.below(len(things))]

    def _chance(self, percent: int) -> bool:
        return self._site.below(100) < percent


def uses(text: str, placeholder: str) -> bool:
    return re.search(f"{placeholder}(?![a-z])", text) is not None
