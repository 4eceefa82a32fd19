"""Shard iterators: where a reader is in a shard, as a text that means nothing to the reader.

An iterator says it all itself: no router keeps anything for a reader, and any router takes it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

from items.data import data
from items.errors import DynamoDBError, validation

CHECK_BYTES = 8
SEQUENCE_MAX = (1 << 63) - 1  # No number that a message could carry is higher.
MARK = "|1|"  # Between the stream's ARN and what is ours, as the service has it.


@data
class Iterator:
    """A place in a shard, and when it was given to a reader."""

    arn: str
    shard: str
    after: int  # A sequence number: what comes next is above it.
    given_us: int


def text_of(iterator: Iterator) -> str:
    inside = f"{iterator.shard}/{iterator.after}/{iterator.given_us}".encode()
    packed = urlsafe_b64encode(_check(iterator.arn, inside) + inside).decode()
    return f"{iterator.arn}{MARK}{packed}"


def iterator_of(text: str) -> Iterator:
    """Read an iterator.

    Raises:
        DynamoDBError: ValidationException: nobody was ever given this one.
    """
    arn, _, packed = text.partition(MARK)
    try:
        raw = urlsafe_b64decode(packed.encode())
        check, inside = raw[:CHECK_BYTES], raw[CHECK_BYTES:]
        if check != _check(arn, inside):
            raise invalid()
        shard, after, given = inside.decode().split("/")  # Anybody can make a check that is right.
        iterator = Iterator(arn, shard, int(after), int(given))
    except ValueError:  # Such as what is no base64, and what is no number.
        raise invalid() from None
    if not 0 <= iterator.after <= SEQUENCE_MAX:
        raise invalid()
    return iterator


def invalid() -> DynamoDBError:
    return validation("Invalid ShardIterator")


def _check(arn: str, inside: bytes) -> bytes:
    """Make what a text that was mended by hand does not have."""
    return blake2b(arn.encode() + b"|" + inside, digest_size=CHECK_BYTES).digest()
