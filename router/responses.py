"""Answers as the JSON that a client sees."""

from typing import Any

from items.keys import KeyAttribute, KeySchema, key_names
from items.projections import project
from items.typed_json import item_to_json
from items.values import Item
from router.definitions import Table, Traits
from router.requests import Names

# One account and one region, as in every example of AWS's documentation.
ARN_PREFIX = "arn:aws:dynamodb:us-east-1:000000000000:table/"


def got(item: Item | None, projection: str | None, names: Names) -> dict[str, Any]:
    """Give the answer to a Get: the item, or nothing at all if there is none."""
    if item is None:
        return {}
    shown = item if projection is None else project(projection, item, names)
    return {"Item": item_to_json(shown)}


def written(attributes: Item | None) -> dict[str, Any]:
    return {} if attributes is None else {"Attributes": item_to_json(attributes)}


def table_description(table: Table) -> dict[str, Any]:
    """Give a `TableDescription`; nobody counts items, so the counts are 0."""
    traits = table.traits
    throughput = traits.throughput
    description: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": attribute.name, "AttributeType": attribute.type}
            for attribute in sorted(key_attributes(table.schema), key=_name)
        ],
        "TableName": table.name,
        "KeySchema": [
            {"AttributeName": name, "KeyType": role}
            for name, role in zip(key_names(table.schema), ("HASH", "RANGE"), strict=False)
        ],
        "TableStatus": str(table.status),
        "CreationDateTime": table.created_us / 1_000_000,
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 0 if throughput is None else throughput.read_units,
            "WriteCapacityUnits": 0 if throughput is None else throughput.write_units,
        },
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": f"{ARN_PREFIX}{table.name}",
        "TableId": str(table.id),
        "DeletionProtectionEnabled": traits.protected,
    }
    if traits.table_class is not None:
        description["TableClassSummary"] = {"TableClass": traits.table_class}
    if throughput is None or traits.on_demand_us:  # Nothing is told of what always was otherwise.
        description["BillingModeSummary"] = billing_mode(traits)
    return description


def billing_mode(traits: Traits) -> dict[str, Any]:
    mode = "PAY_PER_REQUEST" if traits.throughput is None else "PROVISIONED"
    if not traits.on_demand_us:
        return {"BillingMode": mode}
    since = traits.on_demand_us / 1_000_000
    return {"BillingMode": mode, "LastUpdateToPayPerRequestDateTime": since}


def key_attributes(schema: KeySchema) -> list[KeyAttribute]:
    return [schema.partition] if schema.sort is None else [schema.partition, schema.sort]


def _name(attribute: KeyAttribute) -> str:
    return attribute.name
