"""CreateTable, DeleteTable, DescribeTable and ListTables."""

from typing import Any

from items.errors import invalid_parameter, validation
from items.keys import KeyAttribute, KeySchema
from router import responses, tags
from router.definitions import GLOBAL, LOCAL, Traits
from router.index_definitions import indexes_of, refuse_schema, types_of
from router.requests import read, table_name, whole_number
from router.shapes import Body, Structure, integer
from router.stream_parameters import view_wanted, with_stream
from router.table_names import NAME, named_first
from router.table_parameters import CREATE_TABLE, ONE_TABLE, refuse_unsupported
from router.tables import not_found
from router.throughput import throughput_of
from router.tools import Origin, Tools

TABLES_PAGE_MAX = 100

LIST_TABLES = Structure(
    "ListTablesInput",
    {
        "ExclusiveStartTableName": NAME,
        "Limit": integer(least=1, most=TABLES_PAGE_MAX),
    },
)


async def create_table(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    """Define a table; the answer says CREATING, and DescribeTable says when it is ACTIVE."""
    name: str = named_first(CREATE_TABLE, body)["TableName"]
    traits = with_stream(read(CREATE_TABLE, body, new_table), body, name, tools.tables.now_us())
    table = await tools.tables.create(name, traits)
    return {"TableDescription": responses.table_description(table)}


async def delete_table(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    name = read(ONE_TABLE, named_first(ONE_TABLE, body), table_name)
    table = await tools.tables.delete(name)
    return {"TableDescription": responses.table_description(table)}


async def describe_table(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    name = read(ONE_TABLE, named_first(ONE_TABLE, body), table_name)
    table = await tools.tables.find(name)
    if table is None:
        raise not_found(name)
    tools.tables.moves.take_further(table)  # Whoever began it may have crashed.
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


def new_table(body: Body) -> Traits:
    """Read what CreateTable asks for, in the service's order of judging."""
    throughput = throughput_of(body)
    schema = schema_of(body)
    refuse_unsupported(body)
    view_wanted(body)
    indexes = indexes_of(body, schema)
    return Traits(
        schema,
        throughput,
        body.get("DeletionProtectionEnabled") is True,
        tags.with_tags((), tags.checked(body.get("Tags") or ())),
        None,
        body.get("TableClass"),
        indexes=indexes,
    )


def schema_of(body: Body) -> KeySchema:
    """Read the key schema: a partition key, then perhaps a sort key, and their types."""
    elements, defined = body["KeySchema"], len(body["AttributeDefinitions"])
    types = types_of(body)
    names = [element["AttributeName"] for element in elements]
    # Before the names are looked at, also one that is there twice: so dynalite has it, whose suite
    # was run against the service.
    if len(names) > defined:
        raise validation("Invalid KeySchema: Some index key attribute have no definition")
    refuse_schema([element["KeyType"] for element in elements], names, types)
    has_indexes = any(body.get(name) is not None for name in (LOCAL, GLOBAL))
    if defined != len(names) and not has_indexes:
        raise invalid_parameter(
            "Number of attributes in KeySchema does not exactly match"
            " number of attributes defined in AttributeDefinitions"
        )
    partition, *sort = [KeyAttribute(name, types[name]) for name in names]
    return KeySchema(partition, sort[0] if sort else None)
