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
    """What one region's reader saw; None in the place of what is missing."""

    region: str
    items: Items


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
    answers: list[Any] = []
    if run.part.transactions:
        most = min(TRANSACTION_ACTIONS_MAX, run.scenario.number("protocol.transaction_actions_max"))
        for first in range(0, len(gets), most):
            entries = [{"Get": get} for get in gets[first : first + most]]
            read = await client.call(READ_TRANSACTION, {"TransactItems": entries})
            nothing: list[Any] = [{} for _ in entries]
            answers += read.answer.get("Responses", nothing)
    else:
        for get in gets:
            answers.append((await client.call("GetItem", {**get, "ConsistentRead": True})).answer)
    items = [answer.get("Item") for answer in answers]
    return Snapshot(run.part.region.name, dict(zip(places, items, strict=True)))


def check_snapshots(snapshots: Sequence[Snapshot]) -> Iterator[Finding]:
    """Find what the regions' readers do not agree on."""
    for one in snapshots[1:]:
        first = snapshots[0]
        for place, item in one.items.items():
            if item != first.items[place]:
                text = (
                    f"when replication had caught up, a reader in {first.region} was told of"
                    f" {shown_place(place)}: {first.items[place]}, and one in {one.region}: {item}"
                )
                yield Finding("snapshots", "regions differ", text, ())
