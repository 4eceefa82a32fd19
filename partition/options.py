"""What an experiment may set about a partition, with the values that the paper or DynamoDB use."""

from items.data import data


@data
class PartitionOptions:
    stalled_after_us: int = 5_000_000  # The one published number: 5 s, counted from the promise.
    stalled_check_us: int = 1_000_000  # How often a partition looks.
    page_bytes_max: int = 1_048_576  # DynamoDB's page of 1 MB.
    carry_deadline_us: int = 5_000_000  # A child that is silent for longer is given up.
