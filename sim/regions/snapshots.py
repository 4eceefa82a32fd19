"""A look at everything, in each region, when replication has caught up: all must see the same.

What a client reads is judged here; what the disks hold is `sim.regions.replication`'s matter.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from items.data import data
from items.keys import key_attributes
from items.limits import TRANSACTION_ACTIONS_MAX
from items.to_json import item_to_json
from sim.checkers.finding import Finding
from sim.checkers.model import Place, schema_of, shown_place
from sim.client import Client
from sim.history import READ_TRANSACTION
from sim.run import Run

Items: TypeAlias = Mapping[Place, Any]


@data
class Snapshot:
    """What one region's reader saw; None in the place of what is missing.

    What it was not told of, because it was refused, is not among the items.
    """

    region: str
    items: Items
    refused: tuple[str, ...] = ()  # Reads that were not answered, and what was said instead.


async def snapshot(run: Run, client: Client, places: Sequence[Place]) -> Snapshot:
    """Read all these items: in transactions where those are on, else one by one."""
    assert run.part is not None, "each run is one region's"
    schemas = {table["TableName"]: schema_of(table) for table in run.workload.tables}
    gets = [
        {
            "TableName": table,
            "Key": item_to_json(key_attributes(schemas[table], key)),
        }
        for table, key in places
    ]
    most = 1
    if run.part.transactions:
        most = min(TRANSACTION_ACTIONS_MAX, run.scenario.number("protocol.transaction_actions_max"))
    items: dict[Place, Any] = {}
    refused: list[str] = []
    await run.tables.let_go(client)
    for first in range(0, len(gets), most):
        if run.part.transactions:
            entries = [{"Get": get} for get in gets[first : first + most]]
            read = await client.call(READ_TRANSACTION, {"TransactItems": entries})
            answers = read.answer.get("Responses", ())
        else:
            read = await client.call("GetItem", {**gets[first], "ConsistentRead": True})
            answers = [read.answer]
        if read.outcome == "committed":
            told = zip(places[first : first + most], answers, strict=True)
            items.update((place, answer.get("Item")) for place, answer in told)
        else:
            refused.append(f"{read.name} was answered {read.status} {read.answer}")
    return Snapshot(run.part.region.name, items, tuple(refused))


def check_snapshots(snapshots: Sequence[Snapshot]) -> Iterator[Finding]:
    """Find what the regions' readers were refused, and what they do not agree on."""
    for one in snapshots:
        for refused in one.refused:
            text = f"when replication had caught up, in {one.region} a reader's {refused}"
            yield Finding("snapshots", "refused", text, ())
    for one in snapshots[1:]:
        first = snapshots[0]
        for place, item in one.items.items():
            if place in first.items and item != first.items[place]:
                text = (
                    f"when replication had caught up, a reader in {first.region} was told of"
                    f" {shown_place(place)}: {first.items[place]}, and one in {one.region}: {item}"
                )
                yield Finding("snapshots", "regions differ", text, ())
