"""Shrinking, from a run that failed to the shortest story found of it."""

from collections.abc import Iterator
from dataclasses import replace

from items.data import data
from sim.keys import COUNTED, MILD
from sim.run import run
from sim.scenario import Scenario
from sim.search.broken import broken
from sim.search.shrink import parts, values
from sim.search.shrink.failure import Failure, failure_of
from sim.search.shrink.named import numbered
from sim.search.shrink.story import Story, request_names, scenario_of
from sim.search.shrink.tale import Tale, fails
from sim.search.shrink.told import told
from sim.search.shrink.translate import Translation
from sim.search.shrink.trials import RUNS_MAX, BudgetSpentError, Progress, TooDearError, Trials
from sim.search.shrink.ways import crowded, in_weather, ways_to_tell
from sim.search.shrink.world import World, smaller

ROUNDS_MAX = 4
SEEDS = 8  # At which a translation is tried.
FLIPS_MAX = 50
WORLDS = 4  # The smallest ones that are told, if need be.
SEEDS_NARROW = 2  # … where there is one coordinator.
TELLING_MESSAGES = 250_000  # That may be sent before a failure counts as one that resists.
MANY = 5  # Requests of a tale: more are worth another way to tell it …
SEEDS_ANEW = 60  # … from so many seeds.
WILD_SEEDS, WILD_SEEDS_ALL = 40, 12  # Of a world's own weather.


@data
class Shrunk:
    """A failure made short."""

    failure: Failure
    transactions: int  # Client operations left.
    choices: int  # Choices left: steps, and other faults that keys ask for.
    events: int  # Messages of the trouble.
    sentences: tuple[str, ...]
    runs: int
    cpu_s: float
    is_told: bool  # As a listed world; else the workload is still its own.
    flips: tuple[tuple[str, bool], ...] = ()  # Each choice, and whether the run passes without it.
    story: Story | None = None  # As data; None if it is not told.


class _Shrinking:
    """One shrinking while it goes on: the smallest world, and the smallest tale if there is one."""

    def __init__(self, failure: Failure, trials: Trials) -> None:
        self.failure, self.trials = failure, trials
        self.world = World(failure.scenario, failure.seed)
        self.worlds = [self.world]
        self.tale: Tale | None = None

    def go(self) -> None:
        try:
            for world in smaller(self.world, self.trials):
                self.world = world
                self.worlds.append(world)
            self._translate()
            if self.tale is not None:
                self._tell_anew(self._reduce(self.tale))
        except BudgetSpentError:  # The smallest so far is what there is.
            return

    def _translate(self) -> None:
        """Find the first way to tell a small world that fails, the smallest world first.

        What the finding is about comes first, of all worlds; what everybody asked for is long.
        """
        worlds = self.worlds[: -WORLDS - 1 : -1]
        self.trials.messages_max = self.trials.messages + TELLING_MESSAGES
        try:
            tales = (self._told(one, with_all=every) for every in (False, True) for one in worlds)
            self.tale = next((tale for tale in tales if tale is not None), None)
        except TooDearError:  # It stays a world of its own.
            return
        finally:
            self.trials.messages_max = None

    def _told(self, world: World, *, with_all: bool) -> Tale | None:
        """Tell a world in some way in which it still fails."""
        plain, varied = ways_to_tell(world, self.failure, with_all=with_all)
        # A seed says little more than whom a router asks.
        is_narrow = world.scenario.number("cluster.coordinators") == 1
        for story in plain:
            for seed in (world.seed, *range(SEEDS_NARROW if is_narrow else SEEDS)):
                if fails(story, seed, self.trials):
                    return Tale(story, seed)
        for story in varied:
            if fails(story, world.seed, self.trials):
                return Tale(story, world.seed)
        for story in plain:
            tale = self._wild(story, world, WILD_SEEDS_ALL if with_all else WILD_SEEDS)
            if tale is not None:
                return tale
        return None

    def _wild(self, story: Story, world: World, seeds: int) -> Tale | None:
        """Ask for the same in the world's own weather, from many seeds; then tell that run.

        Once at the moments of the run, and once closer together, at other moments each time.
        """
        for seed in (world.seed, *range(seeds)):
            for asked in (story, crowded(story, seed)):
                scenario = in_weather(asked, world.scenario)
                if self.trials.fails(scenario, seed):
                    told = Translation(scenario, seed).go(self.failure.anomaly).story
                    if fails(told, seed, self.trials):
                        return Tale(told, seed)
        return None

    def _reduce(self, tale: Tale) -> Tale:
        """Take out what can go, again and again; keep every tale that is a better one."""
        for _ in range(ROUNDS_MAX):
            before = tale
            for make in (parts.smaller, values.rounder):
                for shorter in make(tale, self.trials):
                    tale = shorter
                    self._keep(tale)
            if tale == before:
                break
        return tale

    def _keep(self, tale: Tale) -> None:
        if self.tale is None or size_of(tale) <= size_of(self.tale):
            self.tale = tale

    def _tell_anew(self, tale: Tale) -> None:
        """Tell what the finding is about alone, where requests are left that only take time.

        Which coordinator a router asks may hang on how many asked before: other seeds may do.
        """
        if len(tale.story.requests) <= MANY:
            return
        told = Translation(scenario_of(tale.story), tale.seed).go(self.failure.anomaly)
        of = request_names(tale.story)
        others = frozenset(number for number, name in of.items() if name not in told.about_names)
        story = tale.story.without(others)
        if others and story.requests:
            seeds = range(SEEDS_ANEW)
            found = next((Tale(story, n) for n in seeds if fails(story, n, self.trials)), None)
            found = found or self._wild(story, self.world, SEEDS_ANEW)
            if found is not None:
                self._reduce(found)


