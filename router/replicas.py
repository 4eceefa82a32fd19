"""Global tables at a router: what a table of a region is, and what is not asked of it (§2.3).

In a cluster that is one of several regions every table is a replica of a global one.  It has a
stream, from which the other regions hear of its changes.  Transactions on it are off unless they
are asked for, because they are whole in their own region only: elsewhere their items arrive one by
one.

Left out: global tables beside others in one region, and replicas that come and go (ReplicaUpdates).
"""

from collections.abc import Iterable
from dataclasses import replace

from items.errors import validation
from network.settings import StreamSettings
from router.definitions import Table, Traits
from router.options import RouterOptions
from router.stream_parameters import label_at

VIEW = "NEW_AND_OLD_IMAGES"


def in_region(traits: Traits, table_name: str, region: str, now_us: int) -> Traits:
    """Make a new table a replica of a global one, where there are regions."""
    if not region:
        return traits
    return replace(traits, stream=StreamSettings(label_at(now_us), VIEW, table_name, region))


def refuse_transaction(tables: Iterable[Table], options: RouterOptions) -> None:
    """Refuse a transaction on global tables where nobody has asked for those.

    Raises:
        DynamoDBError: ValidationException.
    """
    if not options.region or options.region_transactions:
        return
    for table in tables:
        stream = table.traits.stream
        if stream is not None and stream.region:
            raise validation(
                f"Transactions are disabled on global tables: {table.name} is replicated,"
                " and a transaction is whole in its own region only"
            )
