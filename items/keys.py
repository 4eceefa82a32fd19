"""Keys: which attributes name an item, where it lives, and in which order a scan meets it.

A table's key schema names a partition key and, for some tables, a sort key. An item's key is the
tuple of their values. The partition key alone says where the item lives, so that all items with
one partition key are neighbours, ordered by their sort key.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeAlias

from items.data import data
from items.errors import DynamoDBError, invalid_parameter, validation
from items.limits import PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX
from items.values import AttributeValue, Item, sort_key, value_size_bytes

Key: TypeAlias = tuple[AttributeValue, ...]
"""(partition value,) or (partition value, sort value)."""

KEY_BYTES_MAX = PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX  # By position.
PLACEMENTS_CACHED = 65_536
PLACEMENT_BYTES = 4


@data
class KeyAttribute:
    name: str
    type: str
    """S, N or B."""


@data
class KeySchema:
    partition: KeyAttribute
    sort: KeyAttribute | None = None


def key_of_item(schema: KeySchema, item: Item) -> Key:
    """Find the key of an item that shall be stored.

    Raises:
        DynamoDBError: ValidationException if a key attribute is missing, empty, too long or of
            another type than the schema's.
    """
    partition = key_value_of_item(schema.partition, item)
    check_content(0, schema.partition, partition)  # All of it before the sort key's turn.
    if schema.sort is None:
        return (partition,)
    sort = key_value_of_item(schema.sort, item)
    check_content(1, schema.sort, sort)
    return partition, sort


def key_of_request(schema: KeySchema, attributes: Item) -> Key:
    """Read the key that a request names: the schema's attributes and no other.

    Raises:
        DynamoDBError: ValidationException if they are not, or empty or too long.
    """
    partition = attributes.get(schema.partition.name)
    if partition is None or partition[0] != schema.partition.type:
        raise not_the_schema()
    if schema.sort is None:
        key: Key = (partition,)
    else:
        sort = attributes.get(schema.sort.name)
        if sort is None or sort[0] != schema.sort.type:
            raise not_the_schema()
        key = (partition, sort)
    if len(attributes) != len(key):
        raise not_the_schema()
    check_contents(schema, key)
    return key


def key_attributes(schema: KeySchema, key: Key) -> dict[str, AttributeValue]:
    """Give the part of an item that its key says."""
    assert len(key) == (1 if schema.sort is None else 2), "the key has the schema's attributes"
    attributes = {schema.partition.name: key[0]}
    if schema.sort is not None:
        attributes[schema.sort.name] = key[1]
    return attributes


def key_attributes_of(schema: KeySchema) -> tuple[KeyAttribute, ...]:
    return (schema.partition,) if schema.sort is None else (schema.partition, schema.sort)


def key_names(schema: KeySchema) -> tuple[str, ...]:
    if schema.sort is None:
        return (schema.partition.name,)
    return schema.partition.name, schema.sort.name


@lru_cache(PLACEMENTS_CACHED)
def partition_hash(partition: AttributeValue) -> int:
    return fresh_hash(partition)


def fresh_hash(partition: AttributeValue) -> int:
    """Work out `partition_hash` of what may be no key, and be too long to be remembered."""
    digest = blake2b(partition_bytes(partition), digest_size=PLACEMENT_BYTES)
    return int.from_bytes(digest.digest(), "big")


def placement_hash(key: Key) -> int:
    """Say where in [0, 2**32) an item lives: one place for all items with its partition key.

    It is the same in every process and version, because data that is stored was placed by it.
    """
    return partition_hash(key[0])


def key_order(key: Key) -> tuple[Any, ...]:
    """Give what orders a table's keys as Scan and Query meet them: by place, then by sort key.

    Of an index's entries, which may share both, by their items' own keys.
    """
    place = (partition_hash(key[0]), partition_bytes(key[0]))
    if len(key) > 2:
        return (*place, *map(sort_key, key[1:]))
    return place if len(key) == 1 else (*place, sort_key(key[1]))


def partition_bytes(partition: AttributeValue) -> bytes:
    """Write a partition key's value with its type, so that "1" and 1 are not one place."""
    kind, content = partition
    raw: bytes = content if kind == "B" else content.encode()
    return kind.encode() + raw


def key_value_of_item(attribute: KeyAttribute, item: Item) -> AttributeValue:
    value = item.get(attribute.name)
    if value is None:
        raise invalid_parameter(f"Missing the key {attribute.name} in the item")
    if value[0] != attribute.type:
        raise invalid_parameter(
            f"Type mismatch for key {attribute.name} expected: {attribute.type} actual: {value[0]}"
        )
    return value


def check_contents(schema: KeySchema, key: Key) -> None:
    """Refuse what is empty or too long, the partition key's first."""
    check_content(0, schema.partition, key[0])
    if schema.sort is not None:
        check_content(1, schema.sort, key[1])


def check_content(position: int, attribute: KeyAttribute, value: AttributeValue) -> None:
    """Refuse what is empty, then what is too long at its position in a key."""
    if not value[1]:
        raise empty_key(attribute.name, value)
    if value_size_bytes(value) > KEY_BYTES_MAX[position]:
        raise key_too_long(position)


def key_too_long(position: int) -> DynamoDBError:
    if position == 0:
        return invalid_parameter(
            f"Size of hashkey has exceeded the maximum size limit of{PARTITION_KEY_BYTES_MAX} bytes"
        )
    return invalid_parameter(
        "Aggregated size of all range keys has exceeded the size limit of"
        f" {SORT_KEY_BYTES_MAX} bytes"
    )


def empty_key(name: str, value: AttributeValue) -> DynamoDBError:
    kind = "string" if value[0] == "S" else "binary"
    return validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute"
        f" cannot contain an empty {kind} value. Key: {name}"
    )


def not_the_schema() -> DynamoDBError:
    return validation("The provided key element does not match the schema")
