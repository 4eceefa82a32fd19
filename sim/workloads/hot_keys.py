"""Hot keys: the paper's experiment on contention (§5.4), in the small.

A transaction is of `actions` items, one of them hot and all others cold; an operation on a single
item is on a hot one.  The fewer hot items there are, the more often two clients meet: 1 / `hot` is
the contention index.  `mix` says what is asked for, in the paper's three mixes.

Other than in the paper some writes are deletes (the next Update makes the item anew) and some are
only checks: `deletes` and `checks` are their shares.
"""

from collections.abc import Iterable
from typing import ClassVar

from items.limits import TRANSACTION_ACTIONS_MAX
from sim.workload import Json, Session
from sim.workloads.keys import Keys, one_of, share, whole
from sim.workloads.requests import (
    Act,
    Action,
    ItemKey,
    check,
    create_table,
    delete,
    get,
    item_at,
    pick_several,
    put,
    read,
    update,
    write,
    write_alone,
)

MIXES = ("100w", "50w50r", "25each")
TOUCH = "SET version = :version ADD touched :one"
KEYS_MAX = 1_000_000


class HotKeys:
    """A pool of hot items and a larger one of cold items, all there at first."""

    KEYS: ClassVar[Keys] = {
        "hot": 10,
        "cold": 400,
        "actions": 10,
        "mix": "25each",
        "deletes": 0.05,
        "checks": 0.1,
    }

    tables: tuple[Json, ...] = (create_table("items", "id"),)

    def __init__(self, keys: Keys) -> None:
        self.actions = whole(keys, "actions", 1, TRANSACTION_ACTIONS_MAX)
        self.hot = whole(keys, "hot", 1, KEYS_MAX)
        self.cold = whole(keys, "cold", self.actions - 1, KEYS_MAX)
        self.acts: tuple[Act, ...] = {
            "100w": (self.write_many,),
            "50w50r": (self.write_many, self.read_many),
            "25each": (self.write_many, self.read_many, self.write_one, self.read_one),
        }[one_of(keys, "mix", MIXES)]
        self.deletes = share(keys, "deletes")
        self.checks = share(keys, "checks")

    def items(self) -> Iterable[tuple[str, Json]]:
        keys = [*map(hot, range(self.hot)), *map(cold, range(self.cold))]
        for n, key in enumerate(keys, start=1):
            yield item_at(key, {"touched": 0, "version": f"0.{n}"})

    async def opening(self, session: Session) -> None:
        """Write to one hot item and to cold ones, and read them."""
        keys = [hot(0), *map(cold, range(self.actions - 1))]
        await write(session, *(self.touching(session, key) for key in keys))
        await read(session, *keys)

    async def act(self, session: Session) -> None:
        await self.acts[session.pick(len(self.acts))](session)

    async def write_many(self, session: Session) -> None:
        keys = self.drawn(session)
        await write(session, *(self.changing(session, key) for key in keys))

    async def read_many(self, session: Session) -> None:
        await read(session, *self.drawn(session))

    async def write_one(self, session: Session) -> None:
        key = hot(session.pick(self.hot))
        if session.happens(self.deletes):
            await write_alone(session, delete(key))
        else:
            await write_alone(session, self.touching(session, key))

    async def read_one(self, session: Session) -> None:
        await get(session, hot(session.pick(self.hot)), consistent=True)

    def drawn(self, session: Session) -> list[ItemKey]:
        """Draw one hot item and as many cold ones as a transaction has besides."""
        colds = pick_several(session, self.actions - 1, self.cold)
        return [hot(session.pick(self.hot)), *map(cold, colds)]

    def changing(self, session: Session, key: ItemKey) -> Action:
        """Draw what a transaction does to one of its items; mostly it touches it."""
        if session.happens(self.checks):
            return check(key, "attribute_exists(id)")
        if session.happens(self.deletes):
            return delete(key)
        if session.happens(self.deletes):
            return put(key, {"touched": 1, "version": session.version()})
        return self.touching(session, key)

    def touching(self, session: Session, key: ItemKey) -> Action:
        return update(key, TOUCH, {":one": 1, ":version": session.version()})


def hot(n: int) -> ItemKey:
    return ItemKey("items", {"id": {"S": f"hot-{n}"}})


def cold(n: int) -> ItemKey:
    return ItemKey("items", {"id": {"S": f"cold-{n}"}})
