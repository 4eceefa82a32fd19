"""A catalogue that is loaded and cleared in batches, while others change it in transactions.

A batch is no transaction: each of its entries is a put or a delete of its own, and the catalogue
may be seen half loaded (§2.2).  What a batch gives back its client sends again, and a batch of
which it does not know what came as well; each time every put has a new version.  Beside it others
revise products together, move one to another's place if it is still what they saw, mend products
one by one, and look: at one, at several as of one moment, and at several as they are.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from sim.history import BATCH_READ, BATCH_WRITE
from sim.workload import Json, Session
from sim.workloads.keys import Keys, share, whole
from sim.workloads.requests import (
    Action,
    ItemKey,
    act_one_of,
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

TABLE = "catalogue"
BATCH_MAX = 25  # As many entries as a BatchWriteItem takes.
TOGETHER = 3  # Products of one transaction.
REVISED = "SET version = :version ADD revisions :one"


class BulkLoad:
    """A few products, every second one of which is there at first."""

    KEYS: ClassVar[Keys] = {"products": 12, "batch": 5, "deletes": 0.3, "tries": 3}

    tables: tuple[Json, ...] = (create_table(TABLE, "id"),)

    def __init__(self, keys: Keys) -> None:
        self.products = whole(keys, "products", TOGETHER, 10_000)
        self.batch = min(whole(keys, "batch", 1, BATCH_MAX), self.products)
        self.deletes = share(keys, "deletes")
        self.tries = whole(keys, "tries", 1, 100)

    def items(self) -> Iterable[tuple[str, Json]]:
        for number, n in enumerate(range(0, self.products, 2), 1):
            yield item_at(product(n), {"revisions": 0, "version": f"0.{number}"})

    async def opening(self, session: Session) -> None:
        """Load a batch, revise two products, and look at what was loaded in both ways."""
        places = range(self.batch)
        await self.send(session, [(n, False) for n in places])
        await write(session, *(self.revised(session, n) for n in range(2)))
        await read(session, *map(product, places))
        await look_at(session, places, consistently=True)

    async def act(self, session: Session) -> None:
        await act_one_of(
            session,
            (25, self.load),
            (15, self.revise),
            (15, self.move),
            (12, self.mend),
            (10, self.look),
            (12, self.compare),
            (11, self.look_at_some),
        )

    # In batches ------------------------------------------------------------------------------

    async def load(self, session: Session) -> None:
        """Put some products and delete others."""
        places = self.drawn(session, self.batch)
        await self.send(session, [(n, session.happens(self.deletes)) for n in places])

    async def send(self, session: Session, entries: Sequence[tuple[int, bool]]) -> None:
        """Send puts and deletes in one batch, and again what was not surely done."""
        for _ in range(self.tries):
            asked = [self.entry(session, n, goes=goes) for n, goes in entries]
            operation = await session.ask(BATCH_WRITE, {"RequestItems": {TABLE: asked}})
            if operation.is_unknown:
                continue
            left = operation.answer.get("UnprocessedItems", {}).get(TABLE, ())
            both = zip(entries, asked, strict=True)
            entries = [entry for entry, request in both if request in left]
            if not entries:
                return

    def entry(self, session: Session, n: int, *, goes: bool) -> Json:
        if goes:
            return {"DeleteRequest": {"Key": product(n).attributes}}
        _, item = item_at(product(n), fresh(session))
        return {"PutRequest": {"Item": item}}

    async def look_at_some(self, session: Session) -> None:
        places = self.drawn(session, self.batch)
        await look_at(session, places, consistently=session.happens(0.5))

    # In transactions -------------------------------------------------------------------------

    async def revise(self, session: Session) -> None:
        """Revise some products, and be sure of another."""
        first, *others = self.drawn(session, TOGETHER)
        word = "exists" if session.happens(0.5) else "not_exists"
        revised = [self.revised(session, n) for n in others]
        await write(session, check(product(first), f"attribute_{word}(id)"), *revised)

    async def move(self, session: Session) -> None:
        """Put a product in another's place, if it is still the one that was seen."""
        source, target = self.drawn(session, 2)
        seen = await get(session, product(source), consistent=True)
        if seen is None:
            await write(
                session,
                put(product(source), fresh(session), condition="attribute_not_exists(id)"),
                delete(product(target)),
            )
        else:
            values = {":seen": seen["version"]}
            await write(
                session,
                delete(product(source), condition="version = :seen", values=values),
                put(product(target), fresh(session)),
            )

    async def compare(self, session: Session) -> None:
        await read(session, *map(product, self.drawn(session, TOGETHER)))

    # One by one ------------------------------------------------------------------------------

    async def mend(self, session: Session) -> None:
        (n,) = self.drawn(session, 1)
        if session.happens(self.deletes):
            await write_alone(session, delete(product(n), condition="attribute_exists(id)"))
        else:
            await write_alone(session, self.revised(session, n))

    async def look(self, session: Session) -> None:
        (n,) = self.drawn(session, 1)
        await get(session, product(n))

    def revised(self, session: Session, n: int) -> Action:
        return update(product(n), REVISED, {":one": 1, ":version": session.version()})

    def drawn(self, session: Session, count: int) -> list[int]:
        return pick_several(session, count, self.products)


async def look_at(session: Session, places: Iterable[int], *, consistently: bool) -> None:
    """Read several products, each as it is at its own moment."""
    asked: dict[str, Any] = {"Keys": [product(n).attributes for n in places]}
    if consistently:
        asked["ConsistentRead"] = True
    await session.ask(BATCH_READ, {"RequestItems": {TABLE: asked}})


def product(n: int) -> ItemKey:
    return ItemKey(TABLE, {"id": {"S": f"product{n}"}})


def fresh(session: Session) -> dict[str, Any]:
    return {"revisions": 0, "version": session.version()}
