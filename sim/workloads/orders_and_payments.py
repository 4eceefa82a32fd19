"""Orders and payments: the tutorial's tables, at first by its book, then by many clients at once.

An order n has two payments at most, PAY#n and, if the customer pays in two parts, PAY#n/2.  An
order and its payments come and go together; the clients' steps are the tutorial's and what a shop
does besides: place, pay, cancel, place again, add a payment to an order that is pending, drop the
payments of an order that is gone.
"""

from collections.abc import Iterable
from typing import ClassVar

from sim.workload import Json, Session
from sim.workloads import tutorial
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

CUSTOMERS = ("alice", "bob", "carol", "dave")
STATUS = {"#S": "Status"}
NO_ORDER = "attribute_not_exists(OrderID)"
NO_PAYMENT = "attribute_not_exists(PaymentID)"
ORDERS_MAX = 1_000  # The tutorial has ORD#1001.


def order(n: int) -> ItemKey:
    return ItemKey("Orders", {"OrderID": {"S": f"ORD#{n}"}})


def payment(n: int, part: int = 1) -> ItemKey:
    return ItemKey("Payments", {"PaymentID": {"S": f"PAY#{n}" if part == 1 else f"PAY#{n}/{part}"}})


class OrdersAndPayments:
    """Many clients, few orders; half of the orders are there at first."""

    KEYS: ClassVar[Keys] = {"orders": 6}

    tables: tuple[Json, ...] = (
        create_table("Orders", "OrderID"),
        create_table("Payments", "PaymentID"),
    )

    def __init__(self, keys: Keys) -> None:
        self.orders = whole(keys, "orders", 2, ORDERS_MAX)

    def items(self) -> Iterable[tuple[str, Json]]:
        for count, n in enumerate(range(0, self.orders, 2)):
            first = {"Customer": "alice", "Amount": 50, "Status": "PENDING"}
            yield item_at(order(n), {**first, "version": f"0.{2 * count + 1}"})
            second = {"OrderID": f"ORD#{n}", "Amount": 50, "Method": "CreditCard"}
            yield item_at(payment(n), {**second, "version": f"0.{2 * count + 2}"})

    async def opening(self, session: Session) -> None:
        await tutorial.follow(session)

    async def act(self, session: Session) -> None:
        await act_one_of(
            session,
            (46, self.handle),
            (7, self.order_at_once),
            (8, self.place_anew),
            (11, self.pay_the_rest),
            (4, self.tidy),
            (14, self.look),
            (16, self.mend),
        )

    async def handle(self, session: Session) -> None:
        """Look at an order, then do what is next: place it, pay it, or cancel it."""
        n = session.pick(self.orders)
        if session.happens(0.5):
            found = await get(session, order(n))
        else:
            seen = await read(session, order(n), payment(n))
            if seen is None:
                return
            found = seen[0]
        if found is None:
            await write(session, *self.placing(session, n))
        elif found.get("Status") == "PENDING" and not session.happens(0.2):
            await write(session, *self.paying(session, n))
        else:
            await write(session, *self.cancelling(n))

    async def order_at_once(self, session: Session) -> None:
        """Place an order without a look: it may exist already."""
        await write(session, *self.placing(session, session.pick(self.orders)))

    async def place_anew(self, session: Session) -> None:
        """Cancel an order, whatever its state, and place it again."""
        n = session.pick(self.orders)
        await write(session, *self.cancelling(n))
        await write(session, *self.placing(session, n))

    async def pay_the_rest(self, session: Session) -> None:
        """Add the second payment of an order, as long as that is pending."""
        n = session.pick(self.orders)
        pending = check(order(n), "#S = :pending", {":pending": "PENDING"}, names=STATUS)
        await write(session, pending, self.paid(session, n, part=2, condition=NO_PAYMENT))

    async def tidy(self, session: Session) -> None:
        """Drop the payments of an order that is gone."""
        n = session.pick(self.orders)
        await write(
            session, check(order(n), NO_ORDER), delete(payment(n)), delete(payment(n, part=2))
        )

    async def look(self, session: Session) -> None:
        """Read what belongs together, in one read transaction or one by one."""
        n, other = pick_several(session, 2, self.orders)
        if session.happens(0.4):
            await get(session, order(n))
            await get(session, payment(n))
        else:
            await read(session, order(n), payment(n), payment(n, part=2), order(other))

    async def mend(self, session: Session) -> None:
        """Change single items: an order's customer, a payment put in again or taken out."""
        n = session.pick(self.orders)
        values = {":customer": self.customer(session), ":version": session.version()}
        change = "SET Customer = :customer, version = :version"
        mends = (
            update(order(n), change, values, condition="attribute_exists(OrderID)"),
            self.paid(session, n, part=1, condition=None),
            delete(payment(n, part=2)),
            delete(order(n), condition="Customer = :customer", values={":customer": "alice"}),
        )
        await write_alone(session, mends[session.pick(len(mends))])

    def placing(self, session: Session, n: int) -> list[Action]:
        """Put an order and its payment, or two payments, where there are none."""
        attributes = {
            "Customer": self.customer(session),
            "Amount": 10 + session.pick(90),
            "Status": "PENDING",
            "version": session.version(),
        }
        actions = [put(order(n), attributes, condition=NO_ORDER)]
        actions.append(self.paid(session, n, part=1, condition=NO_PAYMENT))
        if session.happens(0.4):
            actions.append(self.paid(session, n, part=2, condition=None))
        return actions

    def paying(self, session: Session, n: int) -> list[Action]:
        """Mark an order as paid and its payment as processed, each if it was not."""
        change = "SET #S = :s, version = :version"
        paid = {":s": "PAID", ":pending": "PENDING", ":version": session.version()}
        processed = {":s": "PROCESSED", ":version": session.version()}
        condition = "attribute_exists(PaymentID) AND attribute_not_exists(#S)"
        return [
            update(order(n), change, paid, condition="#S = :pending", names=STATUS),
            update(payment(n), change, processed, condition=condition, names=STATUS),
        ]

    def cancelling(self, n: int) -> list[Action]:
        """Delete an order with all its payments: some of them are not there."""
        there = delete(order(n), condition="attribute_exists(OrderID)")
        return [there, delete(payment(n)), delete(payment(n, part=2))]

    def paid(self, session: Session, n: int, *, part: int, condition: str | None) -> Action:
        attributes = {
            "OrderID": f"ORD#{n}",
            "Method": "CreditCard",
            "Amount": 10 + session.pick(90),
            "version": session.version(),
        }
        return put(payment(n, part), attributes, condition=condition)

    def customer(self, session: Session) -> str:
        return CUSTOMERS[session.pick(len(CUSTOMERS))]