def size_of(tale: Tale) -> tuple[int, int]:
    """Return what makes a tale a long one: requests, and then choices."""
    return len(tale.story.requests), choices_of(scenario_of(tale.story))


def shrink(
    failure: Failure,
    *,
    budget_runs: int = RUNS_MAX,
    budget_seconds: float | None = None,
    progress: Progress | None = None,
) -> Shrunk:
    """Return the shortest run found that fails as this one does.

    Raises:
        ValueError: It does not fail (any more).
    """
    trials = Trials(
        failure, budget_runs=budget_runs, budget_seconds=budget_seconds, progress=progress
    )
    with broken(failure.mutant):
        shrinking = _Shrinking(failure, trials)
        shrinking.go()
        tale = shrinking.tale
        if tale is not None:
            scenario, seed = named(tale, trials), tale.seed
        else:
            scenario, seed = shrinking.world.scenario, shrinking.world.seed
        flips = tuple(flipped(scenario, seed, failure))
        telling = told(scenario, seed, failure.leading[1])
    short = failure_of(telling.result, failure.mutant)
    assert short is not None, "it failed when it was tried"
    assert short.is_seen(telling.result.findings), "and as the failure did"
    short = short.led_by(failure.anomaly)
    short = replace(short, scenario=replace(scenario, description=described(failure, short)))
    story = tale.story if tale is not None else None
    return Shrunk(
        failure=short,
        transactions=scenario.number("workload.transactions")
        if story is None
        else len(story.requests),
        choices=choices_of(scenario),
        events=telling.messages,
        sentences=telling.sentences,
        runs=trials.runs,
        cpu_s=trials.cpu_s,
        is_told=story is not None,
        flips=flips,
        story=story,
    )


def described(failure: Failure, short: Failure) -> str:
    """Describe a short scenario in a line, by what is found in it."""
    return f"{short.leading[1]}: {failure.mutant or failure.scenario.name}, made short"


def named(tale: Tale, trials: Trials) -> Scenario:
    """Return the scenario of a tale, with messages named by numbers if it fails like this too."""
    scenario = scenario_of(tale.story)
    try:
        by_number = numbered(scenario, tale.seed)
        return by_number if trials.fails(by_number, tale.seed) else scenario
    except BudgetSpentError:  # Then it keeps the names that it has been tried with.
        return scenario


def flipped(scenario: Scenario, seed: int, failure: Failure) -> Iterator[tuple[str, bool]]:
    """Say of each step whether the run without it, and nothing else changed, passes."""
    for n, step in enumerate(scenario.steps[:FLIPS_MAX]):
        without = replace(scenario, steps=scenario.steps[:n] + scenario.steps[n + 1 :])
        yield str(step), not failure.is_seen(run(without, seed).findings)


def choices_of(scenario: Scenario) -> int:
    """Count the choices of a scenario: its steps, and what else makes trouble by chance."""
    counted = sum(scenario.number(key) for key in COUNTED)
    return len(scenario.steps) + counted + sum(bool(scenario.keys[key]) for key in MILD)
