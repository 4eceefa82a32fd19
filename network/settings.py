"""What a partition is told of a table besides its key schema: what the table does on the side.

A table's definition is kept once, by the router's metadata; partitions hear what is theirs to carry
out when the table is opened and whenever it changes.  Revisions count the changes: a late copy of
an older message changes nothing.
"""

from typing import Final

from items.data import data
from items.indexes import Index
from network.codec import seldom


@data
class Throughput:
    """Provisioned capacity units a second of a whole table; without them it is on demand."""

    read_units: int
    write_units: int


@data
class StreamSettings:
    """A table's stream: its label, which tells it from earlier streams of the table, and its view.

    The view is DynamoDB's StreamViewType: what of the item each record shows.
    """

    label: str
    view: str
    table_name: str = ""  # A stream outlives its table: then nobody else knows the name.
    region: str = seldom("")  # In which this is a global table's replica; empty: there is only one.


@data
class TableSettings:
    """All of it, at one revision of the table's definition."""

    revision: int = 0
    throughput: Throughput | None = None
    stream: StreamSettings | None = None
    indexes: tuple[Index, ...] = seldom(())


PLAIN: Final = TableSettings()
"""Of a table that has never been changed and asks for nothing: on demand, without a stream."""
