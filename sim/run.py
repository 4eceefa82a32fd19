"""One run: a pure function of a scenario, a seed and overrides.

Three phases.  *Setting up* on a calm network: tables, first items.  *Trouble*: the clients work
while the nemesis does, until every client has had its last answer.  *Calm*: all is healed, nobody
asks for anything; within a bounded virtual time nothing may be left unfinished, and if something
is, the run says what is stuck and why.
"""

import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from items.data import data
from network.weather import Weather
from sim.books import Capacity
from sim.chance import NamedChance, Overrides
from sim.checkers.all import check_run
from sim.checkers.calm import check_calm, is_settled, unfinished_tables
from sim.checkers.canary import falsified, verdict
from sim.checkers.finding import Finding
from sim.checkers.stream_appends import StreamAppends
from sim.client import Client
from sim.cluster import Cluster
from sim.faults.nemesis import Nemesis
from sim.faults.placed import Told
from sim.faults.plan import planned
from sim.garbage import OF_A_RUN, collecting
from sim.history import History
from sim.indexes_seen import IndexLag
from sim.keys import ScenarioError
from sim.loop import new_loop
from sim.regions.figures import AcrossRegions
from sim.regions.part import Part
from sim.scenario import Scenario
from sim.staleness import Staleness, staleness_of
from sim.stream_reader import StreamReader
from sim.streams_seen import StreamsSeen, streams_seen
from sim.tables import SetupError, Tables
from sim.trace import Listener
from sim.witness import Witness
from sim.workload import Budget, BudgetSpentError, Session, Workload
from sim.workloads.listed import Listed
from sim.workloads.registry import make

CALM_STEP_US = 100_000
PROGRESS_US = 200_000

Progress = Callable[[int, int], None]  # Transactions begun, of how many.


@data
class Result:
    """What came of a run."""

    scenario: Scenario
    seed: int
    history: History
    findings: tuple[Finding, ...]
    marks: Mapping[str, int]  # Events of `network.events`, and how often each was seen.
    messages: Mapping[str, int]  # sent, delivered, lost, repeated
    faults: Mapping[str, int]  # By kind, how often each was carried out.
    switched_off: tuple[str, ...]  # Faults that the scenario asks for, and swarm left out.
    steps: tuple[Told, ...]  # What came of each of the scenario's steps.
    checks: tuple[str, ...]  # The names of the checks that were made.
    virtual_us: int
    digest: str
    staleness: Staleness | None = None  # Of eventual reads, where partitions have followers.
    streams: StreamsSeen | None = None  # Of tables' streams, where they have any.
    index_lag: IndexLag | None = None  # Of global indexes, where tables have indexes.
    capacity: Capacity | None = None  # Of provisioned tables, where there are any.
    regions: AcrossRegions | None = None  # Where there are several.

    @property
    def ok(self) -> bool:
        return not self.findings


