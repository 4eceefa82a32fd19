"""What makes a run differ, planted from outside: each is a `sitecustomize.py` on PYTHONPATH."""

from pathlib import Path

import pytest

RANDOM_DELAY = """
import random
from sim.loop import VirtualLoop
plain = VirtualLoop.after
VirtualLoop.after = lambda self, delay_us, *rest: plain(self, delay_us + random.randrange(3), *rest)
"""
SHUFFLED = """
from network.rpc import Peers
plain = Peers.ask_all
def ask_all(self, asks, patience):
    shuffled = {shuffled}
    order = [shuffled.index(ask) for ask in asks]
    inner, outer = plain(self, shuffled, patience), self._host.create_future()
    def done(future):
        if not outer.done():
            outer.set_result([future.result()[place] for place in order])
    inner.add_done_callback(done)
    return outer
Peers.ask_all = ask_all
"""
SET_OF_TEXTS = SHUFFLED.format(
    shuffled="[asks[int(text)] for text in {str(n) for n in range(len(asks))}]"
)
SET_OF_OBJECTS = """
class Thing:
    def __init__(self, ask): self.ask = ask
""" + SHUFFLED.format(shuffled="[thing.ask for thing in {Thing(ask) for ask in asks}]")
LEFT_BEHIND = """
from sim.cluster_run import Run
from sim.loop import VirtualLoop
plain, born, runs = VirtualLoop.after, Run.__init__, []
def counted(self, *rest):
    runs.append(1)
    born(self, *rest)
Run.__init__ = counted
VirtualLoop.after = lambda self, delay_us, *rest: plain(self, delay_us + len(runs), *rest)
"""
PLANTS = {
    "random": RANDOM_DELAY,
    "a set of texts": SET_OF_TEXTS,
    "a set of objects": SET_OF_OBJECTS,
}


def plant(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every process that begins from now on run this text before anything else."""
    (folder / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
