"""Golden scripts: a schedule written down step by step, with what every node said and did.

A script is a text of blocks: commands, a line `---`, and what came of them.  It drives a real
cluster on virtual time, over a network that is calm (1 ms a message, 1 ms a sync) but for what the
script does to it.  Read as a page it is documentation that cannot rot; run as a test it pins one race
of the protocol.

    cluster partitions=2 coordinators=2 stalled_after_us=5000000    first, if at all
    k1: write put(a, 1), check(b if missing) [token=T call=C via=c2 route=r1]   a transaction
    k1: read a b · k1: get a · k1: put a 1 [if …] · k1: update a 1 · k1: delete a [if …]
    hold c1>p1 · release c1>p1 [newest first] · cut c1>p1 · heal c1>p1
    repeat c1>p1 later          the next message there arrives a second time, when released
    crash c1 · restart c1 · clock c1 +5000
    tick 10s · show a b · ledger · drop · create

Each block ends when nothing is in flight any more but what is held.  Items live in table `t` under
one-letter keys: a, d, g … on p1, b, e, h … on the second partition, and so on round.  Their attribute
`value` is what is written.  Conditions are `missing`, `exists`, `= 1`.
"""

import re
from collections.abc import Iterable
from typing import Any

from coordinator.ledger import entry_of
from items.data import data
from items.keys import Key, placement_hash
from network.lossy import LOST, Uniform, Weather
from network.messages import Envelope, Message, from_frame
from network.placement import LEDGER_TABLE, is_internal
from sim.chance import NamedChance
from sim.client import Client, ClientOptions
from sim.clock import EPOCH_US
from sim.cluster import Cluster, Settings, Shape
from sim.disk import DiskSpeed
from sim.history import History, Operation
from sim.loop import new_loop
from sim.trace import Event
from sim.witness import Witness
from sim.words import Words

