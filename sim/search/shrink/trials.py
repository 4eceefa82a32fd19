"""Trials: runs that are made to see whether something still fails as the failure did.

How many there may be is counted in runs, so that the same failure has the same story wherever it is
shrunk; a limit in seconds is there for people who cannot wait, and is off unless it is asked for.
"""

from collections.abc import Callable
from time import process_time

from sim.keys import ScenarioError
from sim.result import Result
from sim.run import run
from sim.scenario import Scenario
from sim.search.shrink.failure import Failure
from sim.tables import SetupError

Progress = Callable[[int, int, int], None]  # Runs so far, transactions and choices left.

RUNS_MAX = 3_000


class BudgetSpentError(Exception):
    """As many runs were made as there may be."""


class TooDearError(Exception):
    """What was tried has cost more messages than it may."""


class Trials:
    """The runs of one shrinking.  Its rule is broken already, if one is."""

    def __init__(
        self,
        failure: Failure,
        *,
        budget_runs: int = RUNS_MAX,
        budget_seconds: float | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.failure = failure
        self.runs = self.messages = 0  # So far; messages are what runs cost, the same everywhere.
        self.messages_max: int | None = None  # Where somebody sets a limit for a while.
        self.size = (0, 0)  # Transactions and choices of the smallest so far.
        self._budget_runs, self._budget_seconds = budget_runs, budget_seconds
        self._progress = progress
        self._began = process_time()
        self._known: dict[tuple[object, ...], bool] = {}

    @property
    def cpu_s(self) -> float:
        return process_time() - self._began

    def fails(self, scenario: Scenario, seed: int) -> bool:
        """Say whether a run shows the same anomaly.

        Raises:
            BudgetSpentError: There are no runs left.
        """
        name = (
            scenario.workload,
            tuple(scenario.keys.values()),
            tuple(scenario.workload_keys.values()),
            scenario.steps,
            seed,
        )
        if name not in self._known:
            result = self.result(scenario, seed)
            self._known[name] = result is not None and self.failure.is_seen(result.findings)
        return self._known[name]

    def result(self, scenario: Scenario, seed: int) -> Result | None:
        """Run it; None if it cannot be set up.

        Raises:
            BudgetSpentError: There are no runs left.
        """
        self.spend()
        try:
            result = run(scenario, seed)
        except (SetupError, ScenarioError):  # Too much was taken out: it is no run, and no failure.
            return None
        self.messages += result.messages["sent"]
        return result

    def spend(self) -> None:
        """Count a run.

        Raises:
            BudgetSpentError: There are no runs left.
            TooDearError: There is a limit on messages, and it is reached.
        """
        if self.messages_max is not None and self.messages >= self.messages_max:
            raise TooDearError
        if self.runs >= self._budget_runs:
            raise BudgetSpentError
        if self._budget_seconds is not None and self.cpu_s > self._budget_seconds:
            raise BudgetSpentError
        self.runs += 1
        if self._progress is not None:
            self._progress(self.runs, *self.size)
