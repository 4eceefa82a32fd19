"""What is told of a sweep, and the same as one JSON object for programs."""

import shlex
from collections.abc import Iterator
from typing import Any

from items.data import data
from network.events import EVENTS
from sim.search.plan import Plan
from sim.search.results import FailedRun, Group, Results, Tally
from sim.search.sweep import Sweep
from sim.search.verdict import fault_model, verdict
from twophase.cli.as_json import dumps
from twophase.cli.simulate import breaking


@data
class Told:
    """All that a sweep's summary is drawn from."""

    scenario: str  # As it was asked for: a name or a path.
    plan: Plan
    results: Results
    sweep: Sweep
    known: int  # Runs that the result file had already.
    jobs: int
    executor: str

    @property
    def model(self) -> tuple[str, ...]:
        return fault_model(self.plan.scenarios)

    @property
    def verdict(self) -> str:
        return verdict(self.results, self.model)

    @property
    def seeds_per_second(self) -> float:
        return self.sweep.runs / self.sweep.seconds if self.sweep.seconds else 0.0

    @property
    def groups(self) -> list[tuple[str, str, Group]]:
        """Return the findings by kind, those of most runs first."""
        groups = [(checker, kind, group) for (checker, kind), group in self.results.groups.items()]
        return sorted(groups, key=lambda one: (-one[2].runs, one[0], one[1]))

    def replay(self, seen: FailedRun) -> str:
        """Return the command that does one run again."""
        words = ["twophase", "simulate", self.scenario, "--seed", str(seen.seed)]
        for key, value in self.plan.settings[seen.combination].items():
            words += ["--set", f"{key}={value}"]
        return shlex.join(
            [*words, *breaking(self.plan.mutant, is_said=self.plan.base.breaks_a_rule)]
        )


def as_json(told: Told) -> str:
    """Write what came of a sweep; only `wall_s` and `seeds_per_s` differ between two of them."""
    plan, results, sweep = told.plan, told.results, told.sweep
    document = {
        "scenario": plan.base.name,
        **({"mutant": plan.mutant} if plan.mutant is not None else {}),
        "ok": not results.failed and not results.not_set_up.runs,
        "seeds": results.runs,
        "whole_seeds": results.seeds.whole,
        "whole_seeds_failed": results.seeds.failed,
        "asked": plan.runs,
        "from_file": told.known,
        "stopped": sweep.stopped,
        "wall_s": round(sweep.seconds, 3),
        "seeds_per_s": round(told.seeds_per_second, 2),
        "jobs": told.jobs,
        "executor": told.executor,
        "fault_model": list(told.model),
        "combinations": [
            {"set": dict(settings), **counts_of(tally)}
            for settings, tally in zip(plan.settings, results.tallies, strict=True)
        ],
        "findings": [
            {
                "checker": checker,
                "kind": kind,
                "seeds": group.runs,
                "count": group.count,
                "first": list(firsts(told, group)),
            }
            for checker, kind, group in told.groups
        ],
        "not_set_up": {
            "seeds": results.not_set_up.runs,
            "first": [*firsts(told, results.not_set_up)],
        },
        "marks": {mark: results.marks[mark] for mark in EVENTS},
        "never_seen": list(results.never_seen),
        "novelty": results.novelty(),
        "faults": dict(sorted(results.faults.items())),
        "verdict": told.verdict,
    }
    return dumps(document, indent=2)


def firsts(told: Told, group: Group) -> Iterator[dict[str, Any]]:
    for seen in group.first:
        yield {
            "seed": seen.seed,
            "set": dict(told.plan.settings[seen.combination]),
            "explanation": seen.explanation,
            "replay": told.replay(seen),
        }


def counts_of(tally: Tally) -> dict[str, Any]:
    committed, cancelled, unknown = tally.outcomes
    return {
        "seeds": tally.runs,
        "failed": tally.failed,
        "not_set_up": tally.not_set_up,
        "transactions": {"committed": committed, "cancelled": cancelled, "unknown": unknown},
        "messages": tally.messages,
        "virtual_s": tally.virtual_us / 1e6,
    }
