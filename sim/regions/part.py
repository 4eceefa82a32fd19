"""What a run that is one region of several shares with the others."""

from collections.abc import Callable
from dataclasses import replace

from items.data import data
from sim.chance import NamedChance
from sim.cluster import Watcher
from sim.loop import VirtualLoop
from sim.regions.gate import Region
from sim.settings import Settings
from sim.witness import Witness


@data
class Part:
    """One region's part in a run."""

    loop: VirtualLoop
    chance: NamedChance  # The region's own: every site has its name before it.
    region: Region
    transactions: bool  # Whether they are carried out on global tables.
    fills: bool  # Its first client makes the first items, for all regions.
    watched: Callable[[Witness], Watcher]  # Comes between the nodes and the witness.

    def settled(self, settings: Settings) -> Settings:
        """Return a cluster's settings as they are in this region."""
        router = replace(
            settings.router, region=self.region.name, region_transactions=self.transactions
        )
        return replace(settings, router=router)
