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
from sim.cluster_run import Run
from sim.history import READ_TRANSACTION, Operation

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
    await run.tables.let_go(client)
    look = _Look(run, client)
    if run.part.transactions:
        most = min(TRANSACTION_ACTIONS_MAX, run.scenario.number("protocol.transaction_actions_max"))
        for first in range(0, len(places), most):
            await look.at_once(places[first : first + most])
    else:
        for place in places:
            await look.at_one(place)
    return Snapshot(run.part.region.name, look.items, tuple(look.refused))


class _Look:
    """What one region's reader has been told so far."""

    def __init__(self, run: Run, client: Client) -> None:
        self.items: dict[Place, Any] = {}
        self.refused: list[str] = []
        self._schemas = {table["TableName"]: schema_of(table) for table in run.workload.tables}
        self._client = client

    async def at_once(self, places: Sequence[Place]) -> None:
        """Read some items in a transaction.

        If it does not end within the scenario's time limits, that says nothing of the regions: they
        are read one by one.
        """
        entries = [{"Get": self._get(place)} for place in places]
        read = await self._client.call(READ_TRANSACTION, {"TransactItems": entries})
        if read.outcome == "committed":
            told = zip(places, read.answer["Responses"], strict=True)
            self.items.update((place, answer.get("Item")) for place, answer in told)
        elif read.outcome == "cancelled":
            self._refuse(read)
        else:
            for place in places:
                await self.at_one(place)

    async def at_one(self, place: Place) -> None:
        read = await self._client.call("GetItem", {**self._get(place), "ConsistentRead": True})
        if read.outcome == "committed":
            self.items[place] = read.answer.get("Item")
        else:
            self._refuse(read)

    def _get(self, place: Place) -> Mapping[str, Any]:
        table, key = place
        return {
            "TableName": table,
            "Key": item_to_json(key_attributes(self._schemas[table], key)),
        }

    def _refuse(self, read: Operation) -> None:
        self.refused.append(f"{read.name} was answered {read.status} {read.answer}")


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
