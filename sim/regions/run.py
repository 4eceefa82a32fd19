"""A run of several regions: a cluster each, on one virtual clock, with slow links between them.

Each region is what a run of one cluster is - its own network, disks, clients, faults, history and
witness - and as large as the scenario says.  The first region makes the first items, and the others
have heard of them before the trouble begins.  In the calm afterwards the replication must catch up,
and then somebody in each region reads everything.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b

from network.weather import Weather
from replication.options import ReplicationOptions
from sim.chance import NamedChance, Overrides
from sim.checkers.all import check_run
from sim.checkers.calm import check_calm, is_settled
from sim.checkers.canary import falsified, verdict
from sim.checkers.finding import Finding
from sim.checkers.model import Place
from sim.client import Client
from sim.cluster_run import Run
from sim.course import Course, Progress
from sim.faults.nemesis import Nemesis
from sim.garbage import OF_A_RUN, collecting
from sim.loop import new_loop
from sim.regions.caught_up import check_caught_up, is_caught_up
from sim.regions.gate import MARK, Region
from sim.regions.link import FarLinks
from sim.regions.naming import named
from sim.regions.part import Part
from sim.regions.replication import check_replication
from sim.regions.seen import RegionWitness
from sim.regions.snapshots import Snapshot, check_snapshots, snapshot
from sim.regions.told import across, merged
from sim.regions.whose import region_seen
from sim.result import Result
from sim.scenario import Scenario
from sim.trace import Listener
from sim.witness import Witness
from sim.workload import Workload
from sim.workloads.registry import make


class RegionsRun:
    """A run of several regions while it goes on."""

    def __init__(self, scenario: Scenario, seed: int, overrides: Overrides | None = None) -> None:
        self.scenario, self.seed = scenario, seed
        self.workload: Workload = make(scenario.workload, scenario.workload_keys)
        self.loop = new_loop()
        self.links = FarLinks(self.loop, NamedChance(seed, overrides), scenario)
        self.seen: list[RegionWitness] = []
        self.runs = [
            Run(scenario, seed, part=self._part(name, overrides)) for name in scenario.regions
        ]
        for name, run in zip(scenario.regions, self.runs, strict=True):
            self.links.network.join(f"{name}{MARK}x1", self._door(run))
        self.course = Course(self.loop, self.runs)
        self._snapshots: list[Snapshot] = []
        self._asked: list[int] = []  # How long each history was when the trouble ended.
        self._trouble_ended_us = self._caught_up_us = 0

    def _part(self, name: str, overrides: Overrides | None) -> Part:
        others = tuple(other for other in self.scenario.regions if other != name)

        def watched(witness: Witness) -> RegionWitness:
            self.seen.append(RegionWitness(self.loop, name, witness, self.workload.tables))
            return self.seen[-1]

        return Part(
            self.loop,
            NamedChance(self.seed, overrides, before=f"{name}{MARK}"),
            Region(name, others, self.links.network, ReplicationOptions()),
            bool(self.scenario.keys["regions.transactions"]),
            fills=name == self.scenario.regions[0],
            watched=watched,
        )

    def _door(self, run: Run) -> Callable[[bytes], None]:
        """Return where a region takes what another one sends, if its replicator is up."""

        def arrive(frame: bytes) -> None:
            server = run.cluster.servers.get("x1")
            if server is not None:  # Paused, it hears it when the pause ends.
                run.cluster.hosts["x1"].do(server.receive, frame)

        return arrive

    def listen(self, listener: Listener) -> None:
        """Tell of what happens in each region, and on the links between them."""
        for name, run in zip(self.scenario.regions, self.runs, strict=True):
            run.listen(named(name, listener))
        self.links.trace.listen(listener)

    @collecting(*OF_A_RUN)
    def go(self, progress: Progress | None = None) -> Result:
        """Run from start to end, check everything, and say what came of it.

        Raises:
            SetupError: The scenario's tables and first items could not be made.
            KeyboardInterrupt: Somebody called `interrupt`.
        """
        nemeses = [Nemesis(run.cluster, run.budget, run.plan) for run in self.runs]
        ended = self.course.carry_out(lambda: self._phases(nemeses, progress))
        if ended.bugs:  # What a run that was broken off has left is no evidence against anybody.
            return self._result([*ended.unfinished, *ended.bugs], ("nodes",), nemeses)
        checks, found = self._checked()
        return self._result([*ended.unfinished, *found], ("calm", *checks), nemeses)

    # The phases ------------------------------------------------------------------------------

    def _phases(self, nemeses: list[Nemesis], progress: Progress | None) -> list[Finding]:
        """Set up, make trouble, be calm; return what is left unfinished."""
        key = "run.trouble_us_max"
        limit_us = self.scenario.number(key)
        for run in self.runs:
            run.cluster.network.change_weather(Weather(run.cluster.settings.weather.delay))
            run.cluster.start_all()
            run.begin_set_up()
        self.course.until_idle(limit_us, "setting up", key)
        if not self._until_settled():
            return self._unfinished()

        self.links.begin(lambda: sum(run.budget.begun for run in self.runs))
        for run, nemesis in zip(self.runs, nemeses, strict=True):
            run.cluster.network.change_weather(run.cluster.settings.weather)
            nemesis.begin()
            run.begin_trouble()
        self.course.show(progress)
        self.course.until_idle(limit_us, "trouble", key)

        self._asked = [len(run.history) for run in self.runs]
        self._trouble_ended_us = self.loop.now_us
        self.links.end()
        for run, nemesis in zip(self.runs, nemeses, strict=True):
            nemesis.end()
            run.cluster.network.change_weather(Weather(run.cluster.settings.weather.delay))
        return self._calm()

    def _calm(self) -> list[Finding]:
        """Let things settle and the regions agree; return what has not.  Then read everything.

        Not everything may have settled: a write waits in a router that cannot learn of its table.
        So what was read counts if nothing was written meanwhile.
        """
        written = -1
        while written != self._written():
            self._until_settled()
            self._caught_up_us = self.loop.now_us
            found = self._unfinished()
            if found:
                return found
            written = self._written()
            self._snapshots.clear()
            self._look()
        return []

    def _written(self) -> int:
        return sum(len(seen.writes) for seen in self.seen)

    def _look(self) -> None:
        """Have everything read in each region."""
        places = sorted({place for seen in self.seen for place in seen.latest}, key=repr)
        for run in self.runs:
            client = run.cluster.client("k1")
            client.be_patient()  # Silence would be its impatience, and says nothing of regions.
            run.working = 1
            client.host.spawn(self._read_all(run, client, places))
        key = "run.calm_us_max"
        limit_us = self.loop.now_us + self.scenario.number(key)
        self.course.until_idle(limit_us, "the look at all items in the end", key)

    def _unfinished(self) -> list[Finding]:
        """Tell what is left undone in any region, or between them."""
        found: list[Finding] = []
        for run in self.runs:
            calm = check_calm(run.cluster, run.witness.table_names)
            found += [_of(run, finding) for finding in calm]
        return [*found, *check_caught_up(self.runs)]

    async def _read_all(self, run: Run, client: Client, places: list[Place]) -> None:
        self._snapshots.append(await snapshot(run, client, places))
        run.working -= 1

    def _until_settled(self) -> bool:
        """Let all regions come to their end, and hear of each other; say whether they have."""
        limit_us = self.loop.now_us + self.scenario.number("run.calm_us_max")
        return self.course.until(self._is_settled, limit_us)

    def _is_settled(self) -> bool:
        return is_caught_up(self.runs) and all(is_settled(run.cluster) for run in self.runs)

    # What came of it -------------------------------------------------------------------------

    def _checked(self) -> tuple[tuple[str, ...], list[Finding]]:
        """Check each region by itself, then all of them together.

        A region is not asked for its workload's invariant: half of a transfer may be gone, because
        another region's write has replaced it.
        """
        names: tuple[str, ...] = ()
        found: list[Finding] = []
        for run, seen in zip(self.runs, self.seen, strict=True):
            history, whose = run.history, ""
            is_falsified = bool(self.scenario.keys["run.canary"]) and run is self.runs[0]
            if is_falsified:
                history, whose = falsified(history, run.cluster.chance)
            names, of_region = check_run(
                seen.history(history),
                run.witness,
                run.cluster,
                self.workload.tables,
                with_graph=bool(self.scenario.keys["run.graph"]),
            )
            found += [_of(run, finding) for finding in of_region]
            found += verdict(whose, of_region) if is_falsified else []
        found += check_replication(self.runs, self.seen)
        found += check_snapshots(self._snapshots)
        return (*names, "replication", "snapshots"), found

    def _result(
        self, findings: list[Finding], checks: tuple[str, ...], nemeses: list[Nemesis]
    ) -> Result:
        counts = self._asked or [len(run.history) for run in self.runs]
        regions = [region_seen(*one) for one in zip(self.runs, self.seen, counts, strict=True)]
        caught_up_us = self._caught_up_us - self._trouble_ended_us
        is_gone = bool(self._snapshots) and not any(check_snapshots(self._snapshots))
        traces = [*(run.cluster.trace for run in self.runs), self.links.trace]
        whole = Counter({"sent": 0, "delivered": 0, "lost": 0, "repeated": 0})
        marks: Counter[str] = Counter()
        faults: Counter[str] = Counter()
        digest = blake2b(digest_size=16)
        for trace in traces:
            whole.update(trace.messages())
            marks.update(trace.marks)
            digest.update(trace.digest().encode())
        for run, nemesis in zip(self.runs, nemeses, strict=True):
            faults.update(run.faults(nemesis))
        if self.scenario.keys["regions.cuts"]:
            faults["region_cuts"] = self.links.cut_count
        return Result(
            scenario=self.scenario,
            seed=self.seed,
            history=merged(regions),
            findings=tuple(findings),
            marks=dict(sorted(marks.items())),
            messages=dict(whole),
            faults=dict(faults),
            switched_off=tuple(
                f"{name} {off}"
                for name, run in zip(self.scenario.regions, self.runs, strict=True)
                for off in run.plan.off
            ),
            steps=tuple(
                replace(told, region=name)
                for name, nemesis in zip(self.scenario.regions, nemeses, strict=True)
                for told in nemesis.told()
            ),
            checks=checks,
            virtual_us=self.loop.now_us,
            digest=digest.hexdigest(),
            regions=across(regions, caught_up_us, is_gone=is_gone),
        )


def _of(run: Run, finding: Finding) -> Finding:
    """Say in which region something was found."""
    region = run.cluster.region
    assert region is not None, "each run is one region's"
    return replace(finding, explanation=f"in {region.name}: {finding.explanation}")
