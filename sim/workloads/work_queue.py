"""A queue of jobs: a job is delivered at least once, to several workers, and done exactly once.

Each job comes round again and again.  Whoever does its next round uses the job's and the round's
name as the token of one write transaction (§2.3): count the round, add its effect to the job's
team, leave a result.  So several workers ask for the same under one token, at the same moment or
one after the other, and the token alone says what came of it; a worker whose code is newer asks for
something else under that token.  A team whose budget is spent has its jobs cancelled, and each of
them is delivered again.

A round is counted in the transaction that has its effect, so there are always as many effects as
there were rounds.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import ClassVar

from sim.history import WRITE_TRANSACTION, Operation
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
    put,
    read,
    update,
    write,
    write_alone,
)

SNAPSHOT_ITEMS_MAX = 100  # As many items as one read transaction takes.
ROUND = "SET round = :next, version = :version"
EFFECT = "SET effects = effects + :one, budget = budget - :cost, version = :version"
REFILL = "SET budget = budget + :more, version = :version"


@cache
def job(n: int) -> ItemKey:
    return ItemKey("jobs", {"id": {"S": f"job{n}"}})


@cache
def team(n: int) -> ItemKey:
    return ItemKey("teams", {"id": {"S": f"team{n}"}})


@cache
def result(n: int) -> ItemKey:
    return ItemKey("results", {"id": {"S": f"job{n}"}})


class WorkQueue:
    """Few jobs, fewer teams, and workers who are all told of the same jobs."""

    KEYS: ClassVar[Keys] = {
        "jobs": 4,
        "teams": 2,
        "budget": 3,
        "deliveries": 3,
        "late": 0.25,
        "newer": 0.2,
    }

    tables: tuple[Json, ...] = tuple(
        create_table(name, "id") for name in ("jobs", "teams", "results")
    )

    def __init__(self, keys: Keys) -> None:
        self.jobs = whole(keys, "jobs", 1, SNAPSHOT_ITEMS_MAX // 2)
        self.teams = whole(keys, "teams", 1, SNAPSHOT_ITEMS_MAX // 2)
        self.budget = whole(keys, "budget", 0, 1_000_000)
        self.deliveries = whole(keys, "deliveries", 1, 100)
        self.late = share(keys, "late")
        self.newer = share(keys, "newer")

    def watched(self) -> Iterable[tuple[str, Json]]:
        """Return all jobs, then all teams."""
        return [*map(job, range(self.jobs)), *map(team, range(self.teams))]

    def broken(self, items: Sequence[Json | None]) -> str:
        """Say how many effects there are, if they are not as many as rounds."""
        rounds, effects = (
            sum(int(item.get(name, {}).get("N", 0)) for item in some if item is not None)
            for name, some in (("round", items[: self.jobs]), ("effects", items[self.jobs :]))
        )
        if rounds == effects:
            return ""
        return f"the jobs have had {rounds} rounds, and the teams have {effects} effects of them"

    def items(self) -> Iterable[tuple[str, Json]]:
        for n in range(self.jobs):
            yield item_at(job(n), {"round": 0, "version": f"0.{n + 1}"})
        for n in range(self.teams):
            first = {"effects": 0, "budget": self.budget, "version": f"0.{self.jobs + n + 1}"}
            yield item_at(team(n), first)

    async def opening(self, session: Session) -> None:
        """Do a job, hear of it again with the same code and with newer, and look at everything."""
        await refill(session, 0, 2)
        for is_newer in (False, False, True):
            await self.do(session, 0, 0, is_newer=is_newer)
        await self.look(session)

    async def act(self, session: Session) -> None:
        await act_one_of(
            session, (60, self.work), (18, self.pay), (10, self.look), (12, self.take_result)
        )

    async def work(self, session: Session) -> None:
        """Take a message off the queue; until it is done, it is delivered again, and maybe then."""
        n = session.pick(self.jobs)
        seen = await get(session, job(n), consistent=True)
        if seen is None:
            return
        # What the queue has is not always the newest: a message of the round before comes late.
        number = max(0, seen["round"] - session.happens(self.late))
        for _ in range(self.deliveries):
            done = await self.do(session, n, number, is_newer=session.happens(self.newer))
            if done.outcome == "committed" and session.happens(0.7):
                return  # Else the queue does not hear that it is done.

    async def do(self, session: Session, n: int, number: int, *, is_newer: bool) -> Operation:
        """Ask for a round of a job, under its own token: with the same code it is the same request.

        Nothing is drawn here, and no version minted: that would be another request.
        """
        token = f"job{n}.{number}"
        actions = self.doing(n, number, f"{token}.{1 + is_newer}", cost=1 + is_newer)
        entries = [{kind: given} for kind, given in actions]
        request = {"ClientRequestToken": token, "TransactItems": entries}
        return await session.ask(WRITE_TRANSACTION, request)

    def doing(self, n: int, number: int, version: str, *, cost: int) -> list[Action]:
        """Count the round, have the team pay for it if it can, and leave what came of it."""
        counted = {":round": number, ":next": number + 1, ":version": version}
        paid = {":one": 1, ":cost": cost, ":version": version}
        return [
            update(job(n), ROUND, counted, condition="round = :round"),
            update(team(n % self.teams), EFFECT, paid, condition="budget >= :cost"),
            put(result(n), {"round": number, "version": version}),
        ]

    async def pay(self, session: Session) -> None:
        """Give a team what a few rounds cost."""
        await refill(session, session.pick(self.teams), 1 + session.pick(6))

    async def look(self, session: Session) -> None:
        """Look at all jobs and teams at one moment."""
        await read(session, *(ItemKey(*one) for one in self.watched()))

    async def take_result(self, session: Session) -> None:
        """Take a result away, alone, or if its job has not gone on."""
        n = session.pick(self.jobs)
        seen = await get(session, result(n))
        if seen is None:
            return
        if session.happens(0.5):
            await write_alone(session, delete(result(n), condition="attribute_exists(id)"))
        else:
            following = {":next": seen["round"] + 1}
            await write(session, delete(result(n)), check(job(n), "round = :next", following))


async def refill(session: Session, n: int, more: int) -> None:
    given = {":more": more, ":version": session.version()}
    await write_alone(session, update(team(n), REFILL, given))
