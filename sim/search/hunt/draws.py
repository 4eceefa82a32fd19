"""What a seed's world is drawn from: one named draw a key, so that no key shifts another's."""

from collections.abc import Mapping, Sequence

from items.data import data
from sim.chance import NamedChance, NamedSite
from sim.keys import KEYS
from sim.scenario import Scenario, load

SCENARIO = "scenario"  # Among a mutant's needs: the one that it needs.
REQUESTS, CLIENTS = "workload.requests", "workload.clients"


@data
class World:
    """A shipped scenario with some keys set otherwise: what `simulate … --set` can run as well."""

    base: str
    settings: Mapping[str, str]

    def scenario(self) -> Scenario:
        return load(self.base, self.settings)

    def having(self, needs: Mapping[str, str]) -> "World":
        """Return this world with what a mutant needs: some keys, or even another scenario.

        That leaves behind what is said of this one's own workload, and of its steps, or what is
        listed for clients that there are not.
        """
        keys = dict(needs)
        base = keys.pop(SCENARIO, self.base)
        kept = self.settings
        if base != self.base:
            kept = {key: value for key, value in kept.items() if key in KEYS}
        if REQUESTS in kept and CLIENTS in keys:
            lines = kept[REQUESTS].splitlines()
            there = [
                line for line in lines if int(line.partition(":")[0][1:]) <= int(keys[CLIENTS])
            ]
            kept = {**kept, REQUESTS: "\n".join(there)}
        return World(base, {**kept, **keys})

    def words(self) -> list[str]:
        """Return the words that ask for it on a command line."""
        words = [self.base]
        for key, value in self.settings.items():
            words += ["--set", f"{key}={value}"]
        return words


class Draws:
    """The draws of one strategy from one seed."""

    def __init__(self, strategy: str, seed: int) -> None:
        self.seed = seed
        self._chance, self._strategy = NamedChance(seed), strategy

    def site(self, name: str) -> NamedSite:
        return self._chance.site(f"hunt {self._strategy} {name}")

    def one_of(self, name: str, options: Sequence[str]) -> str:
        """Draw one of a few texts; one that stands there twice is twice as likely."""
        return options[self.site(name).below(len(options))]

    def between(self, name: str, least: int, most: int) -> int:
        return self.site(name).between(least, most)

    def happens(self, name: str, probability: float) -> bool:
        return self.site(name).happens(probability)

    def all_of(self, options: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Draw one value for each key."""
        return {key: self.one_of(key, values) for key, values in options.items()}

    def some_of(self, options: Mapping[str, Sequence[str]], probability: float) -> dict[str, str]:
        """Draw for each key whether it is set at all, and one value."""
        return {
            key: self.one_of(key, values)
            for key, values in options.items()
            if self.happens(f"{key}?", probability)
        }