DELAY_US = 1_000
QUIET_US_MAX = 60_000_000
TABLE = {
    "TableName": "t",
    "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class ScriptError(ValueError):
    """A line that is no command, or cannot be carried out."""


@data
class Block:
    """Some commands and what they are to lead to."""

    comments: tuple[str, ...]
    commands: tuple[str, ...]
    expected: tuple[str, ...]


def parse(text: str) -> list[Block]:
    """Read a script; comments (lines with #) belong to the block that they stand above."""
    blocks = []
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = [line.rstrip() for line in part.splitlines()]
        comments = tuple(line for line in lines if line.startswith("#"))
        lines = [line for line in lines if not line.startswith("#")]
        cut = lines.index("---") if "---" in lines else len(lines)
        blocks.append(Block(comments, tuple(lines[:cut]), tuple(lines[cut + 1 :])))
    return blocks


def rewrite(text: str) -> str:
    """Return the script with what really comes of its commands."""
    player = Player()
    parts = []
    for block in parse(text):
        lines = list(block.comments)
        if block.commands:
            lines += [*block.commands, "---", *player.play(block.commands)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


class Player:
    """Plays the commands of one script on a cluster of its own."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._words = Words()
        self._keys: dict[str, str] = {}  # Letter → key value that lives on the letter's partition.
        self._lines: list[str] = []
        self._in_flight = 0
        self._listening = False
        self._repeats: set[tuple[str, str]] = set()
        self._working = 0

    @property
    def cluster(self) -> Cluster:
        if self._cluster is None:
            self._begin("")
        assert self._cluster is not None, "just begun"
        return self._cluster

    def play(self, commands: Iterable[str]) -> list[str]:
        """Carry out a block's commands; return what happened, a line an event."""
        self._lines = []
        for command in commands:
            self._command(command)
        self._settle()
        return self._lines or ["ok"]

    # Commands --------------------------------------------------------------------------------

    def _command(self, line: str) -> None:
        asked = re.fullmatch(r"(k\d+): (\w+) ?(.*)", line)
        if asked:
            self._ask(self.cluster.client(asked[1]), asked[2], asked[3])
            return
        word, _, rest = line.partition(" ")
        command = getattr(self, f"_do_{word}", None)
        if command is None:
            raise ScriptError(f"no command: {line!r}")
        command(rest)

    def _do_cluster(self, rest: str) -> None:
        if self._cluster is not None:
            raise ScriptError("`cluster` comes first")
        self._begin(rest)

    def _do_hold(self, rest: str) -> None:
        for link in rest.split():
            self.cluster.network.hold(*_link(link))

    def _do_release(self, rest: str) -> None:
        links, _, order = rest.partition(" newest")
        for link in links.split():
            self.cluster.network.release(*_link(link), newest_first=bool(order))
        self._settle()

    def _do_cut(self, rest: str) -> None:
        for link in rest.split():
            self.cluster.network.link(*_link(link)).cut = True

    def _do_heal(self, rest: str) -> None:
        for link in rest.split():
            self.cluster.network.link(*_link(link)).cut = False

    def _do_repeat(self, rest: str) -> None:
        link = self.cluster.network.link(*_link(rest.split()[0]))
        self._repeats.add((link.source, link.target))

    def _do_again(self, rest: str) -> None:
        """Deliver the copies that `repeat` has kept."""
        source, target = _link(rest)
        for frame in self._copies.pop((source, target), ()):
            self.cluster.network.send(source, target, frame)
        self._settle()

    def _do_crash(self, rest: str) -> None:
        self.cluster.crash(rest)

    def _do_restart(self, rest: str) -> None:
        self.cluster.start(rest)

    def _do_clock(self, rest: str) -> None:
        name, offset = rest.split()
        self.cluster.set_clock(name, int(offset))

    def _do_tick(self, rest: str) -> None:
        self._settle()
        self.cluster.loop.run_for(_duration_us(rest))

    def _do_show(self, rest: str) -> None:
        self._settle()
        for letter in rest.split():
            self._lines.append(self._shown(letter))

    def _do_ledger(self, _: str) -> None:
        self._settle()
        for name in self.cluster.ledgers:
            for (table, _key), record in self.cluster.disks[name].contents.records.items():
                if table == LEDGER_TABLE and record.item is not None:
                    entry = entry_of(record.item)
                    what = [reason.code for reason in entry.reasons]
                    said = f" {what}" if what else ""
                    name_of = self._words.transaction(entry.transaction.id)
                    self._lines.append(f"{name}: {name_of} {entry.state}{said}")

    def _do_drop(self, _: str) -> None:
        self._run(self.cluster.client("k1"), "DeleteTable", {"TableName": "t"}, "")

    def _do_create(self, _: str) -> None:
        self._run(self.cluster.client("k1"), "CreateTable", TABLE, "")

    # Operations ------------------------------------------------------------------------------

    def _ask(self, client: Client, verb: str, rest: str) -> None:
        rest, options = _options(rest)
        name, request = _request(self._key, verb, rest)
        if "token" in options:
            request["ClientRequestToken"] = options["token"]
        if "via" in options:
            self.cluster.servers_of("r", options["via"])
        self._run(client, name, request, options.get("call", ""))

    def _run(self, client: Client, name: str, request: dict[str, Any], call: str) -> None:
        async def work() -> None:
            operation = await client.call(name, request, call=call or None)
            self._lines.append(f"{client.name}: {self._answer(operation)}")

        client.host.spawn(work())
        self._settle_moment()

    def _answer(self, operation: Operation) -> str:
        if operation.outcome == "unknown":
            return f"unknown {operation.error}".strip()
        if operation.error:
            codes = [reason["Code"] for reason in operation.reasons]
            return f"{operation.error}{f' {codes}' if codes else ''}"
        answer = operation.answer
        if operation.name == "TransactGetItems":
            return ", ".join(_value(one.get("Item")) for one in answer["Responses"])
        if operation.name == "GetItem":
            return _value(answer.get("Item"))
        return "committed" if operation.name == "TransactWriteItems" else "ok"

    # The world -------------------------------------------------------------------------------

    def _begin(self, options: str) -> None:
        given = dict(part.split("=") for part in options.split())
        loop = new_loop()
        history, witness = History(), Witness()
        cluster = Cluster(
            loop, NamedChance(0), _settings(given), history=history, witness=witness
        )
        self._cluster = cluster
        witness.enter(cluster)
        self._copies: dict[tuple[str, str], list[bytes]] = {}
        for number, letter in enumerate(LETTERS):
            owner = cluster.partitions[number % len(cluster.partitions)]
            self._keys[letter] = _key_on(letter, owner, cluster)
        self._words = Words({value: letter for letter, value in self._keys.items()})
        cluster.trace.listen(self._listen)
        cluster.start_all()
        self._run(cluster.client("k1"), "CreateTable", TABLE, "")
        self._settle()
        for name in cluster.clients:  # Routers and partitions get to know each other.
            for router in cluster.routers:
                cluster.client(name).know(router, 1)
        for letter in LETTERS[: len(cluster.partitions)]:
            for router in cluster.routers:
                cluster.router(router).know(cluster.partitions[LETTERS.index(letter)], 1)
        loop.run_for(1_000_000 - loop.now_us % 1_000_000)
        self._lines = []
        self._listening = True

    def _settle(self) -> None:
        """Let everything happen that is on its way; timers may wait."""
        loop = self.cluster.loop
        limit_us = loop.now_us + QUIET_US_MAX
        self._settle_moment()
        while self._in_flight and loop.now_us < limit_us:
            loop.run_for(DELAY_US)

    def _settle_moment(self) -> None:
        self.cluster.loop.run_for(0)

    def _key(self, letter: str) -> str:
        if letter not in self._keys:
            raise ScriptError(f"an item is called by one letter, not {letter!r}")
        return self._keys[letter]

    def _shown(self, letter: str) -> str:
        key: Key = (("S", self._key(letter)),)
        for name in self.cluster.partitions:
            for (table, found), record in self.cluster.disks[name].contents.records.items():
                if not is_internal(table) and found == key:
                    item = "no item" if record.item is None else record.item["value"][1]
                    line = f"{name}: {letter} = {item}, {self._words.timestamp(record.timestamp)}"
                    if record.ongoing is not None:
                        ongoing = record.ongoing
                        line += f", ongoing {self._words.transaction(ongoing.transaction)}"
                    return line
        return f"{letter}: no item"

    # What is said ----------------------------------------------------------------------------

    def _listen(self, event: Event) -> None:
        fields = event.fields
        if event.name == "message.sent":
            self._in_flight += fields["fate"] != LOST
            link = fields["link"]
            if (link.source, link.target) in self._repeats:
                self._repeats.discard((link.source, link.target))
                kept = self._copies.setdefault((link.source, link.target), [])
                kept.append(fields["frame"])
        elif event.name in ("message.delivered", "message.lost", "message.held"):
            self._in_flight -= not fields.get("from_box", False)
            self._say_message(event)
        elif event.name in ("host.crashed", "host.started") and self._listening:
            self._lines.append(f"{fields['host']}: {event.name.partition('.')[2]}")

    def _say_message(self, event: Event) -> None:
        link = event.fields["link"]
        envelope = from_frame(event.fields["frame"])
        if not self._listening or not _is_of_interest(link.source, link.target, envelope):
            return
        how = {
            "message.delivered": "",
            "message.lost": f"   lost: {event.fields.get('because')}",
            "message.held": "   held",
        }[event.name]
        phrase = self._words.message(envelope.message)
        self._lines.append(f"{link.source} > {link.target}  {phrase}{how}")


def _is_of_interest(source: str, target: str, envelope: Envelope) -> bool:
    """Say whether a script shows this message: not the small talk of clients and routers."""
    message: Message = envelope.message
    quiet = type(message).__name__ in ("Scan", "Page", "Restarted", "OpenTable", "Request")
    return not quiet and not {source[0], target[0]} & {"k"}


def _settings(given: dict[str, str]) -> Settings:
    from coordinator.options import CoordinatorOptions
    from partition.options import PartitionOptions

    def number(name: str, default: int) -> int:
        return int(given.pop(name, default))

    shape = Shape(
        number("partitions", 2),
        number("coordinators", 1),
        number("routers", 1),
        1,
        1,
        number("clients", 2),
    )
    stalled_us = number("stalled_after_us", 5_000_000)
    settings = Settings(
        shape,
        Weather(Uniform(DELAY_US, DELAY_US)),
        DiskSpeed(DELAY_US, DELAY_US),
        0,
        PartitionOptions(stalled_us),
        CoordinatorOptions(
            stalled_after_us=stalled_us,
            repeat_first_us=number("repeat_us", 60_000_000),
            repeat_most_us=60_000_000,
            votes_deadline_us=number("votes_deadline_us", 25_000_000),
            token_valid_us=number("token_valid_us", 600_000_000),
        ),
        client=ClientOptions(attempts_max=number("attempts", 1), attempt_deadline_us=60_000_000),
    )
    if given:
        raise ScriptError(f"no option of `cluster`: {', '.join(given)}")
    return settings


def _key_on(letter: str, owner: str, cluster: Cluster) -> str:
    """Return a key value that begins with `letter` and lives on this partition."""
    owned = cluster.placement.range_of(owner)
    for n in range(10_000):
        value = f"{letter}{n}"
        if owned.first <= placement_hash((("S", value),)) < owned.end:
            return value
    raise ScriptError(f"{owner} owns too little")


def _link(text: str) -> tuple[str, str]:
    source, arrow, target = text.replace("→", ">").partition(">")
    if not arrow:
        raise ScriptError(f"a link is like c1>p1, not {text!r}")
    return source, target


def _duration_us(text: str) -> int:
    found = re.fullmatch(r"(\d+)(us|ms|s)", text)
    if not found:
        raise ScriptError(f"a duration is like 10ms, not {text!r}")
    return int(found[1]) * {"us": 1, "ms": 1_000, "s": 1_000_000}[found[2]]


def _options(rest: str) -> tuple[str, dict[str, str]]:
    found = re.search(r" ?\[([^\]]*)\]$", rest)
    if not found:
        return rest, {}
    return rest[: found.start()], dict(part.split("=") for part in found[1].split())


def _request(key: Any, verb: str, rest: str) -> tuple[str, dict[str, Any]]:
    if verb == "write":
        entries = [_entry(key, *found) for found in re.findall(r"(\w+)\(([^)]*)\)", rest)]
        return "TransactWriteItems", {"TransactItems": entries}
    if verb == "read":
        entries = [
            {"Get": {"TableName": "t", "Key": {"key": {"S": key(letter)}}}}
            for letter in rest.split()
        ]
        return "TransactGetItems", {"TransactItems": entries}
    if verb == "get":
        return "GetItem", {"TableName": "t", "Key": {"key": {"S": key(rest)}}}
    if verb in ("put", "update", "delete"):
        letter, _, what = rest.partition(" ")
        entry = _entry(key, verb, f"{letter}, {what}" if what else letter)
        return f"{verb.capitalize()}Item", entry[verb.capitalize()]
    raise ScriptError(f"no operation: {verb!r}")


def _entry(key: Any, verb: str, inside: str) -> dict[str, Any]:
    """Read `put(a, 1 if missing)` and the like as an entry of TransactItems."""
    what, _, condition = inside.partition(" if ")
    letter, _, value = (part.strip() for part in what.partition(","))
    spec: dict[str, Any] = {"TableName": "t"}
    values: dict[str, Any] = {}
    if verb == "put":
        spec["Item"] = {"key": {"S": key(letter)}, "value": {"S": value}}
    else:
        spec["Key"] = {"key": {"S": key(letter)}}
    names: dict[str, str] = {}
    if verb == "update":
        names["#v"] = "value"
        spec["UpdateExpression"] = "SET #v = :new"
        values[":new"] = {"S": value}
    if condition:
        spec["ConditionExpression"] = {
            "missing": "attribute_not_exists(#k)",
            "exists": "attribute_exists(#k)",
        }.get(condition, "#v = :old")
        names |= {"#v": "value"} if condition.startswith("=") else {"#k": "key"}
        if condition.startswith("="):
            values[":old"] = {"S": condition[1:].strip()}
    if names:
        spec["ExpressionAttributeNames"] = names
    if values:
        spec["ExpressionAttributeValues"] = values
    kind = {"put": "Put", "update": "Update", "delete": "Delete", "check": "ConditionCheck"}[verb]
    return {kind: spec}


def _value(item: Any) -> str:
    return "nothing" if not item else str(item["value"]["S"])


_ = EPOCH_US
