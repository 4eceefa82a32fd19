"""Secondary indexes: which items are in one, under which key, and what of them is shown there.

An index orders a table's items by other attributes.  It is sparse: an item without these attributes
is not in it.  A local index has the table's partition key and a sort key of its own, and lives with
the items; a global one has keys of its own, and its entries live where those say.

An entry's key is the index key with the item's own key behind it: many items may share an index
key, and each has an entry of its own.
"""

from collections.abc import Iterable, Iterator, Sequence

from items.data import data
from items.errors import (
    INDEX_KEY_TOO_LARGE,
    INDEX_KEY_TYPE_UNSUPPORTED,
    ITEM_TO_UPDATE_TOO_LARGE,
    ITEM_TOO_LARGE,
    DynamoDBError,
    invalid_parameter,
    validation,
)
from items.keys import (
    KEY_BYTES_MAX,
    Key,
    KeyAttribute,
    KeySchema,
    check_contents,
    key_attributes,
    key_attributes_of,
    key_names,
    key_too_long,
    not_the_schema,
)
from items.limits import ITEM_SIZE_BYTES_MAX
from items.values import Item, size_bytes, value_size_bytes

KEYS_ONLY, INCLUDE, ALL = "KEYS_ONLY", "INCLUDE", "ALL"
INDEX_MARK = "#"  # In the id of what belongs to a table, behind the table's own.
GONE: Item = {}
"""What an entry is that was removed: no item is like it, an entry has its keys at least."""


@data
class Index:
    """One secondary index of a table."""

    name: str
    id: str  # As the table of its entries has it.
    schema: KeySchema
    projection: str  # KEYS_ONLY, INCLUDE or ALL.
    included: tuple[str, ...] = ()  # With INCLUDE: what is shown besides the keys.
    is_local: bool = False


def index_id(table: str, name: str, revision: int) -> str:
    """Name an index's own table: one that is made again under a name is another."""
    return f"{table}{INDEX_MARK}{name}{INDEX_MARK}{revision}"


def index_key(index: Index, item: Item | None) -> Key | None:
    """Return an item's index key; None if the item is not in the index, which is sparse.

    What cannot be a key is none: such an item may be older than the index.
    """
    if item is None:
        return None
    found = []
    for position, attribute in enumerate(key_attributes_of(index.schema)):
        value = item.get(attribute.name)
        if value is None or value[0] != attribute.type or not value[1]:
            return None
        if value_size_bytes(value) > KEY_BYTES_MAX[position]:
            return None
        found.append(value)
    return tuple(found)


def entry_key(index: Index, key: Key, item: Item | None) -> Key | None:
    """Return the key of an item's entry; None if it has none.  `key` is the item's own."""
    found = index_key(index, item)
    return None if found is None else joined_key(index, found, key)


def joined_key(index: Index, found: Key, key: Key) -> Key:
    """Put an item's key behind its index key; a local index has its partition key already."""
    return found + (key[1:] if index.is_local else key)


def shown_in(index: Index, table: KeySchema, item: Item) -> Item:
    """Give what an index shows of an item: the keys of both, and what is projected besides."""
    if index.projection == ALL:
        return item
    names = dict.fromkeys((*names_of(index, table), *index.included))
    return {name: item[name] for name in names if name in item}


def names_of(index: Index, table: KeySchema) -> tuple[str, ...]:
    """Return the names of an index's key attributes and of its table's, each once."""
    return tuple(dict.fromkeys((*key_names(index.schema), *key_names(table))))


def changed_entries(
    index: Index, table: KeySchema, key: Key, before: Item | None, after: Item | None
) -> Iterator[tuple[Key, Item]]:
    """Give what a change of an item does to its entries: their keys, and what they show then.

    An item whose index key changes leaves one place and appears at another.
    """
    old, new = entry_key(index, key, before), entry_key(index, key, after)
    if old is not None and old != new:
        yield old, GONE
    if new is not None and after is not None:
        entry = shown_in(index, table, after)
        if old != new or before is None or shown_in(index, table, before) != entry:
            yield new, entry


# Keys as a client sees them -----------------------------------------------------------------------


