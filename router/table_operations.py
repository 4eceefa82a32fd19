"""CreateTable, DeleteTable, DescribeTable and ListTables."""

from typing import Any

from items.errors import invalid_parameter, validation
from items.keys import KeyAttribute, KeySchema
from items.limits import KEY_NAME_BYTES_MAX, TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN
from router import responses
from router.definitions import Throughput
from router.requests import Body, read, table_name, whole_number
from router.shapes import FLAG, Listed, Structure, as_integer, integer, text
from router.tables import not_found
from router.tools import Origin, Tools

NAME_PATTERN = "[a-zA-Z0-9_.-]+"
TABLES_PAGE_MAX = 100
NEW_NAME = text(pattern=NAME_PATTERN)
KNOWN_NAME = text(length_min=1, length_max=1024)
KEY_NAME = text(length_min=1, length_max=KEY_NAME_BYTES_MAX)

CREATE_TABLE = Structure(
    "CreateTableInput",
    {
        "TableName": NEW_NAME,
        "BillingMode": text(("PROVISIONED", "PAY_PER_REQUEST")),
        "ProvisionedThroughput": Structure(
            "ProvisionedThroughput",
            {"WriteCapacityUnits": integer(least=1), "ReadCapacityUnits": integer(least=1)},
            ("WriteCapacityUnits", "ReadCapacityUnits"),
        ),
        "KeySchema": Listed(
            Structure(
                "KeySchemaElement",
                {"AttributeName": KEY_NAME, "KeyType": text(("HASH", "RANGE"))},
                ("AttributeName", "KeyType"),
            ),
            1,
            2,
        ),
        "AttributeDefinitions": Listed(
            Structure(
                "AttributeDefinition",
                {"AttributeName": KEY_NAME, "AttributeType": text(("B", "N", "S"))},
                ("AttributeName", "AttributeType"),
            )
        ),
        "StreamSpecification": Structure("StreamSpecification", {"StreamEnabled": FLAG}),
    },
    ("KeySchema", "AttributeDefinitions"),
)
ONE_TABLE = Structure("DescribeTableInput", {"TableName": KNOWN_NAME}, ("TableName",))
LIST_TABLES = Structure(
    "ListTablesInput",
    {
        "ExclusiveStartTableName": text(
            length_min=TABLE_NAME_LENGTH_MIN,
            length_max=TABLE_NAME_LENGTH_MAX,
            pattern=NAME_PATTERN,
        ),
        "Limit": integer(least=1, most=TABLES_PAGE_MAX),
    },
)


async def create_table(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    """Define a table; the answer says CREATING, and DescribeTable says when it is ACTIVE."""
    CREATE_TABLE.check(body, deep=False)
    name = new_name(body)  # Before the constraints, where the service has it.
    schema, throughput = read(CREATE_TABLE, body, new_table)
    table = await tools.tables.create(name, schema, throughput)
    return {"TableDescription": responses.table_description(table)}


async def delete_table(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    name = read(ONE_TABLE, body, table_name)
    table = await tools.tables.delete(name)
    return {"TableDescription": responses.table_description(table)}


async def describe_table(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    name = read(ONE_TABLE, body, table_name)
    table = await tools.tables.find(name)
    if table is None:
        raise not_found(name)
    tools.tables.take_further(table)  # Whoever began it may have crashed.
    return {"Table": responses.table_description(table)}


async def list_tables(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    after, limit = read(LIST_TABLES, body, page_of_tables)
    names = [name for name in await tools.tables.names() if name > after]
    page: dict[str, Any] = {"TableNames": names[:limit]}
    if len(names) > limit:
        page["LastEvaluatedTableName"] = names[limit - 1]
    return page


def page_of_tables(body: Body) -> tuple[str, int]:
    return body.get("ExclusiveStartTableName") or "", whole_number(body, "Limit") or TABLES_PAGE_MAX


def new_name(body: Body) -> str:
    name: str | None = body.get("TableName")
    if name is None:
        raise validation("The parameter 'TableName' is required but was not present in the request")
    if not TABLE_NAME_LENGTH_MIN <= len(name) <= TABLE_NAME_LENGTH_MAX:
        raise validation(
            f"TableName must be at least {TABLE_NAME_LENGTH_MIN} characters long and"
            f" at most {TABLE_NAME_LENGTH_MAX} characters long"
        )
    return name


def new_table(body: Body) -> tuple[KeySchema, Throughput | None]:
    """Read what CreateTable asks for, in the service's order of judging."""
    throughput = throughput_of(body)
    schema = schema_of(body)
    for feature in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if body.get(feature):
            raise validation(f"{feature} are not supported by twophase")
    if (body.get("StreamSpecification") or {}).get("StreamEnabled"):
        raise validation("StreamSpecification is not supported by twophase")
    return schema, throughput


def throughput_of(body: Body) -> Throughput | None:
    """Read how a table is paid for; nobody is held to it."""
    throughput = body.get("ProvisionedThroughput")
    if body.get("BillingMode") == "PAY_PER_REQUEST":
        if throughput is not None:
            raise invalid_parameter(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
                " when BillingMode is PAY_PER_REQUEST"
            )
        return None
    if throughput is None:
        raise invalid_parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified"
            " when BillingMode is PROVISIONED"
        )
    return Throughput(
        as_integer(throughput["ReadCapacityUnits"]), as_integer(throughput["WriteCapacityUnits"])
    )


def schema_of(body: Body) -> KeySchema:
    """Read the key schema: a partition key, then perhaps a sort key, and their types."""
    elements = body["KeySchema"]
    types = {one["AttributeName"]: one["AttributeType"] for one in body["AttributeDefinitions"]}
    names = [element["AttributeName"] for element in elements]
    refuse_roles([element["KeyType"] for element in elements], names)
    if any(name not in types for name in names):
        raise invalid_parameter(
            "Some index key attributes are not defined in AttributeDefinitions."
            f" Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(types)}]"
        )
    has_indexes = body.get("GlobalSecondaryIndexes") or body.get("LocalSecondaryIndexes")
    if len(types) != len(names) and not has_indexes:
        raise invalid_parameter(
            "Number of attributes in KeySchema does not exactly match"
            " number of attributes defined in AttributeDefinitions"
        )
    partition, *sort = [KeyAttribute(name, types[name]) for name in names]
    return KeySchema(partition, sort[0] if sort else None)


def refuse_roles(roles: list[str], names: list[str]) -> None:
    if roles[0] != "HASH":
        raise validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(roles) > 1 and roles[1] != "RANGE":
        raise validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    if len(names) > 1 and names[0] == names[1]:
        raise validation(
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        )
