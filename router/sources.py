"""What a Query or Scan goes through: a table in the order of its keys, or one of its indexes.

A global index is asked for eventual reads only, and knows no more than it shows.  A local one is
read where the items are, so that it can be read strongly, and what it does not show is at hand.
"""

from collections.abc import Iterable
from typing import Protocol

from items import indexes, keys
from items.data import data
from items.errors import invalid_parameter, validation
from items.expressions import parse_projection
from items.indexes import ALL, Index
from items.keys import Key, KeySchema
from items.operands import Names
from items.paths import Path, resolved
from items.reached import operands_of_text
from items.syntax import DocumentPath
from items.values import Item
from network.ids import TableId
from router.definitions import Status, Table
from router.shapes import Body

NO_STRONG_READS = "Consistent reads are not supported on global secondary indexes"


class Wanted(Protocol):
    """What a request wants to see, as far as a source has to judge it."""

    @property
    def index(self) -> str | None: ...

    @property
    def projection(self) -> str | None: ...

    @property
    def names(self) -> Names: ...


@data
class Source:
    """An order of items, and what is known of each in it."""

    id: TableId  # As partitions know it.
    schema: KeySchema  # Of the order.
    table: KeySchema
    index: Index | None = None

    @property
    def key_names(self) -> tuple[str, ...]:
        """Return what says where one stands in the order."""
        if self.index is None:
            return keys.key_names(self.table)
        return indexes.names_of(self.index, self.table)

    def key_of_request(self, attributes: Item) -> Key:
        """Read where one stands in the order; raises ValidationException if it is nowhere."""
        if self.index is None:
            return keys.key_of_request(self.table, attributes)
        return indexes.entry_key_of_request(self.index, self.table, attributes)

    def attributes_of(self, key: Key) -> Item:
        """Say where one stands in the order, as a client is told."""
        if self.index is None:
            return keys.key_attributes(self.table, key)
        return indexes.entry_attributes(self.index, self.table, key)

    def place_of(self, item: Item) -> Item:
        return {name: item[name] for name in self.key_names}

    def entry_of(self, item: Item) -> Item:
        """Give what is shown of an item here: of a local index the whole item comes along."""
        if self.index is None or not self.index.is_local:
            return item
        return indexes.shown_in(self.index, self.table, item)


def source_of(wanted: Wanted, body: Body, table: Table) -> Source:
    """Find what a request goes through.

    Raises:
        DynamoDBError: ValidationException if it cannot be asked this.
    """
    if wanted.index is None:
        return Source(table.id, table.schema, table.schema)
    known = [one for one in table.traits.indexes if one.index.name == wanted.index]
    if not known or known[0].status == Status.DELETING:
        raise validation(f"The table does not have the specified index: {wanted.index}")
    (found,) = known
    index = table.index(found)
    source = Source(TableId(index.id), index.schema, table.schema, index)
    if not index.is_local:
        if found.status == Status.CREATING:
            raise validation(f"Cannot read from backfilling global secondary index: {index.name}")
        refuse_of_global(source, index, wanted, body)
    return source


def refuse_of_global(source: Source, index: Index, wanted: Wanted, body: Body) -> None:
    """Refuse what a global index has not: strong reads, and what it does not show."""
    if body.get("ConsistentRead") is True:
        raise validation(NO_STRONG_READS)
    if index.projection == ALL:
        return
    if body.get("Select") == "ALL_ATTRIBUTES":
        raise invalid_parameter(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name}"
            " because its projection type is not ALL"
        )
    missing = unprojected(source, wanted)
    if missing:
        raise invalid_parameter(
            f"Global secondary index {index.name} does not project [{', '.join(missing)}]"
        )


def unprojected(source: Source, wanted: Wanted) -> list[str]:
    """Return the attributes that a projection names and an index does not show."""
    if wanted.projection is None:
        return []
    return not_shown(source, parse_projection(wanted.projection), wanted.names)


def not_shown(source: Source, paths: Iterable[Path], names: Names) -> list[str]:
    """Return the attributes that paths begin with and an index does not show, each once."""
    if source.index is None or source.index.projection == ALL:
        return []
    shown = (*source.key_names, *source.index.included)
    found = dict.fromkeys(str(resolved(path, names)[0]) for path in paths)
    return [name for name in found if name not in shown]


def refuse_unseen(source: Source, filter_text: str, names: Names) -> None:
    """Refuse a query's filter on what an index does not show, a local one too.

    A scan is not asked this: what its index does not show is missing there.

    Raises:
        DynamoDBError: ValidationException.
    """
    paths = [
        operand.steps
        for operand in operands_of_text("FilterExpression", filter_text)
        if isinstance(operand, DocumentPath)
    ]
    missing = not_shown(source, paths, names)
    if missing:
        assert source.index is not None, "a table shows everything"
        raise invalid_parameter(
            f"Secondary index {source.index.name} does not project one or more filter attributes:"
            f" [{', '.join(missing)}]"
        )


def is_fetched(source: Source, wanted: Wanted, body: Body) -> bool:
    """Say whether a local index is asked for more than it shows: that is read from the table."""
    if source.index is None or not source.index.is_local:
        return False
    if body.get("Select") == "ALL_ATTRIBUTES":
        return source.index.projection != ALL
    return bool(unprojected(source, wanted))