class Going(Protocol):
    """A run while it goes on: of one cluster, or of several regions."""

    scenario: Scenario
    workload: Workload
    is_in_loop: bool
    is_interrupted: bool

    def listen(self, listener: Listener) -> None: ...

    def go(self, progress: Progress | None = None) -> Result: ...

    def interrupt(self) -> None: ...


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
        self.is_in_loop = False  # Where an exception out of nowhere could be swallowed.
        self.is_interrupted = False
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
        cluster, failures = self.cluster, self.cluster.failures
        nemesis = self.nemesis = Nemesis(cluster, self.budget, self.plan)
        unfinished: list[Finding] = []
        try:
            unfinished = self._phases(nemesis, progress)
        except SetupError:
            raise
        except Exception as error:  # noqa: BLE001  # A node's bug, in a step: that is a finding.
            failures.append(("a node", error))
        finally:
            self.is_in_loop = False
            cluster.stop()
        self._phase_ended("calm")
        findings = [*unfinished]
        for node, failure in failures:
            findings.append(bug_of(node, failure))
        if failures:  # What a run that was broken off has left is no evidence against anybody.
            return self._result(tuple(findings), ("nodes",), nemesis)
        checks, found = self._checked()
        return self._result((*findings, *found), ("calm", *checks), nemesis)

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

    def interrupt(self) -> None:
        """End the run at its next step: between two events, where nothing is half done."""
        self.is_interrupted = True

    def _phases(self, nemesis: Nemesis, progress: Progress | None) -> list[Finding]:
        """Set up, make trouble, be calm; return what is left unfinished."""
        self.is_in_loop = True
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
        self._until_idle(self.scenario.number("run.trouble_us_max"), "setting up")

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
        if progress is not None:
            self.loop.after(PROGRESS_US, self._show_progress, progress, None)
        self._until_idle(self.scenario.number("run.trouble_us_max"), "trouble")
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

    def _until_idle(self, limit_us: int, phase: str) -> None:
        failures = self.cluster.failures
        ended = self.loop.run(
            lambda: self.working == 0 or self.is_interrupted or bool(failures), limit_us
        )
        self._heed_interrupt()
        if not ended:
            raise SetupError(f"{phase} has not ended within {limit_us} µs of virtual time")
        if failures and isinstance(failures[0][1], SetupError):
            raise failures[0][1]

    def _calm(self) -> list[Finding]:
        """Let things settle; return what has not."""
        limit_us = self.loop.now_us + self.scenario.number("run.calm_us_max")
        self._let_settle(limit_us)
        if self.readers:
            self._read_to_the_end(limit_us)
        return list(check_calm(self.cluster, self.witness.table_names))

    def _let_settle(self, limit_us: int) -> None:
        while not is_settled(self.cluster) and self.loop.now_us < limit_us:
            self.look_for_tables()
            self.loop.run_for(CALM_STEP_US)
            self._heed_interrupt()

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
            self._let_settle(limit_us)  # A late copy of a prepare may have come meanwhile.

    def _until_read(self, limit_us: int) -> int:
        """Let readers finish; return until when they may, which is later whenever they get on.

        How much there is to read, and how long a page of it travels, no limit of calm can know.
        """
        come = -1
        while not all(one.is_done for one in self.readers) and self.loop.now_us < limit_us:
            before, come = come, sum(one.progress for one in self.readers)
            if come != before:
                limit_us = self.loop.now_us + self.scenario.number("run.calm_us_max")
            self.loop.run_for(CALM_STEP_US)
            self._heed_interrupt()
        return limit_us

    def _heed_interrupt(self) -> None:
        if self.is_interrupted:
            raise KeyboardInterrupt

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

    def _show_progress(self, progress: Progress, _: None) -> None:
        progress(self.budget.begun, self.transactions)
        if not self.trouble_ended:
            self.loop.after(PROGRESS_US, self._show_progress, progress, None)

    def _streams(self) -> StreamsSeen | None:
        appends = self.witness.streams
        return None if appends is None else streams_seen(self.cluster, appends, self.readers)

    def _staleness(self) -> Staleness | None:
        followed = self.cluster.followed
        return None if followed is None else staleness_of(self.history, followed)

    def _result(
        self, findings: tuple[Finding, ...], checks: tuple[str, ...], nemesis: Nemesis
    ) -> Result:
        trace = self.cluster.trace
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
            staleness=self._staleness(),
            streams=self._streams(),
            index_lag=None if self.witness.indexes is None else self.witness.indexes.lag(),
            capacity=self.witness.books.totals(),
        )


def run(
    scenario: Scenario,
    seed: int,
    overrides: Overrides | None = None,
    *,
    listeners: tuple[Listener, ...] = (),
    progress: Progress | None = None,
) -> Result:
    """Run a scenario from a seed: the same three arguments, the same result, to the byte."""
    going = begun(scenario, seed, overrides)
    for listener in listeners:
        going.listen(listener)
    return going.go(progress)


def begun(scenario: Scenario, seed: int, overrides: Overrides | None = None) -> Going:
    """Prepare a run of one cluster, or of several regions, as the scenario says."""
    if not scenario.regions:
        return Run(scenario, seed, overrides)
    # Only here: a run of several regions is made of several of these.
    from sim.regions.run import RegionsRun  # noqa: PLC0415

    return RegionsRun(scenario, seed, overrides)


def bug_of(node: str, failure: BaseException) -> Finding:
    """Tell that a node did what no node may: it failed."""
    text = f"{node} has a bug: {type(failure).__name__}: {failure} ({where(failure)})"
    return Finding("nodes", "failed", text, ())


def where(error: BaseException) -> str:
    """Name the function that an exception comes from, as in partition/rules.py: prepare."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "nobody knows where"
    place = Path(frames[-1].filename)
    return f"{place.parent.name}/{place.name}: {frames[-1].name}"


def outcomes(history: History) -> tuple[Counter[str], Counter[str]]:
    """Count the outcomes of all transactions, and the reasons of the cancelled ones by code."""
    ends: Counter[str] = Counter({"committed": 0, "cancelled": 0, "unknown": 0})
    codes: Counter[str] = Counter()
    for operation in history:
        if operation.is_transaction:
            ends[operation.outcome] += 1
            for reason in operation.reasons:
                if reason["Code"] != "None":
                    codes[reason["Code"]] += 1
    return ends, codes
