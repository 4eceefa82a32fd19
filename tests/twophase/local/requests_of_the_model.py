"""Requests made from botocore's own model of the service: valid, nearly valid, and garbage.

A request begins as the model has it: all required members, some of the others, each of its type.
Where a name tells what would be right (a table, a key, an expression) it mostly is.  Then, in some
requests, one thing or the other is replaced by what does not belong there.
"""

import base64
from collections.abc import Callable
from random import Random
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session

from router.api import OPERATIONS

TABLES = {"one": ["pk"], "two": ["pk", "sk"]}
NAMES = ["pk", "sk", "v", "tags", "doc", "#n", "a.b", "Status", ""]
CONDITIONS = [
    "attribute_not_exists(pk)",
    "attribute_exists(#n) AND v > :v",
    "v BETWEEN :v AND :w OR NOT contains(tags, :v)",
    "size(doc.list[0]) < :v",
    "v IN (:v, :w)",
    "begins_with(pk, :v)",
]
UPDATES = [
    "SET v = :v, #n = if_not_exists(#n, :v) + :w REMOVE doc.list[1]",
    "ADD v :v DELETE tags :w",
    "ADD v :v",
    "SET v = :v",
    "SET doc.list = list_append(doc.list, :v)",
    "SET pk = :v",
]
EXPRESSIONS = {
    "ConditionExpression": CONDITIONS,
    "FilterExpression": CONDITIONS,
    "KeyConditionExpression": ["pk = :v", "pk = :v AND sk BETWEEN :v AND :w", "sk = :v"],
    "UpdateExpression": UPDATES,
    "ProjectionExpression": ["pk, v, doc.list[0], #n", "v", "doc.a.b, doc.a"],
}
WRONG_EXPRESSIONS = [
    "Status = :v",
    "((v = :v))",
    "v = ",
    "v = :unknown",
    "SET v = = :v",
    "\N{SNOWMAN} = :v",
    "(" * 400 + "v = :v" + ")" * 400,
    "NOT " * 300 + "v = :v",
    " AND ".join(["v = :v"] * 320),
    "v" + ".v" * 40 + " = :v",
    "SET v = " + "if_not_exists(v, " * 200 + ":v" + ")" * 200,
    "a" * 5_000,
    "",
]
LEGACY = {
    *("Expected", "AttributeUpdates", "KeyConditions", "QueryFilter", "ScanFilter"),
    *("AttributesToGet", "ConditionalOperator"),
}
NUMBERS = [
    *"0123456789",
    "-1",
    "1.50",
    "1e3",
    "1E-130",
    "9" * 38,
    "9" * 40,
    "1e400",
    "NaN",
    "",
    "x",
]
GARBAGE: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\u0000",
    "\ud800",
    "x" * 70_000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"S": "x"},
    {"N": 5},
    {"S": "a", "N": "1"},
    {"B": "not base64!"},
    {"L": [{"M": {}}]},
]


STREAMS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


def service_of(operation: str) -> str:
    """Return which of botocore's two services has an operation; they share a port here."""
    return "dynamodbstreams" if operation in STREAMS else "dynamodb"


def target_of(operation: str) -> str:
    prefix = "DynamoDBStreams" if operation in STREAMS else "DynamoDB"
    return f"{prefix}_20120810.{operation}"


def model_of(operation: str) -> Any:
    return get_session().get_service_model(service_of(operation)).operation_model(operation)


