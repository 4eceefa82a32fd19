"""What an experiment may set about a partition.

DynamoDB's own figures are the page, the burst, the collection and the day of a stream.  The others
are ours: AWS names 5 s of a client's retry with its token, and nothing of partitions.
"""

from items.data import data


@data
class PartitionOptions:
    stalled_after_us: int = 5_000_000  # Ongoing for longer is reported, and again after as long.
    stalled_check_us: int = 1_000_000  # How often a partition looks.
    page_bytes_max: int = 1_048_576  # DynamoDB's page of 1 MB.
    carry_deadline_us: int = 5_000_000  # A child that is silent for longer is given up.
    burst_us: int = 300_000_000  # Units that a provisioned table has not used are kept so long.
    counts_units: bool = False  # Also of tables on demand, for who wants to know.
    tombstones_kept_us: int = 600_000_000  # Of index entries: longer than any message is away.
    collection_bytes_max: int = 10 * (1 << 30)  # Under one partition key, with local indexes.
    outbox_max: int = 100_000  # Entries that wait for their index before writes are refused.
    stream_kept_us: int = 86_400_000_000  # How long a stream's records can be read: a day.
    stream_records_max: int = 100_000  # So many at most; the oldest go first.
    stream_bytes_max: int = 1 << 28  # Of keys and images, likewise; the newest one stays.
    stream_waiting_max: int = 100_000  # So many wait to be released before writes are refused.
