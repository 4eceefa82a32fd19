"""A table that is changed while it is worked on: indexes come and go, the stream goes off and on.

People work on a list of tasks as ever.  Now and then somebody looks at what the table has, and asks
UpdateTable for the opposite: an index that is there is to go, one that is not is to come, and so
with the stream.  Two may want the same at once, or another thing while the table is on its way:
one of them is refused, and goes back to work.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from sim.workload import Json, Session
from sim.workloads.keys import Keys, share_beside
from sim.workloads.requests import act_one_of
from sim.workloads.task_list import TABLE, TASKS, TaskList

INDEXES: tuple[Json, ...] = tuple(TABLE["GlobalSecondaryIndexes"])
UPDATES = "GlobalSecondaryIndexUpdates"
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


class ChangingTable:
    """A list of tasks, and people who change more than tasks."""

    KEYS: ClassVar[Keys] = {**TaskList.KEYS, "changes": 0.2}

    tables: tuple[Json, ...] = (TABLE,)

    def __init__(self, keys: Keys) -> None:
        self.tasks = TaskList(keys)
        self.changes = share_beside(keys, "changes")

    def items(self) -> Iterable[tuple[str, Json]]:
        return self.tasks.items()

    async def opening(self, session: Session) -> None:
        """Delete an index, give tasks to somebody meanwhile, and make the index anew."""
        await self.turn_index(session, INDEXES[0])
        await self.tasks.opening(session)
        await self.turn_index(session, INDEXES[0])

    async def act(self, session: Session) -> None:
        if session.happens(self.changes):
            await act_one_of(session, (70, self.turn_an_index), (30, self.turn_the_stream))
        else:
            await self.tasks.act(session)

    async def turn_an_index(self, session: Session) -> None:
        await self.turn_index(session, INDEXES[session.pick(len(INDEXES))])

    async def turn_index(self, session: Session, index: Json) -> None:
        """Delete an index that serves, or make one that is not there; leave it on its way."""
        table = await look_at_table(session)
        if table is None:
            return
        name = index["IndexName"]
        there = {one["IndexName"]: one for one in table.get("GlobalSecondaryIndexes", ())}
        if name not in there:
            await change_table(session, made(index, table))
        elif there[name]["IndexStatus"] == "ACTIVE":
            await change_table(session, {UPDATES: [{"Delete": {"IndexName": name}}]})

    async def turn_the_stream(self, session: Session) -> None:
        """Switch the stream off if it is on, and on if it is off."""
        table = await look_at_table(session)
        if table is not None:
            is_on = "StreamSpecification" in table
            wanted = {"StreamEnabled": False} if is_on else STREAM
            await change_table(session, {"StreamSpecification": wanted})


def made(index: Json, table: Json) -> Json:
    """Ask for an index, with the types of its keys, and with units if its table has some."""
    keys = [element["AttributeName"] for element in index["KeySchema"]]
    types = [one for one in TABLE["AttributeDefinitions"] if one["AttributeName"] in keys]
    units = {}
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        given = table["ProvisionedThroughput"]
        units = {
            "ProvisionedThroughput": {
                name: given[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")
            }
        }
    return {"AttributeDefinitions": types, UPDATES: [{"Create": {**index, **units}}]}


async def look_at_table(session: Session) -> dict[str, Any] | None:
    """Ask what the table has at this moment; None if there is no answer."""
    asked = await session.ask("DescribeTable", {"TableName": TASKS})
    table: dict[str, Any] | None = asked.answer.get("Table")
    return table


async def change_table(session: Session, change: Json) -> None:
    await session.ask("UpdateTable", {"TableName": TASKS, **change})
