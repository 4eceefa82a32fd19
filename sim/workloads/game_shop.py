"""A game's shop: players buy items with virtual coins, as in the announcement of transactions.

An item is for sale, or has an owner and is in that player's inventory: never both, never neither.
A purchase is the announcement's two Updates.  Besides, players sell back, trade, get coins, leave
with an empty inventory and come again, and items are retired and made anew.
"""

from collections.abc import Iterable
from typing import ClassVar

from sim.workload import Json, Session
from sim.workloads.keys import Keys, whole
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

PRICE_STEP = 10
GIFT = 25
NEW = "attribute_not_exists(id)"
THERE = "attribute_exists(id)"
TAKE = "set available = :false, ownedBy = :player, version = :version"
PAY = "set coins = coins - :price, inventory = list_append(inventory, :items), version = :version"
LOSE = "SET coins = coins - :coins, version = :version"
EARN = "SET coins = coins + :coins, version = :version"


def player(n: int) -> ItemKey:
    return ItemKey("players", {"id": {"S": f"player{n}"}})


def item(n: int) -> ItemKey:
    return ItemKey("items", {"id": {"S": f"item{n}"}})


def price(n: int) -> int:
    return PRICE_STEP * (1 + n % 4)


class GameShop:
    """Few players, few items; all items are for sale at first."""

    KEYS: ClassVar[Keys] = {"players": 4, "items": 6, "coins": 100}

    tables: tuple[Json, ...] = (create_table("players", "id"), create_table("items", "id"))

    def __init__(self, keys: Keys) -> None:
        self.player_count = whole(keys, "players", 2, 10_000)
        self.item_count = whole(keys, "items", 2, 10_000)
        self.coins = whole(keys, "coins", 0, 1_000_000)

    def items(self) -> Iterable[tuple[str, Json]]:
        for n in range(self.player_count):
            start = {"coins": self.coins, "inventory": [], "version": f"0.{n + 1}"}
            yield item_at(player(n), start)
        for n in range(self.item_count):
            version = f"0.{self.player_count + n + 1}"
            yield item_at(item(n), {"price": price(n), "available": True, "version": version})

    async def opening(self, session: Session) -> None:
        """Buy an item, try to buy it again, and look."""
        await write(session, *self.buying(session, 0, 0))
        await write(session, *self.buying(session, 1, 0))
        await read(session, player(0), player(1), item(0))

    async def act(self, session: Session) -> None:
        await act_one_of(
            session,
            (46, self.visit),
            (8, self.buy_at_once),
            (10, self.trade),
            (6, self.retire),
            (8, self.make),
            (8, self.look),
            (5, self.come_and_go),
            (12, self.tend),
        )

    async def visit(self, session: Session) -> None:
        """Look at a player and an item, then do what is next: buy, sell back, buy from a player."""
        p, i = session.pick(self.player_count), session.pick(self.item_count)
        seen = await read(session, player(p), item(i))
        if seen is None:
            return
        who, what = seen
        if who is None:
            await write_alone(session, self.coming(session, p))
        elif what is None:
            await write(session, *self.making(session, p, i))
        elif what["available"]:
            await write(session, *self.buying(session, p, i))
        else:
            owner = int(what["ownedBy"].removeprefix("player"))
            whose = who if owner == p else await get(session, player(owner))
            if whose is not None and f"item{i}" in whose["inventory"]:
                position = whose["inventory"].index(f"item{i}")
                buyer = None if owner == p or session.happens(0.4) else p
                await write(session, *self.selling(session, owner, i, position, buyer))

    async def buy_at_once(self, session: Session) -> None:
        """Buy two items in one transaction, without a look."""
        two = pick_several(session, 2, self.item_count)
        await write(session, *self.buying(session, session.pick(self.player_count), *two))

    async def trade(self, session: Session) -> None:
        """Look at a few players, then let the richest pay the poorest.

        A third one, the witness, must still have the coins that were seen.
        """
        numbers = pick_several(session, min(3, self.player_count), self.player_count)
        seen = await read(session, *map(player, numbers))
        if seen is None or None in seen:
            return
        coins = {n: found["coins"] for n, found in zip(numbers, seen, strict=True) if found}
        poorest, *between, richest = sorted(coins, key=lambda n: (coins[n], n))
        spent = {":coins": 1 + session.pick(GIFT), ":version": session.version()}
        earned = {**spent, ":version": session.version()}
        await write(
            session,
            update(player(richest), LOSE, spent, condition="coins >= :coins"),
            update(player(poorest), EARN, earned, condition=THERE),
            *(check(player(n), "coins = :seen", {":seen": coins[n]}) for n in between),
        )

    async def retire(self, session: Session) -> None:
        """Delete an item that is for sale, as long as a certain player is there to ask for it."""
        i = session.pick(self.item_count)
        gone = delete(item(i), condition="available = :true", values={":true": True})
        if session.happens(0.3):
            await write_alone(session, gone)
        else:
            await write(session, check(player(session.pick(self.player_count)), THERE), gone)

    async def make(self, session: Session) -> None:
        """Make a retired item anew, if there is one among two."""
        for i in pick_several(session, 2, self.item_count):
            if await get(session, item(i)) is None:
                await write(session, *self.making(session, session.pick(self.player_count), i))
                return

    async def look(self, session: Session) -> None:
        """Read a player and a few items."""
        if session.happens(0.3):
            await get(session, player(session.pick(self.player_count)))
        count = min(3, self.item_count)
        places = [item(i) for i in pick_several(session, count, self.item_count)]
        await read(session, player(session.pick(self.player_count)), *places)

    async def come_and_go(self, session: Session) -> None:
        """Let a player with an empty inventory leave; one who is gone comes again."""
        p = session.pick(self.player_count)
        if await get(session, player(p)) is None:
            await write_alone(session, self.coming(session, p))
        else:
            empty = "size(inventory) = :none"
            await write_alone(session, delete(player(p), condition=empty, values={":none": 0}))

    async def tend(self, session: Session) -> None:
        """Grant a player coins, or change an item's label."""
        if session.happens(0.3):
            label = {":label": f"label {session.pick(9)}", ":version": session.version()}
            change = "SET label = :label, version = :version"
            i = session.pick(self.item_count)
            await write_alone(session, update(item(i), change, label, condition=THERE))
        else:
            granted = {":coins": 1 + session.pick(GIFT), ":version": session.version()}
            change = "ADD coins :coins SET version = :version"
            p = session.pick(self.player_count)
            await write_alone(session, update(player(p), change, granted, condition=THERE))

    def buying(self, session: Session, p: int, *bought: int) -> list[Action]:
        """Write the announcement's Updates: take each item, pay for all."""
        return [
            *(self.taking(session, p, i) for i in bought),
            self.paying(session, p, list(bought)),
        ]

    def paying(self, session: Session, p: int, bought: list[int]) -> Action:
        values = {
            ":items": [f"item{i}" for i in bought],
            ":price": sum(map(price, bought)),
            ":version": session.version(),
        }
        return update(player(p), PAY, values, condition="coins >= :price")

    def taking(self, session: Session, p: int, i: int) -> Action:
        values = {
            ":true": True,
            ":false": False,
            ":player": f"player{p}",
            ":version": session.version(),
        }
        return update(item(i), TAKE, values, condition="available = :true")

    def selling(
        self, session: Session, p: int, i: int, position: int, buyer: int | None
    ) -> list[Action]:
        """Sell an item for its price, to another player or back to the shop.

        `position` is where it was seen in the inventory of `p`.
        """
        earn = f"SET coins = coins + :price, version = :version REMOVE inventory[{position}]"
        earned = {":price": price(i), ":item": f"item{i}", ":version": session.version()}
        paid = update(player(p), earn, earned, condition=f"inventory[{position}] = :item")
        sold = {":player": f"player{p}", ":version": session.version()}
        if buyer is None:
            change = "SET available = :true, version = :version REMOVE ownedBy"
            back = update(item(i), change, {**sold, ":true": True}, condition="ownedBy = :player")
            return [back, paid]
        change = "SET ownedBy = :buyer, version = :version"
        handed = {**sold, ":buyer": f"player{buyer}"}
        return [
            update(item(i), change, handed, condition="ownedBy = :player"),
            paid,
            self.paying(session, buyer, [i]),
        ]

    def making(self, session: Session, p: int, i: int) -> list[Action]:
        """Put an item where there is none, for a player who is there."""
        attributes = {"price": price(i), "available": True, "version": session.version()}
        return [check(player(p), THERE), put(item(i), attributes, condition=NEW)]

    def coming(self, session: Session, p: int) -> Action:
        start = {"coins": self.coins, "inventory": [], "version": session.version()}
        return put(player(p), start, condition=NEW)
