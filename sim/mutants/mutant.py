"""A mutant: one named rule, replaced from outside, with what that leads to and where it shows.

    @mutant(
        "§3.3",
        "A prepare is accepted whatever its condition says.",
        "writes that no serial order allows: money that nobody had is spent",
        kinds=WRONG_DATA,
        hint=Hint("bank"),
    )
    def conditions_are_not_judged(patches: Patches) -> None:
        patches.set(actions, "allowed_on", lambda action, item: True)

Its name is the function's, in kebab case.  Where an assertion of the rules would stop the run
before the checks see anything, the mutant leaves that assertion out as well: it is the checks that
are to find it.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import field

from items.data import data
from sim.mutants.patches import Patches
from sim.mutants.seeds import SEEDS

# Of what most of them lead to: the committed writers have no order that explains what is there.
WRONG_DATA = ("data differ", "order refuted")
WRONG_READ = ("read refuted",)
WRONG_REASON = ("reason untrue",)

# The checks of the transactions, which see nothing where whatever is carried out is right.
OF_TRANSACTIONS = ("outcomes", "singletons", "reasons", "structure", "timestamps", "instants")

# Where a mutant shows, if its hint does not say otherwise: few transactions, much trouble.
TROUBLE = {
    "workload.transactions": "40",
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "network.late": "0.05",
    "faults.crashes": "3",
    "cluster.clock_skew_us": "5000",
}
# A message is slow now and then, and nobody asks again: reads last long while others write.
PATIENT = {
    "network.loss": "0",
    "network.repeat": "0",
    "network.late": "0.03",
    "network.late_us": "300000",
    "faults.crashes": "0",
    "protocol.repeat_first_us": "1000000",
}
# Recovery begins soon, and meets coordinators that are still at work.
IMPATIENT = {"protocol.stalled_after_us": "200000"}
# Nothing is lost and nothing comes twice: what is wrong then is wrong by the clocks alone.
ONCE = {
    "network.loss": "0",
    "network.repeat": "0",
    "network.late": "0",
    "faults.crashes": "0",
}


@data
class Hint:
    """Where a mutant shows soon: what to run, and what is set besides."""

    scenario: str
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        return {**TROUBLE, **self.more}


@data
class Mutant:
    """One rule that is wrong."""

    name: str
    code: str  # In the list of modelled mutations that this zoo began with; empty if it is none.
    section: str  # Of the paper, whose rule it breaks.
    sentence: str  # What it does wrong.
    anomaly: str  # What that leads to, in a phrase.
    kinds: tuple[str, ...]  # Of the findings that it must lead to, one of these.
    blind: tuple[str, ...]  # Checks that cannot see it where its hint says.
    hint: Hint
    patch: Callable[[Patches], None]
    of_partition: bool  # A rule of one partition, which a model of it is to find as well.
    why: str  # Why it changes nothing that anybody could see; empty if it does.
    source: str  # Whose published bug it is: system and version, and where it was published.
    # What every world is to have in which it is hunted: a rule of regions needs some.
    needs: Mapping[str, str] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """A seed from which its hint shows it: the first one, when they were last counted."""
        return SEEDS.get(self.name, 0)

    @property
    def is_counted(self) -> bool:
        """Whether such a seed is known: of a new mutant none is."""
        return self.name in SEEDS

    @property
    def replay(self) -> str:
        """The command that shows it."""
        words = ["twophase", "simulate", self.hint.scenario, "--seed", str(self.seed)]
        for key, value in self.hint.settings.items():
            words += ["--set", f"{key}={value}"]
        return shlex.join([*words, "--mutant", self.name])

    @property
    def is_equivalent(self) -> bool:
        return bool(self.why)


def mutant(
    section: str,
    sentence: str,
    anomaly: str,
    *,
    hint: Hint,
    kinds: tuple[str, ...] = (),
    code: str = "",
    blind: tuple[str, ...] = (),
    of_partition: bool = False,
    why: str = "",
    source: str = "",
    needs: Mapping[str, str] | None = None,
) -> Callable[[Callable[[Patches], None]], Mutant]:
    """Make a mutant of a function that patches the rules."""
    assert bool(kinds) != bool(why), "either it must be found, or there is a reason why it cannot"

    def enter(patch: Callable[[Patches], None]) -> Mutant:
        name = patch.__name__.replace("_", "-")
        return Mutant(
            name=name,
            code=code,
            section=section,
            sentence=sentence,
            anomaly=anomaly,
            kinds=kinds,
            blind=blind,
            hint=hint,
            patch=patch,
            of_partition=of_partition,
            why=why,
            source=source,
            needs=needs or {},
        )

    return enter
