"""An interpreter and a hash seed, and what a fresh process in them makes of some runs."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from time import perf_counter

from items.data import data
from sim.search.determinism.asked import AskedRun
from sim.search.determinism.pythons import Python, environment_for

HASH_SEEDS = (0, 1, 42)  # Of which 0 switches hash randomisation off.
STDERR_CHARACTERS = 300

Step = Callable[[], None]


@data
class Environment:
    """Where runs are made."""

    python: Python
    hash_seed: int

    @property
    def name(self) -> str:
        return f"{self.python.name}, hash seed {self.hash_seed}"

    @property
    def noise(self) -> int:
        return HASH_SEEDS.index(self.hash_seed) * 2 + 1

    @property
    def goes_backwards(self) -> bool:
        """Whether the last run is the first: what one run leaves behind must matter to none."""
        return HASH_SEEDS.index(self.hash_seed) == 1


@data
class EnvironmentDigests:
    """What came of all runs in one environment."""

    environment: Environment
    digests: tuple[str, ...]  # In the order asked; fewer if the process came to grief.
    problem: str  # Why there are fewer.
    seconds: float


class Processes:
    """The processes that are at work; all of them are gone when this context is left."""

    def __init__(self) -> None:
        self._working: list[subprocess.Popen[str]] = []
        self._is_over = False

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Stop whatever is at work, and begin nothing more."""
        self._is_over = True
        for process in list(self._working):
            process.kill()

    def make(
        self,
        environment: Environment,
        runs: Sequence[AskedRun],
        step: Step | None = None,
        events: str | None = None,
    ) -> EnvironmentDigests:
        """Make runs in a fresh process; `events` is a file for those of the last one that it makes.

        Calls `step` after each run.
        """
        ordered = list(reversed(runs)) if environment.goes_backwards else list(runs)
        job = {
            "runs": [[run.scenario, dict(run.settings), run.seed] for run in ordered],
            "noise": environment.noise,
            "events": events,
        }
        began = perf_counter()
        lines, problem = self._lines(environment, json.dumps(job), step)
        digests = [line["digest"] for line in lines if "digest" in line]
        problem = next((line["problem"] for line in lines if "problem" in line), problem)
        if environment.goes_backwards:
            digests.reverse()
        return EnvironmentDigests(environment, tuple(digests), problem, perf_counter() - began)

    def _lines(
        self, environment: Environment, job: str, step: Step | None
    ) -> tuple[list[dict[str, str]], str]:
        if self._is_over:
            return [], "it was not begun"
        variables = environment_for(borrows=environment.python.borrows)
        with TemporaryFile("w+") as errors:
            process = subprocess.Popen(  # noqa: S603  # An interpreter that has been tried.
                [environment.python.path, "-P", "-m", "sim.search.determinism.child"],
                env={**variables, "PYTHONHASHSEED": str(environment.hash_seed)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            self._working.append(process)
            try:
                lines = list(_said(process, job, step))
            finally:
                if sys.exc_info()[0] is not None:
                    process.kill()
                process.wait()  # Its output has ended.
                self._working.remove(process)
            errors.seek(0)
            return lines, _why(process.returncode, errors.read().strip())


def _said(
    process: "subprocess.Popen[str]", job: str, step: Step | None
) -> Iterator[dict[str, str]]:
    """Give a process its job, and yield what it says until it says nothing more."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout, suppress(BrokenPipeError):  # One that has died says so by its exit code.
        with process.stdin as stdin:
            stdin.write(job)
        for line in process.stdout:
            yield json.loads(line)
            if step is not None:
                step()


def _why(code: int, said: str) -> str:
    """Say what a process died of, if it did."""
    last = said.splitlines()[-1] if said else f"exit code {code}"
    return f"it died: {last[:STDERR_CHARACTERS]}" if code else ""
