"""What an experiment may set about replicators, durations in elapsed time."""

from items.data import data
from network.rpc import Patience


@data
class ReplicationOptions:
    poll_us: int = 20_000  # How long to wait at a shard's end before looking for more …
    look_us: int = 200_000  # … and before looking for new shards.
    records_max: int = 100  # Records of one message to another region …
    bytes_max: int = 262_144  # … and their size, give or take the last one.
    again_us: int = 20_000  # The wait before a write that was refused is asked for again.
    repeat_first_us: int = 40_000  # The wait before a question is asked again …
    repeat_most_us: int = 1_000_000  # … and the longest such wait.
    far_first_us: int = 400_000  # The same to another region …
    far_most_us: int = 2_000_000  # … which is far away.

    @property
    def near(self) -> Patience:
        """Ask a node of this region until it answers."""
        return Patience(self.repeat_first_us, self.repeat_most_us, None)

    @property
    def far(self) -> Patience:
        """Ask another region until it answers."""
        return Patience(self.far_first_us, self.far_most_us, None)