def entry_attributes(index: Index, table: KeySchema, key: Key) -> Item:
    """Give an entry's key by the names of its attributes, as LastEvaluatedKey has it."""
    count = len(key_names(index.schema))
    own = (key[0], *key[count:]) if index.is_local else key[count:]
    return {**key_attributes(index.schema, key[:count]), **key_attributes(table, own)}


def entry_key_of_request(index: Index, table: KeySchema, attributes: Item) -> Key:
    """Read an entry's key, as ExclusiveStartKey has it: the attributes of both keys.

    Raises:
        DynamoDBError: ValidationException if they are not, or empty or too long.
    """
    parts: list[Key] = []
    for schema in (index.schema, table):
        found = []
        for attribute in key_attributes_of(schema):
            value = attributes.get(attribute.name)
            if value is None or value[0] != attribute.type:
                raise not_the_schema()
            found.append(value)
        check_contents(schema, tuple(found))
        parts.append(tuple(found))
    return joined_key(index, *parts)


# What may be written ------------------------------------------------------------------------------


def refuse_unindexable(
    indexes: Iterable[Index], item: Item, *, is_update: bool, before: Item | None = None
) -> None:
    """Refuse an item that has something under an index key's name which cannot be a key.

    What an update leaves as it was `before` may be older than the index, and the item stays out of
    it; a put has chosen all that it writes.

    Raises:
        DynamoDBError: ValidationException; in a transaction that is one action's reason.
    """
    kept = before if is_update and before is not None else {}
    for index in indexes:
        for position, attribute in enumerate(key_attributes_of(index.schema)):
            value = item.get(attribute.name)
            if value is None or value == kept.get(attribute.name):
                continue
            if value[0] != attribute.type:
                raise _wrong_type(index, attribute, value[0], is_update=is_update)
            if not value[1]:
                raise _empty(index, attribute, is_update=is_update)
            if value_size_bytes(value) > KEY_BYTES_MAX[position]:
                raise validation(INDEX_KEY_TOO_LARGE) if is_update else key_too_long(position)


def refuse_put(indexes: Sequence[Index], table: KeySchema, key: Key, item: Item) -> None:
    """Refuse to put an item that does not fit its table's indexes; raises ValidationException."""
    refuse_unindexable(indexes, item, is_update=False)
    if any(one.is_local for one in indexes):
        refuse_overweight(collection_bytes(indexes, table, key, item), is_update=False)


def refuse_overweight(weight_bytes: int, *, is_update: bool) -> None:
    """Refuse an item that is too large together with its entries in local indexes.

    So the developer guide has it (*Quotas*, item sizes for tables with local secondary indexes).

    Raises:
        DynamoDBError: ValidationException; in a transaction that is one action's reason.
    """
    if weight_bytes > ITEM_SIZE_BYTES_MAX:
        raise validation(ITEM_TO_UPDATE_TOO_LARGE if is_update else ITEM_TOO_LARGE)


def _wrong_type(
    index: Index, attribute: KeyAttribute, kind: str, *, is_update: bool
) -> DynamoDBError:
    if is_update:
        return validation(INDEX_KEY_TYPE_UNSUPPORTED)
    return invalid_parameter(
        f"Type mismatch for Index Key {attribute.name} Expected: {attribute.type}"
        f" Actual: {kind} IndexName: {index.name}"
    )


def _empty(index: Index, attribute: KeyAttribute, *, is_update: bool) -> DynamoDBError:
    kind = "string" if attribute.type == "S" else "binary"
    what = f"The AttributeValue for a key attribute cannot contain an empty {kind} value."
    opening = "One or more parameter values are not valid."
    if is_update:
        return validation(
            f"{opening} The update expression attempted to update a secondary index key to a value"
            f" that is not supported. {what}"
        )
    return validation(
        f"{opening} A value specified for a secondary index key is not supported. {what}"
        f" IndexName: {index.name}, IndexKey: {attribute.name}"
    )


def collection_bytes(indexes: Iterable[Index], table: KeySchema, key: Key, item: Item) -> int:
    """Weigh an item with its entries in the table's local indexes: its part of its collection."""
    weight = size_bytes(item)
    for index in indexes:
        if index.is_local and entry_key(index, key, item) is not None:
            weight += size_bytes(shown_in(index, table, item))
    return weight
