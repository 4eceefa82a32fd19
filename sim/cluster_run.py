"""A run of one cluster, alone or as one of several regions.

Three phases.  *Setting up* on a calm network: tables, first items.  *Trouble*: the clients work
while the nemesis does, until every client has had its last answer.  *Calm*: all is healed, nobody
asks for anything; within a bounded virtual time nothing may be left unfinished, and if something
is, the run says what is stuck and why.
"""

from collections.abc import Callable

from network.weather import Weather
from sim.chance import NamedChance, Overrides
from sim.checkers.all import check_run
from sim.checkers.calm import check_calm, is_settled, unfinished_tables
from sim.checkers.canary import falsified, verdict
from sim.checkers.finding import Finding
from sim.checkers.stream_appends import StreamAppends
from sim.client import Client
from sim.cluster import Cluster
from sim.course import Course, Progress
from sim.faults.nemesis import Nemesis
from sim.faults.plan import planned
from sim.garbage import OF_A_RUN, collecting
from sim.history import History
from sim.keys import ScenarioError
from sim.loop import new_loop
from sim.regions.gate import MARK
from sim.regions.part import Part
from sim.result import Result
from sim.scenario import Scenario
from sim.staleness import staleness_of
from sim.stream_reader import StreamReader
from sim.streams_seen import streams_seen
from sim.tables import Tables
from sim.trace import Listener
from sim.witness import Witness
from sim.workload import Budget, BudgetSpentError, Session, Workload
from sim.workloads.listed import Listed
from sim.workloads.registry import make


