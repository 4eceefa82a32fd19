"""Steps of the step language in a golden script: faults placed on what is still to come."""

import re

from sim.cluster import Cluster
from sim.faults.placed import Placed
from sim.faults.step_words import StepError
from sim.faults.steps import ACTS, MESSAGE_ACTS, parse
from sim.faults.world import World
from sim.script_requests import ScriptError

MOMENT = re.compile(r" (before|after|during|at) ")
# Steps only; a script has commands of the other words too, which have no moment.
STEPS_ONLY = (*MESSAGE_ACTS, "slow", "fill")


def is_step(command: str) -> bool:
    """Say whether a command is a step: an act with its moment, or one that nothing else is."""
    act = command.partition(" ")[0]
    return act in STEPS_ONLY or (act in ACTS and MOMENT.search(command) is not None)


class ScriptSteps(Placed):
    """The steps of one script; before its hosts start, because they send through it."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__((), World(cluster))
        self._intervene(messages=True, writes=True)
        self.begin()

    def place(self, text: str) -> None:
        """Place a step; what it counts is counted from now on.

        Raises:
            ScriptError: It is none, or about a node that is not there.
        """
        try:
            step = parse(text)
        except StepError as error:
            raise ScriptError(str(error)) from None
        known = self._cluster.all_names()
        for name in step.hosts():
            if name not in known:
                raise ScriptError(f"no node: {name!r}; there are {', '.join(known)}")
        if step.act == "corrupt":
            self._network.seals = True  # What is damaged is seen by its checksum.
        self.watch(step)

    def healed(self, source: str, target: str) -> None:
        """End the cuts that steps have made on a link: a command heals it."""
        while self._world.links.is_cut((source, target)):
            self._world.links.join((source, target))

    def released(self, source: str, target: str, *, newest_first: bool) -> None:
        """End the holds that steps have put on a link: a command releases it."""
        while self._world.links.is_held((source, target)):
            self._world.links.release((source, target), newest_first=newest_first)

    def over(self) -> None:
        """Let no step come any more, and end what those that came have done."""
        self.end()
        self._world.heal()
