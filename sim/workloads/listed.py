"""A few requests that a scenario lists, in the words of golden scripts: a small world.

    requests = '''
    k1: write put(a, 1) put(d, 1)
    k2: at 3ms read a d
    k2: write put(d, 2) [token=T]
    '''

Each client asks for its own requests, one after the other, and where a moment is said not before
it: so long after the trouble began.  A write transaction may say its token, and several the same
one.  An item is called by one word, which is its key; no two writes leave an item with the same
value, so that a history can be judged by values.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from items.data import data
from sim.faults.step_words import StepError, duration
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION
from sim.script_requests import ScriptError as RequestError
from sim.script_requests import Spec, request, table
from sim.workload import BudgetSpentError, Json, Session
from sim.workloads.keys import Keys, whole

TABLE = "items"
REQUESTS_MAX = 1_000
LINGER_US_MAX = 600_000_000
LINE = re.compile(r"(k[1-9][0-9]*): +(?:at +(\w+) +)?(\w+) +(.+)")
WORD = re.compile(r"\w+")
OPTIONS = re.compile(r"\[\w+=[^\[\]]*\]$")
TOKEN = re.compile(r"(.+?) *\[token=([^\[\]]*)\]")
TOKEN_LENGTH_MAX = 36
EXAMPLE = "k1: write put(a, 1) put(d, 1)"


@data
class Asked:
    """One request."""

    name: str  # The operation.
    body: Spec
    at_us: int  # Not before this, counted from the beginning of the trouble.


class Listed:
    """What each client asks for, in its order."""

    KEYS: ClassVar[Keys] = {"requests": EXAMPLE, "there": "", "linger_us": 0}

    tables: tuple[Json, ...] = (table(TABLE),)

    def __init__(self, keys: Keys) -> None:
        self._there = _there(str(keys["there"]))
        self._linger_us = whole(keys, "linger_us", 0, LINGER_US_MAX)
        self._requests: dict[str, list[Asked]] = {}
        self._asked: dict[str, int] = {}
        self._began_us: int | None = None  # When the first client began.
        lines = [line.strip() for line in str(keys["requests"]).splitlines() if line.strip()]
        if not 1 <= len(lines) <= REQUESTS_MAX:
            raise ValueError(f"requests must be 1 to {REQUESTS_MAX} lines like {EXAMPLE!r}")
        written = Counter(self._there.items())
        for line in lines:
            client, asked = _read(line)
            self._requests.setdefault(client, []).append(asked)
            written.update(_values(asked.body))
        twice = next((one for one, count in written.items() if count > 1), None)
        if twice is not None:
            raise ValueError("requests must not give {} the value {!r} twice".format(*twice))

    @property
    def transactions(self) -> int:
        """How many of the requests are transactions."""
        every = [one for requests in self._requests.values() for one in requests]
        return sum(one.name in (READ_TRANSACTION, WRITE_TRANSACTION) for one in every)

    @property
    def clients(self) -> Iterable[str]:
        """Those who ask for something."""
        return self._requests

    def items(self) -> Iterable[tuple[str, Json]]:
        for key, value in self._there.items():
            yield TABLE, {"key": {"S": key}, "value": {"S": value}}

    async def opening(self, session: Session) -> None:
        """Nothing is asked before the trouble."""

    async def act(self, session: Session) -> None:
        requests = self._requests.get(session.client.name, [])
        asked = self._asked.get(session.client.name, 0)
        now_us = session.client.host.elapsed_us()
        self._began_us = now_us if self._began_us is None else self._began_us
        if asked == len(requests):
            raise BudgetSpentError
        self._asked[session.client.name] = asked + 1
        request = requests[asked]
        if self._began_us + request.at_us > now_us:
            await session.client.host.sleep(self._began_us + request.at_us - now_us)
        await session.ask(request.name, request.body)
        if asked + 1 == len(requests) and self._linger_us:
            # So that what the nodes do after the last answer is in the time of trouble as well.
            await session.client.host.sleep(self._linger_us)


def _there(text: str) -> dict[str, str]:
    """Read `a=0 d=0`: what is there at first."""
    there = {}
    for part in text.split():
        key, is_set, value = part.partition("=")
        if not WORD.fullmatch(key) or not is_set or not value or key in there:
            raise ValueError(f"there must be items like 'a=0 d=0', each once, not {part!r}")
        there[key] = value
    return there


def _read(line: str) -> tuple[str, Asked]:
    """Return the client of a line, and what it asks for."""
    found = LINE.fullmatch(line)
    if not found:
        raise ValueError(f"requests must be lines like {EXAMPLE!r} or 'k1: put a 1', not {line!r}")
    client, moment, verb, rest = found.groups()
    rest, under = _under(rest) if verb == "write" else (rest, {})
    options = OPTIONS.search(rest)
    if options:  # Else it would be a part of the last value, without a word.
        without = line.removesuffix(options[0]).rstrip()
        raise ValueError(
            f"requests: {line!r}: {options[0]} is for golden scripts; here it is {without!r}"
        )
    try:
        name, body = request(verb, rest, _place)
        return client, Asked(name, {**body, **under}, duration(moment) if moment else 0)
    except (RequestError, StepError) as error:
        raise ValueError(f"requests: {line!r}: {error}") from error


def _under(rest: str) -> tuple[str, Spec]:
    """Take the token off a write transaction's end, if it says one."""
    found = TOKEN.fullmatch(rest)
    if not found:
        return rest, {}
    if not re.fullmatch(rf"\w{{1,{TOKEN_LENGTH_MAX}}}", found[2]):
        most = f"1 to {TOKEN_LENGTH_MAX} letters"
        raise ValueError(f"requests: a token is {most}, as in [token=T], not {found[2]!r}")
    return found[1], {"ClientRequestToken": found[2]}


def _place(key: str) -> Spec:
    if not WORD.fullmatch(key):
        raise RequestError(f"an item is called by one word, not {key!r}")
    return {"TableName": TABLE, "Key": {"key": {"S": key}}}


def _values(body: Spec) -> list[tuple[str, str]]:
    """Return the values that a request may leave, each with its item."""
    entries = [spec for entry in body.get("TransactItems", ()) for spec in entry.values()] or [body]
    found = []
    for spec in entries:
        if "Item" in spec:
            found.append((spec["Item"]["key"]["S"], spec["Item"]["value"]["S"]))
        elif "UpdateExpression" in spec:
            value = spec["ExpressionAttributeValues"][":new"]["S"]
            found.append((spec["Key"]["key"]["S"], value))
    return found