class Run:
    """A run while it goes on."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        overrides: Overrides | None = None,
        *,
        part: Part | None = None,
    ) -> None:
        """Prepare a run; of one of several regions, whose `part` in a whole run it is.

        Raises:
            ScenarioError: There are several regions, and it is to be a run of one cluster.
        """
        if scenario.regions and part is None:
            raise ScenarioError(
                f"scenario {scenario.name} has several regions, and this looks into one cluster:"
                " `twophase simulate` and `sweep` run it; elsewhere set regions.names to ''"
            )
        self.scenario, self.seed, self.part = scenario, seed, part
        chance = NamedChance(seed, overrides) if part is None else part.chance
        self.plan = planned(scenario, chance)
        self.loop = new_loop() if part is None else part.loop
        self.history, self.witness = History(), Witness()
        self.cluster = Cluster(
            self.loop,
            chance,
            self.plan.settings if part is None else part.settled(self.plan.settings),
            history=self.history,
            witness=self.witness if part is None else part.watched(self.witness),
            region=None if part is None else part.region,
        )
        self.before = "" if part is None else f"{part.region.name}{MARK}"
        self.failures = self.cluster.failures
        self.witness.enter(self.cluster)
        self.witness.followed = self.cluster.followed
        self.readers: list[StreamReader] = []  # Of streams, where tables have them.
        if scenario.keys["cluster.streams"]:
            self.witness.streams = StreamAppends(self.cluster.settings.partition)
        self.workload: Workload = make(scenario.workload, scenario.workload_keys)
        self.tables = Tables(self.workload, scenario)
        self.witness.index(self.workload.tables)
        self.transactions = scenario.transactions  # Maybe fewer than there is budget for.
        self.budget = Budget(
            scenario.number("workload.transactions"),
            ends_all=not isinstance(self.workload, Listed),
        )
        self.nemesis: Nemesis | None = None  # From when it goes.
        self.working = 0  # Clients that have not finished.
        self.trouble_ended = False
        self.course = Course(self.loop, [self])
        self._phase_listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Listener) -> None:
        self.cluster.trace.listen(listener)

    def listen_to_phases(self, listener: Callable[[str], None]) -> None:
        """Tell a listener, as they end, of 'setting up' and of 'calm'."""
        self._phase_listeners.append(listener)

    @collecting(*OF_A_RUN)
    def go(self, progress: Progress | None = None) -> Result:
        """Run from start to end, check everything, and say what came of it.

        Raises:
            SetupError: The scenario's tables and first items could not be made.
            KeyboardInterrupt: Somebody called `interrupt`.
        """
        nemesis = self.nemesis = Nemesis(self.cluster, self.budget, self.plan)
        ended = self.course.carry_out(lambda: self._phases(nemesis, progress))
        self._phase_ended("calm")
        if ended.bugs:  # What a run that was broken off has left is no evidence against anybody.
            return self._result((*ended.unfinished, *ended.bugs), ("nodes",), nemesis)
        checks, found = self._checked()
        return self._result((*ended.unfinished, *found), ("calm", *checks), nemesis)

    def _checked(self) -> tuple[tuple[str, ...], list[Finding]]:
        """Check what happened; with a canary, on evidence that is false in one place."""
        keys, history, whose = self.scenario.keys, self.history, ""
        if keys["run.canary"]:
            history, whose = falsified(history, self.cluster.chance)
        checks, found = check_run(
            history,
            self.witness,
            self.cluster,
            self.workload.tables,
            workload=self.workload,
            with_graph=bool(keys["run.graph"]),
            readers=self.readers,
        )
        return checks, [*found, *verdict(whose, found)] if keys["run.canary"] else found

    def _phases(self, nemesis: Nemesis, progress: Progress | None) -> list[Finding]:
        """Set up, make trouble, be calm; return what is left unfinished."""
        cluster = self.cluster
        weather = cluster.settings.weather
        calm = Weather(weather.delay)
        cluster.network.change_weather(calm)
        cluster.start_all()
        self._set_up()
        self._phase_ended("setting up")

        cluster.network.change_weather(weather)
        nemesis.begin()
        self._trouble(progress)

        nemesis.end()
        cluster.network.change_weather(calm)
        return self._calm()

    def _phase_ended(self, phase: str) -> None:
        for listener in self._phase_listeners:
            listener(phase)

    # The phases ------------------------------------------------------------------------------

    def begin_set_up(self) -> None:
        """Have the first client make tables and first items; it works until that is done."""
        client = self.cluster.client("k1")
        self.working = 1
        client.host.spawn(self._make_tables(client))

    def _set_up(self) -> None:
        self.begin_set_up()
        self._until_idle("setting up")

    def _until_idle(self, phase: str) -> None:
        key = "run.trouble_us_max"
        self.course.until_idle(self.scenario.number(key), phase, key)

    async def _make_tables(self, client: Client) -> None:
        """Make the tables, and fill them unless another region's items are to come here."""
        is_filled_elsewhere = self.part is not None and not self.part.fills
        await self.tables.make(client)
        if not is_filled_elsewhere:
            await self.tables.fill(client)
        await self.tables.hold(client)
        if is_filled_elsewhere:
            self.working -= 1
        else:
            await self._work(client, opening=True)

    def begin_trouble(self) -> None:
        """Let all clients and readers work; the clients do until their work is done."""
        names = self.cluster.clients
        self.working = len(names)
        for name in names:
            client = self.cluster.client(name)
            client.host.spawn(self._work(client, opening=False))
        for name in self.cluster.readers:
            reader = StreamReader(self.cluster.client(name))
            self.readers.append(reader)
            self.cluster.hosts[name].spawn(reader.read())

    def _trouble(self, progress: Progress | None) -> None:
        self.begin_trouble()
        self.course.show(progress)
        self._until_idle("trouble")
        self.trouble_ended = True

    async def _work(self, client: Client, *, opening: bool) -> None:
        session = Session(client, self.budget)
        try:
            if opening:
                await self.workload.opening(session)
            else:
                while not self.budget.is_over:
                    await self.workload.act(session)
                    await client.think()
        except BudgetSpentError:
            pass
        self.working -= 1

    def _calm(self) -> list[Finding]:
        """Let things settle; return what has not."""
        limit_us = self.loop.now_us + self.scenario.number("run.calm_us_max")
        self._until_settled(limit_us)
        if self.readers:
            self._read_to_the_end(limit_us)
        return list(check_calm(self.cluster, self.witness.table_names))

    def _until_settled(self, limit_us: int) -> None:
        self.course.until(lambda: is_settled(self.cluster), limit_us)

    def look_for_tables(self) -> None:
        """Have tables taken further that are on their way: who began it may be dead."""
        if any(unfinished_tables(self.cluster)):
            self.cluster.look_for_tables()

    def _read_to_the_end(self, limit_us: int) -> None:
        """Let readers of streams see what has come to rest; the checks say what they have not.

        Not everything may have: a write waits in a router that cannot learn of its table, or of
        who owns its item.  So readers read once more if there were records while they did.
        """
        appends = self.witness.streams
        assert appends is not None, "there are readers where there are streams"
        told = -1
        while told != appends.told and self.loop.now_us < limit_us:
            told = appends.told
            for reader in self.readers:
                reader.finish()
            limit_us = self._until_read(limit_us)
            self._until_settled(limit_us)  # A late copy of a prepare may have come meanwhile.

    def _until_read(self, limit_us: int) -> int:
        """Let readers finish; return until when they may, which is later whenever they get on.

        How much there is to read, and how long a page of it travels, no limit of calm can know.
        """
        readers, come = self.readers, -1

        def is_over() -> bool:
            return all(one.is_done for one in readers) or how_far() > come

        def how_far() -> int:
            return sum(one.progress for one in readers)

        while self.course.until(is_over, limit_us) and how_far() > come:
            come = how_far()
            limit_us = self.loop.now_us + self.scenario.number("run.calm_us_max")
        return limit_us

    # What came of it -------------------------------------------------------------------------

    def faults(self, nemesis: Nemesis) -> dict[str, int]:
        """Count the faults that were carried out, by kind."""
        counts = {**nemesis.counts(), "late": self.cluster.trace.late_count}
        if self.scenario.keys["network.corrupt"]:
            counts["corrupt"] = self.cluster.trace.corrupt_count
        return counts

    def faults_so_far(self) -> int:
        """Count all of them, for who watches a run that goes on."""
        return 0 if self.nemesis is None else sum(self.faults(self.nemesis).values())

    def _result(
        self, findings: tuple[Finding, ...], checks: tuple[str, ...], nemesis: Nemesis
    ) -> Result:
        trace, witness = self.cluster.trace, self.witness
        followed, appends = self.cluster.followed, witness.streams
        return Result(
            scenario=self.scenario,
            seed=self.seed,
            history=self.history,
            findings=findings,
            marks=dict(sorted(trace.marks.items())),
            messages=trace.messages(),
            faults=self.faults(nemesis),
            switched_off=self.plan.off,
            steps=nemesis.told(),
            checks=checks,
            virtual_us=self.loop.now_us,
            digest=trace.digest(),
            staleness=None if followed is None else staleness_of(self.history, followed),
            streams=(
                None if appends is None else streams_seen(self.cluster, appends, self.readers)
            ),
            index_lag=None if witness.indexes is None else witness.indexes.lag(),
            capacity=witness.books.totals(),
        )
