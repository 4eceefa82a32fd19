"""Where two runs part: the first event that differs, with both sides.

Two environments had different digests of one run, so that run is made again in both, and every
event is written down this time.  What differs by chance may agree the second time: it is asked for
a few times, and then said to have come and gone.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from items.data import data
from sim.search.determinism.asked import AskedRun
from sim.search.determinism.environments import Environment, EnvironmentDigests, Processes

ATTEMPTS = 5
BEFORE = 3  # Events that both have, shown before the one that differs.
ENDED = "nothing more: the run is over"


@data
class Parting:
    """The first event that differs."""

    number: int  # Of the event, from 1.
    before: tuple[str, ...]  # The last events that both have.
    events: tuple[str, str]  # In words.
    frames: tuple[str, str]  # Messages in hexadecimal; empty where there is none.


@data
class Difference:
    """One run, two digests."""

    run: AskedRun
    one: Environment
    other: Environment
    digests: tuple[str, str]
    parting: Parting | None  # None: it came once, and not again.


def first_difference(
    runs: Sequence[AskedRun], tolds: Sequence[EnvironmentDigests], processes: Processes
) -> Difference | None:
    """Find the first run whose digests differ, and where."""
    first, *others = tolds
    for n, run in enumerate(runs):
        for told in others:
            digests = (first.digests[n], told.digests[n])
            if digests[0] != digests[1]:
                environments = (first.environment, told.environment)
                parting = _parting(runs, n, environments, processes)
                return Difference(run, *environments, digests, parting)
    return None


def _parting(
    runs: Sequence[AskedRun],
    n: int,
    environments: tuple[Environment, Environment],
    processes: Processes,
) -> Parting | None:
    with TemporaryDirectory() as folder:
        files = (Path(folder) / "one", Path(folder) / "other")
        for _ in range(ATTEMPTS):
            for environment, file in zip(environments, files, strict=True):
                # What came before it in that process may be what it depends on.
                before = runs[n:] if environment.goes_backwards else runs[: n + 1]
                processes.make(environment, before, events=str(file))
            parting = parted(*files)
            if parting is not None:
                return parting
    return None


def parted(one: Path, other: Path) -> Parting | None:
    """Compare two files of events line by line."""
    before: deque[str] = deque(maxlen=BEFORE)
    for number, lines in enumerate(zip_longest(_lines(one), _lines(other)), 1):
        if lines[0] == lines[1]:
            before.append(told(lines[0]))
            continue
        exact = tuple((line or "").rstrip("\n").rpartition("\t")[2] for line in lines)
        events = (told(lines[0]), told(lines[1]))
        return Parting(number, tuple(before), events, (exact[0], exact[1]))
    return None


def told(line: str | None) -> str:
    """Say an event in words: when, and what."""
    if line is None:
        return ENDED
    us, said, _ = line.rstrip("\n").split("\t")
    return f"{int(us) / 1_000:,.3f} ms  {said}"


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from file
