"""A table's definition, as a record and as the item that it is kept in."""

from dataclasses import replace
from enum import StrEnum

from items.actions import Put, Update
from items.data import data
from items.indexes import Index, index_id
from items.keys import Key, KeySchema
from items.values import TRUE, AttributeValue, Item
from network.codec import decode, encode
from network.ids import TableId
from network.placement import TABLES_TABLE
from network.settings import StreamSettings, TableSettings, Throughput

# What the API calls a table's indexes.
LOCAL, GLOBAL = "LocalSecondaryIndexes", "GlobalSecondaryIndexes"


class Status(StrEnum):
    """How far a table has come."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    UPDATING = "UPDATING"
    DELETING = "DELETING"


@data
class IndexTraits:
    """A secondary index of a table.  A local one comes and goes with it, and is ever ACTIVE."""

    index: Index  # Without its id, which is the table's to give.
    status: str = Status.ACTIVE
    throughput: Throughput | None = None
    born: int = 0  # The table's revision that it came with.


@data
class Traits:
    """What a table is asked to be; all but the schema may be changed while it is there."""

    schema: KeySchema
    throughput: Throughput | None = None
    protected: bool = False  # From being deleted.
    tags: tuple[tuple[str, str], ...] = ()
    time_to_live: str | None = None  # The attribute that says until when an item is of use.
    table_class: str | None = None
    on_demand_us: int = 0  # When it last came to be paid for on demand; 0: not since it was made.
    stream: StreamSettings | None = None
    indexes: tuple[IndexTraits, ...] = ()
    latest_stream: str = ""  # The label of its latest stream, also if that is switched off.


@data
class IndexList:
    """All indexes of a table, as its definition keeps them."""

    indexes: tuple[IndexTraits, ...]


@data
class Table:
    """A table's definition."""

    name: str
    id: TableId
    status: Status
    created_us: int
    traits: Traits
    revision: int = 0  # How often its traits have been changed.

    @property
    def schema(self) -> KeySchema:
        return self.traits.schema

    @property
    def settings(self) -> TableSettings:
        """What partitions are told of it."""
        kept = tuple(self.index(one) for one in self.traits.indexes if is_kept(one))
        return TableSettings(self.revision, self.traits.throughput, self.traits.stream, kept)

    @property
    def indexes(self) -> tuple[Index, ...]:
        """Its indexes, as far as what is written has to fit them."""
        return tuple(one.index for one in self.traits.indexes if is_kept(one))

    def index(self, traits: IndexTraits) -> Index:
        """Return one of its indexes as partitions know it."""
        index = traits.index
        return replace(index, id=index_id(self.id, index.name, traits.born))

    @property
    def remote(self) -> tuple[tuple[IndexTraits, Index], ...]:
        """Its global indexes, whose entries are in tables of their own."""
        return tuple((one, self.index(one)) for one in self.traits.indexes if is_global(one))

    @property
    def is_there(self) -> bool:
        """Whether every partition keeps items for it."""
        return self.status in (Status.ACTIVE, Status.UPDATING)


def is_kept(traits: IndexTraits) -> bool:
    return traits.status != Status.DELETING


def is_global(traits: IndexTraits) -> bool:
    return not traits.index.is_local


def kind_of(index: Index) -> str:
    return LOCAL if index.is_local else GLOBAL


def settled(table: Table) -> Table:
    """Return a table of which every partition knows: its new indexes serve, its old ones go."""
    indexes = tuple(
        replace(one, status=Status.ACTIVE) for one in table.traits.indexes if is_kept(one)
    )
    active = replace(table, status=Status.ACTIVE)
    if indexes == table.traits.indexes:
        return active
    traits = replace(table.traits, indexes=indexes)
    return replace(active, traits=traits, revision=table.revision + 1)


def with_status(table: Table, status: Status) -> Table:
    return replace(table, status=status)


def with_traits(table: Table, traits: Traits) -> Table:
    """Change a table; it is UPDATING if partitions have to be told."""
    known = {one.index.name for one in table.traits.indexes}
    born = table.revision + 1
    indexes = tuple(
        one if one.index.name in known else replace(one, born=born) for one in traits.indexes
    )
    traits = replace(traits, indexes=indexes)
    amended = replace(table, traits=traits, revision=table.revision + 1)
    if replace(amended.settings, revision=table.revision) == table.settings:
        return amended
    return replace(amended, status=Status.UPDATING)


