"""Golden scripts: a schedule written down step by step, with what every node said and did.

A script is a text of blocks: commands, a line `---`, and what came of them.  It drives a real
cluster on virtual time, over a network that is calm (1 ms a message, 1 ms a sync) but for what the
script does to it, and leaves nothing to chance.  Read as a page it is documentation that cannot
rot; run as a test it pins one race of the protocol.

    cluster partitions=2 coordinators=2 stalled_after_us=5000000    first, if at all
    k1: write put(a, 1) check(b if missing) [token=T call=C via=c2]      a transaction, through c2
    k1: read a b · k1: get a · k1: put a 1 if missing · k1: update a 2 · k1: delete a if exists
    hold c1>p1 · release c1>p1 [newest first] · cut c1>p1 · heal c1>p1
    copy c1>p1                  keep a copy of the next message there …
    deliver c1>p1               … and deliver it, once or more often
    pause c1 · resume c1 · throttle p1 · relent p1
    crash c1 · restart c1 · clock c1 +5000 (µs fast) · recovery c2 (is given what has stalled)
    split p1 c (c, and what lies above it, moves) · split l1 T [child=down] (at first)
    wait (until nothing is on its way) · tick 10s · show a b · ledger · drop · create (the table)

Besides these, a command may be a step of the step language (`sim.faults.steps`): a fault and its
moment, which is placed from then on and comes when its moment does, once.  A word that is both, as
`crash` is, with a moment is the step.

    lose c1>p2 read #1 · delay c1>p1 prepare #2 by 30ms · clock c1 -5ms before k1>r1 #2 is sent
    crash c1 for 1s after c1's ledger write #1 is durable

All commands of a block happen at one moment but for `wait` and `tick`; the block ends when nothing
is on its way any more but what is held.  Questions are not repeated, clients make one attempt, and
a disk that crashes loses all that it has not synced, unless `cluster` says otherwise.

Items live in table `items` under one-letter keys, in turn on one partition after the other: of two,
p1 has a, c, e … and p2 has b, d, f …  Their attribute `value` is what is written.  `show` and
`ledger` tell what is on the disks.
"""

import re
from collections.abc import Callable, Iterable

from coordinator.ledger import Entry, entry_of
from items.data import data
from items.keys import Key, partition_hash
from network.placement import LEDGER_TABLE
from sim.cluster import Cluster
from sim.history import History
from sim.loop import new_loop
from sim.script_requests import (
    ScriptError,
    Spec,
    answered,
    request,
    split_options,
    table,
)
from sim.script_said import Said
from sim.script_steps import ScriptSteps, is_step
from sim.script_world import DELAY_US, LONG_US, CalmChance, key_on, settings
from sim.witness import Witness
from sim.words import Words

ON_ITS_WAY = {"Placed.arrive", "LossyNetwork._arrive_sealed", "SimulatedDisk.synced"}
STAND_ALONE = {"wait", "ledger", "drop", "create"}
ITEMS, PRACTICE = "items", "practice"  # Tables: the script's, and one where nodes meet before it.
TABLES = (table(ITEMS), table(PRACTICE))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


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


