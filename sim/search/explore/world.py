"""A tiny world: who asks for what, by which clocks, and how much may go wrong.

Requests are written in the words of golden scripts, as in the workload `listed`.  Each transaction
has a coordinator of its own: c1 the first one, c2 the second.  Clocks stand still, so a
transaction's timestamp is its coordinator's clock, and a world can say which comes first.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from items.actions import Action
from items.data import data
from network.messages import RecordKey
from network.placement import Placement
from sim.checkers.model import Model
from sim.clock import EPOCH_US
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION
from sim.script_requests import ScriptError, Spec, request, table

ITEMS = "items"
TABLES = (table(ITEMS),)
LINE = re.compile(r"(k[1-9][0-9]*): +(?:at +\w+ +)?(\w+) +(.+)")
EXAMPLE = "k1: write put(a, 1) put(d, 1)"
TOKEN = "/token"  # noqa: S105  # After a call's name, that of its token.
REQUESTS_MAX = 8  # Of more, nobody walks every schedule.
CLOCKS_US = 10_000  # Where nothing is said: c1's clock, c2's is 2 ms later, and so on.
STEP_US = 2_000


class WorldError(ValueError):
    """Something that makes no world, or none that is small enough."""


@data
class Limits:
    """How often each thing may go wrong, in one schedule."""

    crashes: int = 0  # Of coordinators, partitions and ledger nodes.
    losses: int = 0  # Of answers: the question is asked again.
    repeats: int = 0  # Of messages, that come once more at any later time.
    takeovers: int = 0  # By recovery, of a transaction whose coordinator is still at it.
    timeouts: int = 0  # Of coordinators that wait no longer for an answer.
    retries: int = 0  # Of clients that ask for a transaction again, of another coordinator.
    troubles: int | None = None  # Of all kinds together; None: as many as there are of each.

    def __str__(self) -> str:
        given = [(name, count) for name, count in self.each() if count]
        if not given:
            return "nothing goes wrong"
        if self.troubles == 1:
            return (
                f"one {', '.join(ONE_OF[name] for name, _ in given[:-1])} or {ONE_OF[given[-1][0]]}"
            )
        said = ", ".join(f"{count} {ONE_OF[name] if count == 1 else name}" for name, count in given)
        return said if self.troubles is None else f"{said}; {self.troubles} of them at most"

    def each(self) -> list[tuple[str, int]]:
        return [(name, getattr(self, name)) for name in KINDS]

    def all_together(self) -> int:
        """Return how much may go wrong at all."""
        each = sum(count for _, count in self.each())
        return each if self.troubles is None else min(each, self.troubles)


ONE_OF = {
    "crashes": "crash",
    "losses": "loss",
    "repeats": "repeat",
    "takeovers": "takeover",
    "timeouts": "timeout",
    "retries": "retry",
}
KINDS = tuple(ONE_OF)
SINGLE = Limits(1, 1, 1, 1, 1, 1, troubles=1)  # Every single crash, loss, repeat …


@data
class Asked:
    """One request of a client."""

    place: int  # Among the world's requests.
    client: str
    call: str
    attempt: str  # Under which the partitions hear of it.
    name: str  # The operation, as the API calls it.
    body: Mapping[str, Any]
    actions: tuple[Action, ...]  # What it writes or checks …
    keys: tuple[RecordKey, ...]  # … and all items that it is about.
    after: int | None  # The same client's request before it.
    line: str  # How it was written.

    @property
    def is_transaction(self) -> bool:
        return self.name in (READ_TRANSACTION, WRITE_TRANSACTION)


@data
class World:
    """All that a walk needs to know."""

    name: str
    sentence: str
    asked: tuple[Asked, ...]
    there: tuple[Asked, ...]  # What puts the first items there, before anything else.
    partitions: tuple[str, ...]
    clocks_us: Mapping[str, int] = field(default_factory=dict)  # Of coordinators and partitions.
    limits: Limits = Limits()

    @property
    def requests(self) -> tuple[str, ...]:
        """The requests as they were written."""
        return tuple(one.line for one in self.asked)

    @property
    def first_items(self) -> tuple[str, ...]:
        """What is there at first, as it was written."""
        return tuple(one.line for one in self.there)

    @property
    def ledger(self) -> str:
        return "l1"

    @property
    def storages(self) -> tuple[str, ...]:
        return (*self.partitions, self.ledger)

    def placement(self) -> Placement:
        return Placement(self.partitions, [self.ledger])

    def clock_us(self, host: str) -> int:
        """Return what a host's clock shows, for ever."""
        if host in self.clocks_us:
            return EPOCH_US + self.clocks_us[host]
        if host[0] == "c":
            return EPOCH_US + CLOCKS_US + STEP_US * (int(host[1:]) - 1)
        return EPOCH_US + 3_000