def table_key(name: str) -> Key:
    return (("S", name),)


def table_of(item: Item) -> Table:
    """Read a definition from its item."""
    return Table(
        item["Name"][1],
        TableId(item["Id"][1]),
        Status(item["Status"][1]),
        int(item["CreatedUs"][1]),
        traits_of(item),
        int(item["Revision"][1]) if "Revision" in item else 0,
    )


def traits_of(item: Item) -> Traits:
    throughput = None
    if "ReadCapacityUnits" in item:
        throughput = Throughput(
            int(item["ReadCapacityUnits"][1]), int(item["WriteCapacityUnits"][1])
        )
    tags = item["Tags"][1] if "Tags" in item else {}
    return Traits(
        decode(item["Schema"][1], KeySchema),
        throughput,
        "Protected" in item,
        tuple([(key, value[1]) for key, value in tags.items()]),
        item["TimeToLive"][1] if "TimeToLive" in item else None,
        item["TableClass"][1] if "TableClass" in item else None,
        int(item["OnDemandUs"][1]) if "OnDemandUs" in item else 0,
        decode(item["Stream"][1], StreamSettings) if "Stream" in item else None,
        decode(item["Indexes"][1], IndexList).indexes if "Indexes" in item else (),
        item["LatestStream"][1] if "LatestStream" in item else "",
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
    traits = table.traits
    if traits.throughput is not None:
        item["ReadCapacityUnits"] = ("N", str(traits.throughput.read_units))
        item["WriteCapacityUnits"] = ("N", str(traits.throughput.write_units))
    if traits.protected:
        item["Protected"] = TRUE
    if traits.tags:
        item["Tags"] = ("M", {key: ("S", value) for key, value in traits.tags})
    texts = {
        "TimeToLive": traits.time_to_live,
        "TableClass": traits.table_class,
        "LatestStream": traits.latest_stream,
    }
    item.update({name: ("S", text) for name, text in texts.items() if text})
    if traits.on_demand_us:
        item["OnDemandUs"] = ("N", str(traits.on_demand_us))
    if traits.stream is not None:
        item["Stream"] = ("B", encode(traits.stream, StreamSettings))
    if traits.indexes:
        item["Indexes"] = ("B", encode(IndexList(traits.indexes), IndexList))
    if table.revision:
        item["Revision"] = ("N", str(table.revision))
    return item


def amendment(before: Table, after: Table) -> Put:
    """Make the compare-and-set that changes an active table's traits."""
    names = {"#id": "Id", "#status": "Status", "#revision": "Revision"}
    values: dict[str, AttributeValue] = {
        ":id": ("S", before.id),
        ":status": ("S", str(before.status)),
    }
    unchanged = "attribute_not_exists(#revision)"
    if before.revision:
        unchanged = "#revision = :revision"
        values[":revision"] = ("N", str(before.revision))
    return Put(
        TABLES_TABLE,
        table_key(before.name),
        item_of(after),
        f"#id = :id AND #status = :status AND {unchanged}",
        names,
        values,
        old_on_failure=True,
    )


def move(before: Table, after: Table) -> Update:
    """Make the compare-and-set that takes a table one status further.

    A table that is protected from being deleted stays what it is.
    """
    condition, names = "#status = :before AND #id = :id", {"#status": "Status", "#id": "Id"}
    if after.status is Status.DELETING:
        condition += " AND attribute_not_exists(#protected)"
        names["#protected"] = "Protected"
    values: dict[str, AttributeValue] = {
        ":before": ("S", str(before.status)),
        ":after": ("S", str(after.status)),
        ":id": ("S", before.id),
    }
    if before.status is Status.UPDATING:  # Another change may be under way by now.
        condition += " AND #revision = :revision"
        names["#revision"] = "Revision"
        values[":revision"] = ("N", str(before.revision))
    return Update(
        TABLES_TABLE,
        table_key(before.name),
        ("Name",),
        "SET #status = :after",
        condition,
        names,
        values,
        old_on_failure=True,
    )
