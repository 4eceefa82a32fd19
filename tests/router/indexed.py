"""Requests about tables with secondary indexes."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def key_schema(*names: str) -> list[Json]:
    return [
        {"AttributeName": name, "KeyType": role}
        for name, role in zip(names, ("HASH", "RANGE"), strict=False)
    ]


def index(name: str, *keys: str, shows: str = "ALL", included: Sequence[str] = ()) -> Json:
    projection: dict[str, Any] = {"ProjectionType": shows}
    if included:
        projection["NonKeyAttributes"] = list(included)
    return {"IndexName": name, "KeySchema": key_schema(*keys), "Projection": projection}


def definitions(**types: str) -> list[Json]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def table(
    *keys: str,
    types: Mapping[str, str],
    local: Sequence[Json] = (),
    remote: Sequence[Json] = (),
    name: str = "pets",
) -> dict[str, Any]:
    """Write the CreateTable request of a table with indexes."""
    body: dict[str, Any] = {
        "TableName": name,
        "KeySchema": key_schema(*keys),
        "AttributeDefinitions": definitions(**types),
        "BillingMode": "PAY_PER_REQUEST",
    }
    if local:
        body["LocalSecondaryIndexes"] = list(local)
    if remote:
        body["GlobalSecondaryIndexes"] = list(remote)
    return body


def texts(**attributes: str) -> Json:
    return {name: {"S": value} for name, value in attributes.items()}


def query(index_name: str, key: str, value: str, **more: Any) -> dict[str, Any]:
    return {
        "TableName": "pets",
        "IndexName": index_name,
        "KeyConditionExpression": f"{key} = :v",
        "ExpressionAttributeValues": {":v": {"S": value}},
        **more,
    }


def listed(json: Any) -> Any:
    """Give lists where a message has tuples."""
    if isinstance(json, dict):
        return {name: listed(value) for name, value in json.items()}
    return [listed(one) for one in json] if isinstance(json, list | tuple) else json
