"""Recordings for tests: runs that were listened to."""

from collections.abc import Mapping
from functools import cache

from sim.cluster_run import Run
from sim.report.recording import Origin, Recorder, Recording, recording_of
from sim.scenario import load
from sim.search.broken import broken


def recording(
    scenario: str,
    seed: int,
    settings: Mapping[str, str] | None = None,
    *,
    mutant: str | None = None,
) -> Recording:
    """Record a run; the same one is run once."""
    return _recorded(scenario, seed, tuple((settings or {}).items()), mutant)[0]


def recorded_run(scenario: str, seed: int, settings: Mapping[str, str]) -> tuple[Recording, Run]:
    """Record a run, and return it as it is in the end as well."""
    return _recorded(scenario, seed, tuple(settings.items()), None)


@cache
def _recorded(
    scenario: str, seed: int, settings: tuple[tuple[str, str], ...], mutant: str | None
) -> tuple[Recording, Run]:
    run, recorder = Run(load(scenario, dict(settings)), seed), Recorder()
    run.listen(recorder)
    with broken(mutant):
        result = run.go()
    origin = Origin(scenario, seed, mutant, f"twophase simulate {scenario} --seed {seed}")
    made = recording_of(recorder, origin, list(run.history), result=result, witness=run.witness)
    return made, run
