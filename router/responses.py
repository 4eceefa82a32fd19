"""Answers as the JSON that a client sees."""

from typing import Any

from items.keys import KeyAttribute, KeySchema, key_attributes_of, key_names
from items.operands import Names
from items.projections import project
from items.to_json import item_to_json
from items.values import Item
from router.definitions import IndexTraits, Status, Table, Traits, kind_of

# One account and one region, as in every example of AWS's documentation.
REGION = "us-east-1"
ARN_PREFIX = f"arn:aws:dynamodb:{REGION}:000000000000:table/"


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
            for attribute in sorted(all_key_attributes(table), key=_name)
        ],
        "TableName": table.name,
        "KeySchema": key_schema(table.schema),
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
    description.update(index_descriptions(table))
    if traits.latest_stream:
        description["LatestStreamLabel"] = traits.latest_stream
        description["LatestStreamArn"] = stream_arn(table.name, traits.latest_stream)
    if traits.stream is not None:
        description["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": traits.stream.view,
        }
    if throughput is None or traits.on_demand_us:  # Nothing is told of what always was otherwise.
        description["BillingModeSummary"] = billing_mode(traits)
    return description


def stream_arn(table_name: str, label: str) -> str:
    return f"{ARN_PREFIX}{table_name}/stream/{label}"


def key_schema(schema: KeySchema) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": role}
        for name, role in zip(key_names(schema), ("HASH", "RANGE"), strict=False)
    ]


def index_descriptions(table: Table) -> dict[str, Any]:
    """Give the descriptions of a table's indexes, local and global ones apart."""
    found: dict[str, Any] = {}
    for one in table.traits.indexes:
        index = one.index
        projection: dict[str, Any] = {"ProjectionType": index.projection}
        if index.included:
            projection["NonKeyAttributes"] = list(index.included)
        description = {
            "IndexName": index.name,
            "KeySchema": key_schema(index.schema),
            "Projection": projection,
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": f"{ARN_PREFIX}{table.name}/index/{index.name}",
        }
        if not index.is_local:
            description.update(life_of(table, one))
        found.setdefault(kind_of(index), []).append(description)
    return found


def life_of(table: Table, one: IndexTraits) -> dict[str, Any]:
    """Say how far a global index has come, and what it may cost."""
    is_whole = table.status in (Status.CREATING, Status.DELETING)
    told: dict[str, Any] = {
        "IndexStatus": str(table.status if is_whole else one.status),
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 0 if one.throughput is None else one.throughput.read_units,
            "WriteCapacityUnits": 0 if one.throughput is None else one.throughput.write_units,
        },
    }
    if not is_whole and one.status == Status.CREATING:
        told["Backfilling"] = True
    return told


def billing_mode(traits: Traits) -> dict[str, Any]:
    mode = "PAY_PER_REQUEST" if traits.throughput is None else "PROVISIONED"
    if not traits.on_demand_us:
        return {"BillingMode": mode}
    since = traits.on_demand_us / 1_000_000
    return {"BillingMode": mode, "LastUpdateToPayPerRequestDateTime": since}


def all_key_attributes(table: Table) -> list[KeyAttribute]:
    """Return the attributes of all keys, the table's and its indexes', each once."""
    schemas = [table.schema, *(one.index.schema for one in table.traits.indexes)]
    return list(dict.fromkeys(one for schema in schemas for one in key_attributes_of(schema)))


def _name(attribute: KeyAttribute) -> str:
    return attribute.name
