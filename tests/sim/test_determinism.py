"""The same scenario and seed, the same run: in any process, under any hash seed, on any Python.

Each digest comes from a process of its own, with its own PYTHONHASHSEED and its own noise on the
heap, so that addresses differ.  Two plants show that the same check catches what it is made for.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROCESSES = 6
RUN = """
import sys
noise = [object() for _ in range(int(sys.argv[1]) * 7919)]
kept = noise[:: int(sys.argv[1]) + 2]
del noise
{plant}
from sim.run import run
from sim.scenario import load
keys = {{"workload.transactions": "60", "network.loss": "0.05", "network.repeat": "0.05",
         "faults.crashes": "3", "cluster.clock_skew_us": "5000"}}
print(run(load("hot-keys", keys), 7).digest, run(load("bank", keys), 7).digest)
"""
RANDOM_DELAY = """
import random
from sim.loop import VirtualLoop
plain = VirtualLoop.after
VirtualLoop.after = lambda self, delay_us, *rest: plain(self, delay_us + random.randrange(3), *rest)
"""
SET_OF_OBJECTS = """
from network.rpc import Peers
class Thing:
    def __init__(self, ask): self.ask = ask
plain = Peers.ask_all
def ask_all(self, asks, patience):
    shuffled = [thing.ask for thing in {Thing(ask) for ask in asks}]
    order = [shuffled.index(ask) for ask in asks]
    inner, outer = plain(self, shuffled, patience), self._host.create_future()
    def done(future):
        if not outer.done():
            outer.set_result([future.result()[place] for place in order])
    inner.add_done_callback(done)
    return outer
Peers.ask_all = ask_all
"""


def digests(
    python: str = sys.executable, *, noise: int = 1, plant: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run in a fresh process with as much noise."""
    # Some packages may have no compiled half for another Python; all have one in Python alone.
    packages = sysconfig.get_path("purelib")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), packages]),
        "PYTHONHASHSEED": str(noise * 31),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [python, "-c", RUN.format(plant=plant), str(noise)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def different(plant: str = "") -> set[str]:
    """Return the different digests of a few processes."""
    found = set()
    for noise in range(1, PROCESSES + 1):
        done = digests(noise=noise, plant=plant)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    return found


def pythons() -> list[str]:
    """Return every other Python that there is to be tried."""
    named = [shutil.which(f"python3.{minor}") for minor in range(11, 16)]
    listed = os.environ.get("TWOPHASE_PYTHONS", "").split(os.pathsep)
    return sorted({path for path in (*named, *listed) if path})


@pytest.mark.slow
def test_six_processes_do_the_same() -> None:
    assert len(different()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("python", pythons())
def test_another_python_does_the_same(python: str) -> None:
    code = "import sys; sys.exit(not (3, 11) <= sys.version_info)"
    if subprocess.run([python, "-c", code], capture_output=True, check=False).returncode:
        pytest.skip(f"{python} does not start, or is older than 3.11")
    done = digests(python, noise=3)
    if "ImportError" in done.stderr or "ModuleNotFoundError" in done.stderr:
        pytest.skip(f"{python} cannot import: {done.stderr.splitlines()[-1]}")

    assert done.returncode == 0, done.stderr
    assert done.stdout == digests().stdout


@pytest.mark.slow
@pytest.mark.parametrize("plant", [RANDOM_DELAY, SET_OF_OBJECTS], ids=["random", "set"])
def test_what_is_not_determined_is_caught(plant: str) -> None:
    assert len(different(plant)) > 1


@pytest.mark.slow
def test_another_seed_does_something_else() -> None:
    plant = "import sim.run\nplain = sim.run.run\nsim.run.run = lambda what, seed: plain(what, 8)"

    assert digests().stdout != digests(plant=plant).stdout
