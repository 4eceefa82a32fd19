"""A bookshop: the purchase of the paper's Listing 1, over three tables.

Check that the customer exists, take the book from stock if it is there, put the order unless it
exists.  Besides, orders are confirmed and given back, books are restocked, and customers leave and
come again, so that the check has something to find.
"""

from collections.abc import Iterable
from typing import ClassVar

from sim.workload import Json, Session
from sim.workloads.keys import Keys, whole
from sim.workloads.requests import (
    Action,
    ItemKey,
    Plain,
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

THERE = "attribute_exists(CustomerId)"
TAKE = "SET Stock = Stock - :copies, version = :version"
GIVE_BACK = "SET Stock = Stock + :copies, version = :version"


def customer(n: int) -> ItemKey:
    return ItemKey("Customers", {"CustomerId": {"S": f"customer-{n}"}})


def book(n: int) -> ItemKey:
    return ItemKey("Books", {"BookId": {"S": f"book-{n}"}})


def order(n: int) -> ItemKey:
    return ItemKey("Orders", {"OrderId": {"S": f"order-{n}"}})


class Bookshop:
    """Few customers, few books, few orders at a time; no order at first."""

    KEYS: ClassVar[Keys] = {"customers": 4, "books": 4, "orders": 6, "stock": 10}

    tables: tuple[Json, ...] = (
        create_table("Customers", "CustomerId"),
        create_table("Books", "BookId"),
        create_table("Orders", "OrderId"),
    )

    def __init__(self, keys: Keys) -> None:
        self.customers = whole(keys, "customers", 1, 10_000)
        self.books = whole(keys, "books", 2, 10_000)
        self.orders = whole(keys, "orders", 1, 10_000)
        self.stock = whole(keys, "stock", 0, 1_000_000)

    def items(self) -> Iterable[tuple[str, Json]]:
        for n in range(self.customers):
            yield item_at(customer(n), {"Address": f"{n} Main Street", "version": f"0.{n + 1}"})
        for n in range(self.books):
            version = f"0.{self.customers + n + 1}"
            yield item_at(book(n), {"Stock": self.stock, "version": version})

    async def opening(self, session: Session) -> None:
        """Order a book, as in Listing 1; order another under the same number; look."""
        await write(session, *self.ordering(session, 0, [0], 0))
        await write(session, *self.ordering(session, 0, [1], 0))
        await read(session, customer(0), book(0), book(1), order(0))

    async def act(self, session: Session) -> None:
        await act_one_of(
            session,
            (42, self.visit),
            (12, self.order_two_books),
            (12, self.look),
            (8, self.confirm),
            (10, self.restock),
            (10, self.come_and_go),
            (6, self.forget),
        )

    async def visit(self, session: Session) -> None:
        """Look, then do what is next: come as a customer, order a book, or give it back."""
        c, o = session.pick(self.customers), session.pick(self.orders)
        b = session.pick(self.books)
        seen = await read(session, customer(c), book(b), order(o))
        if seen is None:
            return
        who, _, what = seen
        if who is None:
            await write_alone(session, self.coming(session, c))
        if what is None:
            await write(session, *self.ordering(session, c, [b], o))
        else:
            await write(session, *self.giving_back(session, c, o, what))

    async def order_two_books(self, session: Session) -> None:
        """Order without a look: the order may exist, the customer may not."""
        books = pick_several(session, 2, self.books)
        c, o = session.pick(self.customers), session.pick(self.orders)
        await write(session, *self.ordering(session, c, books, o))

    async def look(self, session: Session) -> None:
        """Read a customer, books and an order, together or one by one."""
        o = session.pick(self.orders)
        c = session.pick(self.customers)
        first, second = pick_several(session, 2, self.books)
        if session.happens(0.3):
            await get(session, order(o))
            await get(session, book(first))
        else:
            await read(session, customer(c), book(first), book(second), order(o))

    async def confirm(self, session: Session) -> None:
        """Confirm an order, if the customer is there and there are enough books left."""
        o, b = session.pick(self.orders), session.pick(self.books)
        values = {":status": "CONFIRMED", ":version": session.version()}
        change = "SET OrderStatus = :status, version = :version"
        await write(
            session,
            check(customer(session.pick(self.customers)), THERE),
            check(book(b), "Stock >= :least", {":least": 2}),
            update(order(o), change, values, condition="attribute_exists(OrderId)"),
        )

    async def restock(self, session: Session) -> None:
        """Add copies of a book."""
        values = {":copies": 1 + session.pick(3), ":version": session.version()}
        change = "ADD Stock :copies SET version = :version"
        await write_alone(session, update(book(session.pick(self.books)), change, values))

    async def come_and_go(self, session: Session) -> None:
        """Let a customer leave, or come again."""
        c = session.pick(self.customers)
        if await get(session, customer(c)) is None:
            await write_alone(session, self.coming(session, c))
        elif session.happens(0.5):
            await write_alone(session, delete(customer(c)))
        else:
            # Two customers in one: the other one takes over.
            other = session.pick(self.customers)
            values = {":address": f"with customer-{c}", ":version": session.version()}
            change = "SET Address = :address, version = :version"
            actions = [delete(customer(c), condition=THERE)]
            if other != c:
                actions.append(update(customer(other), change, values, condition=THERE))
            await write(session, *actions)

    async def forget(self, session: Session) -> None:
        """Delete an order by itself, there or not; its books are lost."""
        await write_alone(session, delete(order(session.pick(self.orders))))

    def ordering(self, session: Session, c: int, books: list[int], o: int) -> list[Action]:
        """Write Listing 1's transaction; each book of an order is taken once."""
        attributes = {
            "Customer": f"customer-{c}",
            "Books": [f"book-{b}" for b in books],
            "OrderStatus": "PENDING",
            "version": session.version(),
        }
        return [
            check(customer(c), THERE),
            *(self.taking(session, b) for b in books),
            put(order(o), attributes, condition="attribute_not_exists(OrderId)"),
        ]

    def taking(self, session: Session, b: int) -> Action:
        values = {":copies": 1, ":version": session.version()}
        return update(book(b), TAKE, values, condition="Stock >= :copies")

    def giving_back(self, session: Session, c: int, o: int, seen: Plain) -> list[Action]:
        """Delete an order that is as it was seen, and put its books back."""
        actions = [
            check(customer(c), THERE),
            delete(order(o), condition="version = :seen", values={":seen": seen["version"]}),
        ]
        for name in seen["Books"]:
            values = {":copies": 1, ":version": session.version()}
            actions.append(update(book(int(name.removeprefix("book-"))), GIVE_BACK, values))
        return actions

    def coming(self, session: Session, c: int) -> Action:
        attributes = {"Address": f"{c} Main Street", "version": session.version()}
        return put(customer(c), attributes, condition="attribute_not_exists(CustomerId)")
