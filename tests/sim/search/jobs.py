"""Jobs for sweeps that run nothing: what comes of a seed is said by the seed alone."""

import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from sim.scenario import load
from sim.search.plan import Chunk, Plan
from sim.search.rows import Row

WRONG = ("timestamps", "item lost")


def row(seed: int, combination: int = 0, **fields: Any) -> Row:
    """A row of a run without a finding."""
    given: dict[str, Any] = {
        "findings": {},
        "explanations": (),
        "is_set_up": True,
        "outcomes": (30, 9, 1),
        "messages": 1_000,
        "faults": {"crashes": 2},
        "marks": {"transaction.begun": 40},
        "virtual_us": 12_345_678,
        "wall_us": 10_000,
        "digest": f"{seed:032x}",
    }
    return Row(combination, seed, **{**given, **fields})


def wrong(seed: int, combination: int = 0, **fields: Any) -> Row:
    """A row of a run with two findings of one kind."""
    given = {"findings": {WRONG: 2}, "explanations": (f"seed {seed} lost an item, and more",)}
    return row(seed, combination, **{**given, **fields})


def plan(first: int = 0, end: int = 100, settings: tuple[Mapping[str, str], ...] = ({},)) -> Plan:
    return Plan(tuple(load("bank", one) for one in settings), settings, first=first, end=end)


# Jobs: importable, because they travel to processes of their own.


def sevenths_are_wrong(chunk: Chunk) -> list[Row]:
    make = {True: wrong, False: row}
    return [make[seed % 7 == 0](seed, chunk.combination) for seed in chunk.seeds]


def hears_ctrl_c(_: int) -> bool:
    return signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def thirteen_kills(chunk: Chunk) -> list[Row]:
    if 13 in chunk.seeds:
        os.kill(os.getpid(), signal.SIGKILL)
    return sevenths_are_wrong(chunk)


def thirteen_kills_once(mark: str, chunk: Chunk) -> list[Row]:
    """Let seed 13 kill the first process that runs it; a file remembers."""
    if 13 in chunk.seeds and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return sevenths_are_wrong(chunk)


class Here:
    """A pool without processes: a job is done as it is given; `spoil` may raise instead."""

    def __init__(self, spoil: Callable[[Chunk], None] | None = None, jobs: int = 2) -> None:
        self.jobs = jobs
        self.mended = 0
        self.chunks: list[Chunk] = []
        self._spoil = spoil

    def submit(self, job: Callable[..., Any], asked: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            if isinstance(asked, Chunk):
                self.chunks.append(asked)
                if self._spoil is not None:
                    self._spoil(asked)
            future.set_result(job(asked))
        except RuntimeError as error:
            future.set_exception(error)
        return future

    def check(self) -> None:
        pass

    def mend(self) -> None:
        self.mended += 1

    def close(self) -> None:
        pass
