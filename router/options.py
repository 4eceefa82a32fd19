"""What an experiment may set about a router, durations in elapsed time."""

from items.data import data
from items.limits import TRANSACTION_ACTIONS_MAX
from network.rpc import Patience


@data
class RouterOptions:
    transaction_actions_max: int = TRANSACTION_ACTIONS_MAX
    allow_reserved_words: bool = False  # As attribute names in expressions.
    transaction_deadline_us: int = 12_000_000  # A coordinator silent for longer: nobody knows.
    write_deadline_us: int = 5_000_000  # The same of a partition that was asked to write.
    read_deadline_us: int = 5_000_000
    repeat_first_us: int = 40_000  # The wait before a question is asked again …
    repeat_most_us: int = 1_000_000  # … and the longest such wait.
    table_cache_us: int = 1_000_000  # How long a table's definition is taken for what it was.
    table_creating_us: int = 0  # How long a table stays CREATING at least …
    table_updating_us: int = 0  # … UPDATING …
    table_deleting_us: int = 0  # … and DELETING.
    table_answer_us: int = 0  # How long who asks for any of these waits for it to be over.
    tables_check_us: int = 0  # How often to look for tables that stay so too long; 0: never.
    endpoint: str = "dynamodb.us-east-1.amazonaws.com"  # What DescribeEndpoints names.
    requests_max: int = 10_000  # At one time on one router; more are refused.

    def patience(self, deadline_us: int | None) -> Patience:
        """Ask again and again, until `deadline_us` or for ever."""
        return Patience(self.repeat_first_us, self.repeat_most_us, deadline_us)

    def once(self) -> Patience:
        """Ask a partition to write, once: a copy might write again (§3.3 'singleton writes')."""
        deadline_us = self.write_deadline_us
        return Patience(deadline_us, deadline_us, deadline_us, repeats=False)
