"""A ring: nodes that lead to each other in a circle, rewired by transactions.

FoundationDB's Cycle test, with nodes that leave the ring and come back.  Whoever sees all nodes at
one moment and follows them from the first comes past every node that is there, once, and back.  Two
changes that overlap and miss each other split the ring in two or lose a node.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import ClassVar

from sim.workload import Json, Session
from sim.workloads.keys import Keys, whole
from sim.workloads.requests import (
    ItemKey,
    act_one_of,
    check,
    create_table,
    delete,
    get,
    item_at,
    put,
    read,
    update,
    write,
    write_alone,
)

NODES_MAX = 100  # As many items as one read transaction takes.
LEAD = "SET leads_to = :to, version = :version"
STILL = "leads_to = :seen"
NEW = "attribute_not_exists(id)"
THERE = "attribute_exists(id)"
COLOURS = ("red", "green", "blue")


@cache
def node(name: str) -> ItemKey:
    return ItemKey("nodes", {"id": {"S": name}})


class Ring:
    """A few nodes in a circle; the first one is always among them."""

    KEYS: ClassVar[Keys] = {"nodes": 8}

    tables: tuple[Json, ...] = (create_table("nodes", "id"),)

    def __init__(self, keys: Keys) -> None:
        self.count = whole(keys, "nodes", 4, NODES_MAX)
        self.names = [f"node{n}" for n in range(self.count)]

    def items(self) -> Iterable[tuple[str, Json]]:
        for n, name in enumerate(self.names):
            after = self.names[(n + 1) % self.count]
            yield item_at(node(name), {"leads_to": after, "version": f"0.{n + 1}"})

    def watched(self) -> Iterable[tuple[str, Json]]:
        """Return what the ring is made of, the first node first."""
        return [node(name) for name in self.names]

    def broken(self, items: Sequence[Json | None]) -> str:
        """Say what is wrong with the ring, if these are all nodes at one moment."""
        leads = {
            name: item.get("leads_to", {}).get("S", "nowhere")
            for name, item in zip(self.names, items, strict=True)
            if item is not None
        }
        passed: list[str] = []
        name = self.names[0]
        while name in leads and name not in passed:
            passed.append(name)
            name = leads[name]
        way = " → ".join([*passed, name])
        if name not in leads:
            return f"the ring is torn: {way}, and no such node is there"
        if name != self.names[0] or len(passed) != len(leads):
            return f"the ring of {len(leads)} nodes is knotted: {way}"
        return ""

    async def opening(self, session: Session) -> None:
        """Swap two neighbours, and read the whole ring."""
        first, second, third, fourth = self.names[:4]
        await self._swap(session, (first, second, third, fourth))
        await self.read_all(session)

    async def act(self, session: Session) -> None:
        await act_one_of(
            session,
            (40, self.swap),
            (14, self.take_out),
            (18, self.put_in),
            (10, self.read_all),
            (24, self.look),
            (14, self.paint),
            (8, self.sweep),
        )

    async def swap(self, session: Session) -> None:
        """Look at the ring, and swap two neighbours if they still lead to each other."""
        way = await self._way(session, 3)
        if len({*way[:3]}) == 3:
            await self._swap(session, way)

    async def _swap(self, session: Session, way: Sequence[str]) -> None:
        first, second, third, fourth = way
        actions = [
            update(node(first), LEAD, self._to(session, third, second), condition=STILL),
            update(node(second), LEAD, self._to(session, fourth, third), condition=STILL),
            update(node(third), LEAD, self._to(session, second, fourth), condition=STILL),
        ]
        if fourth != first and session.happens(0.5):
            actions.append(check(node(fourth), THERE))
        await write(session, *actions)

    async def take_out(self, session: Session) -> None:
        """Have a node's predecessor lead past it, and delete it."""
        way = await self._way(session, 2)
        if len({*way}) < 3 or way[1] == self.names[0]:
            return
        first, gone, after = way
        await write(
            session,
            update(node(first), LEAD, self._to(session, after, gone), condition=STILL),
            delete(node(gone), condition=STILL, values={":seen": after}),
            check(node(after), THERE),
        )

    async def put_in(self, session: Session) -> None:
        """Put a missing node between two others."""
        name = self.names[1 + session.pick(self.count - 1)]
        way = await self._way(session, 1, missing=name)
        if way:
            first, after = way
            attributes = {"leads_to": after, "version": session.version()}
            await write(
                session,
                put(node(name), attributes, condition=NEW),
                update(node(first), LEAD, self._to(session, name, after), condition=STILL),
            )

    async def read_all(self, session: Session) -> None:
        await read(session, *map(node, self.names))

    async def look(self, session: Session) -> None:
        """Read a node, and the one that it leads to."""
        found = await get(session, node(self.names[session.pick(self.count)]))
        if found is not None:
            await get(session, node(found["leads_to"]))

    async def paint(self, session: Session) -> None:
        """Change a node alone; where it leads to stays what it is."""
        name = self.names[session.pick(self.count)]
        values = {":colour": COLOURS[session.pick(3)], ":version": session.version()}
        change = "SET colour = :colour, version = :version"
        await write_alone(session, update(node(name), change, values, condition=THERE))

    async def sweep(self, session: Session) -> None:
        """Delete a node that leads nowhere: there is none, so only the delete is remembered."""
        name = self.names[session.pick(self.count)]
        condition = "attribute_not_exists(leads_to)"
        await write_alone(session, delete(node(name), condition=condition))

    async def _way(self, session: Session, steps: int, *, missing: str = "") -> list[str]:
        """Look at the whole ring, and follow it from some node for so many steps.

        Nothing if there is no answer, or if the node is there that was to be missing.
        """
        seen = await read(session, *map(node, self.names))
        if seen is None:
            return []
        leads = {one["id"]: one["leads_to"] for one in seen if one is not None}
        if missing in leads:
            return []
        way = [sorted(leads)[session.pick(len(leads))]]
        while len(way) <= steps and way[-1] in leads:
            way.append(leads[way[-1]])
        return way if len(way) > steps else []  # A broken protocol may show a torn ring.

    def _to(self, session: Session, after: str, seen: str) -> dict[str, str]:
        return {":to": after, ":seen": seen, ":version": session.version()}
