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

from items.data import data
from items.keys import partition_hash
from sim.cluster import Cluster
from sim.faults.step_words import UNITS_US
from sim.history import History
from sim.script_requests import ScriptError, split_options
from sim.script_stage import Stage
from sim.script_steps import is_step
from sim.witness import Witness

STAND_ALONE = {"wait", "ledger", "drop", "create"}


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
    """Plays the commands of one script on a stage of its own."""

    def __init__(self) -> None:
        self.history, self.witness = History(), Witness()
        self._stage: Stage | None = None

    @property
    def stage(self) -> Stage:
        if self._stage is None:  # No `cluster` came first.
            self._stage = Stage("", self.history, self.witness)
        return self._stage

    @property
    def cluster(self) -> Cluster:
        return self.stage.cluster

    def play(self, commands: Iterable[str]) -> list[str]:
        """Carry out a block's commands; return what happened, a line an event.

        Raises:
            ScriptError: Naming a command that is none, or cannot be carried out.
        """
        if self._stage is not None:
            self._stage.said.lines = []
        for command in commands:
            try:
                self._command(command)
            except ScriptError as error:
                raise ScriptError(f"{command!r}: {error}") from error
        self.stage.settle()
        return self.stage.said.lines or ["ok"]

    # Commands --------------------------------------------------------------------------------

    def _command(self, line: str) -> None:
        asked = re.fullmatch(r"(k[0-9]+): (\w+) *(.*)", line)
        if asked:
            self.stage.ask(asked[1], asked[2], asked[3])
            return
        if is_step(line):
            self.stage.steps.place(line)
            return
        word, _, rest = line.partition(" ")
        command: Callable[[str], None] | None = getattr(self, f"_do_{word}", None)
        if command is None:
            raise ScriptError("no such command")
        if rest and word in STAND_ALONE:
            raise ScriptError(f"nothing comes after `{word}`")
        command(rest.strip())

    def _do_cluster(self, rest: str) -> None:
        if self._stage is not None:
            raise ScriptError("`cluster` comes first")
        self._stage = Stage(rest, self.history, self.witness)

    def _do_hold(self, rest: str) -> None:
        for source, target in self.stage.links(rest):
            self.stage.cluster.network.hold(source, target)

    def _do_release(self, rest: str) -> None:
        order = " newest first"
        newest_first = rest.endswith(order)
        for source, target in self.stage.links(rest.removesuffix(order)):
            self.stage.steps.released(source, target, newest_first=newest_first)
            self.stage.cluster.network.release(source, target, newest_first=newest_first)
        self.stage.let_tasks_run()

    def _do_cut(self, rest: str) -> None:
        for source, target in self.stage.links(rest):
            self.stage.cluster.network.link(source, target).cut = True

    def _do_heal(self, rest: str) -> None:
        for source, target in self.stage.links(rest):
            self.stage.steps.healed(source, target)
            self.stage.cluster.network.link(source, target).cut = False

    def _do_copy(self, rest: str) -> None:
        self.stage.said.to_copy.update(self.stage.links(rest))

    def _do_deliver(self, rest: str) -> None:
        for names in self.stage.links(rest):
            if names not in self.stage.said.copies:
                raise ScriptError("there is no copy")
            link, number, frame = self.stage.said.copies[names]
            self.stage.said.is_copy = True
            self.stage.cluster.network.arrive(link, (number, frame))
            self.stage.said.is_copy = False
        self.stage.let_tasks_run()

    def _do_crash(self, rest: str) -> None:
        for name in self.stage.hosts(rest):
            self.stage.cluster.crash(name)

    def _do_restart(self, rest: str) -> None:
        for name in self.stage.hosts(rest):
            self.stage.cluster.start(name)
        self.stage.let_tasks_run()

    def _do_pause(self, rest: str) -> None:
        for name in self.stage.hosts(rest):
            self.stage.cluster.pause(name)

    def _do_resume(self, rest: str) -> None:
        for name in self.stage.hosts(rest):
            self.stage.cluster.resume(name)
        self.stage.let_tasks_run()

    def _do_throttle(self, rest: str) -> None:
        for name in self.stage.hosts(rest):
            self.stage.cluster.throttle(name, is_on=True)

    def _do_relent(self, rest: str) -> None:
        for name in self.stage.hosts(rest):
            self.stage.cluster.throttle(name, is_on=False)

    def _do_clock(self, rest: str) -> None:
        found = re.fullmatch(r"(\w+) ([+-][0-9]+)", rest)
        if not found:
            raise ScriptError("a clock is set like c1 +5000")
        (name,) = self.stage.hosts(found[1])
        self.stage.cluster.set_clock(name, int(found[2]))

    def _do_split(self, rest: str) -> None:
        rest, given = split_options(rest, ("child",))
        parent, _, where = rest.partition(" ")
        (parent,) = self.stage.hosts(parent)
        if parent[0] not in "pl" or not where:
            raise ScriptError("a partition splits at an item, as in `split p1 c`")
        value = self.stage.keys.get(where, where) if parent[0] == "p" else where
        child = self.stage.cluster.add_for_split(parent)
        if not self.stage.cluster.split(parent, partition_hash(("S", value)), child):
            raise ScriptError("there is no recovery manager to order it through")
        if given.get("child") != "down":
            self.stage.cluster.start(child)
        self.stage.let_tasks_run()

    def _do_recovery(self, rest: str) -> None:
        self.stage.choose_coordinator(self.stage.cluster.managers, self.stage.coordinator(rest))

    def _do_wait(self, _: str) -> None:
        self.stage.settle()

    def _do_tick(self, rest: str) -> None:
        found = re.fullmatch(r"([0-9]+)(us|ms|s)", rest)
        if not found:
            raise ScriptError(f"a duration is like 10ms, not {rest!r}")
        self.stage.cluster.loop.run_for(int(found[1]) * UNITS_US[found[2]])

    def _do_show(self, rest: str) -> None:
        self.stage.settle()
        if not rest:
            raise ScriptError("it shows items")
        for letter in rest.split():
            self.stage.said.lines.append(self.stage.shown(letter))

    def _do_ledger(self, _: str) -> None:
        self.stage.settle()
        for name in self.stage.cluster.ledgers:
            for entry in self.stage.entries(name):
                if entry.transaction.id not in self.stage.said.earlier:
                    self.stage.said.lines.append(f"{name}: {self.stage.said.words.entry(entry)}")

    def _do_drop(self, _: str) -> None:
        self.stage.drop_table()

    def _do_create(self, _: str) -> None:
        self.stage.create_table()
