"""The stage of a golden script: its cluster as it stands before the first command.

The network is calm, all tables are there, and everybody has heard of those whom they will ask.  An
item is called by one letter, a host and a link by their names.
"""

from coordinator.ledger import Entry, entry_of
from items.keys import Key
from network.placement import LEDGER_TABLE
from sim.cluster import Cluster
from sim.history import History
from sim.loop import new_loop
from sim.script_requests import ScriptError, Spec, answered, request, split_options, table
from sim.script_said import Said
from sim.script_steps import ScriptSteps
from sim.script_world import DELAY_US, LONG_US, CalmChance, key_on, settings, units_in
from sim.witness import Witness
from sim.words import Words

ON_ITS_WAY = {"Placed.arrive", "LossyNetwork._arrive_sealed", "SimulatedDisk.synced"}
ITEMS, PRACTICE = "items", "practice"  # Tables: the script's, and one where nodes meet before it.
TABLES = (table(ITEMS), table(PRACTICE))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Stage:
    """A cluster, and what has been said on it."""

    def __init__(self, given: str, history: History, witness: Witness) -> None:
        self._witness = witness
        self._chance = CalmChance()
        self.said = Said()
        self._table, self._units = PRACTICE, 0
        self._calls: set[str] = set()  # That lines have named.
        self.keys: dict[str, str] = {}  # Letter → key value that lives on the letter's partition.
        loop = new_loop()
        self.cluster = cluster = Cluster(
            loop, self._chance, settings(given), history=history, witness=witness
        )
        witness.enter(cluster)
        self.steps = ScriptSteps(cluster)
        for number, letter in enumerate(LETTERS):
            owner = cluster.partitions[number % len(cluster.partitions)]
            self.keys[letter] = key_on(letter, owner, cluster)
        cluster.trace.listen(self.said)
        cluster.start_all()
        self._get_acquainted()
        self._table, self._units = ITEMS, units_in(given)
        self.create_table()
        self.settle()
        loop.run_for(1_000_000 - loop.now_us % 1_000_000)
        for name in cluster.ledgers:
            self.said.earlier.update(entry.transaction.id for entry in self.entries(name))
        self.said.words = Words({value: letter for letter, value in self.keys.items()})
        self.said.lines = []
        self.said.is_on = True

    def _get_acquainted(self) -> None:
        """Let all who will ask hear the incarnations of all whom they will ask."""
        self.create_table()
        self.settle()
        for client in self.cluster.clients:
            self.ask(client, "get", "a")
        for letter, _ in zip(LETTERS, self.cluster.partitions, strict=False):
            self.ask("k1", "delete", f"{letter} if exists")
        for coordinator in self.cluster.coordinators:
            self.ask("k1", "write", f"check(a if exists) [via={coordinator}]")
        self.settle()

    def settle(self) -> None:
        """Let everything happen that is on its way; timers may wait."""
        loop = self.cluster.loop
        limit_us = loop.now_us + LONG_US
        self.let_tasks_run()
        while loop.is_to_call(ON_ITS_WAY) and loop.now_us < limit_us:
            loop.run_for(DELAY_US)
        for _, error in self.cluster.failures:
            raise error  # A node's bug.

    def let_tasks_run(self) -> None:
        self.cluster.loop.run_for(0)

    # Operations ------------------------------------------------------------------------------

    def ask(self, client: str, verb: str, rest: str) -> None:
        """Let a client ask for what a script says; what it is told comes among the lines.

        Raises:
            ScriptError: It cannot be asked for like this.
        """
        (client,) = self.hosts(client)
        rest, given = split_options(rest, ("token", "call", "via"))
        name, body = request(verb, rest, self.place)
        if (call := given.get("call")) in self._calls:
            raise ScriptError(
                f"call {call} was made before, and is over with its answer: name another one"
                " ('copy' lets a message of it come late)"
            )
        self._calls.update(() if call is None else (call,))
        if "token" in given:
            body["ClientRequestToken"] = given["token"]
        chosen = self.coordinator(given.get("via", "c1"))
        if verb in ("write", "read"):
            self.choose_coordinator(self.cluster.routers, chosen)
        self.run(client, name, body, call)

    def run(self, name: str, operation: str, body: Spec, call: str | None = None) -> None:
        if not self.cluster.is_up(name):
            raise ScriptError(f"{name} is down")
        client = self.cluster.client(name)

        async def work() -> None:
            answer = answered(await client.call(operation, body, call=call))
            self.said.lines.append(f"{name}: {answer}")

        client.host.spawn(work())
        self.let_tasks_run()

    def create_table(self) -> None:
        self.run("k1", "CreateTable", table(self._table, self._units))

    def drop_table(self) -> None:
        self.run("k1", "DeleteTable", {"TableName": self._table})

    # What a script calls by name -------------------------------------------------------------

    def place(self, letter: str) -> Spec:
        """Return what an API request says of an item's place."""
        if letter not in self.keys:
            raise ScriptError(f"an item is called by one letter, not {letter!r}")
        return {"TableName": self._table, "Key": {"key": {"S": self.keys[letter]}}}

    def hosts(self, text: str) -> list[str]:
        """Read the names of hosts, of which there is at least one."""
        known = self.cluster.all_names()
        for name in text.split():
            if name not in known:
                raise ScriptError(f"no node: {name!r}; there are {', '.join(known)}")
        if not text.split():
            raise ScriptError("no node is named")
        return text.split()

    def links(self, text: str) -> list[tuple[str, str]]:
        """Read links, as in c1>p1."""
        links = []
        for link in text.split() or [text]:
            ends = link.split(">")
            if len(ends) != 2:
                raise ScriptError(f"a link is like c1>p1, not {link!r}")
            source, target = self.hosts(" ".join(ends))
            links.append((source, target))
        return links

    def coordinator(self, name: str) -> int:
        """Return which coordinator it is, counted from 0."""
        if name not in self.cluster.coordinators:
            raise ScriptError(f"no coordinator: {name!r}")
        return self.cluster.coordinators.index(name)

    def choose_coordinator(self, names: list[str], chosen: int) -> None:
        """Let these nodes choose this coordinator next."""
        for name in names:
            incarnation = self.cluster.hosts[name].incarnation
            self._chance.site(f"{name}.{incarnation} coordinator").choose(chosen)

    def entries(self, ledger: str) -> list[Entry]:
        """Return what a ledger node's disk has."""
        records = self.cluster.records_of(ledger)
        return [
            entry_of(record.item)
            for (table, _), record in records
            if table == LEDGER_TABLE and record.item is not None
        ]

    def shown(self, letter: str) -> str:
        """Tell the record of an item, as its partition's disk has it."""
        key: Key = (("S", self.place(letter)["Key"]["key"]["S"]),)
        table_id = [one for one, name in self._witness.table_names.items() if name == ITEMS][-1]
        owner = self.cluster.placement_now().owner(table_id, key)
        contents = self.cluster.disks[owner].contents
        state = contents.tables.get(table_id)
        if state is None or state.dropped:
            return f"{owner}: no table"
        record = contents.records.get((table_id, key), state.missing())
        return f"{owner}: {letter} = {self.said.words.record(record)}"
