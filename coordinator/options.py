"""What an experiment may set about coordinators and recovery managers, in elapsed time."""

from functools import lru_cache

from items.data import data
from network.rpc import Patience

_patience = lru_cache(64)(Patience)  # There are few, and each is asked for all the time.


@data
class CoordinatorOptions:
    repeat_first_us: int = 40_000  # The wait before a question is asked again …
    repeat_most_us: int = 1_000_000  # … and the longest such wait.
    votes_deadline_us: int = 25_000_000  # A partition silent for longer is ThrottlingError.
    answer_deadline_us: int = 5_000_000  # A client waits no longer for acknowledgements.
    stalled_after_us: int = 5_000_000  # An entry unchanged for longer is taken up by recovery.
    scan_us: int = 2_500_000  # How often a recovery manager looks through the ledger.
    scan_page: int = 1_000  # Entries a page …
    scan_pages: int = 10  # … and pages a look; the next look goes on where this one ended.
    token_valid_us: int = 600_000_000  # A finished entry is purged ten minutes later, or after.
    read_redrives: int = 0  # How often a read transaction that met a conflict tries again.
    transactions_max: int = 10_000  # At one time on one coordinator; more are refused.

    def patience(self, deadline_us: int | None) -> Patience:
        """Ask again and again, until `deadline_us` or for ever."""
        return _patience(self.repeat_first_us, self.repeat_most_us, deadline_us)
