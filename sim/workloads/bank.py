"""A bank: transfers between accounts, and snapshots of many.

Money is neither made nor lost: an account is opened with nothing on it and closed only when there
is nothing on it, and what is done to one account alone leaves its balance as it is.  So whoever
reads all accounts at once finds `Bank.total`, a missing account counting as nothing.
"""

from collections.abc import Iterable, Sequence
from functools import cache
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

HOLDERS = ("alice", "bob", "carol", "dave")
AMOUNT_MAX = 20
SNAPSHOT_ACCOUNTS_MAX = 100  # As many items as one read transaction takes.
NEW = "attribute_not_exists(id)"
THERE = "attribute_exists(id)"
TAKE = "SET balance = balance - :amount, version = :version"
GIVE = "SET balance = balance + :amount, version = :version"


@cache
def account(n: int) -> ItemKey:
    return ItemKey("accounts", {"id": {"S": f"account{n}"}})


class Bank:
    """Few accounts with the same balance at first."""

    KEYS: ClassVar[Keys] = {"accounts": 8, "balance": 100}

    tables: tuple[Json, ...] = (create_table("accounts", "id"),)

    def __init__(self, keys: Keys) -> None:
        self.accounts = whole(keys, "accounts", 2, SNAPSHOT_ACCOUNTS_MAX)
        self.balance = whole(keys, "balance", 0, 1_000_000_000)

    def total(self) -> int:
        """Say how much money there is, at any time."""
        return self.accounts * self.balance

    def watched(self) -> Iterable[tuple[str, Json]]:
        """Return all accounts."""
        return map(account, range(self.accounts))

    def broken(self, items: Sequence[Json | None]) -> str:
        """Say how much money there is in these accounts, if it is not what there has to be."""
        # What is no account, if the protocol shows such a thing, holds nothing.
        total = sum(int(item.get("balance", {}).get("N", 0)) for item in items if item is not None)
        if total == self.total():
            return ""
        return f"the accounts hold {total}, and {self.total()} is what they held at first"

    def items(self) -> Iterable[tuple[str, Json]]:
        for n in range(self.accounts):
            holder = HOLDERS[n % len(HOLDERS)]
            attributes = {"holder": holder, "balance": self.balance, "version": f"0.{n + 1}"}
            yield item_at(account(n), attributes)

    async def opening(self, session: Session) -> None:
        """Transfer some money, try to transfer too much, and read all accounts."""
        await write(session, *self.transferring(session, 0, [1], 10))
        await write(session, *self.transferring(session, 0, [1], self.total() + 1))
        await read(session, *map(account, range(self.accounts)))

    async def act(self, session: Session) -> None:
        await act_one_of(
            session,
            (40, self.transfer),
            (18, self.balance_out),
            (8, self.read_all),
            (6, self.close),
            (10, self.open),
            (6, self.look),
            (12, self.rename),
        )

    async def transfer(self, session: Session) -> None:
        """Move money to one or two other accounts, sometimes if a guarantor has as much."""
        payer, *others = pick_several(session, min(4, self.accounts), self.accounts)
        payees = others[: 1 + session.happens(0.25)]
        amount = 1 + session.pick(AMOUNT_MAX)
        actions = self.transferring(session, payer, payees, amount)
        if session.happens(0.2):
            enough = {":amount": amount}
            actions += [check(account(n), "balance >= :amount", enough) for n in others[2:]]
        await write(session, *actions)

    async def balance_out(self, session: Session) -> None:
        """Look at three accounts, then open one that is missing, or help the poorest.

        The third one must still be what it was: as in write skew, two clients that see the same
        and change different accounts must not both have their way.
        """
        numbers = pick_several(session, min(3, self.accounts), self.accounts)
        seen = await read(session, *map(account, numbers))
        if seen is None:
            return
        balances = {n: found["balance"] for n, found in zip(numbers, seen, strict=True) if found}
        missing = [n for n in numbers if n not in balances]
        if len(balances) < 2:
            return
        poorest, *between, richest = sorted(balances, key=lambda n: (balances[n], n))
        if missing:
            await write(session, *self.opening_for(session, missing[0], referrer=richest))
            return
        amount = max(1, (balances[richest] - balances[poorest]) // 2)
        actions = self.transferring(session, richest, [poorest], amount)
        actions += [check(account(n), "balance = :seen", {":seen": balances[n]}) for n in between]
        await write(session, *actions)

    async def read_all(self, session: Session) -> None:
        """Read all accounts at once, or most of them."""
        if session.happens(0.5):
            await read(session, *map(account, range(self.accounts)))
        else:
            count = max(2, self.accounts // 2)
            await read(session, *map(account, pick_several(session, count, self.accounts)))

    async def close(self, session: Session) -> None:
        """Move all money of an account to another, then delete it if it is still empty."""
        n, other = pick_several(session, 2, self.accounts)
        seen = await get(session, account(n))
        if seen is not None and seen["balance"] > 0:
            await write(session, *self.transferring(session, n, [other], seen["balance"]))
        closed = delete(account(n), condition="balance = :zero", values={":zero": 0})
        if session.happens(0.3):
            await write_alone(session, closed)
        else:
            await write(session, closed, check(account(other), THERE))

    async def open(self, session: Session) -> None:
        """Open an account that is missing, if there is one among two."""
        for n in pick_several(session, 2, self.accounts):
            if await get(session, account(n)) is None:
                referrer = (n + 1 + session.pick(self.accounts - 1)) % self.accounts
                opened, referred = self.opening_for(session, n, referrer=referrer)
                if session.happens(0.3):
                    await write_alone(session, opened)
                else:
                    await write(session, opened, referred)
                return

    async def look(self, session: Session) -> None:
        """Read a single account or two, one after the other."""
        for n in pick_several(session, 1 + session.pick(2), self.accounts):
            await get(session, account(n))

    async def rename(self, session: Session) -> None:
        """Change an account's holder; its balance stays what it is."""
        values = {
            ":holder": HOLDERS[session.pick(len(HOLDERS))],
            ":version": session.version(),
        }
        change = "SET holder = :holder, version = :version"
        n = session.pick(self.accounts)
        await write_alone(session, update(account(n), change, values, condition=THERE))

    def transferring(
        self, session: Session, payer: int, payees: list[int], amount: int
    ) -> list[Action]:
        """Take from one account, if there is enough, and give as much to each of the others."""
        taken = {":amount": amount * len(payees), ":version": session.version()}
        actions = [update(account(payer), TAKE, taken, condition="balance >= :amount")]
        for n in payees:
            given = {":amount": amount, ":version": session.version()}
            actions.append(update(account(n), GIVE, given, condition=THERE))
        return actions

    def opening_for(self, session: Session, n: int, *, referrer: int) -> list[Action]:
        """Put an account with nothing on it where there is none, if the referrer's is there."""
        holder = HOLDERS[session.pick(len(HOLDERS))]
        attributes = {"holder": holder, "balance": 0, "version": session.version()}
        return [put(account(n), attributes, condition=NEW), check(account(referrer), THERE)]