class Requests:
    """All requests that one seed makes."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._shapes = {name: model_of(name).input_shape for name in OPERATIONS}
        on_items = ["TransactWriteItems", "UpdateItem", "PutItem", "Query", "DeleteItem"]
        self._names = [*sorted(OPERATIONS), *on_items, *on_items]
        self._table = "one"
        self._garbage = 0.0

    def next(self) -> tuple[str, Any]:
        """Return an operation's name and a body."""
        random = self._random
        operation = random.choice(self._names)
        self._table = random.choice([*["one", "two"] * 5, "new", "gone"])
        # A half of the requests are as right as this gets; the others have something wrong.
        self._garbage = random.choice([0.0, 0.0, 0.0, 0.02, 0.1])
        if random.random() < 0.01:
            return operation, self._any()
        return operation, self._value(self._shapes[operation], operation, 0)

    def _value(self, shape: Shape, name: str, depth: int) -> Any:
        if self._random.random() < self._garbage:
            return self._any()
        known = self._known(name)
        if known is not None:
            return known
        if isinstance(shape, StructureShape):
            return self._structure(shape, depth)
        if isinstance(shape, ListShape):
            count = self._random.choice([1, 1, 2, 3, 0, 30] if depth < 3 else [1, 0])
            return [self._value(shape.member, name, depth + 1) for _ in range(count)]
        if isinstance(shape, MapShape):
            count = self._random.choice([1, 2, 0])
            return {
                str(self._value(shape.key, "name", depth)): self._value(
                    shape.value, name, depth + 1
                )
                for _ in range(count)
            }
        return self._scalar(shape)

    def _structure(self, shape: StructureShape, depth: int) -> dict[str, Any]:
        random = self._random
        if shape.name == "AttributeValue":
            return self._attribute(depth)
        some = [
            name
            for name in shape.members
            if (name in shape.required_members and random.random() > self._garbage / 4)
            or random.random() < (0.03 if name in LEGACY else 0.2)
        ]
        if shape.name in ("TransactWriteItem", "WriteRequest", "TransactGetItem"):
            some = [random.choice(list(shape.members))]
        found = {name: self._value(shape.members[name], name, depth + 1) for name in some}
        return found if random.random() < self._garbage else self._fitting(found)

    def _fitting(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let names and values be those that the expressions use, and leave out what excludes."""
        text = " ".join(str(request.get(name, "")) for name in EXPRESSIONS)
        for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            request.pop(name, None)
        values = [value for value in (":v", ":w") if value in text]
        if values:
            kind = self._random.choice(["N", "N", "S", "any"])
            request["ExpressionAttributeValues"] = {
                value: self._attribute(0) if kind == "any" else {kind: "1"} for value in values
            }
        if "#n" in text:
            request["ExpressionAttributeNames"] = {"#n": self._random.choice(NAMES[:5])}
        if text.strip():
            return {name: told for name, told in request.items() if name not in LEGACY}
        return request

    def _known(self, name: str) -> Any:
        """Make what is right for a member of this name; None if the model knows as much."""
        random = self._random
        if name == "TableName":
            return self._table
        if name in ("Key", "Item", "ExclusiveStartKey"):
            found = self._key()
            if name == "Item":
                found |= {one: self._attribute(0) for one in random.sample(NAMES[3:6], 2)}
                found["v"] = {"N": random.choice("123")}
            return found
        if name == "RequestItems":
            return {
                self._table: random.choice(
                    [
                        {"Keys": [self._key() for _ in range(3)]},
                        [{"PutRequest": {"Item": self._key()}} for _ in range(2)],
                        [{"DeleteRequest": {"Key": self._key()}}],
                    ]
                )
            }
        if name in EXPRESSIONS:
            wrong = random.random() < 0.02 + self._garbage
            return random.choice(WRONG_EXPRESSIONS if wrong else EXPRESSIONS[name])
        if name == "ExpressionAttributeNames":
            return {"#n": random.choice(NAMES)}
        if name == "ExpressionAttributeValues":
            return {one: self._attribute(0) for one in random.choice([(":v",), (":v", ":w")])}
        return {
            "ResourceArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/{self._table}",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        }.get(name)

    def _key(self) -> dict[str, Any]:
        names = TABLES.get(self._table, ["pk"])
        return {name: {"S": self._random.choice("abcd")} for name in names}

    def _attribute(self, depth: int) -> dict[str, Any]:
        random = self._random
        kind = random.choice(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"])
        if depth > 3:
            kind = "S"
        makers: dict[str, Callable[[], Any]] = {
            "S": lambda: random.choice("abcd"),
            "N": lambda: random.choice(NUMBERS),
            "B": lambda: base64.b64encode(random.randbytes(3)).decode(),
            "BOOL": lambda: random.random() < 0.5,
            "NULL": lambda: True,
            "SS": lambda: random.sample("abcd", 2),
            "NS": lambda: random.sample(NUMBERS, 2),
            "BS": lambda: [base64.b64encode(b"a").decode()],
            "L": lambda: [self._attribute(depth + 1) for _ in range(random.randrange(3))],
            "M": lambda: {one: self._attribute(depth + 1) for one in random.sample(NAMES, 2)},
        }
        return {kind: makers[kind]()}

    def _scalar(self, shape: Shape) -> Any:
        random = self._random
        if shape.type_name == "boolean":
            return random.random() < 0.5
        if shape.type_name in ("integer", "long"):
            return random.choice([0, 1, 1, 2, 10, 100, 101])
        if shape.type_name in ("double", "float"):
            return 1.5
        if shape.type_name == "timestamp":
            return 1_700_000_000
        if getattr(shape, "enum", None):
            return random.choice(shape.enum)
        return random.choice(["a", "b", "token", *NAMES])

    def _any(self) -> Any:
        return self._random.choice(GARBAGE)
