"""What an experiment may set about a router, durations in elapsed time."""

from items.data import data
from items.limits import TRANSACTION_ACTIONS_MAX
from network.rpc import Patience
from router.policies import Permissions


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
    iterator_valid_us: int = 900_000_000  # A shard iterator is good for a quarter of an hour.
    table_answer_us: int = 0  # How long who asks for any of these waits for it to be over.
    tables_check_us: int = 0  # How often to look for tables that stay so too long; 0: never.
    endpoint: str = "dynamodb.us-east-1.amazonaws.com"  # What DescribeEndpoints names.
    followers: int = 0  # Of each partition; reads that may be late go to one of them, or to it.
    follower_deadline_us: int = 40_000  # A follower silent for longer: the partition is asked.
    requests_max: int = 10_000  # At one time on one router; more are refused.
    tells_price: bool = False  # Partitions are told which reads cost half: units count there.
    region: str = ""  # Of several; then every table is a replica of a global one.
    region_transactions: bool = False  # Whether transactions are carried out on those.
    permissions: Permissions | None = None  # Who may do what; None: everybody everything.

    def patience(self, deadline_us: int | None) -> Patience:
        """Ask again and again, until `deadline_us` or for ever."""
        return Patience(self.repeat_first_us, self.repeat_most_us, deadline_us)

    def once(self) -> Patience:
        """Ask a partition to write, once: a copy might write again (§3.3 'singleton writes')."""
        deadline_us = self.write_deadline_us
        return Patience(deadline_us, deadline_us, deadline_us, repeats=False)
