"""A list of tasks with indexes: what each person has to do, what is open, what is due first.

A task is its team's.  It may have a person and a state, which it loses when it is done: so the
indexes on them are sparse, and an item moves in and out of them, and from one place to another and
back.  People look at the indexes meanwhile, page by page.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from sim.workload import Json, Session
from sim.workloads.keys import Keys, share, share_beside, whole
from sim.workloads.requests import (
    Action,
    ItemKey,
    act_one_of,
    check,
    delete,
    item_at,
    page_by_page,
    pick_several,
    put,
    read,
    typed,
    update,
    write,
    write_alone,
)

ASSIGN = "SET person = :person, due = :due, progress = :progress, version = :version"
FINISH = "SET version = :version REMOVE person, progress"
RENAME = "SET title = :title, version = :version"
STATES = ("open", "begun")
PAGES_MAX = 3
TASKS = "Tasks"


def index(name: str, *keys: str, **projection: Any) -> Json:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": key, "KeyType": role}
            for key, role in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        "Projection": projection or {"ProjectionType": "ALL"},
    }


TABLE: Json = {
    "TableName": TASKS,
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in (
            ("team", "S"),
            ("task", "S"),
            ("person", "S"),
            ("due", "N"),
            ("progress", "S"),
        )
    ],
    "KeySchema": [
        {"AttributeName": "team", "KeyType": "HASH"},
        {"AttributeName": "task", "KeyType": "RANGE"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "LocalSecondaryIndexes": [index("by-due", "team", "due")],
    "GlobalSecondaryIndexes": [
        index("by-person", "person", "due"),
        index("by-progress", "progress", ProjectionType="INCLUDE", NonKeyAttributes=["version"]),
    ],
}


class TaskList:
    """Few teams, few people, few tasks."""

    KEYS: ClassVar[Keys] = {"teams": 3, "tasks": 3, "people": 3, "deletes": 0.15, "looks": 0.4}

    tables: tuple[Json, ...] = (TABLE,)

    def __init__(self, keys: Keys) -> None:
        self.teams = whole(keys, "teams", 1, 1_000)
        self.tasks = whole(keys, "tasks", 2, 1_000)
        self.people = whole(keys, "people", 1, 1_000)
        self.deletes = share(keys, "deletes")
        self.looks = share_beside(keys, "looks")

    def items(self) -> Iterable[tuple[str, Json]]:
        for n in range(self.teams * self.tasks):
            yield item_at(self.task(n), {"due": n % 4, "version": f"0.{n + 1}"})

    async def opening(self, session: Session) -> None:
        """Give two tasks to one person in one transaction, and look what there is to do."""
        await write(session, *(self.assigning(session, self.task(n), 0) for n in (0, 1)))
        await self.look(session, "by-person", "person", "person-0")
        await self.look(session, "by-due", "team", "team-0")

    async def act(self, session: Session) -> None:
        if session.happens(self.looks):
            await self.look_around(session)
        else:
            await act_one_of(
                session, (60, self.change_some), (25, self.change_one), (15, self.read_some)
            )

    async def change_some(self, session: Session) -> None:
        await write(session, *(self.changing(session, key) for key in self.drawn(session)))

    async def change_one(self, session: Session) -> None:
        action = self.changing(session, self.drawn(session)[0])
        if action.kind == "ConditionCheck":
            await write(session, action)
        else:
            await write_alone(session, action)

    async def read_some(self, session: Session) -> None:
        await read(session, *self.drawn(session))

    async def look_around(self, session: Session) -> None:
        """Look at one of the indexes, or at all of it."""
        drawn = session.pick(4)
        if drawn == 0:
            await self.look(session, "by-due", "team", f"team-{session.pick(self.teams)}")
        elif drawn == 1:
            await self.look(session, "by-person", "person", f"person-{session.pick(self.people)}")
        elif drawn == 2:
            await self.look(session, "by-progress", "progress", STATES[session.pick(2)])
        else:
            await self.ask_pages(session, "Scan", {"IndexName": "by-person"})

    async def look(self, session: Session, name: str, key: str, value: str) -> None:
        """Ask for what an index has under one key: all at once, or page by page."""
        body: dict[str, Any] = {
            "IndexName": name,
            "KeyConditionExpression": f"{key} = :value",
            "ExpressionAttributeValues": {":value": typed(value)},
        }
        if name == "by-due" and session.happens(0.7):
            body["ConsistentRead"] = True
        if session.happens(0.3):
            body["ScanIndexForward"] = False
        await self.ask_pages(session, "Query", body)

    async def ask_pages(self, session: Session, operation: str, body: dict[str, Any]) -> None:
        body = {"TableName": TASKS, **body}
        if session.happens(0.5):
            body["Limit"] = 2
        await page_by_page(session, operation, body, pages_max=PAGES_MAX)

    def changing(self, session: Session, key: ItemKey) -> Action:
        """Draw what becomes of a task; mostly it is given to somebody."""
        if session.happens(self.deletes):
            return delete(key)
        drawn = session.pick(8)
        if drawn < 4:
            return self.assigning(session, key, session.pick(self.people))
        if drawn == 4:
            return update(key, FINISH, {":version": session.version()})
        if drawn == 5:
            return put(key, {"due": session.pick(4), "version": session.version()})
        if drawn == 6:
            return check(key, "attribute_exists(due)")
        version = session.version()
        return update(key, RENAME, {":title": f"task {version}", ":version": version})

    def assigning(self, session: Session, key: ItemKey, person: int) -> Action:
        values = {
            ":person": f"person-{person}",
            ":due": session.pick(4),
            ":progress": STATES[session.pick(2)],
            ":version": session.version(),
        }
        return update(key, ASSIGN, values)

    def drawn(self, session: Session) -> list[ItemKey]:
        count = self.teams * self.tasks
        return [self.task(n) for n in pick_several(session, min(2, count), count)]

    def task(self, n: int) -> ItemKey:
        team, task = n // self.tasks, n % self.tasks
        return ItemKey(TASKS, {"team": {"S": f"team-{team}"}, "task": {"S": f"task-{task}"}})
