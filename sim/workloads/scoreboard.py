"""A scoreboard: matches of two players are written in transactions, and many people look at it.

A game's scores share a partition key, so that a Query shows the board of a game.  Most who look do
not say ConsistentRead: they are content with a board that was right a moment ago.  `strong` is the
share of those who are not.  `pages` is the share of those who want less than a whole board, or want
it page by page.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from sim.workload import Json, Session
from sim.workloads.keys import Keys, share, whole
from sim.workloads.requests import (
    Action,
    ItemKey,
    act_one_of,
    delete,
    get,
    item_at,
    page_by_page,
    pick_several,
    read,
    update,
    write,
    write_alone,
)

PLAYED = "SET version = :version ADD points :points"
POINTS_MAX = 3
PAGES_MAX = 4
BATCH_MAX = 4
COUNT_MAX = 10_000


class Scoreboard:
    """Games with a few players each, all with no points at first."""

    KEYS: ClassVar[Keys] = {"games": 4, "players": 5, "strong": 0.1, "pages": 0.0}

    tables: tuple[Json, ...] = (
        {
            "TableName": "scores",
            "AttributeDefinitions": [
                {"AttributeName": "game", "AttributeType": "S"},
                {"AttributeName": "player", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "game", "KeyType": "HASH"},
                {"AttributeName": "player", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )

    def __init__(self, keys: Keys) -> None:
        self.games = whole(keys, "games", 1, COUNT_MAX)
        self.players = whole(keys, "players", 2, COUNT_MAX)
        self.strong = share(keys, "strong")
        self.pages = share(keys, "pages")

    def items(self) -> Iterable[tuple[str, Json]]:
        for n in range(self.games * self.players):
            key = score(n // self.players, n % self.players)
            yield item_at(key, {"points": 0, "version": f"0.{n + 1}"})

    async def opening(self, session: Session) -> None:
        """Play one match, and look at it."""
        await write(session, *(self.played(session, score(0, n)) for n in range(2)))
        await get(session, score(0, 0), consistent=False)

    async def act(self, session: Session) -> None:
        await act_one_of(
            session,
            (20, self.look),
            (12, self.look_at_board),
            (12, self.play),
            (8, self.correct),
            (4, self.look_at_some),
            (3, self.look_at_all),
            (3, self.compare),
            (2, self.leave),
        )

    # Who plays -------------------------------------------------------------------------------

    async def play(self, session: Session) -> None:
        """Enter a match: both players' points, or neither's."""
        game = session.pick(self.games)
        players = pick_several(session, 2, self.players)
        await write(session, *(self.played(session, score(game, n)) for n in players))

    async def correct(self, session: Session) -> None:
        await write_alone(session, self.played(session, self.drawn(session)))

    async def leave(self, session: Session) -> None:
        """Take a player off the board; the next match makes the score anew."""
        await write_alone(session, delete(self.drawn(session)))

    def played(self, session: Session, key: ItemKey) -> Action:
        points = 1 + session.pick(POINTS_MAX)
        return update(key, PLAYED, {":points": points, ":version": session.version()})

    # Who looks -------------------------------------------------------------------------------

    async def look(self, session: Session) -> None:
        await get(session, self.drawn(session), consistent=session.happens(self.strong))

    async def look_at_board(self, session: Session) -> None:
        """Query a game's scores."""
        game = {":game": {"S": game_called(session.pick(self.games))}}
        request = {"KeyConditionExpression": "game = :game", "ExpressionAttributeValues": game}
        await self.ask_pages(session, "Query", {"TableName": "scores", **request})

    async def look_at_all(self, session: Session) -> None:
        await self.ask_pages(session, "Scan", {"TableName": "scores"})

    async def ask_pages(self, session: Session, operation: str, request: dict[str, Any]) -> None:
        """Ask for a whole board, or for a part of it and page by page."""
        if session.happens(self.strong):
            request["ConsistentRead"] = True
        if self.pages and session.happens(self.pages):
            request |= some_of(session, operation, request)
        await page_by_page(session, operation, request, pages_max=PAGES_MAX)

    async def look_at_some(self, session: Session) -> None:
        """Read a few scores at once, each as it is at its own moment."""
        places = pick_several(
            session, min(BATCH_MAX, self.games * self.players), self.games * self.players
        )
        keys = [score(n // self.players, n % self.players).attributes for n in places]
        asked: dict[str, Any] = {"Keys": keys}
        if session.happens(self.strong):
            asked["ConsistentRead"] = True
        await session.ask("BatchGetItem", {"RequestItems": {"scores": asked}})

    async def compare(self, session: Session) -> None:
        """Read two scores of a game as of one moment."""
        game = session.pick(self.games)
        await read(session, *(score(game, n) for n in pick_several(session, 2, self.players)))

    def drawn(self, session: Session) -> ItemKey:
        return score(session.pick(self.games), session.pick(self.players))


def some_of(session: Session, operation: str, request: Json) -> Json:
    """Draw how much of a board somebody wants: so many at a time, backwards, those with points."""
    asked: dict[str, Any] = {}
    if session.happens(0.6):
        asked["Limit"] = 2 + session.pick(2)
    if operation == "Query" and session.happens(0.4):
        asked["ScanIndexForward"] = False
    if session.happens(0.4):
        values = {**request.get("ExpressionAttributeValues", {}), ":few": {"N": "5"}}
        asked |= {"FilterExpression": "points > :few", "ExpressionAttributeValues": values}
    if session.happens(0.2):
        asked["Select"] = "COUNT"
    return asked


def game_called(n: int) -> str:
    return f"game{n}"


def score(game: int, player: int) -> ItemKey:
    key = {"game": {"S": game_called(game)}, "player": {"S": f"player{player}"}}
    return ItemKey("scores", key)
