"""Which run is meant: a scenario, what is set in it, and a seed; and the hundred golden ones.

The golden runs go through the scenarios of GOLDEN_SCENARIOS in turn, each in all the trouble that a
correct system survives.  Their digests are in `golden.txt`, so a change of what nodes do shows
itself there and has to be explained in the CHANGELOG.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from items.data import data

GOLDEN = Path(__file__).with_name("golden.txt")
GOLDEN_RUNS = 100
# Named, and not listed from the directory: a scenario that is added changes no golden run.
GOLDEN_SCENARIOS = (
    *("orders-and-payments", "game-shop", "bookshop", "bank", "ring", "hot-keys"),
    *("one-transaction", "two-that-conflict"),
)
GOLDEN_SETTINGS: Mapping[str, str] = {"faults.all": "2", "faults.partition_splits": "1"}
GOLDEN_LENGTH: Mapping[str, str] = {"workload.transactions": "25"}
SHORT = 12  # Hexadecimal digits by which a person knows a digest.


@data
class AskedRun:
    """A run, so that it can be asked for in another process."""

    scenario: str  # A shipped one's name, or the path of a file.
    settings: Mapping[str, str]
    seed: int

    @property
    def name(self) -> str:
        return f"{self.scenario} {self.seed}"


def golden_runs(count: int = GOLDEN_RUNS) -> tuple[AskedRun, ...]:
    """Return the first so many of the golden runs."""
    runs = []
    for seed in range(count):
        scenario = GOLDEN_SCENARIOS[seed % len(GOLDEN_SCENARIOS)]
        small = scenario in ("one-transaction", "two-that-conflict")  # They list their requests.
        settings = {**GOLDEN_SETTINGS, **({} if small else GOLDEN_LENGTH)}
        runs.append(AskedRun(scenario, settings, seed))
    return tuple(runs)


def golden_digests(path: Path = GOLDEN) -> dict[str, str]:
    """Read the digests that are committed, by run: `bank 3` → its digest."""
    found = {}
    for line in path.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            scenario, seed, digest = line.split()
            found[f"{scenario} {seed}"] = digest
    return found


def written(runs: Sequence[AskedRun], digests: Sequence[str]) -> str:
    """Write the file of golden digests."""
    total = total_of(digests)[:SHORT]
    lines = [
        f"# All of them: {total}.  The CHANGELOG has an entry that names and explains it.",
        "# TWOPHASE_REWRITE=1 pytest tests/sim/test_determinism.py writes this file anew.",
        "",
        *(f"{run.name} {digest}" for run, digest in zip(runs, digests, strict=True)),
    ]
    return "\n".join(lines) + "\n"


def total_of(digests: Sequence[str]) -> str:
    """Make one digest of the digests of several runs."""
    return blake2b(" ".join(digests).encode(), digest_size=16).hexdigest()