def rewrite(text: str, player: "Player | None" = None) -> str:
    """Return the script with what really comes of its commands."""
    player = player or Player()
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
        self.history, self.witness = History(), Witness()
        self._cluster: Cluster | None = None
        self._steps: ScriptSteps | None = None
        self._chance = CalmChance()
        self._said = Said()
        self._table = PRACTICE
        self._keys: dict[str, str] = {}  # Letter → key value that lives on the letter's partition.

    @property
    def cluster(self) -> Cluster:
        if self._cluster is None:
            self._begin("")
        assert self._cluster is not None, "just begun"
        return self._cluster

    @property
    def steps(self) -> ScriptSteps:
        _ = self.cluster  # Begun, if it was not.
        assert self._steps is not None, "made with the cluster"
        return self._steps

    def play(self, commands: Iterable[str]) -> list[str]:
        """Carry out a block's commands; return what happened, a line an event.

        Raises:
            ScriptError: Naming a command that is none, or cannot be carried out.
        """
        self._said.lines = []
        for command in commands:
            try:
                self._command(command)
            except ScriptError as error:
                raise ScriptError(f"{command!r}: {error}") from error
        self.settle()
        return self._said.lines or ["ok"]

    def settle(self) -> None:
        """Let everything happen that is on its way; timers may wait."""
        loop = self.cluster.loop
        limit_us = loop.now_us + LONG_US
        self._let_tasks_run()
        while loop.is_to_call(ON_ITS_WAY) and loop.now_us < limit_us:
            loop.run_for(DELAY_US)
        for _, error in self.cluster.failures:
            raise error  # A node's bug.

    # Commands --------------------------------------------------------------------------------

    def _command(self, line: str) -> None:
        asked = re.fullmatch(r"(k\d+): (\w+) *(.*)", line)
        if asked:
            self._ask(asked[1], asked[2], asked[3])
            return
        if is_step(line):
            self.steps.place(line)
            return
        word, _, rest = line.partition(" ")
        command: Callable[[str], None] | None = getattr(self, f"_do_{word}", None)
        if command is None:
            raise ScriptError("no such command")
        if rest and word in STAND_ALONE:
            raise ScriptError(f"nothing comes after `{word}`")
        command(rest.strip())

    def _do_cluster(self, rest: str) -> None:
        if self._cluster is not None:
            raise ScriptError("`cluster` comes first")
        self._begin(rest)

    def _do_hold(self, rest: str) -> None:
        for source, target in self._links(rest):
            self.cluster.network.hold(source, target)

    def _do_release(self, rest: str) -> None:
        order = " newest first"
        newest_first = rest.endswith(order)
        for source, target in self._links(rest.removesuffix(order)):
            self.steps.released(source, target, newest_first=newest_first)
            self.cluster.network.release(source, target, newest_first=newest_first)
        self._let_tasks_run()

    def _do_cut(self, rest: str) -> None:
        for source, target in self._links(rest):
            self.cluster.network.link(source, target).cut = True

    def _do_heal(self, rest: str) -> None:
        for source, target in self._links(rest):
            self.steps.healed(source, target)
            self.cluster.network.link(source, target).cut = False

    def _do_copy(self, rest: str) -> None:
        self._said.to_copy.update(self._links(rest))

    def _do_deliver(self, rest: str) -> None:
        for names in self._links(rest):
            if names not in self._said.copies:
                raise ScriptError("there is no copy")
            link, number, frame = self._said.copies[names]
            self._said.is_copy = True
            self.cluster.network.arrive(link, (number, frame))
            self._said.is_copy = False
        self._let_tasks_run()

    def _do_crash(self, rest: str) -> None:
        for name in self._hosts(rest):
            self.cluster.crash(name)

    def _do_restart(self, rest: str) -> None:
        for name in self._hosts(rest):
            self.cluster.start(name)
        self._let_tasks_run()

    def _do_pause(self, rest: str) -> None:
        for name in self._hosts(rest):
            self.cluster.pause(name)

    def _do_resume(self, rest: str) -> None:
        for name in self._hosts(rest):
            self.cluster.resume(name)
        self._let_tasks_run()

    def _do_throttle(self, rest: str) -> None:
        for name in self._hosts(rest):
            self.cluster.throttle(name, is_on=True)

    def _do_relent(self, rest: str) -> None:
        for name in self._hosts(rest):
            self.cluster.throttle(name, is_on=False)

    def _do_clock(self, rest: str) -> None:
        found = re.fullmatch(r"(\w+) ([+-]\d+)", rest)
        if not found:
            raise ScriptError("a clock is set like c1 +5000")
        (name,) = self._hosts(found[1])
        self.cluster.set_clock(name, int(found[2]))

    def _do_split(self, rest: str) -> None:
        rest, given = split_options(rest, ("child",))
        parent, _, where = rest.partition(" ")
        (parent,) = self._hosts(parent)
        if parent[0] not in "pl" or not where:
            raise ScriptError("a partition splits at an item, as in `split p1 c`")
        value = self._keys.get(where, where) if parent[0] == "p" else where
        child = self.cluster.add_for_split(parent)
        if not self.cluster.split(parent, partition_hash(("S", value)), child):
            raise ScriptError("there is no recovery manager to order it through")
        if given.get("child") != "down":
            self.cluster.start(child)
        self._let_tasks_run()

    def _do_recovery(self, rest: str) -> None:
        self._choose_coordinator(self.cluster.managers, self._coordinator(rest))

    def _do_wait(self, _: str) -> None:
        self.settle()

    def _do_tick(self, rest: str) -> None:
        found = re.fullmatch(r"(\d+)(us|ms|s)", rest)
        if not found:
            raise ScriptError(f"a duration is like 10ms, not {rest!r}")
        self.cluster.loop.run_for(int(found[1]) * {"us": 1, "ms": 1_000, "s": 1_000_000}[found[2]])

    def _do_show(self, rest: str) -> None:
        self.settle()
        if not rest:
            raise ScriptError("it shows items")
        for letter in rest.split():
            self._said.lines.append(self._shown(letter))

    def _do_ledger(self, _: str) -> None:
        self.settle()
        for name in self.cluster.ledgers:
            for entry in self._entries(name):
                if entry.transaction.id not in self._said.earlier:
                    self._said.lines.append(f"{name}: {self._said.words.entry(entry)}")

    def _do_drop(self, _: str) -> None:
        self._run("k1", "DeleteTable", {"TableName": self._table}, None)

    def _do_create(self, _: str) -> None:
        self._run("k1", "CreateTable", table(self._table), None)

    # Operations ------------------------------------------------------------------------------

    def _ask(self, client: str, verb: str, rest: str) -> None:
        (client,) = self._hosts(client)
        rest, given = split_options(rest, ("token", "call", "via"))
        name, body = request(verb, rest, self._place)
        if "token" in given:
            body["ClientRequestToken"] = given["token"]
        chosen = self._coordinator(given.get("via", "c1"))
        if verb in ("write", "read"):
            self._choose_coordinator(self.cluster.routers, chosen)
        self._run(client, name, body, given.get("call"))

    def _run(self, name: str, operation: str, body: Spec, call: str | None) -> None:
        if not self.cluster.is_up(name):
            raise ScriptError(f"{name} is down")
        client = self.cluster.client(name)

        async def work() -> None:
            answer = answered(await client.call(operation, body, call=call))
            self._said.lines.append(f"{name}: {answer}")

        client.host.spawn(work())
        self._let_tasks_run()

    # The world -------------------------------------------------------------------------------

    def _begin(self, given: str) -> None:
        loop = new_loop()
        self._cluster = cluster = Cluster(
            loop, self._chance, settings(given), history=self.history, witness=self.witness
        )
        self.witness.enter(cluster)
        self._steps = ScriptSteps(cluster)
        for number, letter in enumerate(LETTERS):
            owner = cluster.partitions[number % len(cluster.partitions)]
            self._keys[letter] = key_on(letter, owner, cluster)
        cluster.trace.listen(self._said)
        cluster.start_all()
        self._get_acquainted()
        self._table = ITEMS
        self._do_create("")
        self.settle()
        loop.run_for(1_000_000 - loop.now_us % 1_000_000)
        for name in cluster.ledgers:
            self._said.earlier.update(entry.transaction.id for entry in self._entries(name))
        self._said.words = Words({value: letter for letter, value in self._keys.items()})
        self._said.lines = []
        self._said.is_on = True

    def _get_acquainted(self) -> None:
        """Let all who will ask hear the incarnations of all whom they will ask."""
        self._do_create("")
        self.settle()
        for client in self.cluster.clients:
            self._ask(client, "get", "a")
        for letter, _ in zip(LETTERS, self.cluster.partitions, strict=False):
            self._ask("k1", "delete", f"{letter} if exists")
        for coordinator in self.cluster.coordinators:
            self._ask("k1", "write", f"check(a if exists) [via={coordinator}]")
        self.settle()

    def _let_tasks_run(self) -> None:
        self.cluster.loop.run_for(0)

    def _place(self, letter: str) -> Spec:
        """Return what an API request says of an item's place."""
        if letter not in self._keys:
            raise ScriptError(f"an item is called by one letter, not {letter!r}")
        return {"TableName": self._table, "Key": {"key": {"S": self._keys[letter]}}}

    def _hosts(self, text: str) -> list[str]:
        known = self.cluster.all_names()
        for name in text.split():
            if name not in known:
                raise ScriptError(f"no node: {name!r}; there are {', '.join(known)}")
        if not text.split():
            raise ScriptError("no node is named")
        return text.split()

    def _links(self, text: str) -> list[tuple[str, str]]:
        links = []
        for link in text.split() or [text]:
            ends = link.split(">")
            if len(ends) != 2:
                raise ScriptError(f"a link is like c1>p1, not {link!r}")
            source, target = self._hosts(" ".join(ends))
            links.append((source, target))
        return links

    def _coordinator(self, name: str) -> int:
        if name not in self.cluster.coordinators:
            raise ScriptError(f"no coordinator: {name!r}")
        return self.cluster.coordinators.index(name)

    def _choose_coordinator(self, names: list[str], chosen: int) -> None:
        for name in names:
            incarnation = self.cluster.hosts[name].incarnation
            self._chance.site(f"{name}.{incarnation} coordinator").choose(chosen)

    def _entries(self, ledger: str) -> list[Entry]:
        records = self.cluster.records_of(ledger)
        return [
            entry_of(record.item)
            for (table, _), record in records
            if table == LEDGER_TABLE and record.item is not None
        ]

    def _shown(self, letter: str) -> str:
        key: Key = (("S", self._place(letter)["Key"]["key"]["S"]),)
        table_id = [one for one, name in self.witness.table_names.items() if name == ITEMS][-1]
        owner = self.cluster.placement_now().owner(table_id, key)
        contents = self.cluster.disks[owner].contents
        state = contents.tables.get(table_id)
        if state is None or state.dropped:
            return f"{owner}: no table"
        record = contents.records.get((table_id, key), state.missing())
        return f"{owner}: {letter} = {self._said.words.record(record)}"
