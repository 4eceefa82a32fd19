"""A small world for tests of faults: two clients of a bank, two partitions, no other trouble."""

from collections.abc import Mapping

from sim.cluster_run import Run
from sim.result import Result
from sim.run import run
from sim.scenario import load
from sim.trace import Event

SMALL = {
    "workload.transactions": "12",
    "workload.clients": "2",
    "workload.accounts": "4",
    "cluster.partitions": "2",
    "cluster.routers": "1",
    "network.loss": "0",
    "network.repeat": "0",
    "faults.crashes": "0",
}


def small(seed: int = 1, **keys: str) -> Result:
    """Run the bank in the small; `__` stands for the dot of a key."""
    return run(load("bank", settings(keys)), seed)


def stepped(
    *steps: str, seed: int = 1, more: Mapping[str, str] | None = None
) -> tuple[Result, list[Event]]:
    """Run with faults on these steps; return what came of it, and all its events."""
    events: list[Event] = []
    quoted = ", ".join(f'"{step}"' for step in steps)
    going = Run(load("bank", {**SMALL, **(more or {}), "faults.steps": f"[{quoted}]"}), seed)
    going.listen(events.append)
    return going.go(), events


def settings(keys: Mapping[str, str]) -> dict[str, str]:
    return {**SMALL, **{key.replace("__", "."): value for key, value in keys.items()}}


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]
