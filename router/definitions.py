"""A table's definition, as a record and as the item that it is kept in."""

from enum import StrEnum

from items.actions import Update
from items.data import data
from items.keys import Key, KeySchema
from items.values import AttributeValue, Item
from network.codec import decode, encode
from network.ids import TableId
from network.placement import TABLES_TABLE


class Status(StrEnum):
    """How far a table has come."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    DELETING = "DELETING"


@data
class Throughput:
    """Provisioned capacity units; None in a table's definition means on demand."""

    read_units: int
    write_units: int


@data
class Table:
    """A table's definition."""

    name: str
    id: TableId
    schema: KeySchema
    status: Status
    created_us: int
    throughput: Throughput | None = None


def with_status(table: Table, status: Status) -> Table:
    return Table(table.name, table.id, table.schema, status, table.created_us, table.throughput)


def table_key(name: str) -> Key:
    return (("S", name),)


def table_of(item: Item) -> Table:
    """Read a definition from its item."""
    throughput = None
    if "ReadCapacityUnits" in item:
        throughput = Throughput(
            int(item["ReadCapacityUnits"][1]), int(item["WriteCapacityUnits"][1])
        )
    return Table(
        item["Name"][1],
        TableId(item["Id"][1]),
        decode(item["Schema"][1], KeySchema),
        Status(item["Status"][1]),
        int(item["CreatedUs"][1]),
        throughput,
    )


def item_of(table: Table) -> dict[str, AttributeValue]:
    """Write a definition as an item."""
    item: dict[str, AttributeValue] = {
        "Name": ("S", table.name),
        "Id": ("S", table.id),
        "Status": ("S", str(table.status)),
        "Schema": ("B", encode(table.schema, KeySchema)),
        "CreatedUs": ("N", str(table.created_us)),
    }
    if table.throughput is not None:
        item["ReadCapacityUnits"] = ("N", str(table.throughput.read_units))
        item["WriteCapacityUnits"] = ("N", str(table.throughput.write_units))
    return item


def move(before: Table, after: Table) -> Update:
    """Make the compare-and-set that takes a table one status further."""
    values: dict[str, AttributeValue] = {
        ":before": ("S", str(before.status)),
        ":after": ("S", str(after.status)),
        ":id": ("S", before.id),
    }
    return Update(
        TABLES_TABLE,
        table_key(before.name),
        ("Name",),
        "SET #status = :after",
        "#status = :before AND #id = :id",
        {"#status": "Status", "#id": "Id"},
        values,
        old_on_failure=True,
    )