def world_of(
    name: str,
    sentence: str,
    requests: str,
    *,
    there: str = "",
    partitions: int = 2,
    clocks_ms: Mapping[str, int] | None = None,
    limits: Limits | None = None,
    transactions: int | None = None,
) -> World:
    """Make a world of its requests, a line each, and of what is there at first, as in `a=0 d=0`.

    Raises:
        WorldError: Naming the line that is none, or what is too large.
    """
    lines = [line.strip() for line in requests.splitlines() if line.strip()]
    if transactions is not None:
        lines = lines[:transactions]
    if not 1 <= len(lines) <= REQUESTS_MAX:
        raise WorldError(f"a tiny world has 1 to {REQUESTS_MAX} requests, not {len(lines)}")
    asked: list[Asked] = []
    for line in lines:
        found = LINE.fullmatch(line)
        if not found:
            raise WorldError(f"a request is like {EXAMPLE!r}, not {line!r}")
        if "[token=" in line:
            raise WorldError(f"{line!r}: every request has a token of its own here: leave it out")
        try:
            asked.append(_asked(line, found[1], *request(found[2], found[3], _place), asked))
        except ScriptError as error:
            raise WorldError(f"{line!r}: {error}") from error
    clocks_us = {host: ms * 1_000 for host, ms in (clocks_ms or {}).items()}
    return World(
        name=name,
        sentence=sentence,
        asked=tuple(asked),
        there=tuple(_puts(there)),
        partitions=tuple(f"p{n}" for n in range(1, partitions + 1)),
        clocks_us=clocks_us,
        limits=limits or Limits(),
    )


def _place(key: str) -> Spec:
    if not re.fullmatch(r"\w+", key):
        raise ScriptError(f"an item is called by one word, not {key!r}")
    return {"TableName": ITEMS, "Key": {"key": {"S": key}}}


def _puts(there: str) -> Iterable[Asked]:
    puts: list[Asked] = []
    for part in there.split():
        key, is_set, value = part.partition("=")
        if not is_set or not key or not value:
            raise WorldError(f"what is there at first is like 'a=0 d=0', not {part!r}")
        puts.append(_asked(part, "k0", *request("put", f"{key} {value}", _place), puts))
    return puts


def _asked(line: str, client: str, name: str, body: Spec, before: list[Asked]) -> Asked:
    mine = [one for one in before if one.client == client]
    call = f"{client}/{len(mine) + 1}"
    model = Model(TABLES)
    if name == WRITE_TRANSACTION:
        body["ClientRequestToken"] = f"{call}{TOKEN}"
        steps = model.steps(body)
    elif name in (READ_TRANSACTION, "GetItem"):
        steps = []
    else:
        steps = [model.step(name, body)]
    keys = [step.place for step in steps] or [place for place, _ in model.gets(body)]
    return Asked(
        place=len(before),
        client=client,
        call=call,
        attempt=f"{client}#{len(mine) + 1}",
        name=name,
        body=body,
        actions=tuple(step.action for step in steps),
        keys=tuple(keys),
        after=mine[-1].place if mine else None,
        line=line,
    )
